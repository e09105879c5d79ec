package pebblestore

import (
	"context"
	"time"

	"github.com/stackforge/marconi/storage"
)

// ending is the key under which Sweep finds that a subscription has expired.
func (sub *subscription) ending() []byte {
	return append(appendQueueID(agendaKey(ms(sub.Expires), endsSubscription), sub.Queue), sub.ID...)
}

// store writes a subscription.
func (sub *subscription) store(t *tx) {
	t.set(subscriptionKey(sub.Queue, sub.ID), sub.append(nil))
}

// CreateSubscription implements storage.Subscriptions. An ID that is taken is
// answered as a subscriber that is taken.
func (s *Store) CreateSubscription(ctx context.Context, record storage.Subscription, now time.Time) (storage.Subscription, bool, error) {
	sl, err := s.settled(ctx, record.Queue, ms(now))
	if err != nil {
		return storage.Subscription{}, false, err
	}
	if kept := sl.audience.taken(record); kept != nil {
		record = kept.Subscription
		return record, false, sl.conclude(ctx, nil, sl.changed)
	}
	t := sl.e.begin()
	fresh := sl.audience == nil
	if fresh {
		sl.audience = newAudience(sl, sl.e.catalog.number())
		sl.audience.dirty = true
	}
	sub := &subscription{Subscription: record}
	if sub.Deliver {
		sl.audience.listen(sub)
	}
	sl.audience.keep(sub)
	sub.store(t)
	t.set(sub.ending(), nil)
	if fresh {
		sl.changed = sl.e.catalog.submit(sl, t, record.Queue.Project, 0)
	} else {
		sl.change(t)
	}
	return record, true, sl.conclude(ctx, nil, sl.changed)
}

// taken is who has the subscriber or the ID of a new subscription, or nil.
func (a *audience) taken(record storage.Subscription) *subscription {
	if a == nil {
		return nil
	}
	if kept := a.subscribers[record.Subscriber]; kept != nil {
		return kept
	}
	return a.get(record.ID)
}

// GetSubscription implements storage.Subscriptions.
func (s *Store) GetSubscription(ctx context.Context, q storage.QueueID, id string, now time.Time) (storage.Subscription, error) {
	sl, err := s.settled(ctx, q, ms(now))
	if err != nil {
		return storage.Subscription{}, err
	}
	sub := sl.audience.get(id)
	if sub == nil {
		return storage.Subscription{}, sl.conclude(ctx, storage.ErrSubscriptionNotFound, sl.changed)
	}
	record := sub.Subscription
	return record, sl.conclude(ctx, nil, sl.changed)
}

// ChangeSubscription implements storage.Subscriptions.
func (s *Store) ChangeSubscription(ctx context.Context, q storage.QueueID, id string, c storage.SubscriptionChange, now time.Time) error {
	sl, err := s.settled(ctx, q, ms(now))
	if err != nil {
		return err
	}
	sub := sl.audience.get(id)
	if sub == nil {
		return sl.conclude(ctx, storage.ErrSubscriptionNotFound, sl.changed)
	}
	if other := sl.audience.subscribers[c.Subscriber]; c.Subscriber != "" && other != nil && other != sub {
		return sl.conclude(ctx, storage.ErrSubscriberTaken, sl.changed)
	}
	t := sl.e.begin()
	sl.audience.change(t, sub, c, now)
	sub.store(t)
	return sl.conclude(ctx, nil, sl.change(t))
}

func (a *audience) change(t *tx, sub *subscription, c storage.SubscriptionChange, now time.Time) {
	if c.Subscriber != "" {
		delete(a.subscribers, sub.Subscriber)
		sub.Subscriber = c.Subscriber
		a.subscribers[sub.Subscriber] = sub
	}
	if c.Options != nil {
		sub.Options = c.Options
	}
	if !c.Expires.IsZero() {
		t.delete(sub.ending())
		sub.Expires, sub.Since = c.Expires, now
		a.expiring.put(sub)
		t.set(sub.ending(), nil)
	}
	if c.Confirmed != nil {
		sub.Confirmed = *c.Confirmed
	}
	if c.Deliver != nil && *c.Deliver != sub.Deliver {
		sub.Deliver = *c.Deliver
		if sub.Deliver {
			a.switchOn(sub)
		} else {
			a.switchOff(t, sub)
		}
	}
}

// DeleteSubscription implements storage.Subscriptions.
func (s *Store) DeleteSubscription(ctx context.Context, q storage.QueueID, id string) error {
	sl, err := s.enter(ctx, q)
	if err != nil {
		return err
	}
	sub := sl.audience.get(id)
	if sub == nil {
		return sl.conclude(ctx, nil, sl.changed)
	}
	t := sl.e.begin()
	sl.audience.remove(t, sub)
	return sl.conclude(ctx, nil, sl.change(t))
}

// ListSubscriptions implements storage.Subscriptions.
func (s *Store) ListSubscriptions(ctx context.Context, f storage.SubscriptionFilter) (page storage.Page[storage.Subscription], err error) {
	sl, err := s.settled(ctx, f.Queue, ms(f.Now))
	if err != nil {
		return page, err
	}
	if a := sl.audience; a != nil {
		i, found := a.find(f.Marker)
		if found {
			i++
		}
		for ; i < len(a.subscriptions) && len(page.Items) < f.Limit; i++ {
			page.Items = append(page.Items, a.subscriptions[i].Subscription)
			page.Next = a.subscriptions[i].ID
		}
	}
	return page, sl.conclude(ctx, nil, sl.changed)
}
