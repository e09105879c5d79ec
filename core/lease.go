package core

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/stackforge/marconi/storage"
)

// leases is what claim streams of this broker hold, so that they learn at once
// what its operations finish.
type leases struct {
	streams atomic.Int64 // how many there are: mostly none, and then nothing is looked up

	mu      sync.RWMutex
	byQueue map[storage.QueueID][]*leased
}

// begin is what a stream holds in a queue: nothing yet.
func (l *leases) begin(q storage.QueueID, credit int) *leased {
	d := &leased{queue: q, credit: credit, changed: make(chan struct{}, 1), held: map[string]string{}}
	l.streams.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.byQueue == nil {
		l.byQueue = map[storage.QueueID][]*leased{}
	}
	l.byQueue[q] = append(l.byQueue[q], d)
	return d
}

func (l *leases) end(d *leased) {
	l.streams.Add(-1)
	l.mu.Lock()
	defer l.mu.Unlock()
	rest := slices.DeleteFunc(slices.Clone(l.byQueue[d.queue]), func(o *leased) bool { return o == d })
	if l.byQueue[d.queue] = rest; len(rest) == 0 {
		delete(l.byQueue, d.queue)
	}
}

func (l *leases) of(q storage.QueueID) []*leased {
	if l.streams.Load() == 0 {
		return nil
	}
	l.mu.RLock()
	defer l.mu.RUnlock()
	return l.byQueue[q]
}

// finish notes messages that are gone.
func (l *leases) finish(q storage.QueueID, ids ...string) {
	for _, d := range l.of(q) {
		d.finish(ids)
	}
}

// claims are those that streams here have in a queue.
func (l *leases) claims(q storage.QueueID) (ids []string) {
	for _, d := range l.of(q) {
		ids = append(ids, d.claims()...)
	}
	return ids
}

// finishClaims notes claims that are released, or of which nothing is left.
func (l *leases) finishClaims(q storage.QueueID, ids ...string) {
	over := make(map[string]bool, len(ids))
	for _, id := range ids {
		over[id] = true
	}
	for _, d := range l.of(q) {
		d.drop(func(_, claim string) bool { return over[claim] })
	}
}

// leased is what one stream holds.
type leased struct {
	queue   storage.QueueID
	credit  int
	changed chan struct{} // there may be room again

	mu   sync.Mutex
	held map[string]string // the claim of each unfinished message
}

func (d *leased) add(c ClaimCreated) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, m := range c.Messages {
		d.held[m.ID] = c.ID
	}
}

// room waits until there is room for a message, and says for how many.
func (d *leased) room(ctx context.Context, ended <-chan struct{}) (int, error) {
	for {
		if err := over(ctx, ended); err != nil {
			return 0, err
		}
		if room := d.free(); room > 0 {
			return room, nil
		}
		select {
		case <-d.changed:
		case <-ctx.Done():
		case <-ended:
		}
	}
}

func (d *leased) free() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.credit - len(d.held)
}

func (d *leased) claims() []string {
	d.mu.Lock()
	defer d.mu.Unlock()
	return slices.Compact(slices.Sorted(maps.Values(d.held)))
}

func (d *leased) finish(ids []string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	before := len(d.held)
	for _, id := range ids {
		delete(d.held, id)
	}
	d.tell(before)
}

// left says what is left in a claim.
func (d *leased) left(claim string, ms []storage.Message) {
	there := make(map[string]bool, len(ms))
	for i := range ms {
		there[ms[i].ID] = true
	}
	d.drop(func(id, of string) bool { return of == claim && !there[id] })
}

func (d *leased) drop(finished func(id, claim string) bool) {
	d.mu.Lock()
	defer d.mu.Unlock()
	before := len(d.held)
	maps.DeleteFunc(d.held, finished)
	d.tell(before)
}

// tell says that there is room again, if less is held than before.
func (d *leased) tell(before int) {
	if len(d.held) == before {
		return
	}
	select {
	case d.changed <- struct{}{}:
	default:
	}
}
