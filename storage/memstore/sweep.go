package memstore

import (
	"context"
	"math"
	"time"

	"github.com/stackforge/marconi/storage"
)

// Sweep implements storage.Driver. It lets nothing enter a log: a message that
// fell due enters when somebody looks.
func (s *Store) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	if err := s.begin(ctx); err != nil {
		return 0, err
	}
	defer s.mu.Unlock()
	removed := 0
	for id, a := range s.audiences {
		removed += s.expireAudience(a, now, limit-removed)
		if a.deserted() {
			delete(s.audiences, id)
		}
	}
	for _, q := range s.queues {
		removed += q.expire(now, limit-removed)
	}
	return removed, nil
}

// settle makes a queue and its audience exact as of now. It returns nil if the
// queue is missing.
func (s *Store) settle(id storage.QueueID, now time.Time) *queue {
	if a := s.audiences[id]; a != nil {
		s.expireAudience(a, now, math.MaxInt)
	}
	q := s.queues[id]
	if q == nil {
		return nil
	}
	q.expire(now, math.MaxInt)
	q.holds.settle(now, math.MaxInt, q.release)
	before := q.tail
	q.delayed.settle(now, math.MaxInt, func(m *message) {
		q.delayed.remove(m)
		s.enter(q, m)
	})
	s.tellEntered(q, before)
	return q
}

// settled is a queue as of now, or storage.ErrQueueNotFound.
func (s *Store) settled(id storage.QueueID, now time.Time) (*queue, error) {
	if q := s.settle(id, now); q != nil {
		return q, nil
	}
	return nil, storage.ErrQueueNotFound
}

// enter puts a message at the end of the log and, if somebody waits for
// deliveries, of the outbox.
func (s *Store) enter(q *queue, m *message) {
	q.enter(m)
	if a := s.audiences[q.ID]; a != nil {
		a.outbox.post(m.Message)
	}
}

// expire removes what has expired, at most limit records, and says how many they
// were. The messages come first: as long as one is there, so is its alias.
func (q *queue) expire(now time.Time, limit int) int {
	n := q.expiring.settle(now, limit, q.remove)
	n += q.fading.settle(now, limit-n, q.forgetAlias)
	return n + q.stale.settle(now, limit-n, q.forgetPost)
}
