package pebblestore

import (
	"context"
	"errors"
	"math"
	"sync"

	"github.com/stackforge/marconi/storage"
)

// slot is a name that a queue may have, and the owner of all that lies in memory
// about it. Its lock is held while a call reads, decides and submits, and not
// while the call waits for the disk.
//
// What a call takes away or holds it changes in memory at once, so that the next
// call sees it; what a call adds is seen when it is durable. An answer that
// depends on a change waits for the group of that change.
type slot struct {
	e    *engine
	id   storage.QueueID
	refs int // guarded by the engine's lock

	mu       sync.Mutex // guards the following
	loaded   bool
	life     *life     // nil: there is no queue
	audience *audience // nil: nobody has subscribed
	changed  *group    // the last one in which something was taken away or held
	remade   *group    // the last one in which the queue's record changed
}

// enter locks a slot for a call. It is loaded.
func (s *Store) enter(ctx context.Context, id storage.QueueID) (*slot, error) {
	e, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	if err := e.use(); err != nil {
		return nil, err
	}
	sl := e.slot(id)
	sl.mu.Lock()
	if err := sl.load(); err != nil {
		sl.leave()
		return nil, err
	}
	return sl, nil
}

// leave unlocks a slot that enter has locked.
func (sl *slot) leave() {
	sl.mu.Unlock()
	sl.e.release(sl)
	sl.e.done()
}

// settled locks a slot as of an instant: what has expired is gone, what has
// ended is free, what is due is in the log.
func (s *Store) settled(ctx context.Context, id storage.QueueID, now int64) (*slot, error) {
	for {
		sl, err := s.enter(ctx, id)
		if err != nil {
			return nil, err
		}
		g, err := sl.settle(now)
		if err == nil && g.settled() {
			return sl, nil
		}
		sl.leave()
		if err == nil {
			err = g.wait(ctx)
		}
		if err != nil {
			return nil, err
		}
	}
}

// settledQueue is settled for a queue that has to be there.
func (s *Store) settledQueue(ctx context.Context, id storage.QueueID, now int64) (*slot, error) {
	sl, err := s.settled(ctx, id, now)
	if err != nil {
		return nil, err
	}
	if sl.life == nil {
		return nil, sl.conclude(ctx, storage.ErrQueueNotFound, sl.remade)
	}
	return sl, nil
}

// conclude unlocks a slot and waits until all that the answer depends on is
// durable. It returns the answer.
func (sl *slot) conclude(ctx context.Context, answer error, groups ...*group) error {
	sl.leave()
	for _, g := range groups {
		if err := g.wait(ctx); err != nil {
			return err
		}
	}
	return answer
}

// settle makes what lies in memory exact as of now. What is due by then is not
// in the log before the group that it returns is durable.
//
// Nobody waits for what else it writes: that something has expired or ended
// follows from the instant, written or not. An error leaves memory and disk at
// one: what could be settled is.
func (sl *slot) settle(now int64) (*group, error) {
	if sl.quiet(now) {
		return sl.entering(), nil
	}
	t := sl.e.begin()
	err := sl.lapse(t, now)
	sl.submit(t)
	for l := sl.life; err == nil && l != nil && l.delayed.next <= now; {
		t := sl.e.begin()
		err = l.fallDue(t, now)
		if g := sl.submit(t); g != nil {
			l.entering = g
		}
	}
	return sl.entering(), err
}

func (sl *slot) entering() *group {
	if sl.life == nil {
		return nil
	}
	return sl.life.entering
}

// quiet is whether time has changed nothing by now.
func (sl *slot) quiet(now int64) bool {
	if a := sl.audience; a != nil && a.expiring.next() <= now {
		return false
	}
	l := sl.life
	return l == nil || min(l.aging.next(), l.holds.next(), l.delayed.doom, l.delayed.next) > now
}

// lapse removes what has expired and frees what is held no more.
func (sl *slot) lapse(t *tx, now int64) error {
	if sl.audience != nil {
		sl.audience.expire(t, now, math.MaxInt)
	}
	l := sl.life
	if l == nil {
		return nil
	}
	if _, err := l.expire(t, now, math.MaxInt); err != nil {
		return err
	}
	if _, err := l.expireDelayed(t, now, math.MaxInt); err != nil {
		return err
	}
	l.letGo(now)
	return nil
}

// submit completes a tx about this slot.
func (sl *slot) submit(t *tx) *group {
	sl.life.flush(t)
	sl.audience.flush(t)
	return t.submit()
}

// change completes a tx that takes something away or holds it.
func (sl *slot) change(t *tx) *group {
	if g := sl.submit(t); g != nil {
		sl.changed = g
	}
	return sl.changed
}

func (sl *slot) tell(e storage.Event) { sl.e.tell(sl.id, e) }

// load reads what lies in memory of a queue and its audience.
func (sl *slot) load() error {
	if sl.loaded {
		return nil
	}
	value, err := sl.e.value(queueKey(sl.id))
	if err != nil {
		return err
	}
	if value != nil {
		r, err := readQueue(sl.id, value)
		if err != nil {
			return errors.Join(errRecord, err)
		}
		l := newLife(sl, r)
		if err := l.load(); err != nil {
			return err
		}
		sl.life = l
	}
	sl.loaded = true
	return nil
}
