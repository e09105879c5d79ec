package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stackforge/marconi/storage"
)

// load is posters and consumers of a queue, who note what they were answered.
// What was answered must be true afterwards: no message that was posted is lost,
// and none is given to two.
type load struct {
	d    storage.Driver
	id   storage.QueueID
	now  time.Time
	stop context.CancelFunc
	ctx  context.Context
	done sync.WaitGroup

	turns, failures atomic.Int64

	mu       sync.Mutex
	posted   map[string]bool // by ID, of what was answered
	unsure   int             // posts of which nobody knows
	consumed map[string]int
}

// newLoad begins with the one message that is in the queue.
func newLoad(t testing.TB, d storage.Driver, id storage.QueueID, now time.Time) *load {
	t.Helper()
	l := &load{d: d, id: id, now: now, posted: map[string]bool{}, consumed: map[string]int{}}
	l.ctx, l.stop = context.WithCancel(t.Context())
	t.Cleanup(func() { l.stop(); l.done.Wait() })
	page, err := d.ListMessages(t.Context(), storage.MessageFilter{Queue: id, Now: now, Limit: 10})
	must(t, err)
	for _, m := range page.Items {
		l.posted[m.ID] = true
	}
	l.start(d)
	return l
}

// start adds a poster and two consumers with a store of their own.
func (l *load) start(d storage.Driver) {
	l.done.Go(func() { l.post(d) })
	for range 2 {
		l.done.Go(func() { l.consume(d) })
	}
}

func (l *load) post(d storage.Driver) {
	for n := 0; l.ctx.Err() == nil; n++ {
		p := postOf(l.id, l.now, fmt.Sprint(n), fmt.Sprint(n, "b"))
		posted, err := d.PostMessages(l.ctx, p)
		l.turn(err)
		l.mu.Lock()
		for _, id := range posted.IDs {
			l.posted[id] = true
		}
		if err != nil {
			l.unsure += len(p.Drafts)
		}
		l.mu.Unlock()
	}
}

// turn counts a call, and waits a little behind one that failed.
func (l *load) turn(err error) {
	l.turns.Add(1)
	if err == nil || l.ctx.Err() != nil {
		return
	}
	l.failures.Add(1)
	timer := time.NewTimer(5 * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-l.ctx.Done():
	}
}

var orders atomic.Int64

func (l *load) consume(d storage.Driver) {
	for l.ctx.Err() == nil {
		_, err := l.consumeSome(l.ctx, d)
		l.turn(err)
	}
}

// consumeSome claims, notes and deletes. Time stands still, so that a claim lasts
// until it is given back.
func (l *load) consumeSome(ctx context.Context, d storage.Driver) (int, error) {
	o := storage.ClaimOrder{ID: fmt.Sprint("order", orders.Add(1)), Queue: l.id, Now: l.now,
		Expires: l.now.Add(time.Minute), Keep: l.now.Add(time.Hour), Limit: 5}
	c, err := d.CreateClaim(ctx, o)
	if err != nil {
		_ = d.ReleaseClaim(ctx, l.id, o.ID, l.now, l.now)
		return 0, err
	}
	var ids []string
	l.mu.Lock()
	for _, m := range c.Messages {
		l.consumed[m.ID]++
		ids = append(ids, m.ID)
	}
	l.mu.Unlock()
	for len(ids) > 0 {
		if err = d.DeleteMessages(ctx, l.id, ids, []string{o.ID}, l.now); err == nil || ctx.Err() != nil {
			break
		}
	}
	return len(ids), err
}

// knows notes messages that somebody else posted.
func (l *load) knows(ids []string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, id := range ids {
		l.posted[id] = true
	}
}

// progresses waits until the load has got somewhere.
func (l *load) progresses(t testing.TB) {
	t.Helper()
	before := l.turns.Load() - l.failures.Load()
	eventually(t, "the load goes on", func() bool { return l.turns.Load()-l.failures.Load() > before+50 })
}

// finish ends the load, drains the queue, and checks all that was answered. It
// answers the tail of the queue.
func (l *load) finish(t testing.TB) int {
	t.Helper()
	l.stop()
	l.done.Wait()
	l.drain(t)
	l.mu.Lock()
	defer l.mu.Unlock()
	for id := range l.posted {
		if l.consumed[id] == 0 {
			t.Errorf("%s was posted and lost", id)
		}
	}
	strangers := 0
	for id, times := range l.consumed {
		if times > 1 {
			t.Errorf("%s was given to %d", id, times)
		}
		if !l.posted[id] {
			strangers++
		}
	}
	if strangers > l.unsure {
		t.Errorf("%d messages were consumed that nobody posted; %d may have been posted", strangers, l.unsure)
	}
	s, err := l.d.QueueStats(t.Context(), l.id, l.now)
	must(t, err)
	if s.Total != 0 {
		t.Errorf("%d messages are left", s.Total)
	}
	t.Logf("%d calls, %d failed; %d messages", l.turns.Load(), l.failures.Load(), s.Tail)
	return int(s.Tail)
}

// drain consumes what is left. What a consumer held when it was stopped is free a
// minute later, and whoever held it may have noted it already.
func (l *load) drain(t testing.TB) {
	t.Helper()
	held, err := l.d.QueueStats(t.Context(), l.id, l.now)
	must(t, err)
	page := []storage.Message(nil)
	if held.Claimed > 0 {
		all, err := l.d.ListMessages(t.Context(), storage.MessageFilter{Queue: l.id, Now: l.now, Limit: 1000, IncludeClaimed: true})
		must(t, err)
		page = all.Items
	}
	l.mu.Lock()
	for _, m := range page {
		if m.Claim != "" {
			delete(l.consumed, m.ID)
		}
	}
	l.mu.Unlock()
	l.now = l.now.Add(2 * time.Minute)
	for {
		n, err := l.consumeSome(t.Context(), l.d)
		if err != nil && !errors.Is(err, context.Canceled) {
			t.Fatal(err)
		}
		if n == 0 {
			return
		}
	}
}
