package storagetest

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/stackforge/marconi/storage"
)

// patience is how long an event may take that must come.
const patience = 30 * time.Second

// listener keeps what a follower is told.
type listener struct {
	T
	stop func()
	news chan struct{} // holds one once there is something new

	mu     sync.Mutex
	busy   bool
	events []storage.Event
}

func (q queue) follow() *listener {
	q.Helper()
	return q.followWith(q.Context())
}

func (q queue) followWith(ctx context.Context) *listener {
	q.Helper()
	l := &listener{T: q.T, news: make(chan struct{}, 1)}
	stop, err := q.d.Follow(ctx, q.id, l.see)
	if err != nil {
		q.Fatalf("Follow: %v", err)
	}
	l.stop = sync.OnceFunc(stop)
	q.Cleanup(l.stop)
	return l
}

func (l *listener) see(e storage.Event) {
	l.enter(true)
	defer l.enter(false)
	if !sensible(e) {
		l.Errorf("a follower was told %+v", e)
	}
	l.mu.Lock()
	l.events = append(l.events, e)
	l.mu.Unlock()
	select {
	case l.news <- struct{}{}:
	default:
	}
}

// sensible is whether an event contradicts itself: positions come in pairs that
// rise, and what tells of no life tells of nothing that happens in one.
func sensible(e storage.Event) bool {
	if e.Epoch == 0 && (e.Last > 0 || e.Freed || !e.Due.IsZero()) {
		return false
	}
	return e.First <= e.Last && (e.First == 0) == (e.Last == 0)
}

// enter notices calls that are made at the same time.
func (l *listener) enter(busy bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if busy && l.busy {
		l.Errorf("two calls of a follower at once")
	}
	l.busy = busy
}

func (l *listener) heard() []storage.Event {
	l.mu.Lock()
	defer l.mu.Unlock()
	return slices.Clone(l.events)
}

// forget drops what was heard so far.
func (l *listener) forget() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.events = nil
}

// await waits until an event was told, now or before, that is the one.
func (l *listener) await(what string, isIt func(storage.Event) bool) storage.Event {
	l.Helper()
	ctx, cancel := context.WithTimeout(l.Context(), patience)
	defer cancel()
	for {
		heard := l.heard()
		if i := slices.IndexFunc(heard, isIt); i >= 0 {
			return heard[i]
		}
		select {
		case <-l.news:
		case <-ctx.Done():
			l.Fatalf("%s was not told; heard only %+v", what, heard)
		}
	}
}
