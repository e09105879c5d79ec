package redisstore

import (
	"cmp"
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/stackforge/marconi/storage"
)

// TakeDeliveries implements storage.Deliveries. It looks at the queues of which
// the register says that there is something due, the earliest first.
func (s *Store) TakeDeliveries(ctx context.Context, o storage.DeliveryOrder) (taken []storage.Delivery, err error) {
	err = s.visit(ctx, dueKey, o.Now, func(id storage.QueueID) (bool, error) {
		ds, err := s.take(ctx, id, o, o.Subscriptions-len(taken))
		taken = append(taken, ds...)
		return len(taken) < o.Subscriptions, err
	})
	if len(taken) > 0 {
		return taken, nil // under a lease already: what failed then fails again next time
	}
	return nil, err
}

// visit looks at the queues of an index of the register that are due, each once,
// as long as look answers true. One that is broken is told of in the end.
func (s *Store) visit(ctx context.Context, index string, now time.Time, look func(storage.QueueID) (bool, error)) (failed error) {
	seen := map[string]bool{}
	for {
		members, err := s.dueIn(ctx, index, now, int64(len(seen)))
		if err != nil {
			return err
		}
		fresh := false
		for _, m := range members {
			if seen[m] {
				continue
			}
			seen[m], fresh = true, true
			more, err := look(queueOf(m))
			if failed = cmp.Or(failed, err); !more || err != nil && !broken(err) {
				return failed
			}
		}
		if !fresh {
			return failed
		}
	}
}

// dueIn is what is due in an index: enough to hold something new for one who has
// seen that many.
func (s *Store) dueIn(ctx context.Context, index string, now time.Time, seen int64) (members []string, err error) {
	by := &redis.ZRangeBy{Min: "-inf", Max: instantText(now), Count: scan + seen}
	err = s.patiently(ctx, func() (err error) {
		members, err = s.client.ZRangeByScore(ctx, index, by).Result()
		return err
	})
	return members, err
}

// take takes work of one queue. The script notes when there is more.
func (s *Store) take(ctx context.Context, id storage.QueueID, o storage.DeliveryOrder, most int) ([]storage.Delivery, error) {
	_, r, err := s.run(ctx, "take", id, o.Now, o.Lease, o.Until.UnixMilli(), most, o.Messages)
	if err != nil {
		return nil, err
	}
	if len(r) != 1 {
		return nil, errReply
	}
	list, _ := r[0].([]any)
	ds := make([]storage.Delivery, len(list))
	for i, v := range list {
		d, err := decodeDelivery(id, v)
		if err != nil {
			return nil, err
		}
		d.Lease, d.Until = o.Lease, o.Until
		ds[i] = d
	}
	return ds, nil
}

func decodeDelivery(id storage.QueueID, v any) (storage.Delivery, error) {
	f, _ := v.([]any)
	if len(f) != 3 {
		return storage.Delivery{}, errReply
	}
	sub, err := decodeSubscription(id, text(f[0]))
	if err != nil {
		return storage.Delivery{}, err
	}
	d := storage.Delivery{Subscription: sub, Attempts: int(number(f[1]))}
	letters, _ := f[2].([]any)
	for _, l := range letters {
		letter, err := decodeLetter(l)
		if err != nil {
			return d, err
		}
		d.Letters = append(d.Letters, letter)
	}
	return d, nil
}

// decodeLetter reads place, message, ID, position.
func decodeLetter(v any) (storage.Letter, error) {
	f, _ := v.([]any)
	if len(f) != 4 {
		return storage.Letter{}, errReply
	}
	m, err := decodeMessage(text(f[1]))
	m.ID, m.Position = text(f[2]), storage.Position(number(f[3]))
	return storage.Letter{Position: storage.Position(number(f[0])), Message: m}, err
}

// SettleDelivery implements storage.Deliveries.
func (s *Store) SettleDelivery(ctx context.Context, t storage.Settlement) error {
	notBefore := int64(0)
	if !t.NotBefore.IsZero() {
		notBefore = t.NotBefore.UnixMilli()
	}
	word, _, err := s.run(ctx, "settle", t.Queue, t.Now, t.Subscription, t.Lease, uint64(t.Done), notBefore, t.Attempts)
	if err == nil && word == "lost" {
		err = storage.ErrLeaseLost
	}
	return err
}
