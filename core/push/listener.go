package push

import (
	"sync"
	"sync/atomic"
	"time"
)

// Listener is a place in a log that goes forward as its news is taken.
type Listener[K comparable, V any] struct {
	feed *feed[K, V]
	wake func()

	waits atomic.Bool             // to be woken: the last Take found nothing
	cell  atomic.Pointer[cell[V]] // where it goes on; nil while it is behind
	index int                     // in the crowd, guarded by it; -1: it has left

	mu     sync.Mutex // guards what follows
	told   Place      // all up to here was taken
	page   []step[V]  // was read for it
	limit  int        // how much to read next
	fresh  bool       // what is gone before the first item is no gap
	caught bool       // it is to be told that it is live
	asked  bool       // it is to be read to
	over   bool       // it is told nothing more
	reason string     // of an End not taken yet
}

// Listen begins to listen behind a place. If fresh, what is gone between the
// place and the first item is none of the listener's concern. Wake is called when
// there is something to take after a Take that found nothing, and the first time
// there is. It must not block, nor listen, nor close. If the hub has ended, the
// listener is told so.
func (h *Hub[K, V]) Listen(key K, after Place, fresh bool, wake func()) *Listener[K, V] {
	l := &Listener[K, V]{wake: wake, told: after, limit: pageItems / 4, fresh: fresh, asked: true}
	l.waits.Store(true)
	h.enter(key, func(f *feed[K, V]) {
		l.feed = f
		f.crowd.add(l)
		f.listeners++
		f.used()
		if f.listeners == 1 {
			f.schedule()
		}
	})
	h.work.add(ofListeners, l)
	if h.stopped() {
		l.End("stopped")
	}
	return l
}

// Take adds the next news to dst, at most max. It never blocks.
func (l *Listener[K, V]) Take(dst []News[V], max int) []News[V] {
	l.mu.Lock()
	defer l.mu.Unlock()
	max += len(dst)
	for {
		before := len(dst)
		if dst = l.take(dst, max); len(dst) > before || l.over || before == max {
			return dst
		}
		l.waits.Store(true)
		if c := l.cell.Load(); c == nil && l.asked || c != nil && c.next.Load() == nil {
			return dst
		}
		l.waits.Store(false)
	}
}

func (l *Listener[K, V]) take(dst []News[V], max int) []News[V] {
	if l.over {
		return l.last(dst)
	}
	for len(l.page) > 0 && len(dst) < max {
		var done bool
		if dst, done = l.tell(dst, &l.page[0]); done {
			l.page = l.page[1:]
		}
	}
	if len(l.page) > 0 {
		return dst
	}
	l.page = nil
	c := l.cell.Load()
	if c == nil {
		l.ask()
		return dst
	}
	return l.walk(dst, max, c)
}

// walk takes from the chain.
func (l *Listener[K, V]) walk(dst []News[V], max int, from *cell[V]) []News[V] {
	if l.caught && len(dst) < max {
		l.caught, l.fresh = false, false
		dst = append(dst, News[V]{Kind: Live, To: l.told})
	}
	c := from
	for len(dst) < max {
		next := c.next.Load()
		if next == nil {
			break
		}
		var done bool
		if dst, done = l.tell(dst, &c.step); done {
			c = next
		}
	}
	l.cell.CompareAndSwap(from, c) // or it was cut off in between
	return dst
}

// tell adds what a step means to somebody at told, at most one piece of news. It
// is done when there is no more to the step.
func (l *Listener[K, V]) tell(dst []News[V], s *step[V]) ([]News[V], bool) {
	gone := s.Place // the last before the item
	if s.item {
		gone.At--
	}
	switch {
	case l.told.covers(s.Place):
		return dst, true
	case l.fresh:
		l.told, l.fresh = gone, false
	case l.told.Life == 0:
		l.told = Place{s.Life, 0}
	}
	if l.told != gone {
		from := Place{l.told.Life, l.told.At + 1}
		l.told = gone
		return append(dst, News[V]{Kind: Gap, From: from, To: gone}), !s.item
	}
	if s.item {
		l.told = s.Place
		dst = append(dst, News[V]{Kind: Told, Value: s.value, To: s.Place})
	}
	return dst, true
}

func (l *Listener[K, V]) last(dst []News[V]) []News[V] {
	if l.reason != "" {
		dst = append(dst, News[V]{Kind: End, To: l.told, Reason: l.reason})
		l.reason = ""
	}
	return dst
}

// notice is told that the chain ends at end.
func (l *Listener[K, V]) notice(end *cell[V]) {
	c := l.cell.Load()
	if c == nil {
		return
	}
	if far(c, end) {
		l.cell.CompareAndSwap(c, nil)
	}
	l.rouse()
}

func (l *Listener[K, V]) rouse() {
	if l.waits.CompareAndSwap(true, false) {
		l.wake()
	}
}

// End lets the listener be told End for a reason, and then nothing more.
func (l *Listener[K, V]) End(reason string) {
	l.mu.Lock()
	if l.over {
		l.mu.Unlock()
		return
	}
	l.finish()
	l.reason = reason
	l.mu.Unlock()
	l.feed.crowd.rouse(l)
}

func (l *Listener[K, V]) finish() {
	l.over, l.page, l.reason = true, nil, ""
	l.cell.Store(nil)
}

// Close ends the listening. Wake is not called after it has returned. It may be
// called more than once, but not by wake.
func (l *Listener[K, V]) Close() {
	l.mu.Lock()
	l.finish()
	l.mu.Unlock()
	f := l.feed
	if !f.crowd.remove(l) {
		return
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.listeners--
	if f.listeners == 0 {
		f.forget()
	}
	f.used()
}

// forget lets go of all that only listeners need.
func (f *feed[K, V]) forget() {
	f.known, f.lost, f.unread, f.absent, f.turns = false, false, false, false, false
	f.losses++ // a look that is on its way is none for who comes next
	f.chain, f.waked = chain[V]{}, nil
	f.hand.clear()
	f.reading, f.later = nil, nil
	f.due, f.stale, f.late = time.Time{}, time.Time{}, time.Time{}
}
