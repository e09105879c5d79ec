package transporttest

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"maps"
	"sync"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/transports/api"
)

// T is what playing a script asks of a *testing.T. It is an interface so that a
// recorder can stand in where a script is meant to fail.
type T interface {
	Helper()
	Errorf(format string, args ...any)
	Fatalf(format string, args ...any)
	Context() context.Context
}

// Play plays a script through the door that open opens to a handler, on the empty
// store that store makes for the clock of the script. It ends at the first answer
// that is another than the script's.
func (s Script) Play(t T, store func(now func() time.Time) storage.Driver, open func(api.Handler) Door) {
	t.Helper()
	clock := &clock{at: time.Date(2026, time.January, 2, 3, 4, 5, 0, time.UTC)}
	b, err := core.New(t.Context(), store(clock.now), core.Options{
		Limits:           s.Settings.Limits,
		Checksum:         s.Settings.Checksum,
		DeleteNeedsClaim: s.Settings.DeleteNeedsClaim,
		Subscribers:      s.Settings.Subscribers,
		Secrets:          s.Settings.secrets(),
		Now:              clock.now,
	})
	if err != nil {
		t.Fatalf("%s: no broker: %v", s.Name, err)
		return
	}
	p := &player{
		ctx:     t.Context(),
		door:    open(api.New(b, api.Options{AdminMode: true})),
		clock:   clock,
		client:  "alice",
		project: "project",
		holes:   Holes{},
	}
	for _, step := range s.steps {
		if err := step.play(p); err != nil {
			t.Errorf("%s: line %d: %v", s.Name, step.line, err)
			return
		}
	}
}

// player is the state of a script that is being played.
type player struct {
	ctx             context.Context
	door            Door
	clock           *clock
	client, project string
	holes           Holes
}

// clock stands still until somebody moves it.
type clock struct {
	mu sync.Mutex
	at time.Time
}

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at
}

func (c *clock) pass(span time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.at = c.at.Add(span)
}

// exchange is a request and its answer.
type exchange struct {
	action, body string
	header       map[string]string
	absent       []string
	status       int
	want         string
}

func newExchange() *exchange { return &exchange{header: map[string]string{}} }

func (e *exchange) play(p *player) error {
	body, err := p.holes.Fill(e.body)
	if err != nil {
		return err
	}
	got, err := p.door.Do(p.ctx, Request{Action: e.action, Header: e.headers(p), Body: []byte(body)})
	if err != nil {
		return fmt.Errorf("%s %s: %w", e.action, body, err)
	}
	if err := e.check(p, got); err != nil {
		return fmt.Errorf("%s %s\nanswered %d %s%s\n%w", e.action, body, got.Status, got.Body, got.Refusal, err)
	}
	return nil
}

func (e *exchange) headers(p *player) map[string]string {
	header := map[string]string{"Client-ID": ClientID(p.client), "X-Project-ID": p.project}
	maps.Copy(header, e.header)
	for _, name := range e.absent {
		delete(header, name)
	}
	return header
}

// ClientID is the UUID of a client that a script calls by a name.
func ClientID(name string) string {
	sum := sha256.Sum256([]byte(name))
	return hex.EncodeToString(sum[:16])
}

func (e *exchange) check(p *player, got Response) error {
	switch {
	case got.Status != e.status:
		return fmt.Errorf("status: got %d, want %d", got.Status, e.status)
	case e.status >= 400:
		return p.holes.MatchText(e.want, got.Refusal)
	case got.Refusal != "":
		return fmt.Errorf("refused: %s", got.Refusal)
	}
	want := e.want
	if want == "" {
		want = "{}"
	}
	if len(got.Body) == 0 {
		got.Body = []byte("{}")
	}
	return p.holes.Match([]byte(want), got.Body)
}
