package storagetest

import (
	"context"
	"time"

	"github.com/stackforge/marconi/storage"
)

// Faulty is a driver that asks fail before every call, with the name of the
// method. If fail answers an error, so does the call, and the driver below is not
// asked. Fail may be called from many goroutines at once.
func Faulty(d storage.Driver, fail func(op string) error) storage.Driver {
	return faulty{d, fail}
}

type faulty struct {
	storage.Driver
	fail func(op string) error
}

var _ storage.Driver = faulty{}

// unless makes a call unless it has to fail.
func unless[V any](f faulty, op string, call func() (V, error)) (V, error) {
	if err := f.fail(op); err != nil {
		var none V
		return none, err
	}
	return call()
}

// unlessDone is unless for a call that answers nothing but an error.
func (f faulty) unlessDone(op string, call func() error) error {
	if err := f.fail(op); err != nil {
		return err
	}
	return call()
}

func (f faulty) CreateQueue(ctx context.Context, q storage.Queue) (bool, error) {
	return unless(f, "CreateQueue", func() (bool, error) { return f.Driver.CreateQueue(ctx, q) })
}

func (f faulty) GetQueue(ctx context.Context, id storage.QueueID) (storage.Queue, error) {
	return unless(f, "GetQueue", func() (storage.Queue, error) { return f.Driver.GetQueue(ctx, id) })
}

func (f faulty) SetMetadata(ctx context.Context, id storage.QueueID, metadata []byte, version uint64) error {
	return f.unlessDone("SetMetadata", func() error { return f.Driver.SetMetadata(ctx, id, metadata, version) })
}

func (f faulty) DeleteQueue(ctx context.Context, id storage.QueueID) error {
	return f.unlessDone("DeleteQueue", func() error { return f.Driver.DeleteQueue(ctx, id) })
}

func (f faulty) ListQueues(ctx context.Context, by storage.QueueFilter) (storage.Page[storage.Queue], error) {
	return unless(f, "ListQueues", func() (storage.Page[storage.Queue], error) { return f.Driver.ListQueues(ctx, by) })
}

func (f faulty) CountQueues(ctx context.Context, project string) (int, error) {
	return unless(f, "CountQueues", func() (int, error) { return f.Driver.CountQueues(ctx, project) })
}

func (f faulty) QueueStats(ctx context.Context, id storage.QueueID, now time.Time) (storage.Stats, error) {
	return unless(f, "QueueStats", func() (storage.Stats, error) { return f.Driver.QueueStats(ctx, id, now) })
}

func (f faulty) PostMessages(ctx context.Context, p storage.Post) (storage.Posted, error) {
	return unless(f, "PostMessages", func() (storage.Posted, error) { return f.Driver.PostMessages(ctx, p) })
}

func (f faulty) StartPost(ctx context.Context, p storage.Post) storage.Pending {
	if err := f.fail("StartPost"); err != nil {
		return storage.Concluded(storage.Posted{}, err)
	}
	return f.Driver.StartPost(ctx, p)
}

func (f faulty) GetMessages(ctx context.Context, q storage.QueueID, ids []string, now time.Time) ([]storage.Message, error) {
	return unless(f, "GetMessages", func() ([]storage.Message, error) { return f.Driver.GetMessages(ctx, q, ids, now) })
}

func (f faulty) ListMessages(ctx context.Context, by storage.MessageFilter) (storage.MessagePage, error) {
	return unless(f, "ListMessages", func() (storage.MessagePage, error) { return f.Driver.ListMessages(ctx, by) })
}

func (f faulty) DeleteMessage(ctx context.Context, q storage.QueueID, id, claim string, now time.Time) error {
	return f.unlessDone("DeleteMessage", func() error { return f.Driver.DeleteMessage(ctx, q, id, claim, now) })
}

func (f faulty) DeleteMessages(ctx context.Context, q storage.QueueID, ids, claims []string, now time.Time) error {
	return f.unlessDone("DeleteMessages", func() error { return f.Driver.DeleteMessages(ctx, q, ids, claims, now) })
}

