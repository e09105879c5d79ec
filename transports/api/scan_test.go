package api_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stackforge/marconi/transports/api"
)

// FuzzScan takes the texts that jsontext takes, and finds in them what CheckReach does.
func FuzzScan(f *testing.F) {
	for _, seed := range []string{
		`{"a": [1, -2.5e+7, true, false, null], "b": {"c": ""}}`, ` "x" `, `{}`, `[ ]`, ``, ` `, `0`, `-0`, `01`, `-`, `1.`, `1e`, `1e+`, `.5`, `+1`,
		`[1,]`, `[,1]`, `[1 2]`, `{"a":1,}`, `{"a" 1}`, `{"a"}`, `{a:1}`, `{"a":1]`, `[}`, `nul`, `nullx`, `tru`, `1 2`, `"`, `"\`, `"\"`, `"\x"`, `"\u12"`,
		`"\ud83d\ude00"`, `"\ud83d"`, `"eight by`, `"eight bytes and a \" in them"`, "\"a tab\tin it\"", "\"1234567\x1f\"", "\"1234567\x7f\"", "\"1234567\x80\"",
		"\"é ü 日本\"", "\"é\\n日本\"", "\"\xed\xa0\x80\"", "\ufeff1", `{"a":1,"a":2}`, "[1\x00]", "\"!!!!!!!!#\"", `9223372036854775808`, `[-9223372036854775809]`,
		strings.Repeat("[", 501) + strings.Repeat("]", 501),
		strings.Repeat("[", 10000) + strings.Repeat("]", 10000),
		strings.Repeat("[", 10001) + strings.Repeat("]", 10001),
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, text []byte) {
		d := jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true))
		want, err := d.ReadValue()
		got, beyond, ok := api.Scan(text)
		if ok != (err == nil) {
			t.Fatalf("%q: got %v, want %v", text, ok, err)
		}
		if !ok {
			return
		}
		if !bytes.Equal(got, want) {
			t.Fatalf("%q: got %q, want %q", text, got, want)
		}
		if reach := api.CheckReach(got); beyond != reach {
			t.Errorf("%q: got %v, want %v", text, beyond, reach)
		}
	})
}
