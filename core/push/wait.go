package push

import (
	"context"
	"slices"
	"time"
)

// Waiter waits for something in a log. It belongs to one goroutine.
//
//	w := hub.Wait(key, want)
//	defer w.Leave()
//	for w.Look(); nothing(); w.Look() {
//		if !w.Sleep(ctx, wake) {
//			return
//		}
//	}
type Waiter[K comparable, V any] struct {
	feed *feed[K, V]
	want int           // how much it takes at most; 0: it only reads
	bell chan struct{} // rung when it is to look

	// Guarded by the feed.
	awake  bool   // it is looking, or going to
	tick   uint64 // the line's when its look began, as the following
	count  uint64
	clears uint64
}

// Wait begins to wait for something to take, at most want, or with want 0 for
// anything that happens. The first look comes after it.
func (h *Hub[K, V]) Wait(key K, want int) *Waiter[K, V] {
	w := &Waiter[K, V]{want: want, bell: make(chan struct{}, 1), awake: true}
	h.enter(key, func(f *feed[K, V]) {
		w.feed = f
		w.join(&f.line)
		f.used()
	})
	return w
}

func (w *Waiter[K, V]) join(l *line[K, V]) {
	if w.want == 0 {
		l.readers = append(l.readers, w)
		return
	}
	l.takers = append(l.takers, w)
	l.start(w)
}

// Look begins a look: what happens from now on may not be in it.
func (w *Waiter[K, V]) Look() {
	w.feed.mu.Lock()
	defer w.feed.mu.Unlock()
	l := &w.feed.line
	if !w.awake && w.want > 0 {
		l.start(w)
	}
	w.awake = true
	w.tick, w.count, w.clears = l.tick, l.count, l.clears
}

// Found says that the look has found something. If that was less than it could
// take, there is no more, unless more says that there may be.
func (w *Waiter[K, V]) Found(n int, more bool) {
	w.feed.mu.Lock()
	defer w.feed.mu.Unlock()
	switch {
	case w.want == 0:
	case more && n < w.want:
		w.feed.line.idle = 0
		w.feed.line.unsure()
	default:
		w.feed.line.found(w, n)
	}
}

// Sleep says that the look has found nothing, and that nothing comes by itself
// before wake (zero: at all). It returns when it is time to look again. It is
// false when ctx is done or nobody is to wait any more.
func (w *Waiter[K, V]) Sleep(ctx context.Context, wake time.Time) bool {
	w.rest(wake)
	select {
	case <-w.bell:
		return true
	case <-ctx.Done():
	case <-w.feed.hub.hurry:
		return false
	}
	select {
	case <-w.bell: // at the last moment
		return true
	default:
		return false
	}
}

func (w *Waiter[K, V]) rest(wake time.Time) {
	f := w.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	w.awake = false
	if w.want > 0 {
		f.line.stop(w)
		f.line.found(w, 0)
	}
	if f.stop == nil { // nobody tells
		wake = earlier(wake, f.hub.source.Now().Add(pause))
	}
	f.line.wake = earlier(f.line.wake, wake)
	f.line.call()
	f.settle()
}

// call wakes it. The feed's lock is held.
func (w *Waiter[K, V]) call() {
	w.awake = true
	select {
	case w.bell <- struct{}{}:
	default:
	}
}

// Leave ends the waiting. What it was woken for goes to the next.
func (w *Waiter[K, V]) Leave() {
	f := w.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	l := &f.line
	if w.want == 0 {
		l.readers = without(l.readers, w)
	} else {
		l.takers = without(l.takers, w)
		if w.awake {
			l.stop(w)
		}
	}
	if l.empty() {
		l.wake = time.Time{}
		f.used()
		return
	}
	l.call()
	f.settle()
}

func without[K comparable, V any](ws []*Waiter[K, V], w *Waiter[K, V]) []*Waiter[K, V] {
	i := slices.Index(ws, w)
	if ws = slices.Delete(ws, i, i+1); len(ws) == 0 {
		return nil
	}
	return ws
}