func (f faulty) PopMessages(ctx context.Context, q storage.QueueID, limit int, now time.Time) ([]storage.Message, error) {
	return unless(f, "PopMessages", func() ([]storage.Message, error) { return f.Driver.PopMessages(ctx, q, limit, now) })
}

func (f faulty) PurgeMessages(ctx context.Context, q storage.QueueID) error {
	return f.unlessDone("PurgeMessages", func() error { return f.Driver.PurgeMessages(ctx, q) })
}

func (f faulty) CreateClaim(ctx context.Context, o storage.ClaimOrder) (storage.Claim, error) {
	return unless(f, "CreateClaim", func() (storage.Claim, error) { return f.Driver.CreateClaim(ctx, o) })
}

func (f faulty) GetClaim(ctx context.Context, q storage.QueueID, id string, now time.Time) (storage.Claim, error) {
	return unless(f, "GetClaim", func() (storage.Claim, error) { return f.Driver.GetClaim(ctx, q, id, now) })
}

func (f faulty) RenewClaim(ctx context.Context, q storage.QueueID, id string, now, expires, keep time.Time) error {
	return f.unlessDone("RenewClaim", func() error { return f.Driver.RenewClaim(ctx, q, id, now, expires, keep) })
}

func (f faulty) ReleaseClaim(ctx context.Context, q storage.QueueID, id string, now, visible time.Time) error {
	return f.unlessDone("ReleaseClaim", func() error { return f.Driver.ReleaseClaim(ctx, q, id, now, visible) })
}

func (f faulty) CreateSubscription(ctx context.Context, s storage.Subscription, now time.Time) (kept storage.Subscription, created bool, err error) {
	err = f.unlessDone("CreateSubscription", func() error {
		kept, created, err = f.Driver.CreateSubscription(ctx, s, now)
		return err
	})
	return kept, created, err
}

func (f faulty) GetSubscription(ctx context.Context, q storage.QueueID, id string, now time.Time) (storage.Subscription, error) {
	return unless(f, "GetSubscription", func() (storage.Subscription, error) { return f.Driver.GetSubscription(ctx, q, id, now) })
}

func (f faulty) ChangeSubscription(ctx context.Context, q storage.QueueID, id string, c storage.SubscriptionChange, now time.Time) error {
	return f.unlessDone("ChangeSubscription", func() error { return f.Driver.ChangeSubscription(ctx, q, id, c, now) })
}

func (f faulty) DeleteSubscription(ctx context.Context, q storage.QueueID, id string) error {
	return f.unlessDone("DeleteSubscription", func() error { return f.Driver.DeleteSubscription(ctx, q, id) })
}

func (f faulty) ListSubscriptions(ctx context.Context, by storage.SubscriptionFilter) (storage.Page[storage.Subscription], error) {
	return unless(f, "ListSubscriptions", func() (storage.Page[storage.Subscription], error) { return f.Driver.ListSubscriptions(ctx, by) })
}

func (f faulty) TakeDeliveries(ctx context.Context, o storage.DeliveryOrder) ([]storage.Delivery, error) {
	return unless(f, "TakeDeliveries", func() ([]storage.Delivery, error) { return f.Driver.TakeDeliveries(ctx, o) })
}

func (f faulty) SettleDelivery(ctx context.Context, s storage.Settlement) error {
	return f.unlessDone("SettleDelivery", func() error { return f.Driver.SettleDelivery(ctx, s) })
}

func (f faulty) Follow(ctx context.Context, q storage.QueueID, see func(storage.Event)) (func(), error) {
	return unless(f, "Follow", func() (func(), error) { return f.Driver.Follow(ctx, q, see) })
}

func (f faulty) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	return unless(f, "Sweep", func() (int, error) { return f.Driver.Sweep(ctx, now, limit) })
}

func (f faulty) Now(ctx context.Context) (time.Time, error) {
	return unless(f, "Now", func() (time.Time, error) { return f.Driver.Now(ctx) })
}

func (f faulty) Ping(ctx context.Context) error {
	return f.unlessDone("Ping", func() error { return f.Driver.Ping(ctx) })
}

func (f faulty) Close() error {
	return f.unlessDone("Close", func() error { return f.Driver.Close() })
}
