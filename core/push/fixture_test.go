package push_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"go.uber.org/goleak"

	"github.com/stackforge/marconi/core/push"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// book is a log. Its items are texts.
type book struct {
	mu        sync.Mutex
	life      uint32
	tail      uint64
	items     map[uint64]string
	due       time.Time
	see       map[int]func(push.Event)
	followers int
	reads     int
	looks     int
	broken    error
	slow      time.Duration // how long what was read takes to arrive
	late      time.Duration // how long what was looked at takes to arrive
	failed    int
}

func newBook() *book {
	return &book{life: 1, items: map[uint64]string{}, see: map[int]func(push.Event){}}
}

func (b *book) source() push.Source[string, string] {
	return push.Source[string, string]{
		Follow: b.follow, Look: b.look, Read: b.read, Now: time.Now,
		Failed: func(string, error) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.failed++
		},
	}
}

func (b *book) follow(_ context.Context, _ string, see func(push.Event)) (func(), error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.broken != nil {
		return nil, b.broken
	}
	b.followers++
	id := b.followers
	b.see[id] = see
	see(push.Event{Lost: true})
	return func() {
		b.mu.Lock()
		defer b.mu.Unlock()
		delete(b.see, id)
	}, nil
}

func (b *book) look(context.Context, string) (push.Outlook, error) {
	defer func() {
		if b.late > 0 {
			<-time.After(b.late)
		}
	}()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.looks++
	return push.Outlook{Life: b.life, Tail: b.tail, Due: b.due}, b.broken
}

func (b *book) read(_ context.Context, _ string, after push.Place, limit int) (push.Page[string], error) {
	defer func() {
		if b.slow > 0 {
			<-time.After(b.slow)
		}
	}()
	b.mu.Lock()
	defer b.mu.Unlock()
	b.reads++
	p := push.Page[string]{Life: b.life, Tail: b.tail}
	if after.Life != b.life {
		after.At = 0
	}
	for at := after.At + 1; at <= b.tail && len(p.Items) < limit; at++ {
		if text, ok := b.items[at]; ok {
			p.Items = append(p.Items, push.Item[string]{At: at, Size: len(text), Value: text})
		}
	}
	return p, b.broken
}

func (b *book) tell(e push.Event) {
	for _, see := range b.see {
		see(e)
	}
}

// write adds items and tells of them, and answers them as one who posts would
// hand them over.
func (b *book) write(texts ...string) []push.Item[string] {
	b.mu.Lock()
	defer b.mu.Unlock()
	var items []push.Item[string]
	first := b.tail + 1
	for _, text := range texts {
		b.tail++
		b.items[b.tail] = text
		items = append(items, push.Item[string]{At: b.tail, Size: len(text), Value: text})
	}
	b.tell(push.Event{Life: b.life, First: first, Last: b.tail})
	return items
}

func (b *book) erase(ats ...uint64) {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, at := range ats {
		delete(b.items, at)
	}
}

func (b *book) counts() (reads, looks int) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.reads, b.looks
}

func (b *book) followed() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return len(b.see)
}

// shelf is a hub that runs, with one book.
type shelf struct {
	*book
	*push.Hub[string, string]
	t    *testing.T
	stop func()
}

// open lets a test happen in a time of its own.
func open(t *testing.T, test func(s *shelf)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		s := &shelf{book: newBook(), t: t}
		s.Hub = push.New(s.source())
		s.stop = s.run()
		defer s.stop()
		test(s)
	})
}

// run lets the hub run until stop.
func (s *shelf) run() (stop func()) {
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		s.Run(ctx)
	}()
	return sync.OnceFunc(func() { cancel(); <-ended })
}

// reader takes all there is when it is woken.
type reader struct {
	*push.Listener[string, string]
	mu    sync.Mutex
	woken int
}

func (s *shelf) listen(after push.Place, fresh bool) *reader {
	r := &reader{}
	r.Listener = s.Listen("book", after, fresh, func() {
		r.mu.Lock()
		defer r.mu.Unlock()
		r.woken++
	})
	return r
}

// all is what there is to take, in short. It is taken until nobody wakes.
func (r *reader) all() (out []string) {
	for calls := -1; calls != r.calls(); {
		calls = r.calls()
		for news := r.Take(nil, 7); len(news) > 0; news = r.Take(nil, 7) {
			for _, n := range news {
				out = append(out, short(n))
			}
		}
		synctest.Wait()
	}
	return out
}

func (r *reader) calls() int {
	synctest.Wait()
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.woken
}

func short(n push.News[string]) string {
	switch n.Kind {
	case push.Live:
		return "live"
	case push.Gap:
		return fmt.Sprintf("gap %d.%d-%d.%d", n.From.Life, n.From.At, n.To.Life, n.To.At)
	case push.End:
		return "end " + n.Reason
	}
	return n.Value
}

func sameTexts(t *testing.T, what string, got []string, want ...string) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %q, want %q", what, got, want)
	}
}

func same[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

var errBroken = errors.New("broken")
