package auth_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/auth"
)

// office is a token file, its authenticator, and a clock that stands still.
type office struct {
	t      *testing.T
	file   string
	now    time.Time
	edited time.Time // the file's modification time, which each edit moves on
	log    bytes.Buffer
	auth   api.Authenticator
}

func newOffice(t *testing.T, lines ...string) *office {
	start := time.Date(2026, 5, 1, 12, 0, 0, 0, time.UTC)
	o := &office{t: t, file: filepath.Join(t.TempDir(), "tokens"), now: start, edited: start}
	o.write(lines...)
	a, err := auth.Tokens(o.file, auth.Options{
		Log: slog.New(slog.NewTextHandler(&o.log, nil)),
		Now: func() time.Time { return o.now },
	})
	if err != nil {
		t.Fatal(err)
	}
	o.auth = a
	return o
}

func (o *office) write(lines ...string) {
	o.t.Helper()
	if err := os.WriteFile(o.file, []byte(strings.Join(lines, "\n")), 0o600); err != nil {
		o.t.Fatal(err)
	}
	o.edited = o.edited.Add(time.Second)
	if err := os.Chtimes(o.file, o.edited, o.edited); err != nil {
		o.t.Fatal(err)
	}
}

func (o *office) knows(secret string) bool {
	o.t.Helper()
	_, err := o.auth.Authenticate(context.Background(), call("X-Auth-Token", secret))
	if err != nil && !errors.Is(err, api.ErrUnauthenticated) {
		o.t.Fatal(err)
	}
	return err == nil
}

func issue(t *testing.T, token auth.Token) (secret, line string) {
	t.Helper()
	secret, made, err := auth.NewToken(token)
	if err != nil {
		t.Fatal(err)
	}
	if line, err = made.Line(); err != nil {
		t.Fatal(err)
	}
	return secret, line
}

func TestTokensTellWhoTheBearerIs(t *testing.T) {
	expires := time.Date(2026, 6, 1, 0, 0, 0, 0, time.UTC)
	one, oneLine := issue(t, auth.Token{Name: "one", Project: "shop", Roles: []string{"member"}, Expires: expires})
	all, allLine := issue(t, auth.Token{Name: "all", Project: "*"})
	o := newOffice(t, oneLine, allLine)

	for _, headers := range [][]string{
		{"X-Auth-Token", one},
		{"Authorization", "Bearer " + one},
		{"Authorization", "bearer  " + one},
		{"X-Auth-Token", one, "Authorization", "Bearer " + all},
		{"X-Auth-Token", one, "X-Roles", "admin"},
	} {
		who, err := o.auth.Authenticate(context.Background(), call(headers...))
		if err != nil || who.Project != "shop" || !slices.Equal(who.Roles, []string{"member"}) || !who.Expires.Equal(expires) {
			t.Errorf("%v: got %+v, %v", headers, who, err)
		}
	}
	who, err := o.auth.Authenticate(context.Background(), call("X-Auth-Token", all, "X-Roles", "admin"))
	if err != nil || who.Project != "" || len(who.Roles) != 0 || !who.Expires.IsZero() {
		t.Errorf("a token for any project: got %+v, %v", who, err)
	}
}

func TestTokensRefuse(t *testing.T) {
	secret, line := issue(t, auth.Token{Name: "one", Project: "shop"})
	short := "open-sesame-please" // its hash is in the file all the same
	shortLine := fmt.Sprintf(`{"name":"short","project":"*","sha256":"%x"}`, sha256.Sum256([]byte(short)))
	o := newOffice(t, line, shortLine)
	for _, headers := range [][]string{
		{},
		{"X-Auth-Token", ""},
		{"X-Auth-Token", secret + "x"},
		{"X-Auth-Token", secret[:len(secret)-1]},
		{"X-Auth-Token", strings.ToUpper(secret)},
		{"X-Auth-Token", short},
		{"Authorization", secret},
		{"Authorization", "Basic " + secret},
		{"Authorization", "Bearer"},
		{"X-Auth-Token", "nobody-has-this-token-at-all", "Authorization", "Bearer " + secret},
	} {
		if who, err := o.auth.Authenticate(context.Background(), call(headers...)); !errors.Is(err, api.ErrUnauthenticated) {
			t.Errorf("%q: got %+v, %v", headers, who, err)
		}
	}
	if got := o.auth.Challenge(); got != `Bearer realm="marconi"` {
		t.Errorf("Challenge: got %q", got)
	}
}

