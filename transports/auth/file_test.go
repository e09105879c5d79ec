package auth_test

import (
	"reflect"
	"strings"
	"testing"

	"github.com/stackforge/marconi/transports/auth"
)

const (
	hashA = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	hashB = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb"
)

func TestParseTokens(t *testing.T) {
	got, err := auth.ParseTokens([]byte("\n  # who\r\n" +
		`{"name":"a","sha256":"` + hashA + `","project":"shop","roles":["member"]}` + "\r\n" +
		`  {"name":"b","sha256":"` + strings.ToUpper(hashB) + `","project":"*","expires":"2027-01-01T00:00:00+01:00"}`))
	if err != nil || len(got) != 2 {
		t.Fatalf("got %v, %v", got, err)
	}
	if got[0].Name != "a" || got[0].Project != "shop" || got[1].Project != auth.AnyProject || got[1].Expires.Unix() != 1798758000 {
		t.Errorf("got %+v", got)
	}
}

func TestParseTokensNamesWhatIsWrong(t *testing.T) {
	a := `{"name":"a","sha256":"` + hashA + `","project":"shop"}` + "\n"
	for _, c := range []struct {
		name, text string
		says       []string
	}{
		{"not JSON", a + "token abc", []string{"line 2", "not a JSON object"}},
		{"broken JSON", a + "\n{", []string{"line 3"}},
		{"two values", a + a[:len(a)-1] + "{}", []string{"line 2"}},
		{"unknown key", `{"nme":"a"}`, []string{"line 1", `"nme"`, "name, sha256, project, roles, expires"}},
		{"key in capitals", `{"Name":"a"}`, []string{"line 1", `"Name"`}},
		{"key twice", `{"name":"a","name":"b","sha256":"` + hashA + `","project":"p"}`, []string{"line 1"}},
		{"wrong type", `{"name":7}`, []string{"line 1", `"name"`}},
		{"no instant", `{"name":"a","expires":"tomorrow"}`, []string{"line 1", `"expires"`}},
		{"no name", `{"sha256":"` + hashA + `","project":"p"}`, []string{"line 1", `"name" is missing`}},
		{"no hash", `{"name":"a","project":"p"}`, []string{"line 1", `"sha256" is missing`}},
		{"no project", `{"name":"a","sha256":"` + hashA + `"}`, []string{"line 1", `"project" is missing`}},
		{"short hash", `{"name":"a","sha256":"abcd","project":"p"}`, []string{"line 1", "64 hexadecimal digits"}},
		{"no hash but a text", `{"name":"a","sha256":"` + strings.Repeat("x", 64) + `","project":"p"}`, []string{"line 1", "64 hexadecimal digits"}},
		{"a role in blanks", `{"name":"a","sha256":"` + hashA + `","project":"p","roles":["a "]}`, []string{"line 1", `"roles"`}},
		{"same token", a + "# two\n" + strings.ReplaceAll(a, hashA, strings.ToUpper(hashA)), []string{"line 3", "line 1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got, err := auth.ParseTokens([]byte(c.text))
			if err == nil {
				t.Fatalf("got %v and no error", got)
			}
			for _, want := range c.says {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("error %q does not say %q", err, want)
				}
			}
			if strings.Contains(err.Error(), "auth.") {
				t.Errorf("error %q speaks of Go", err)
			}
		})
	}
}

// What is accepted can be written and read again, and is then the same.
func FuzzParseTokens(f *testing.F) {
	f.Add([]byte(`{"name":"a","sha256":"` + hashA + `","project":"shop","roles":["member"],"expires":"2027-01-01T00:00:00Z"}`))
	f.Add([]byte("# nothing\n\n"))
	f.Add([]byte(`{"name":"b","sha256":"` + hashB + `","project":"*"}` + "\r\n" + `{"name":"a","sha256":"` + hashA + `","project":"p"}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		tokens, err := auth.ParseTokens(text)
		if err != nil {
			return
		}
		var lines strings.Builder
		for _, token := range tokens {
			line, err := token.Line()
			if err != nil {
				t.Fatalf("%+v was read and cannot be written: %v", token, err)
			}
			lines.WriteString(line + "\n")
		}
		again, err := auth.ParseTokens([]byte(lines.String()))
		if err != nil {
			t.Fatalf("%q was written and cannot be read: %v", lines.String(), err)
		}
		for i := range again {
			if !again[i].Expires.Equal(tokens[i].Expires) {
				t.Fatalf("expires %v became %v", tokens[i].Expires, again[i].Expires)
			}
			again[i].Expires = tokens[i].Expires
			if len(again[i].Roles) == 0 && len(tokens[i].Roles) == 0 {
				again[i].Roles = tokens[i].Roles
			}
		}
		if len(again) != len(tokens) || len(tokens) > 0 && !reflect.DeepEqual(again, tokens) {
			t.Fatalf("%+v became %+v", tokens, again)
		}
	})
}
