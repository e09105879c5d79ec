package pebblestore

import (
	"context"
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"github.com/stackforge/marconi/storage"
)

// CreateQueue implements storage.Queues.
func (s *Store) CreateQueue(ctx context.Context, q storage.Queue) (bool, error) {
	sl, err := s.enter(ctx, q.ID)
	if err != nil {
		return false, err
	}
	created := sl.life == nil
	if created {
		t := sl.e.begin()
		sl.make(t, q)
		sl.remade = sl.e.catalog.submit(sl, t, q.ID.Project, 1)
	}
	return created, sl.conclude(ctx, nil, sl.remade)
}

// make begins a life of a queue. The catalog has to be told.
func (sl *slot) make(t *tx, q storage.Queue) {
	q.Version = 1
	r := queueRecord{Queue: q, life: sl.e.catalog.number()}
	t.set(queueKey(q.ID), r.append(nil))
	sl.life = newLife(sl, r)
}

// GetQueue implements storage.Queues.
func (s *Store) GetQueue(ctx context.Context, id storage.QueueID) (q storage.Queue, err error) {
	sl, err := s.enter(ctx, id)
	if err != nil {
		return q, err
	}
	if sl.life == nil {
		return q, sl.conclude(ctx, storage.ErrQueueNotFound, sl.remade)
	}
	q = sl.life.record
	return q, sl.conclude(ctx, nil, sl.remade)
}

// SetMetadata implements storage.Queues.
func (s *Store) SetMetadata(ctx context.Context, id storage.QueueID, metadata []byte, version uint64) error {
	sl, err := s.enter(ctx, id)
	if err != nil {
		return err
	}
	l := sl.life
	if l == nil {
		return sl.conclude(ctx, storage.ErrQueueNotFound, sl.remade)
	}
	if l.record.Version != version {
		return sl.conclude(ctx, storage.ErrChanged, sl.remade)
	}
	l.record.Metadata = metadata
	l.record.Version++
	t := sl.e.begin()
	t.set(queueKey(id), queueRecord{Queue: l.record, life: l.number}.append(nil))
	sl.remade = sl.e.catalog.submit(sl, t, id.Project, 0)
	return sl.conclude(ctx, nil, sl.remade)
}

// DeleteQueue implements storage.Queues.
func (s *Store) DeleteQueue(ctx context.Context, id storage.QueueID) error {
	sl, err := s.enter(ctx, id)
	if err != nil {
		return err
	}
	l := sl.life
	if l == nil {
		return sl.conclude(ctx, nil, sl.remade)
	}
	t := sl.e.begin()
	t.delete(queueKey(id))
	t.deleteAll(lifeKey(l.number))
	if a := sl.audience; a != nil {
		a.cut(t, a.tail)
	}
	sl.life = nil
	t.visible(func() { sl.tell(storage.Event{}) })
	sl.remade = sl.e.catalog.submit(sl, t, id.Project, -1)
	sl.changed = sl.remade
	return sl.conclude(ctx, nil, sl.remade)
}

// ListQueues implements storage.Queues.
func (s *Store) ListQueues(ctx context.Context, f storage.QueueFilter) (page storage.Page[storage.Queue], err error) {
	e, err := s.open(ctx)
	if err != nil {
		return page, err
	}
	if page, err = e.listQueues(f); err != nil {
		return page, err
	}
	return page, e.catalog.latest().wait(ctx) // Pebble shows what is not durable yet
}

func (e *engine) listQueues(f storage.QueueFilter) (page storage.Page[storage.Queue], err error) {
	if err := e.use(); err != nil {
		return page, err
	}
	defer e.done()
	prefix := projectKey(f.Project)
	from := prefix
	if f.Marker != "" {
		from = append(append([]byte(nil), prefix...), f.Marker+"\x00"...)
	}
	it, err := e.db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: after(prefix)})
	if err != nil {
		return page, err
	}
	for valid := it.First(); valid && len(page.Items) < f.Limit; valid = it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return page, errors.Join(err, it.Close())
		}
		id := storage.QueueID{Project: f.Project, Name: string(it.Key()[len(prefix):])}
		r, err := readQueue(id, value)
		if err != nil {
			return page, errors.Join(err, it.Close())
		}
		page.Items = append(page.Items, r.Queue)
		page.Next = id.Name
	}
	return page, it.Close()
}

// CountQueues implements storage.Queues.
func (s *Store) CountQueues(ctx context.Context, project string) (int, error) {
	e, err := s.open(ctx)
	if err != nil {
		return 0, err
	}
	n, last := e.catalog.size(project)
	return n, last.wait(ctx)
}

// PurgeMessages implements storage.Messages.
func (s *Store) PurgeMessages(ctx context.Context, id storage.QueueID) error {
	sl, err := s.enter(ctx, id)
	if err != nil {
		return err
	}
	if sl.life == nil {
		return sl.conclude(ctx, nil, sl.remade)
	}
	t := sl.e.begin()
	sl.life.purge(t)
	return sl.conclude(ctx, nil, sl.change(t))
}
