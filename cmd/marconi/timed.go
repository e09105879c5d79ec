package main

import (
	"context"
	"time"

	"github.com/stackforge/marconi/storage"
)

// The calls that are only timed.

func (s *measured) CreateQueue(ctx context.Context, q storage.Queue) (bool, error) {
	defer s.took(createQueue, time.Now())
	return s.Driver.CreateQueue(ctx, q)
}

func (s *measured) GetQueue(ctx context.Context, id storage.QueueID) (storage.Queue, error) {
	defer s.took(getQueue, time.Now())
	return s.Driver.GetQueue(ctx, id)
}

func (s *measured) SetMetadata(ctx context.Context, id storage.QueueID, metadata []byte, version uint64) error {
	defer s.took(setMetadata, time.Now())
	return s.Driver.SetMetadata(ctx, id, metadata, version)
}

func (s *measured) DeleteQueue(ctx context.Context, id storage.QueueID) error {
	defer s.took(deleteQueue, time.Now())
	return s.Driver.DeleteQueue(ctx, id)
}

func (s *measured) ListQueues(ctx context.Context, f storage.QueueFilter) (storage.Page[storage.Queue], error) {
	defer s.took(listQueues, time.Now())
	return s.Driver.ListQueues(ctx, f)
}

func (s *measured) CountQueues(ctx context.Context, project string) (int, error) {
	defer s.took(countQueues, time.Now())
	return s.Driver.CountQueues(ctx, project)
}

func (s *measured) QueueStats(ctx context.Context, id storage.QueueID, now time.Time) (storage.Stats, error) {
	defer s.took(queueStats, time.Now())
	return s.Driver.QueueStats(ctx, id, now)
}

func (s *measured) PurgeMessages(ctx context.Context, q storage.QueueID) error {
	defer s.took(purgeMessages, time.Now())
	return s.Driver.PurgeMessages(ctx, q)
}

func (s *measured) GetClaim(ctx context.Context, q storage.QueueID, id string, now time.Time) (storage.Claim, error) {
	defer s.took(getClaim, time.Now())
	return s.Driver.GetClaim(ctx, q, id, now)
}

func (s *measured) RenewClaim(ctx context.Context, q storage.QueueID, id string, now, expires, keep time.Time) error {
	defer s.took(renewClaim, time.Now())
	return s.Driver.RenewClaim(ctx, q, id, now, expires, keep)
}

func (s *measured) ReleaseClaim(ctx context.Context, q storage.QueueID, id string, now, visible time.Time) error {
	defer s.took(releaseClaim, time.Now())
	return s.Driver.ReleaseClaim(ctx, q, id, now, visible)
}

func (s *measured) CreateSubscription(ctx context.Context, n storage.Subscription, now time.Time) (storage.Subscription, bool, error) {
	defer s.took(createSubscription, time.Now())
	return s.Driver.CreateSubscription(ctx, n, now)
}

func (s *measured) GetSubscription(ctx context.Context, q storage.QueueID, id string, now time.Time) (storage.Subscription, error) {
	defer s.took(getSubscription, time.Now())
	return s.Driver.GetSubscription(ctx, q, id, now)
}

func (s *measured) ChangeSubscription(ctx context.Context, q storage.QueueID, id string, c storage.SubscriptionChange, now time.Time) error {
	defer s.took(changeSubscription, time.Now())
	return s.Driver.ChangeSubscription(ctx, q, id, c, now)
}

func (s *measured) DeleteSubscription(ctx context.Context, q storage.QueueID, id string) error {
	defer s.took(deleteSubscription, time.Now())
	return s.Driver.DeleteSubscription(ctx, q, id)
}

func (s *measured) ListSubscriptions(ctx context.Context, f storage.SubscriptionFilter) (storage.Page[storage.Subscription], error) {
	defer s.took(listSubscriptions, time.Now())
	return s.Driver.ListSubscriptions(ctx, f)
}

func (s *measured) TakeDeliveries(ctx context.Context, o storage.DeliveryOrder) ([]storage.Delivery, error) {
	defer s.took(takeDeliveries, time.Now())
	return s.Driver.TakeDeliveries(ctx, o)
}

func (s *measured) SettleDelivery(ctx context.Context, n storage.Settlement) error {
	defer s.took(settleDelivery, time.Now())
	return s.Driver.SettleDelivery(ctx, n)
}

func (s *measured) Ping(ctx context.Context) error {
	defer s.took(ping, time.Now())
	return s.Driver.Ping(ctx)
}
