package push

import "time"

// ask lets the listener be read to.
func (l *Listener[K, V]) ask() {
	if !l.asked {
		l.asked = true
		l.feed.hub.work.add(ofListeners, l)
	}
}

// do is a worker's visit to a listener that is behind: it joins the live ones if
// it has come up to them, or is read the next stretch of the log.
func (l *Listener[K, V]) do() {
	l.mu.Lock()
	if l.over || len(l.page) > 0 || l.cell.Load() != nil {
		l.asked = false
		l.mu.Unlock()
		return
	}
	after, limit := l.told, l.limit
	l.mu.Unlock()

	f := l.feed
	m := f.meet(l, after, false)
	if m == isBehind || m == isAhead {
		s, err := f.stretch(after, limit)
		if err != nil {
			f.postpone(l, err)
			return
		}
		m = l.receive(f, s, m)
	}
	if m != isLater {
		f.crowd.rouse(l)
	}
}

// meeting is how a listener's place compares with the feed's.
type meeting uint8

const (
	isLive   meeting = iota
	isBehind         // it is to be read to
	isAhead          // so it is, since the log may have lost its end
	isLater          // when it has been looked where the log ends
)

// meet makes a listener live that has come up to the feed. If it is ahead, it has
// to be sure that its place is in the log.
func (f *feed[K, V]) meet(l *Listener[K, V], at Place, sure bool) meeting {
	f.mu.Lock()
	defer f.mu.Unlock()
	switch {
	case f.gone:
		return isLive // and over
	case !f.settled():
		f.later = append(f.later, l)
		f.schedule()
		return isLater
	case f.absent: // what comes is in another life
	case !at.covers(f.at):
		return isBehind
	case at != f.at && !sure:
		return isAhead
	}
	l.join(f.chain.end)
	return isLive
}

func (l *Listener[K, V]) join(end *cell[V]) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked = false
	if !l.over {
		l.caught = true
		l.cell.Store(end)
	}
}

// receive takes what was read. If that is nothing, it is as far as the log, and
// the feed has to find out what it has missed.
func (l *Listener[K, V]) receive(f *feed[K, V], s stretch[V], m meeting) meeting {
	if f.deliver(l, s) {
		return m
	}
	if m == isAhead && !s.back {
		if m = f.meet(l, s.after, true); m == isLive {
			return m
		}
	}
	if m != isLater {
		f.unsettled(l)
	}
	return isLater
}

// deliver gives a listener what was read. If that comes up to the feed, it is live
// from there on.
func (f *feed[K, V]) deliver(l *Listener[K, V], s stretch[V]) bool {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.settled() && s.reached == f.at {
		return l.accept(s, f.chain.end)
	}
	return l.accept(s, nil)
}

// accept keeps what was read until it is taken, and where to go on after it. It is
// false if that is nothing.
func (l *Listener[K, V]) accept(s stretch[V], end *cell[V]) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if s.back && l.told == s.after {
		l.told = s.reached
	}
	if len(s.steps) == 0 && !l.over {
		return false
	}
	l.asked = false
	if !l.over {
		l.page = s.steps
		l.limit = max(1, min(2*len(s.steps), pageItems))
	}
	if !l.over && end != nil {
		l.caught = true
		l.cell.Store(end)
	}
	return true
}

// postpone lets a listener be read to when the feed is tried again.
func (f *feed[K, V]) postpone(l *Listener[K, V], err error) {
	f.fail(err)
	f.unsettled(l)
}

// unsettled lets a listener be read to when it has been looked where the log
// ends, since the feed is elsewhere or knows nothing.
func (f *feed[K, V]) unsettled(l *Listener[K, V]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.gone {
		return
	}
	f.lose()
	f.later = append(f.later, l)
	f.schedule()
	f.settle()
}

// readings are stretches that were just read, for others at the same place.
type readings[V any] []reading[V]

type reading[V any] struct {
	stretch[V]
	until time.Time
}

const (
	readingAge  = time.Second // for so long a stretch is good for others
	readingMost = 4
)

// stretch reads the log behind a place, or takes what was read there just now.
func (f *feed[K, V]) stretch(after Place, limit int) (stretch[V], error) {
	now := f.hub.source.Now()
	f.mu.Lock()
	for _, r := range f.reading {
		if r.after == after && now.Before(r.until) && len(r.steps) > 0 {
			f.mu.Unlock()
			return r.stretch, nil
		}
	}
	f.mu.Unlock()
	p, err := f.hub.source.Read(f.hub.ctx, f.key, after, limit)
	if err != nil {
		return stretch[V]{}, err
	}
	s := stretchOf(after, p, limit)
	f.keep(reading[V]{stretch: s, until: now.Add(readingAge)})
	return s, nil
}

// keep keeps a reading while there are others who may be at the same place.
func (f *feed[K, V]) keep(r reading[V]) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.listeners < 2 {
		f.reading = nil
		return
	}
	if len(f.reading) >= readingMost {
		f.reading = append(f.reading[:0:0], f.reading[1:]...)
	}
	f.reading = append(f.reading, r)
	f.stale = r.until
	f.settle()
}
