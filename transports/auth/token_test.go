package auth_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stackforge/marconi/transports/auth"
)

func TestNewTokenIsReadBack(t *testing.T) {
	want := auth.Token{
		Name: "ci \"<&>\" é", Project: "shop", Roles: []string{"member", "admin"},
		Expires: time.Date(2027, 1, 2, 3, 4, 5, 0, time.UTC),
	}
	secret, made, err := auth.NewToken(want)
	if err != nil {
		t.Fatal(err)
	}
	line, err := made.Line()
	if err != nil {
		t.Fatal(err)
	}
	if strings.Contains(line, secret) || strings.Contains(line, "\n") {
		t.Fatalf("line %q holds the secret or a line's end", line)
	}
	read, err := auth.ParseTokens([]byte("# mine\n\n" + line + "\n"))
	if err != nil || len(read) != 1 {
		t.Fatalf("reading %q: got %v, %v", line, read, err)
	}
	if got := read[0]; got.Name != want.Name || got.Project != want.Project ||
		strings.Join(got.Roles, ",") != "member,admin" || !got.Expires.Equal(want.Expires) || got.SHA256 != made.SHA256 {
		t.Errorf("got %+v, want %+v", got, made)
	}
}

func TestNewTokensDiffer(t *testing.T) {
	seen := make(map[string]bool)
	for range 100 {
		secret, made, err := auth.NewToken(auth.Token{Name: "a", Project: "*"})
		if err != nil {
			t.Fatal(err)
		}
		if seen[secret] || seen[made.SHA256] {
			t.Fatalf("%s came twice", secret)
		}
		seen[secret], seen[made.SHA256] = true, true
	}
}

func TestNewTokenRefuses(t *testing.T) {
	for _, c := range []struct {
		token auth.Token
		says  string
	}{
		{auth.Token{Project: "p"}, "name"},
		{auth.Token{Name: "n"}, "project"},
		{auth.Token{Name: "n", Project: strings.Repeat("ä", 257)}, "256"},
		{auth.Token{Name: "n", Project: "p", Roles: []string{""}}, "roles"},
		{auth.Token{Name: "n", Project: "p", Roles: []string{"a,b"}}, "roles"},
		{auth.Token{Name: "n", Project: "p", Roles: []string{" a"}}, "roles"},
	} {
		if _, _, err := auth.NewToken(c.token); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%+v: got error %v, want one about %s", c.token, err, c.says)
		}
	}
}
