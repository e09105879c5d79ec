package pebblestore

import (
	"cmp"
	"context"

	"github.com/stackforge/marconi/storage"
)

func worn(m *storage.Message, b *storage.Bury) bool { return m.Claims >= b.Max }

func anyWorn(messages []storage.Message, b *storage.Bury) bool {
	for i := range messages {
		if worn(&messages[i], b) {
			return true
		}
	}
	return false
}

// pair locks the slots of two queues as of an instant; they may be one.
func (s *Store) pair(ctx context.Context, a, b storage.QueueID, now int64) (first, second *slot, err error) {
	for {
		first, second, err = s.enterBoth(ctx, a, b)
		if err != nil {
			return nil, nil, err
		}
		g, err := first.settle(now)
		h, err2 := second.settle(now)
		if err = joinErrors(err, err2); err == nil && g.settled() && h.settled() {
			return first, second, nil
		}
		leaveBoth(first, second)
		if err == nil {
			err = joinErrors(g.wait(ctx), h.wait(ctx))
		}
		if err != nil {
			return nil, nil, err
		}
	}
}

// enterBoth locks two slots in the order of their names, so that nobody waits
// for somebody who waits.
func (s *Store) enterBoth(ctx context.Context, a, b storage.QueueID) (first, second *slot, err error) {
	switch order := cmp.Or(cmp.Compare(a.Project, b.Project), cmp.Compare(a.Name, b.Name)); {
	case order == 0:
		first, err = s.enter(ctx, a)
		return first, first, err
	case order > 0:
		second, first, err = s.enterBoth(ctx, b, a)
		return first, second, err
	}
	if first, err = s.enter(ctx, a); err != nil {
		return nil, nil, err
	}
	if second, err = s.enter(ctx, b); err != nil {
		first.leave()
		return nil, nil, err
	}
	if first.e != second.e { // the store was opened again in between
		leaveBoth(first, second)
		return nil, nil, errFailed
	}
	return first, second, nil
}

func leaveBoth(a, b *slot) {
	a.leave()
	if a != b {
		b.leave()
	}
}

// claimAndBury is CreateClaim when there are messages to bury: one step for
// both queues.
func (s *Store) claimAndBury(ctx context.Context, o storage.ClaimOrder) (c storage.Claim, err error) {
	from, to, err := s.pair(ctx, o.Queue, o.Bury.Queue, ms(o.Now))
	if err != nil {
		return c, err
	}
	var g *group
	switch l := from.life; {
	case l == nil:
		g, err = from.remade, storage.ErrQueueNotFound
	case l.claims[o.ID] != nil:
		g = from.changed
		c, err = l.claim(l.claims[o.ID])
	default:
		c, g, err = claimBurying(from, to, o)
	}
	leaveBoth(from, to)
	return c, joinErrors(err, g.wait(ctx))
}

func claimBurying(from, to *slot, o storage.ClaimOrder) (c storage.Claim, g *group, err error) {
	messages, cursor, err := from.life.free(o.Limit)
	if err != nil {
		return c, nil, err
	}
	t := from.e.begin()
	from.life.cursor = cursor
	var dead, fit []storage.Message
	for _, m := range messages {
		if worn(&m, o.Bury) {
			dead = append(dead, m)
		} else {
			fit = append(fit, m)
		}
	}
	made := to.life == nil
	if len(dead) > 0 {
		bury(t, from, to, dead, o)
	}
	c, err = from.life.take(t, fit, o)
	if from != to {
		from.life.flush(t)
		from.audience.flush(t)
	}
	if made && to.life != nil {
		g = to.e.catalog.submit(to, t, to.id.Project, 1)
		to.remade = g
	} else {
		g = to.submit(t)
	}
	from.changed, to.changed = g, g
	return c, g, err
}

// bury moves messages to the dead letters.
func bury(t *tx, from, to *slot, dead []storage.Message, o storage.ClaimOrder) {
	from.life.removeAll(t, positionsOf(dead))
	if to.life == nil {
		to.make(t, storage.Queue{ID: o.Bury.Queue, Epoch: o.Bury.Epoch, Created: o.Now})
	}
	l := to.life
	before, first := l.tail, int64(never)
	for i := range dead {
		m := dead[i]
		m.Claims = 0
		if !o.Bury.Expires.IsZero() {
			m.Expires, m.Since = o.Bury.Expires, o.Now
		}
		l.arrive(t, &m)
		first = min(first, ms(m.Expires))
	}
	l.enter(t, before, first, never)
}
