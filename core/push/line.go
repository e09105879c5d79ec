package push

import "time"

// line is who wait for something in a log, in the order they came. The feed's
// lock guards it.
//
// Takers are woken one by one: as many as can be needed for what is known to have
// come, and one where nobody knows how much that is. Who has been woken and goes
// away, for whatever reason, no longer counts, so the next is woken: nothing that
// comes is slept over. Readers take nothing away and are all woken.
type line[K comparable, V any] struct {
	takers, readers []*Waiter[K, V]

	tick   uint64 // counts what happens
	vague  uint64 // the tick at which something came of which nobody knows how much
	clear  uint64 // the tick up to which all has been taken
	clears uint64 // counts how often that was found
	count  uint64 // what has come
	spent  uint64 // of that, up to clear
	taken  uint64 // by takers here since clear
	looks  uint64 // what those who are looking now would take
	busy   int    // how many they are

	wake      time.Time // when something comes by itself
	notBefore time.Time // and when not to look for that, at the soonest
	idle      uint      // how often in a row that was in vain
}

// pauses between looks that time alone has called for and that were in vain.
const (
	shortPause = 62 * time.Millisecond
	longPause  = time.Second
)

func (l *line[K, V]) empty() bool { return len(l.takers)+len(l.readers) == 0 }

// alarm is when to look because of the time.
func (l *line[K, V]) alarm() time.Time {
	if l.empty() || l.wake.IsZero() || l.wake.After(l.notBefore) {
		return l.wake
	}
	return l.notBefore
}

func (l *line[K, V]) see(e Event) {
	if l.empty() {
		l.vague = l.tick + 1
		l.tick++
		return
	}
	l.wake = earlier(l.wake, e.Due)
	entered := e.Last > 0
	switch {
	case entered && !e.Lost && !e.Freed:
		l.tick++
		l.count += e.Last - e.First + 1
		l.idle = 0
	case entered, e.Lost, e.Freed:
		l.unsure()
		l.idle = 0
		return
	}
	l.call()
}

// unsure notes that something may have come.
func (l *line[K, V]) unsure() {
	l.tick++
	l.vague = l.tick
	l.call()
}

func (l *line[K, V]) timeUp(now time.Time) {
	if at := l.alarm(); at.IsZero() || at.After(now) {
		return
	}
	l.wake = time.Time{}
	if l.empty() {
		return
	}
	l.notBefore = now.Add(min(longPause, shortPause<<min(l.idle, 10)))
	l.idle++
	l.unsure()
}

// call wakes those for whom there may be something.
func (l *line[K, V]) call() {
	for _, w := range l.readers {
		if !w.awake && l.tick > w.tick {
			w.call()
		}
	}
	for _, w := range l.takers {
		known := l.count > l.spent+l.taken+l.looks
		if !known && (l.vague <= l.clear || l.busy > 0) {
			return
		}
		if !w.awake {
			l.start(w)
			w.call()
		}
	}
}

// start counts a taker among those who are looking.
func (l *line[K, V]) start(w *Waiter[K, V]) {
	l.busy++
	l.looks += uint64(w.want)
}

func (l *line[K, V]) stop(w *Waiter[K, V]) {
	l.busy--
	l.looks -= uint64(w.want)
}

// found counts what a taker's look has found. Less than it wanted means that all
// that had come before it looked is taken. Who has looked beside one who found that
// may have taken it, and is not counted among those who take what comes after.
func (l *line[K, V]) found(w *Waiter[K, V], n int) {
	if n > 0 {
		l.idle = 0
	}
	switch {
	case n >= w.want && w.clears == l.clears:
		l.taken += uint64(n)
	case n < w.want && w.tick >= l.clear:
		l.clear, l.spent, l.taken = w.tick, w.count, 0
		l.clears++
	}
}
