package push

import (
	"slices"
	"time"
)

// What is kept of posts that came before those in front of them.
const (
	handMost  = 64
	handBytes = 1 << 20
)

// hand is what this process posts to a log itself. The feed need not read it.
type hand[V any] struct {
	begun, ended uint64
	until        uint64 // what has to have ended before it is read instead
	watched      uint64 // until, when it was last looked whether that takes too long
	early        []post[V]
	bytes        int
}

type post[V any] struct {
	first, last uint64
	items       []Item[V]
	bytes       int
}

// await waits for the posts that have begun.
func (h *hand[V]) await() { h.until = h.begun }

func (h *hand[V]) done() bool { return h.ended >= h.until }

// late gives up waiting if it is still for what it was the last time.
func (h *hand[V]) late() bool {
	if h.until == h.watched {
		h.until = 0
		return true
	}
	h.watched = h.until
	return false
}

func (h *hand[V]) clear() { h.early, h.bytes = nil, 0 }

// keep keeps a post until those in front of it have come.
func (h *hand[V]) keep(p post[V]) {
	if len(h.early) >= handMost || h.bytes+p.bytes > handBytes {
		return
	}
	i, _ := slices.BinarySearchFunc(h.early, p.first, func(e post[V], first uint64) int {
		if e.first < first {
			return -1
		}
		return 1
	})
	h.early = slices.Insert(h.early, i, p)
	h.bytes += p.bytes
}

// next is the kept post that goes on at a place. Those before it are dropped.
func (h *hand[V]) next(at uint64) (p post[V], ok bool) {
	for len(h.early) > 0 && h.early[0].first <= at+1 {
		p, h.early = h.early[0], h.early[1:]
		h.bytes -= p.bytes
		if p.first == at+1 {
			return p, true
		}
	}
	if len(h.early) == 0 {
		h.early = nil
	}
	return p, false
}

// Posting is a post of this process that is on its way to the log.
type Posting[K comparable, V any] struct{ feed *feed[K, V] }

// Post says that this process is going to post to a log. It is nil if nobody
// listens to it here; otherwise Done must be called.
func (h *Hub[K, V]) Post(key K) *Posting[K, V] {
	f := h.find(key)
	if f == nil {
		return nil
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.listeners == 0 || f.gone {
		return nil
	}
	f.hand.begun++
	return &Posting[K, V]{f}
}

// Done hands over what has been stored, which lies side by side in a life of the
// log; nothing, if the post failed. It costs the same however many listen.
func (p *Posting[K, V]) Done(life uint32, items []Item[V]) {
	f := p.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	f.hand.ended++
	if f.known && life == f.at.Life && len(items) > 0 {
		f.take(postOf(items))
	}
	if f.unread && f.hand.done() {
		f.schedule()
	}
}

func postOf[V any](items []Item[V]) post[V] {
	p := post[V]{first: items[0].At, last: items[len(items)-1].At, items: items}
	for _, i := range items {
		p.bytes += i.Size
	}
	return p
}

// take puts a post on the chain when all before it is there. What does not fit
// is read from the log when the chain has been taken from.
func (f *feed[K, V]) take(p post[V]) {
	switch {
	case p.first <= f.at.At:
		return
	case p.first > f.at.At+1:
		f.hand.keep(p)
		f.hear(p.last)
		return
	}
	if !f.link(p) {
		return
	}
	f.drain()
	if f.at.At >= f.seen {
		f.unread = false
	} else {
		f.await()
	}
	f.schedule()
}

const patience = 500 * time.Millisecond

// await waits for the posts that have begun here, twice patience at most: one may
// hang, and the news of others must not.
func (f *feed[K, V]) await() {
	f.hand.await()
	if !f.hand.done() && f.late.IsZero() {
		f.hand.watched = f.hand.until
		f.late = f.hub.source.Now().Add(patience)
		f.settle()
	}
}

// tooLate looks whether it takes too long.
func (f *feed[K, V]) tooLate(now time.Time) {
	if f.late.IsZero() || f.late.After(now) {
		return
	}
	f.late = time.Time{}
	if f.unread && !f.hand.done() && !f.hand.late() {
		f.late = now.Add(patience)
	}
}

// drain puts on the chain what was kept and goes on where it ends.
func (f *feed[K, V]) drain() {
	for p, ok := f.hand.next(f.at.At); ok && f.link(p); p, ok = f.hand.next(f.at.At) {
	}
}

// link is false if the chain has no room.
func (f *feed[K, V]) link(p post[V]) bool {
	if far(f.waked, f.chain.end) {
		f.hear(p.last)
		return false
	}
	for _, i := range p.items {
		f.at.At = i.At
		f.chain.add(step[V]{Place: f.at, item: true, size: i.Size, value: i.Value})
	}
	return true
}
