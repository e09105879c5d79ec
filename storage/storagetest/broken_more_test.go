package storagetest_test

import (
	"context"
	"errors"
	"time"

	"github.com/stackforge/marconi/storage"
)

// joinsNames keeps a queue under its project and name, with a colon between.
type joinsNames struct{ storage.Driver }

func joined(id storage.QueueID) storage.QueueID {
	return storage.QueueID{Name: id.Project + ":" + id.Name}
}

func (b joinsNames) CreateQueue(ctx context.Context, q storage.Queue) (bool, error) {
	q.ID = joined(q.ID)
	return b.Driver.CreateQueue(ctx, q)
}

func (b joinsNames) PostMessages(ctx context.Context, p storage.Post) (storage.Posted, error) {
	p.Queue = joined(p.Queue)
	return b.Driver.PostMessages(ctx, p)
}

func (b joinsNames) ListMessages(ctx context.Context, f storage.MessageFilter) (storage.MessagePage, error) {
	f.Queue = joined(f.Queue)
	return b.Driver.ListMessages(ctx, f)
}

// postsLate posts when somebody waits for it.
type postsLate struct{ storage.Driver }

type latePost struct {
	d    storage.Driver
	ctx  context.Context // nil: that of the wait
	post storage.Post
}

func (p latePost) Wait(ctx context.Context) (storage.Posted, error) {
	if p.ctx != nil {
		ctx = p.ctx
	}
	return p.d.PostMessages(ctx, p.post)
}

func (b postsLate) StartPost(_ context.Context, p storage.Post) storage.Pending {
	return storage.Awaited(latePost{b.Driver, nil, p})
}

// endsWithStart does not store a post whose start has no time left.
type endsWithStart struct{ storage.Driver }

func (b endsWithStart) StartPost(ctx context.Context, p storage.Post) storage.Pending {
	return storage.Awaited(latePost{b.Driver, ctx, p})
}

// stopsAtRefusal refuses all that was started behind a post that was refused.
type stopsAtRefusal struct {
	storage.Driver
	refused error
}

func (b *stopsAtRefusal) StartPost(ctx context.Context, p storage.Post) storage.Pending {
	if b.refused != nil {
		return storage.Concluded(storage.Posted{}, b.refused)
	}
	posted, err := b.Driver.StartPost(ctx, p).Wait(ctx)
	b.refused = err
	return storage.Concluded(posted, err)
}

// looksBack counts as of a moment ago.
type looksBack struct{ storage.Driver }

func (b looksBack) QueueStats(ctx context.Context, id storage.QueueID, now time.Time) (storage.Stats, error) {
	return b.Driver.QueueStats(ctx, id, now.Add(-time.Millisecond))
}

type neverWakes struct{ storage.Driver }

func (b neverWakes) QueueStats(ctx context.Context, id storage.QueueID, now time.Time) (storage.Stats, error) {
	s, err := b.Driver.QueueStats(ctx, id, now)
	s.Wake = time.Time{}
	return s, err
}

// takesTwice knows subscribers by ID, not by name.
type takesTwice struct{ storage.Driver }

func (b takesTwice) CreateSubscription(ctx context.Context, s storage.Subscription, now time.Time) (storage.Subscription, bool, error) {
	own := s.Subscriber
	s.Subscriber += s.ID
	kept, created, err := b.Driver.CreateSubscription(ctx, s, now)
	kept.Subscriber = own
	return kept, created, err
}

type honoursAll struct{ storage.Driver }

func (b honoursAll) SettleDelivery(ctx context.Context, s storage.Settlement) error {
	err := b.Driver.SettleDelivery(ctx, s)
	if errors.Is(err, storage.ErrLeaseLost) {
		return nil
	}
	return err
}

type leasesForever struct{ storage.Driver }

func (b leasesForever) TakeDeliveries(ctx context.Context, o storage.DeliveryOrder) ([]storage.Delivery, error) {
	until := o.Until
	o.Until = until.Add(time.Hour)
	taken, err := b.Driver.TakeDeliveries(ctx, o)
	for i := range taken {
		taken[i].Until = until
	}
	return taken, err
}

type doesNotStop struct{ storage.Driver }

func (b doesNotStop) Follow(ctx context.Context, q storage.QueueID, see func(storage.Event)) (func(), error) {
	_, err := b.Driver.Follow(ctx, q, see)
	return func() {}, err
}

type neverLost struct{ storage.Driver }

func (b neverLost) Follow(ctx context.Context, q storage.QueueID, see func(storage.Event)) (func(), error) {
	return b.Driver.Follow(ctx, q, func(e storage.Event) {
		e.Lost = false
		see(e)
	})
}

type sweepsTooMuch struct{ storage.Driver }

func (b sweepsTooMuch) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	return b.Driver.Sweep(ctx, now.Add(time.Minute), limit)
}

type ignoresContexts struct{ storage.Driver }

func (b ignoresContexts) GetQueue(ctx context.Context, id storage.QueueID) (storage.Queue, error) {
	return b.Driver.GetQueue(context.WithoutCancel(ctx), id)
}
