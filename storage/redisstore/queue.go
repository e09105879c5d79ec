package redisstore

import (
	"context"
	"errors"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/stackforge/marconi/storage"
)

// CreateQueue implements storage.Queues.
func (s *Store) CreateQueue(ctx context.Context, q storage.Queue) (bool, error) {
	if err := s.register(ctx, q.ID); err != nil {
		return false, err
	}
	word, _, err := s.run(ctx, "create", q.ID, q.Created, epochText(q.Epoch), q.Metadata, q.Created.UnixMilli())
	if err != nil || word != "ok" {
		return false, err
	}
	// Once more: a deletion may have struck the name off in between.
	return true, s.register(ctx, q.ID)
}

func epochText(epoch uint32) string { return storage.PositionText(epoch, 0)[:8] }

// GetQueue implements storage.Queues.
func (s *Store) GetQueue(ctx context.Context, id storage.QueueID) (storage.Queue, error) {
	queues, err := s.getQueues(ctx, id.Project, []string{id.Name})
	switch {
	case err != nil:
		return storage.Queue{}, err
	case len(queues) == 0:
		return storage.Queue{}, storage.ErrQueueNotFound
	}
	return queues[0], nil
}

// readQueue is false for a queue that is not there.
func readQueue(id storage.QueueID, cmd *redis.SliceCmd) (storage.Queue, bool, error) {
	f, err := cmd.Result()
	if err != nil || f[0] == nil {
		return storage.Queue{}, false, err
	}
	return storage.Queue{
		ID: id, Epoch: epochOf(f[0]), Version: number(f[1]), Metadata: []byte(text(f[2])), Created: time.UnixMilli(int64(number(f[3]))),
	}, true, nil
}

// SetMetadata implements storage.Queues.
func (s *Store) SetMetadata(ctx context.Context, id storage.QueueID, metadata []byte, version uint64) error {
	word, _, err := s.run(ctx, "setmetadata", id, time.Time{}, metadata, version)
	switch {
	case err != nil:
		return err
	case word == "queue":
		return storage.ErrQueueNotFound
	case word == "changed":
		return storage.ErrChanged
	}
	return nil
}

// DeleteQueue implements storage.Queues.
func (s *Store) DeleteQueue(ctx context.Context, id storage.QueueID) error {
	if _, _, err := s.run(ctx, "deletequeue", id, time.Time{}); err != nil {
		return err
	}
	return s.strike(ctx, id)
}

// ListQueues implements storage.Queues.
func (s *Store) ListQueues(ctx context.Context, f storage.QueueFilter) (page storage.Page[storage.Queue], err error) {
	for after := f.Marker; len(page.Items) < f.Limit; {
		names, err := s.namesAfter(ctx, f.Project, after, f.Limit-len(page.Items))
		if err != nil {
			return page, err
		}
		if len(names) == 0 {
			break
		}
		queues, err := s.getQueues(ctx, f.Project, names)
		if err != nil {
			return page, err
		}
		page.Items = append(page.Items, queues...)
		after = names[len(names)-1]
	}
	if n := len(page.Items); n > 0 {
		page.Next = page.Items[n-1].ID.Name
	}
	return page, nil
}

// getQueues are those of the names under which there is a queue. They may lie in
// any slots.
func (s *Store) getQueues(ctx context.Context, project string, names []string) (queues []storage.Queue, err error) {
	err = s.patiently(ctx, func() (err error) {
		queues, err = s.readQueues(ctx, project, names)
		return err
	})
	return queues, err
}

func (s *Store) readQueues(ctx context.Context, project string, names []string) ([]storage.Queue, error) {
	ids := make([]storage.QueueID, len(names))
	cmds := make([]*redis.SliceCmd, len(names))
	_, err := s.client.Pipelined(ctx, func(p redis.Pipeliner) error {
		for i, name := range names {
			ids[i] = storage.QueueID{Project: project, Name: name}
			cmds[i] = p.HMGet(ctx, keyOf(ids[i], queueKey), "e", "v", "m", "c")
		}
		return nil
	})
	if err != nil {
		return nil, err
	}
	var queues []storage.Queue
	for i, cmd := range cmds {
		q, ok, err := readQueue(ids[i], cmd)
		if err != nil {
			return nil, err
		}
		if ok {
			queues = append(queues, q)
		}
	}
	return queues, nil
}

// QueueStats implements storage.Queues.
func (s *Store) QueueStats(ctx context.Context, id storage.QueueID, now time.Time) (storage.Stats, error) {
	word, r, err := s.run(ctx, "stats", id, now)
	switch {
	case err != nil:
		return storage.Stats{}, err
	case word == "queue":
		return storage.Stats{}, storage.ErrQueueNotFound
	case len(r) != 8:
		return storage.Stats{}, errReply
	}
	st := storage.Stats{Epoch: epochOf(r[0]), Tail: storage.Position(number(r[1])), Wake: instantOf(r[2]), Claimed: int(number(r[4])), Delayed: int(number(r[5]))}
	st.Total = int(number(r[3])) + st.Delayed
	if st.Total == 0 {
		return st, nil
	}
	oldest, err := decodeItem(st.Epoch, r[6])
	newest, err2 := decodeItem(st.Epoch, r[7])
	st.Oldest, st.Newest = &oldest, &newest
	return st, errors.Join(err, err2)
}
