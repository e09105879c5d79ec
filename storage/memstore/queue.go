package memstore

import (
	"cmp"
	"context"
	"time"

	"github.com/stackforge/marconi/storage"
)

// CreateQueue implements storage.Queues.
func (s *Store) CreateQueue(ctx context.Context, record storage.Queue) (bool, error) {
	if err := s.begin(ctx); err != nil {
		return false, err
	}
	defer s.mu.Unlock()
	if s.queues[record.ID] != nil {
		return false, nil
	}
	s.makeQueue(record)
	return true, nil
}

func (s *Store) makeQueue(record storage.Queue) *queue {
	record.Version = 1
	q := newQueue(record)
	s.queues[q.ID] = q
	names := s.projects[q.ID.Project]
	if names == nil {
		names = &sorted[*queue]{compare: byName}
		s.projects[q.ID.Project] = names
	}
	names.add(q)
	return q
}

func byName(a, b *queue) int { return cmp.Compare(a.ID.Name, b.ID.Name) }

// GetQueue implements storage.Queues.
func (s *Store) GetQueue(ctx context.Context, id storage.QueueID) (storage.Queue, error) {
	if err := s.begin(ctx); err != nil {
		return storage.Queue{}, err
	}
	defer s.mu.Unlock()
	q := s.queues[id]
	if q == nil {
		return storage.Queue{}, storage.ErrQueueNotFound
	}
	return q.Queue, nil
}

// SetMetadata implements storage.Queues.
func (s *Store) SetMetadata(ctx context.Context, id storage.QueueID, metadata []byte, version uint64) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	q := s.queues[id]
	if q == nil {
		return storage.ErrQueueNotFound
	}
	if q.Version != version {
		return storage.ErrChanged
	}
	q.Metadata = metadata
	q.Version++
	return nil
}

// DeleteQueue implements storage.Queues.
func (s *Store) DeleteQueue(ctx context.Context, id storage.QueueID) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	q := s.queues[id]
	if q == nil {
		return nil
	}
	delete(s.queues, id)
	names := s.projects[id.Project]
	names.remove(q)
	if names.count == 0 {
		delete(s.projects, id.Project)
	}
	if a := s.audiences[id]; a != nil {
		a.outbox.clear()
	}
	s.tell(id, storage.Event{})
	return nil
}

// ListQueues implements storage.Queues.
func (s *Store) ListQueues(ctx context.Context, f storage.QueueFilter) (page storage.Page[storage.Queue], err error) {
	if err := s.begin(ctx); err != nil {
		return page, err
	}
	defer s.mu.Unlock()
	names := s.projects[f.Project]
	if names == nil {
		return page, nil
	}
	for q := range names.from(func(q *queue) bool { return q.ID.Name > f.Marker }) {
		if len(page.Items) == f.Limit {
			break
		}
		page.Items = append(page.Items, q.Queue)
		page.Next = q.ID.Name
	}
	return page, nil
}

// CountQueues implements storage.Queues.
func (s *Store) CountQueues(ctx context.Context, project string) (int, error) {
	if err := s.begin(ctx); err != nil {
		return 0, err
	}
	defer s.mu.Unlock()
	if names := s.projects[project]; names != nil {
		return names.count, nil
	}
	return 0, nil
}

// QueueStats implements storage.Queues. It costs no more in a long queue.
func (s *Store) QueueStats(ctx context.Context, id storage.QueueID, now time.Time) (storage.Stats, error) {
	if err := s.begin(ctx); err != nil {
		return storage.Stats{}, err
	}
	defer s.mu.Unlock()
	q, err := s.settled(id, now)
	if err != nil {
		return storage.Stats{}, err
	}
	return q.stats(), nil
}

func (q *queue) stats() storage.Stats {
	st := storage.Stats{
		Total:   q.log.count + q.delayed.count,
		Claimed: q.log.count - q.free.count,
		Delayed: q.delayed.count,
		Epoch:   q.Epoch,
		Tail:    q.tail,
		Wake:    q.wake(),
	}
	if st.Total == 0 {
		return st
	}
	oldest, ok := q.log.first()
	if !ok {
		oldest, _ = q.delayed.first()
	}
	newest, ok := q.delayed.last()
	if !ok {
		newest, _ = q.log.last()
	}
	first, last := oldest.Message, newest.Message
	st.Oldest, st.Newest = &first, &last
	return st
}
