package push

import (
	"container/heap"
	"context"
	"sync"
	"time"
)

// agenda says when to look at which feed. A feed is in it once at most.
type agenda[K comparable, V any] struct {
	mu      sync.Mutex
	entries entries[K, V]
	sooner  chan struct{} // something comes before what was the first
}

func newAgenda[K comparable, V any]() *agenda[K, V] {
	return &agenda[K, V]{sooner: make(chan struct{}, 1)}
}

// set says when to look at a feed; the zero instant is never.
func (a *agenda[K, V]) set(f *feed[K, V], at time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if f.entry.at.Equal(at) {
		return
	}
	listed := !f.entry.at.IsZero()
	f.entry.at = at
	switch {
	case at.IsZero():
		heap.Remove(&a.entries, f.entry.index)
		return
	case listed:
		heap.Fix(&a.entries, f.entry.index)
	default:
		heap.Push(&a.entries, f)
	}
	if a.entries[0] == f {
		select {
		case a.sooner <- struct{}{}:
		default:
		}
	}
}

// due takes out the feeds whose instant has come, and tells the next instant.
func (a *agenda[K, V]) due(now time.Time) (fs []*feed[K, V], next time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.entries) > 0 {
		f := a.entries[0]
		if f.entry.at.After(now) {
			return fs, f.entry.at
		}
		heap.Pop(&a.entries)
		f.entry.at = time.Time{}
		fs = append(fs, f)
	}
	return fs, next
}

// soonest bounds how often an instant that does not come is looked at, where the
// clock of the logs is slower than this one.
const soonest = time.Millisecond

// keep looks at the feeds when it is time, until ctx is done.
func (a *agenda[K, V]) keep(ctx context.Context, now func() time.Time) {
	timer := time.NewTimer(time.Hour)
	defer timer.Stop()
	for {
		at := now()
		fs, next := a.due(at)
		for _, f := range fs {
			f.timeUp(at)
		}
		timer.Stop()
		if !next.IsZero() {
			timer.Reset(max(soonest, next.Sub(at)))
		}
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		case <-a.sooner:
		}
	}
}

// entry is a feed's place in the agenda, guarded by the agenda.
type entry struct {
	at    time.Time // zero: it has none
	index int
}

type entries[K comparable, V any] []*feed[K, V]

func (e entries[K, V]) Len() int           { return len(e) }
func (e entries[K, V]) Less(i, j int) bool { return e[i].entry.at.Before(e[j].entry.at) }
func (e entries[K, V]) Swap(i, j int) {
	e[i], e[j] = e[j], e[i]
	e[i].entry.index, e[j].entry.index = i, j
}

func (e *entries[K, V]) Push(x any) {
	f := x.(*feed[K, V])
	f.entry.index = len(*e)
	*e = append(*e, f)
}

func (e *entries[K, V]) Pop() any {
	last := len(*e) - 1
	f := (*e)[last]
	(*e)[last] = nil
	*e = (*e)[:last]
	return f
}

// earlier is the earlier of two instants of which the zero one is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}
