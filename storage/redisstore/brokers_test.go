package redisstore_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/storagetest"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// brokers is stores on one Redis, as the brokers of a service have: each call goes
// to the next one.
type brokers struct {
	stores []storage.Driver
	turn   atomic.Uint64
}

func (b *brokers) next() storage.Driver { return b.stores[b.turn.Add(1)%uint64(len(b.stores))] }

// TestBrokers holds three brokers on one Redis to the contract, as if they were
// one: a promise that holds within a process alone is none.
func TestBrokers(t *testing.T) {
	shared := startShared(t)
	three := func(t *testing.T) storage.Driver {
		url, b := shared.next(t), &brokers{}
		for range 3 {
			b.stores = append(b.stores, open(t, url))
		}
		return b
	}
	t.Run("contract", func(t *testing.T) { storagetest.Run(t, three) })
	t.Run("model", func(t *testing.T) { storagetest.Model(t, three, reference) })
	t.Run("race", func(t *testing.T) { storagetest.Race(t, three) })
}

func (b *brokers) CreateQueue(ctx context.Context, q storage.Queue) (bool, error) {
	return b.next().CreateQueue(ctx, q)
}

func (b *brokers) GetQueue(ctx context.Context, id storage.QueueID) (storage.Queue, error) {
	return b.next().GetQueue(ctx, id)
}

func (b *brokers) SetMetadata(ctx context.Context, id storage.QueueID, m []byte, version uint64) error {
	return b.next().SetMetadata(ctx, id, m, version)
}

func (b *brokers) DeleteQueue(ctx context.Context, id storage.QueueID) error {
	return b.next().DeleteQueue(ctx, id)
}

func (b *brokers) ListQueues(ctx context.Context, f storage.QueueFilter) (storage.Page[storage.Queue], error) {
	return b.next().ListQueues(ctx, f)
}

func (b *brokers) CountQueues(ctx context.Context, project string) (int, error) {
	return b.next().CountQueues(ctx, project)
}

func (b *brokers) QueueStats(ctx context.Context, id storage.QueueID, now time.Time) (storage.Stats, error) {
	return b.next().QueueStats(ctx, id, now)
}

func (b *brokers) PostMessages(ctx context.Context, p storage.Post) (storage.Posted, error) {
	return b.next().PostMessages(ctx, p)
}

// StartPost is always of one broker: a caller whose posts are under way has a
// connection to one.
func (b *brokers) StartPost(ctx context.Context, p storage.Post) storage.Pending {
	return b.stores[0].StartPost(ctx, p)
}

func (b *brokers) GetMessages(ctx context.Context, q storage.QueueID, ids []string, now time.Time) ([]storage.Message, error) {
	return b.next().GetMessages(ctx, q, ids, now)
}

func (b *brokers) ListMessages(ctx context.Context, f storage.MessageFilter) (storage.MessagePage, error) {
	return b.next().ListMessages(ctx, f)
}

func (b *brokers) DeleteMessage(ctx context.Context, q storage.QueueID, id, claim string, now time.Time) error {
	return b.next().DeleteMessage(ctx, q, id, claim, now)
}

func (b *brokers) DeleteMessages(ctx context.Context, q storage.QueueID, ids, claims []string, now time.Time) error {
	return b.next().DeleteMessages(ctx, q, ids, claims, now)
}

func (b *brokers) PopMessages(ctx context.Context, q storage.QueueID, limit int, now time.Time) ([]storage.Message, error) {
	return b.next().PopMessages(ctx, q, limit, now)
}

func (b *brokers) PurgeMessages(ctx context.Context, q storage.QueueID) error {
	return b.next().PurgeMessages(ctx, q)
}

func (b *brokers) CreateClaim(ctx context.Context, o storage.ClaimOrder) (storage.Claim, error) {
	return b.next().CreateClaim(ctx, o)
}

func (b *brokers) GetClaim(ctx context.Context, q storage.QueueID, id string, now time.Time) (storage.Claim, error) {
	return b.next().GetClaim(ctx, q, id, now)
}

func (b *brokers) RenewClaim(ctx context.Context, q storage.QueueID, id string, now, expires, keep time.Time) error {
	return b.next().RenewClaim(ctx, q, id, now, expires, keep)
}

func (b *brokers) ReleaseClaim(ctx context.Context, q storage.QueueID, id string, now, visible time.Time) error {
	return b.next().ReleaseClaim(ctx, q, id, now, visible)
}

func (b *brokers) CreateSubscription(ctx context.Context, s storage.Subscription, now time.Time) (storage.Subscription, bool, error) {
	return b.next().CreateSubscription(ctx, s, now)
}

func (b *brokers) GetSubscription(ctx context.Context, q storage.QueueID, id string, now time.Time) (storage.Subscription, error) {
	return b.next().GetSubscription(ctx, q, id, now)
}

func (b *brokers) ChangeSubscription(ctx context.Context, q storage.QueueID, id string, c storage.SubscriptionChange, now time.Time) error {
	return b.next().ChangeSubscription(ctx, q, id, c, now)
}

func (b *brokers) DeleteSubscription(ctx context.Context, q storage.QueueID, id string) error {
	return b.next().DeleteSubscription(ctx, q, id)
}

func (b *brokers) ListSubscriptions(ctx context.Context, f storage.SubscriptionFilter) (storage.Page[storage.Subscription], error) {
	return b.next().ListSubscriptions(ctx, f)
}

func (b *brokers) TakeDeliveries(ctx context.Context, o storage.DeliveryOrder) ([]storage.Delivery, error) {
	return b.next().TakeDeliveries(ctx, o)
}

func (b *brokers) SettleDelivery(ctx context.Context, s storage.Settlement) error {
	return b.next().SettleDelivery(ctx, s)
}

func (b *brokers) Follow(ctx context.Context, q storage.QueueID, see func(storage.Event)) (func(), error) {
	return b.next().Follow(ctx, q, see)
}

func (b *brokers) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	return b.next().Sweep(ctx, now, limit)
}

func (b *brokers) Now(ctx context.Context) (time.Time, error) { return b.next().Now(ctx) }

func (b *brokers) Ping(ctx context.Context) error { return b.next().Ping(ctx) }

func (b *brokers) Close() error {
	var errs []error
	for _, d := range b.stores {
		errs = append(errs, d.Close())
	}
	return errors.Join(errs...)
}
