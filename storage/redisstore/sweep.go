package redisstore

import (
	"cmp"
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/stackforge/marconi/storage"
)

// sweepPlace is where the next patrol goes on.
type sweepPlace struct {
	project, name string // behind this queue
	over          bool   // behind the last one of the project
}

// Sweep implements storage.Driver. It goes to the queues of which the register
// says that something has ended there. Besides, at each call it looks at some
// others, in turn, for what a process that ended left behind.
func (s *Store) Sweep(ctx context.Context, now time.Time, limit int) (removed int, failed error) {
	for _, step := range []func() error{
		func() error {
			return s.visit(ctx, agesKey, now, func(id storage.QueueID) (bool, error) {
				n, err := s.sweepQueue(ctx, id, now, limit-removed)
				removed += n
				return removed < limit, err
			})
		},
		func() error { return s.settleDoubts(ctx) },
		func() error {
			n, err := s.patrol(ctx, now, limit-removed)
			removed += n
			return err
		},
	} {
		err := step()
		if failed = cmp.Or(failed, err); removed >= limit || err != nil && !broken(err) {
			break
		}
	}
	return removed, failed
}

// patrolled is how many queues are looked at in a call without being marked.
const patrolled = 32

func (s *Store) patrol(ctx context.Context, now time.Time, limit int) (removed int, failed error) {
	s.mu.Lock()
	at := s.swept
	s.mu.Unlock()
	ids, next, err := s.some(ctx, at)
	if err != nil {
		return 0, err
	}
	for _, id := range ids {
		n, err := s.sweepQueue(ctx, id, now, limit-removed)
		removed += n
		if failed = cmp.Or(failed, err); removed >= limit || err != nil && !broken(err) {
			return removed, failed
		}
	}
	s.mu.Lock()
	s.swept = next
	s.mu.Unlock()
	return removed, failed
}

// some are the queues of the register that come next, and where to go on: at the
// beginning again after the last.
func (s *Store) some(ctx context.Context, at sweepPlace) ([]storage.QueueID, sweepPlace, error) {
	if at.name == "" {
		start := "-"
		if at.over {
			start = "(" + at.project
		}
		ps, err := s.lex(ctx, projectsKey, &redis.ZRangeBy{Min: start, Max: "+", Count: 1})
		if err != nil || len(ps) == 0 {
			return nil, sweepPlace{}, err
		}
		at = sweepPlace{project: ps[0]}
	}
	names, err := s.namesAfter(ctx, at.project, at.name, patrolled)
	if err != nil {
		return nil, at, err
	}
	if len(names) == 0 {
		return nil, sweepPlace{project: at.project, over: true}, s.forget(ctx, at.project)
	}
	ids := make([]storage.QueueID, len(names))
	for i, n := range names {
		ids[i] = storage.QueueID{Project: at.project, Name: n}
	}
	if len(names) < patrolled {
		return ids, sweepPlace{project: at.project, over: true}, nil
	}
	return ids, sweepPlace{project: at.project, name: names[len(names)-1]}, nil
}

// sweepQueue removes what has ended in a queue until limit is reached, and carries
// on what was to leave it. A name on the register without a queue is struck off.
func (s *Store) sweepQueue(ctx context.Context, id storage.QueueID, now time.Time, limit int) (int, error) {
	removed := 0
	for {
		word, r, err := s.run(ctx, "sweep", id, now, limit-removed)
		if err != nil {
			return removed, err
		}
		if len(r) != 3 {
			return removed, errReply
		}
		removed += int(number(r[0]))
		if number(r[2]) > 0 {
			if err := s.resume(ctx, id); err != nil {
				return removed, err
			}
			continue
		}
		if word == "queue" {
			if err := s.strike(ctx, id); err != nil {
				return removed, err
			}
		}
		if number(r[1]) == 1 || removed >= limit {
			return removed, nil
		}
	}
}

// resume carries on burials that were cut off.
func (s *Store) resume(ctx context.Context, id storage.QueueID) error {
	places, err := s.client.HRandField(ctx, keyOf(id, leavingKey), scan).Result()
	if err != nil {
		return err
	}
	return s.bury(ctx, id, places)
}
