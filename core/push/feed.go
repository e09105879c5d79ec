package push

import (
	"sync"
	"time"
)

// feed is what the hub knows of one log. While somebody listens or waits it is
// followed; while somebody listens its news is put on a chain.
type feed[K comparable, V any] struct {
	hub   *Hub[K, V]
	key   K
	entry entry // the agenda's
	crowd crowd[K, V]

	mu        sync.Mutex // guards what follows; of Source only Now is called under it
	activity  activity
	gone      bool // it is not in the hub any more
	stop      func()
	listeners int
	later     []*Listener[K, V] // who want to be read to when it has been looked

	// What has been put on the chain, and what is known to come. Until it is
	// known where the log ends, there is nobody live.
	known   bool
	at      Place
	absent  bool // there was no log when it was looked
	chain   chain[V]
	waked   *cell[V] // all before it has been woken for
	lost    bool     // look where the log ends
	losses  uint64   // how often that was so
	turns   bool     // it is in another life, which has not been read
	unread  bool     // read on from at
	seen    uint64   // the last known to be there, in the life of at
	hand    hand[V]
	reading readings[V]

	// When to look, to try again, to stop following, to drop readings, and to wait
	// no longer for posts.
	due, retry, idle, stale, late time.Time

	line line[K, V] // who wait
}

// activity says whether a worker has a feed.
type activity uint8

const (
	resting activity = iota
	queued
	working
	workingAgain // and there is more to do
)

func newFeed[K comparable, V any](h *Hub[K, V], key K) *feed[K, V] {
	return &feed[K, V]{hub: h, key: key}
}

// enter calls in unless the feed is gone.
func (f *feed[K, V]) enter(in func(*feed[K, V])) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gone {
		return false
	}
	in(f)
	return true
}

// schedule sees to it that a worker comes after this.
func (f *feed[K, V]) schedule() {
	switch f.activity {
	case resting:
		f.activity = queued
		f.hub.work.add(ofFeeds, f)
	case working:
		f.activity = workingAgain
	}
}

// settle sets when to be looked at again, as things are.
func (f *feed[K, V]) settle() {
	at := f.retry
	if f.retry.IsZero() {
		at = f.line.alarm()
		for _, other := range []time.Time{f.due, f.stale, f.late} {
			at = earlier(at, other)
		}
		if f.activity == resting { // or a worker comes who looks at it, and settles again
			at = earlier(at, f.idle)
		}
	}
	f.hub.agenda.set(f, at)
}

// used is called when the first comes or the last goes.
func (f *feed[K, V]) used() {
	f.idle = time.Time{}
	if f.listeners == 0 && f.line.empty() {
		f.idle = f.hub.source.Now().Add(linger)
	}
	if f.stop == nil {
		f.schedule()
	}
	f.settle()
}

// see is told by the source.
func (f *feed[K, V]) see(e Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.line.see(e)
	if f.listeners == 0 {
		f.settle()
		return
	}
	f.due = earlier(f.due, e.Due)
	switch {
	case e.Lost:
		f.hand.clear() // the log may have lost it
		f.lose()
		f.schedule()
	case e.Last > 0 && e.Life != f.at.Life:
		f.lose()
		f.schedule()
	case e.Last > f.at.At:
		f.hear(e.Last)
	}
	f.settle()
}

// lose notes that it is not known where the log ends.
func (f *feed[K, V]) lose() {
	f.lost = true
	f.losses++
}

// settled reports whether all that is known of the log's end has been acted on.
func (f *feed[K, V]) settled() bool { return f.known && !f.lost && !f.turns }

// hear notes that the log reaches to a place that has not been told of. What
// this process is just posting will be handed over, so it is waited for.
func (f *feed[K, V]) hear(last uint64) {
	f.seen = max(f.seen, last)
	if !f.unread {
		f.unread = true
		f.await()
	}
	if f.hand.done() {
		f.schedule()
	}
}

// extend puts what was read on the chain, but for what is there already.
func (f *feed[K, V]) extend(s stretch[V]) {
	if s.back && f.at == s.after {
		f.at, f.seen = s.reached, s.reached.At
		f.chain.skip()
	}
	for _, step := range s.steps {
		if f.at.covers(step.Place) {
			continue
		}
		if f.at.Life != step.Life {
			f.seen = 0
			f.hand.clear()
		}
		f.at = step.Place
		f.chain.add(step)
	}
	f.seen = max(f.seen, f.at.At)
	f.absent = f.absent && len(s.steps) == 0
	f.drain()
}

// timeUp is told by the agenda.
func (f *feed[K, V]) timeUp(now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if !f.due.IsZero() && !f.due.After(now) {
		f.due = time.Time{}
		f.lose()
	}
	if !f.retry.IsZero() && !f.retry.After(now) {
		f.retry = time.Time{}
	}
	if !f.stale.After(now) {
		f.reading, f.stale = nil, time.Time{}
	}
	f.tooLate(now)
	f.line.timeUp(now)
	f.schedule()
	f.settle()
}

// shut ends all that is left when the hub has ended.
func (f *feed[K, V]) shut() {
	f.mu.Lock()
	stop := f.stop
	f.stop, f.gone = nil, true
	f.mu.Unlock()
	f.hub.shard(f.key).drop(f)
	if stop != nil {
		stop()
	}
	f.crowd.end("stopped")
}