func TestTokensExpire(t *testing.T) {
	secret, line := issue(t, auth.Token{Name: "one", Project: "shop", Expires: time.Date(2026, 5, 1, 13, 0, 0, 0, time.UTC)})
	o := newOffice(t, line)
	o.now = o.now.Add(time.Hour - 1)
	if !o.knows(secret) {
		t.Error("refused before it expired")
	}
	o.now = o.now.Add(1)
	if o.knows(secret) {
		t.Error("accepted at the instant it expires")
	}
}

func TestTokensFollowTheFile(t *testing.T) {
	old, oldLine := issue(t, auth.Token{Name: "old", Project: "shop"})
	fresh, freshLine := issue(t, auth.Token{Name: "new", Project: "shop"})
	o := newOffice(t, oldLine)

	o.write(freshLine)
	o.now = o.now.Add(time.Second - 1)
	if !o.knows(old) || o.knows(fresh) {
		t.Error("the file was looked at twice within a second")
	}
	o.now = o.now.Add(1)
	if o.knows(old) || !o.knows(fresh) {
		t.Error("a changed file was not read after a second")
	}

	for range 3 {
		o.now = o.now.Add(time.Second)
		o.knows(fresh)
	}
	if n := strings.Count(o.log.String(), "read again"); n != 1 {
		t.Errorf("the file changed once and was read again %d times", n)
	}

	o.now = o.now.Add(-time.Hour) // the clock is put back
	o.write(oldLine, freshLine)
	if !o.knows(old) || !o.knows(fresh) {
		t.Error("a changed file was not read after the clock was put back")
	}
}

func TestABrokenFileKeepsTheTokens(t *testing.T) {
	secret, line := issue(t, auth.Token{Name: "one", Project: "shop"})
	o := newOffice(t, line)
	for _, harm := range []struct {
		name string
		do   func()
	}{
		{"unreadable line", func() { o.write("nonsense") }},
		{"removed", func() { o.must(os.Remove(o.file)) }},
		{"a directory", func() { o.must(os.Mkdir(o.file, 0o700)) }},
	} {
		o.log.Reset()
		harm.do()
		for range 3 {
			o.now = o.now.Add(time.Second)
			if !o.knows(secret) {
				t.Errorf("%s: the token is gone", harm.name)
			}
		}
		if n := strings.Count(o.log.String(), "level=ERROR"); n != 1 {
			t.Errorf("%s: told %d times: %s", harm.name, n, o.log.String())
		}
	}

	o.must(os.Remove(o.file))
	o.write("# nobody")
	o.now = o.now.Add(time.Second)
	if o.knows(secret) {
		t.Error("a good file was not read after a bad one")
	}
}

func (o *office) must(err error) {
	o.t.Helper()
	if err != nil {
		o.t.Fatal(err)
	}
}

func TestTokensWarnOfAnOpenFile(t *testing.T) {
	_, line := issue(t, auth.Token{Name: "one", Project: "shop"})
	o := newOffice(t, line)
	if o.log.Len() > 0 {
		t.Errorf("a closed file: %s", o.log.String())
	}
	o.must(os.Chmod(o.file, 0o640))
	o.write(line)
	o.must(os.Chmod(o.file, 0o640))
	o.now = o.now.Add(time.Second)
	o.knows("")
	if !strings.Contains(o.log.String(), "level=WARN") {
		t.Errorf("an open file: %q", o.log.String())
	}
}

func TestTokensNeedAGoodFile(t *testing.T) {
	bad := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(bad, []byte("\n{}"), 0o600); err != nil {
		t.Fatal(err)
	}
	for file, says := range map[string]string{bad: "line 2", bad + "-none": "no such file"} {
		if _, err := auth.Tokens(file, auth.Options{}); err == nil || !strings.Contains(err.Error(), says) || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: got %v", file, err)
		}
	}
}

func TestTokensServeManyWhileTheFileChanges(t *testing.T) {
	secret, line := issue(t, auth.Token{Name: "one", Project: "shop"})
	file := filepath.Join(t.TempDir(), "tokens")
	if err := os.WriteFile(file, []byte(line), 0o600); err != nil {
		t.Fatal(err)
	}
	var mu sync.Mutex
	now := time.Now()
	a, err := auth.Tokens(file, auth.Options{Now: func() time.Time {
		mu.Lock()
		defer mu.Unlock()
		now = now.Add(time.Second) // so that every call looks
		return now
	}})
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 200 {
				if i == 0 {
					next := file + ".next"
					text := line + strings.Repeat("\n# more", n)
					if err := errors.Join(os.WriteFile(next, []byte(text), 0o600), os.Rename(next, file)); err != nil {
						t.Error(err)
					}
				}
				if _, err := a.Authenticate(context.Background(), call("X-Auth-Token", secret)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	all.Wait()
}
