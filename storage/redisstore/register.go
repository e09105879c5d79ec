package redisstore

import (
	"cmp"
	"context"
	"errors"

	"github.com/redis/go-redis/v9"

	"github.com/stackforge/marconi/storage"
)

// register notes that there may be a queue.
func (s *Store) register(ctx context.Context, id storage.QueueID) error {
	return fault(s.patiently(ctx, func() error {
		project := redis.NewIntCmd(ctx, "zadd", projectsKey, 0, id.Project)
		name := redis.NewIntCmd(ctx, "zadd", namesKey(id.Project), 0, id.Name)
		if s.config.MinReplicas > 0 {
			return s.sendAndWait(ctx, projectsKey, project, name)
		}
		_, err := s.client.TxPipelined(ctx, func(p redis.Pipeliner) error {
			return errors.Join(p.Process(ctx, project), p.Process(ctx, name))
		})
		if redis.HasErrorPrefix(err, "EXECABORT") {
			return cmp.Or(project.Err(), name.Err(), err) // why nothing was carried out
		}
		return err
	}))
}

// strike takes a queue off the register, unless it is there again. It is in doubt
// meanwhile, so that a queue which was made in between and a process that ends
// before it sees that do not leave it off the register: Sweep settles doubts.
func (s *Store) strike(ctx context.Context, id storage.QueueID) error {
	_, err := s.eval(ctx, s.scripts["strike"], []string{doubtsKey, namesKey(id.Project)}, []any{memberOf(id), id.Name})
	if err != nil {
		return err
	}
	return s.settleDoubt(ctx, id)
}

// settleDoubt puts a queue back on the register if it is there.
func (s *Store) settleDoubt(ctx context.Context, id storage.QueueID) error {
	return s.patiently(ctx, func() error {
		there, err := s.client.Exists(ctx, keyOf(id, queueKey)).Result()
		if err == nil && there > 0 {
			err = s.register(ctx, id)
		}
		if err == nil {
			err = s.client.SRem(ctx, doubtsKey, memberOf(id)).Err()
		}
		return err
	})
}

// settleDoubts settles some of those that a process left.
func (s *Store) settleDoubts(ctx context.Context) error {
	members, err := s.client.SRandMemberN(ctx, doubtsKey, scan).Result()
	if err != nil {
		return err
	}
	for _, m := range members {
		if err := s.settleDoubt(ctx, queueOf(m)); err != nil {
			return err
		}
	}
	return nil
}

// forget takes a project without queues off the register.
func (s *Store) forget(ctx context.Context, project string) error {
	_, err := s.eval(ctx, s.scripts["forget"], []string{projectsKey, namesKey(project)}, []any{project})
	return err
}

func (s *Store) namesAfter(ctx context.Context, project, after string, limit int) ([]string, error) {
	start := "-"
	if after != "" {
		start = "(" + after
	}
	return s.lex(ctx, namesKey(project), &redis.ZRangeBy{Min: start, Max: "+", Count: int64(limit)})
}

// lex reads members in the order of their bytes.
func (s *Store) lex(ctx context.Context, key string, by *redis.ZRangeBy) (members []string, err error) {
	err = s.patiently(ctx, func() (err error) {
		members, err = s.client.ZRangeByLex(ctx, key, by).Result()
		return err
	})
	return members, err
}

// CountQueues implements storage.Queues.
func (s *Store) CountQueues(ctx context.Context, project string) (n int, err error) {
	err = s.patiently(ctx, func() error {
		count, err := s.client.ZCard(ctx, namesKey(project)).Result()
		n = int(count)
		return err
	})
	return n, err
}
