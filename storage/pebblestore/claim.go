package pebblestore

import (
	"context"
	"time"

	"github.com/stackforge/marconi/storage"
)

// free reads the first free messages, at most limit, and finds where the cursor
// is when they are taken.
func (l *life) free(limit int) (messages []storage.Message, cursor storage.Position, err error) {
	add := func(p storage.Position, value []byte) (bool, error) {
		m, err := l.message(p, value)
		messages = append(messages, m)
		return len(messages) < limit, err
	}
	if err := l.fetch(l.firstBack(0, limit), add); err != nil {
		return nil, 0, err
	}
	if len(messages) == limit || l.cursor >= l.shown {
		return messages, l.cursor, nil
	}
	cursor = l.shown
	err = l.scan(l.cursor+1, l.shown, func(p storage.Position, value []byte) (bool, error) {
		if l.held[p] != nil { // since before the store was opened
			return true, nil
		}
		cursor = p
		return add(p, value)
	})
	if len(messages) < limit {
		cursor = l.shown
	}
	return messages, cursor, err
}

// firstBack are the first positions behind one that came back, at most limit.
func (l *life) firstBack(behind storage.Position, limit int) []storage.Position {
	var ps []storage.Position
	for p := range l.back.from(behind + 1) {
		if len(ps) == limit {
			break
		}
		ps = append(ps, p)
	}
	return ps
}

// CreateClaim implements storage.Claims.
func (s *Store) CreateClaim(ctx context.Context, o storage.ClaimOrder) (storage.Claim, error) {
	sl, err := s.settledQueue(ctx, o.Queue, ms(o.Now))
	if err != nil {
		return storage.Claim{}, err
	}
	l := sl.life
	if h := l.claims[o.ID]; h != nil {
		c, err := l.claim(h)
		return c, sl.conclude(ctx, err, sl.changed)
	}
	messages, cursor, err := l.free(o.Limit)
	if err != nil {
		return storage.Claim{}, sl.conclude(ctx, err)
	}
	if o.Bury != nil && anyWorn(messages, o.Bury) {
		sl.leave()
		return s.claimAndBury(ctx, o)
	}
	t := sl.e.begin()
	l.cursor = cursor
	c, err := l.take(t, messages, o)
	return c, sl.conclude(ctx, err, sl.change(t))
}

// take makes a claim of messages that are free, if there are any.
func (l *life) take(t *tx, messages []storage.Message, o storage.ClaimOrder) (storage.Claim, error) {
	if len(messages) == 0 {
		return storage.Claim{Wake: instant(l.wake())}, nil
	}
	h := &hold{id: o.ID, created: ms(o.Now), ends: ms(o.Expires), positions: positionsOf(messages)}
	l.hold(h)
	for i := range messages {
		m := &messages[i]
		m.Claim = o.ID
		if o.Bury != nil {
			m.Claims++
		}
		if err := l.prolong(t, m, o.Expires, o.Now, o.Keep, o.Bury != nil); err != nil {
			return storage.Claim{}, err
		}
	}
	return storage.Claim{ID: o.ID, Created: o.Now, Expires: o.Expires, Messages: messages}, nil
}

// prolong lets a message that would expire in a claim live until keep. It writes
// what has changed about the message, then or if counted.
func (l *life) prolong(t *tx, m *storage.Message, ends, now, keep time.Time, counted bool) error {
	short := m.Expires.Before(ends)
	if !short && !counted {
		return nil
	}
	if short {
		m.Expires, m.Since = keep, now
	}
	c := change{expires: ms(m.Expires), since: ms(m.Since), claims: m.Claims}
	l.changed[m.Position] = c
	t.set(numberedKey(l.number, kindChange, uint64(m.Position)), c.append(nil))
	if short && l.named && m.ID != storage.PositionText(l.record.Epoch, m.Position) {
		return l.rename(t, m.ID, c.expires)
	}
	return nil
}

// claim reads a claim.
func (l *life) claim(h *hold) (storage.Claim, error) {
	c := storage.Claim{ID: h.id, Created: at(h.created), Expires: at(h.ends)}
	c.Messages = make([]storage.Message, 0, len(h.positions))
	err := l.fetch(h.positions, func(p storage.Position, value []byte) (bool, error) {
		m, err := l.message(p, value)
		c.Messages = append(c.Messages, m)
		return true, err
	})
	return c, err
}

// claimed locks the slot of a live claim. The claim is nil if it is not live.
func (s *Store) claimed(ctx context.Context, id storage.QueueID, claim string, now time.Time) (*slot, *hold, error) {
	sl, err := s.settled(ctx, id, ms(now))
	if err != nil || sl.life == nil {
		return sl, nil, err
	}
	return sl, sl.life.claims[claim], nil
}

// GetClaim implements storage.Claims.
func (s *Store) GetClaim(ctx context.Context, id storage.QueueID, claim string, now time.Time) (storage.Claim, error) {
	sl, h, err := s.claimed(ctx, id, claim, now)
	if err != nil {
		return storage.Claim{}, err
	}
	if h == nil {
		return storage.Claim{}, sl.conclude(ctx, storage.ErrClaimNotFound, sl.changed)
	}
	c, err := sl.life.claim(h)
	return c, sl.conclude(ctx, err, sl.changed)
}

// RenewClaim implements storage.Claims.
func (s *Store) RenewClaim(ctx context.Context, id storage.QueueID, claim string, now, expires, keep time.Time) error {
	sl, h, err := s.claimed(ctx, id, claim, now)
	if err != nil {
		return err
	}
	if h == nil {
		return sl.conclude(ctx, storage.ErrClaimNotFound, sl.changed)
	}
	l := sl.life
	c, err := l.claim(h)
	if err != nil {
		return sl.conclude(ctx, err)
	}
	t := sl.e.begin()
	h.created, h.ends = ms(now), ms(expires)
	l.holds.put(h)
	l.write(h)
	for i := range c.Messages {
		if err = l.prolong(t, &c.Messages[i], expires, now, keep, false); err != nil {
			break
		}
	}
	return sl.conclude(ctx, err, sl.change(t))
}

// ReleaseClaim implements storage.Claims.
func (s *Store) ReleaseClaim(ctx context.Context, id storage.QueueID, claim string, now, visible time.Time) error {
	sl, h, err := s.claimed(ctx, id, claim, now)
	if err != nil {
		return err
	}
	if h == nil {
		return sl.conclude(ctx, nil, sl.changed)
	}
	l, t := sl.life, sl.e.begin()
	ps := l.release(h)
	if visible.After(now) {
		l.rest(ps, ms(visible))
	}
	t.visible(func() { sl.tell(storage.Event{Epoch: l.record.Epoch, Freed: true}) })
	return sl.conclude(ctx, nil, sl.change(t))
}
