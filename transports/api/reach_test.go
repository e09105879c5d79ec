package api_test

import (
	"bytes"
	"encoding/json"
	"math/big"
	"strings"
	"testing"

	"github.com/stackforge/marconi/transports/api"
)

func TestCheckReachOfWhatIsWithin(t *testing.T) {
	for _, text := range []string{
		`1`, `""`, `{}`, `[]`, `[1,-1]`, `999999999999999999`, `-999999999999999999`, `[9223372036854775807,-9223372036854775808]`,
		`1.7976931348623157e308`, `0.1000000000000000000000000001`, `12345678901234567890E-5`,
		strings.Repeat("[", api.MaxDepth) + strings.Repeat("]", api.MaxDepth),
		"[" + strings.Repeat("[],", 1000) + "[]]",
	} {
		if err := api.CheckReach([]byte(text)); err != nil {
			t.Errorf("%.60s: %v", text, err)
		}
	}
}

// reach says the same as CheckReach of a valid document, token by token.
func reach(t *testing.T, text []byte) error {
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	depth := 0
	for d.More() || depth > 0 {
		token, err := d.Token()
		if err != nil {
			t.Fatalf("%v: %s", err, text)
		}
		switch token := token.(type) {
		case json.Delim:
			if strings.ContainsAny(token.String(), "]}") {
				depth--
			} else if depth++; depth > api.MaxDepth {
				return api.ErrTooDeep
			}
		case json.Number:
			n, whole := new(big.Int).SetString(token.String(), 10)
			if whole && !n.IsInt64() {
				return api.ErrBigNumber
			}
		}
	}
	return nil
}

func FuzzCheckReach(f *testing.F) {
	for _, seed := range []string{
		`{"a":[1,2.5,-3e7,"\"[\\",9223372036854775807],"b":{"c":null}}`,
		`9223372036854775808`, `-9223372036854775809`, `-9223372036854775808`, `1e99`, `"9223372036854775808"`,
		`{"9223372036854775808":1}`, `["\\\"",99999999999999999999]`, ` [ 1 , -0 ] `,
		strings.Repeat("[", 501) + strings.Repeat("]", 501),
		strings.Repeat(`{"a":`, 500) + "1" + strings.Repeat("}", 500),
		"[" + strings.Repeat("[", 499) + "99999999999999999999" + strings.Repeat("]", 500),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		if !json.Valid(text) {
			_ = api.CheckReach(text) // it must not fall over
			return
		}
		if got, want := api.CheckReach(text), reach(t, text); got != want {
			t.Errorf("%s: got %v, want %v", text, got, want)
		}
	})
}
