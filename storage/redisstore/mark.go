package redisstore

import (
	"context"

	"github.com/redis/go-redis/v9"

	"github.com/stackforge/marconi/storage"
)

// note tells the register the marks that a script answered: when there is
// something to deliver in a queue, and when something ends there. They carry a
// version, so late ones change nothing. A mark that is lost is told again by
// Sweep, so it spoils no answer.
func (s *Store) note(ctx context.Context, id storage.QueueID, mark string) {
	version, due, age, ok := fieldsOf(mark)
	if !ok {
		return
	}
	keys := []string{marksKey, dueKey, agesKey}
	_, _ = s.eval(context.WithoutCancel(ctx), s.scripts["mark"], keys, []any{memberOf(id), version, due, age})
}

// foretell puts a queue before others on the register in which nothing is known
// of it yet, so that it is looked at even if this process ends at once.
func (s *Store) foretell(ctx context.Context, id storage.QueueID, when float64) error {
	return s.patiently(ctx, func() error {
		return s.client.ZAddNX(ctx, agesKey, redis.Z{Score: when, Member: memberOf(id)}).Err()
	})
}
