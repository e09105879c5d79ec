package push

import "time"

// do is a worker's visit to a feed: it does what there is to do, a step at a
// time, and wakes who has something to take.
func (f *feed[K, V]) do() {
	f.begin()
	for step := f.next(); step != nil; step = f.next() {
		if err := step(); err != nil {
			f.fail(err)
		}
	}
	f.wake()
	f.finish()
}

func (f *feed[K, V]) begin() {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.activity = working
}

func (f *feed[K, V]) finish() {
	f.mu.Lock()
	defer f.mu.Unlock()
	again := f.activity == workingAgain
	f.activity = resting
	if again {
		f.schedule()
	}
	f.settle()
}

// next is what is to be done first; nil if that is nothing.
func (f *feed[K, V]) next() func() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	unused := f.listeners == 0 && f.line.empty()
	switch {
	case f.gone || f.hub.stopped():
		return nil
	case unused && !f.idle.IsZero() && !f.idle.After(f.hub.source.Now()):
		f.gone = true
		return f.leave
	case unused || !f.retry.IsZero():
		return nil
	case f.stop == nil:
		return f.follow
	case f.listeners > 0 && (f.lost || !f.known):
		return f.look
	case f.turns || f.unread && f.hand.done():
		return f.read
	}
	return nil
}

// fail lets a feed be until it is tried again.
func (f *feed[K, V]) fail(err error) {
	if f.hub.stopped() {
		return
	}
	f.mu.Lock()
	f.retry = f.hub.source.Now().Add(pause)
	f.mu.Unlock()
	f.hub.source.Failed(f.key, err)
}

func (f *feed[K, V]) follow() error {
	stop, err := f.hub.source.Follow(f.hub.ctx, f.key, f.see)
	if err != nil {
		return err
	}
	f.mu.Lock()
	defer f.mu.Unlock()
	f.stop = stop
	return nil
}

func (f *feed[K, V]) leave() error {
	f.mu.Lock()
	stop := f.stop
	f.stop, f.idle, f.due = nil, time.Time{}, time.Time{}
	f.hub.agenda.set(f, time.Time{})
	f.mu.Unlock()
	f.hub.shard(f.key).drop(f)
	if stop != nil {
		stop()
	}
	return nil
}

// look finds out where the log ends.
func (f *feed[K, V]) look() error {
	f.mu.Lock()
	losses := f.losses
	f.mu.Unlock()
	o, err := f.hub.source.Look(f.hub.ctx, f.key)
	f.mu.Lock()
	defer f.mu.Unlock()
	if err == nil {
		f.lost = f.losses != losses
		f.looked(o)
	}
	return err
}

func (f *feed[K, V]) looked(o Outlook) {
	f.due = earlier(f.due, o.Due)
	f.absent = o.Life == 0
	end := Place{o.Life, o.Tail}
	switch {
	case f.listeners == 0:
		return
	case !f.known:
		f.known, f.at, f.seen = true, end, end.At
		f.chain = newChain[V]()
		f.waked = f.chain.end
	case o.Life == f.at.Life:
		f.seen = max(f.seen, o.Tail)
		f.unread = f.unread || f.seen != f.at.At || o.Tail < f.at.At
	case o.Life != 0:
		f.turns = true
	}
}

// read puts the next stretch of the log on the chain. If that is longer than the
// chain may be, those who are live have to be read to one by one.
func (f *feed[K, V]) read() error {
	f.mu.Lock()
	f.unread = false
	if f.seen > f.at.At+MaxItems && !f.turns {
		f.at.At = f.seen
		f.chain.skip()
		f.mu.Unlock()
		f.wake()
		return nil
	}
	after := f.at
	f.mu.Unlock()
	p, err := f.hub.source.Read(f.hub.ctx, f.key, after, pageItems)
	f.mu.Lock()
	if err != nil {
		f.unread = true
		f.mu.Unlock()
		return err
	}
	f.turns = false
	if f.known {
		s := stretchOf(after, p, pageItems)
		f.extend(s)
		f.seen = max(f.seen, lastOf(p, f.at.Life))
		f.unread = f.unread || !s.whole
	}
	f.mu.Unlock()
	f.wake()
	return nil
}

func lastOf[V any](p Page[V], life uint32) uint64 {
	if p.Life == life {
		return p.Tail
	}
	return 0
}

// wake wakes the live listeners that have something to take, and lets those who
// wanted to be read to have their turn.
func (f *feed[K, V]) wake() {
	f.mu.Lock()
	end, waked := f.chain.end, f.waked
	f.waked = end
	var later []*Listener[K, V]
	if f.settled() && f.retry.IsZero() {
		later, f.later = f.later, nil
	}
	f.mu.Unlock()
	if end != waked {
		f.crowd.wake(end)
	}
	for _, l := range later {
		f.hub.work.add(ofListeners, l)
	}
}
