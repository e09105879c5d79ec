package memstore

import (
	"context"
	"slices"
	"time"

	"github.com/stackforge/marconi/storage"
)

// hold keeps messages of the log from being claimed until it ends. It is a claim
// or, without an ID, the rest of messages that were released until an instant.
// There is none without messages.
type hold struct {
	id       string
	number   uint64
	created  time.Time
	ends     time.Time
	messages []*message // by position
}

func (h *hold) end() time.Time { return h.ends }
func (h *hold) tie() uint64    { return h.number }

func (h *hold) record() storage.Claim {
	return storage.Claim{ID: h.id, Created: h.created, Expires: h.ends, Messages: records(h.messages)}
}

// hold holds messages that are free.
func (q *queue) hold(h *hold) {
	h.number = q.number()
	for _, m := range h.messages {
		q.free.remove(m)
		m.hold, m.Claim = h, h.id
	}
	q.holds.add(h)
	if h.id != "" {
		q.claims[h.id] = h
	}
}

// release frees the messages of a hold, and ends it.
func (q *queue) release(h *hold) {
	for _, m := range h.messages {
		m.hold, m.Claim = nil, ""
		q.free.add(m)
	}
	q.end(h)
}

// unhold takes one message, which is going, out of its hold.
func (q *queue) unhold(m *message) {
	h := m.hold
	i, _ := slices.BinarySearchFunc(h.messages, m, byPosition)
	h.messages = slices.Delete(h.messages, i, i+1)
	if len(h.messages) == 0 {
		q.end(h)
	}
}

func (q *queue) end(h *hold) {
	q.holds.remove(h)
	delete(q.claims, h.id)
}

// CreateClaim implements storage.Claims.
func (s *Store) CreateClaim(ctx context.Context, o storage.ClaimOrder) (storage.Claim, error) {
	if err := s.begin(ctx); err != nil {
		return storage.Claim{}, err
	}
	defer s.mu.Unlock()
	q, err := s.settled(o.Queue, o.Now)
	if err != nil {
		return storage.Claim{}, err
	}
	if h := q.claims[o.ID]; h != nil {
		return h.record(), nil
	}
	ms := s.buryWorn(q, q.first(o.Limit), o)
	if len(ms) == 0 {
		return storage.Claim{Wake: q.wake()}, nil
	}
	return q.claim(ms, o).record(), nil
}

func (q *queue) claim(ms []*message, o storage.ClaimOrder) *hold {
	h := &hold{id: o.ID, created: o.Now, ends: o.Expires, messages: ms}
	q.hold(h)
	q.keep(h, o.Now, o.Keep)
	if o.Bury != nil {
		for _, m := range ms {
			m.Claims++
		}
	}
	return h
}

// keep lets the messages of a claim that would expire before it live on.
func (q *queue) keep(h *hold, now, until time.Time) {
	for _, m := range h.messages {
		if m.Expires.Before(h.ends) {
			q.live(m, until)
			m.Since = now
		}
	}
}

// GetClaim implements storage.Claims.
func (s *Store) GetClaim(ctx context.Context, id storage.QueueID, claim string, now time.Time) (storage.Claim, error) {
	if err := s.begin(ctx); err != nil {
		return storage.Claim{}, err
	}
	defer s.mu.Unlock()
	if _, h := s.liveClaim(id, claim, now); h != nil {
		return h.record(), nil
	}
	return storage.Claim{}, storage.ErrClaimNotFound
}

// RenewClaim implements storage.Claims.
func (s *Store) RenewClaim(ctx context.Context, id storage.QueueID, claim string, now, expires, keep time.Time) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	q, h := s.liveClaim(id, claim, now)
	if h == nil {
		return storage.ErrClaimNotFound
	}
	q.holds.remove(h)
	h.created, h.ends = now, expires
	q.holds.add(h)
	q.keep(h, now, keep)
	return nil
}

// ReleaseClaim implements storage.Claims.
func (s *Store) ReleaseClaim(ctx context.Context, id storage.QueueID, claim string, now, visible time.Time) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	q, h := s.liveClaim(id, claim, now)
	if h == nil {
		return nil
	}
	q.release(h)
	if visible.After(now) {
		q.hold(&hold{ends: visible, messages: h.messages})
	}
	s.tell(q.ID, storage.Event{Epoch: q.Epoch, Freed: true})
	return nil
}

// liveClaim is a claim and its queue; the claim is nil if it is not live.
func (s *Store) liveClaim(id storage.QueueID, claim string, now time.Time) (*queue, *hold) {
	q := s.settle(id, now)
	if q == nil {
		return nil, nil
	}
	return q, q.claims[claim]
}
