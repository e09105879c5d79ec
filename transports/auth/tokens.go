package auth

import (
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
)

// Options of Tokens. The zero value is ready to use.
type Options struct {
	Log *slog.Logger     // nil discards
	Now func() time.Time // for tests; nil: time.Now
}

// lookEvery is how long a change of the file may go unseen.
const lookEvery = time.Second

// Tokens knows callers by a token in X-Auth-Token or, where that is missing, in
// "Authorization: Bearer …". The file is as ParseTokens reads it. A changed file
// is read again within a second of the next call; while it cannot be read, the
// tokens of the last good one stay in force and the log says so.
func Tokens(file string, o Options) (api.Authenticator, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now
	}
	t := &tokens{file: file, options: o}
	t.looked.Store(o.Now().UnixNano())
	if err := t.read(); err != nil {
		return nil, err
	}
	return t, nil
}

type tokens struct {
	file    string
	options Options
	looked  atomic.Int64 // when the file was last looked at, in nanoseconds
	roll    atomic.Pointer[roll]

	looking sync.Mutex  // whoever has it looks at the file; guards what follows
	seen    os.FileInfo // of the file as last read; nil if there was none
	trouble string      // with the last reading; "" if it went well
}

// Challenge implements api.Authenticator.
func (t *tokens) Challenge() string { return `Bearer realm="marconi"` }

// Authenticate implements api.Authenticator. Roles that the caller lists itself
// count for nothing.
func (t *tokens) Authenticate(_ context.Context, c *api.Call) (core.Caller, error) {
	now := t.options.Now()
	t.refresh(now)
	secret := secretIn(c)
	if len(secret) < shortest {
		return core.Caller{}, fmt.Errorf("%w: no token", api.ErrUnauthenticated)
	}
	known, ok := t.roll.Load().find(secret)
	switch {
	case !ok:
		return core.Caller{}, fmt.Errorf("%w: unknown token", api.ErrUnauthenticated)
	case !known.Expires.IsZero() && !now.Before(known.Expires):
		return core.Caller{}, fmt.Errorf("%w: token %q has expired", api.ErrUnauthenticated, known.Name)
	}
	who := core.Caller{Project: known.Project, Roles: known.Roles, Expires: known.Expires}
	if who.Project == AnyProject {
		who.Project = ""
	}
	return who, nil
}

// find compares hashes, never secrets. How long it takes can tell about stored
// hashes at most, and no hash leads back to a token of 128 random bits.
func (r *roll) find(secret string) (Token, bool) {
	i, ok := r.byHash[sha256.Sum256([]byte(secret))]
	if !ok {
		return Token{}, false
	}
	return r.tokens[i], true
}

// secretIn is the token that came with a call, or "".
func secretIn(c *api.Call) string {
	if token, _ := c.Header("X-Auth-Token"); token != "" {
		return token
	}
	credentials, _ := c.Header("Authorization")
	scheme, token, _ := strings.Cut(credentials, " ")
	if !strings.EqualFold(scheme, "Bearer") {
		return ""
	}
	return strings.TrimSpace(token)
}

// refresh looks at the file if the last look is old. One caller looks, and the
// others go on with what is known.
func (t *tokens) refresh(now time.Time) {
	since := now.UnixNano() - t.looked.Load() // negative if the clock was put back
	if since >= 0 && since < int64(lookEvery) || !t.looking.TryLock() {
		return
	}
	defer t.looking.Unlock()
	t.looked.Store(now.UnixNano())
	if t.trouble == "" && !t.changed() {
		return
	}
	t.again()
}

// again reads the file and tells of a trouble once.
func (t *tokens) again() {
	before := t.trouble
	t.trouble = ""
	if err := t.read(); err != nil {
		t.trouble = err.Error()
		if t.trouble != before {
			t.options.Log.Error("the token file changed and cannot be read; the tokens read before stay in force", "error", err)
		}
		return
	}
	t.options.Log.Info("token file read again", "file", t.file, "tokens", len(t.roll.Load().tokens))
}

func (t *tokens) changed() bool {
	is, err := os.Stat(t.file)
	return err != nil || t.seen == nil || !os.SameFile(is, t.seen) ||
		!is.ModTime().Equal(t.seen.ModTime()) || is.Size() != t.seen.Size()
}

// read takes note of the file before it reads it: what changes in between is
// seen as a change at the next look.
func (t *tokens) read() error {
	is, err := os.Stat(t.file)
	t.seen = is // nil with an error
	if err != nil {
		return fmt.Errorf("token file: %w", err)
	}
	text, err := os.ReadFile(t.file)
	if err != nil {
		return fmt.Errorf("token file: %w", err)
	}
	found, err := parse(text)
	if err != nil {
		return fmt.Errorf("token file %s: %w", t.file, err)
	}
	if is.Mode().Perm()&0o077 != 0 {
		t.options.Log.Warn("the token file is open to other users; chmod 600 closes it", "file", t.file, "mode", is.Mode().Perm().String())
	}
	t.roll.Store(&found)
	return nil
}
