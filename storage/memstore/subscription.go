package memstore

import (
	"context"
	"time"

	"github.com/stackforge/marconi/storage"
)

// CreateSubscription implements storage.Subscriptions. An ID that is taken is
// answered as a subscriber that is taken.
func (s *Store) CreateSubscription(ctx context.Context, record storage.Subscription, now time.Time) (storage.Subscription, bool, error) {
	if err := s.begin(ctx); err != nil {
		return storage.Subscription{}, false, err
	}
	defer s.mu.Unlock()
	s.settle(record.Queue, now)
	a := s.audiences[record.Queue]
	if a == nil {
		a = newAudience()
		s.audiences[record.Queue] = a
	}
	kept := a.subscribers[record.Subscriber]
	if kept == nil {
		kept = a.find(record.ID)
	}
	if kept != nil {
		return kept.Subscription, false, nil
	}
	s.subscribe(a, &subscription{Subscription: record, number: s.number()})
	return record, true, nil
}

// GetSubscription implements storage.Subscriptions.
func (s *Store) GetSubscription(ctx context.Context, q storage.QueueID, id string, now time.Time) (storage.Subscription, error) {
	if err := s.begin(ctx); err != nil {
		return storage.Subscription{}, err
	}
	defer s.mu.Unlock()
	s.settle(q, now)
	if sub := s.audiences[q].find(id); sub != nil {
		return sub.Subscription, nil
	}
	return storage.Subscription{}, storage.ErrSubscriptionNotFound
}

// ChangeSubscription implements storage.Subscriptions.
func (s *Store) ChangeSubscription(ctx context.Context, q storage.QueueID, id string, c storage.SubscriptionChange, now time.Time) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	s.settle(q, now)
	a := s.audiences[q]
	sub := a.find(id)
	if sub == nil {
		return storage.ErrSubscriptionNotFound
	}
	if other := a.subscribers[c.Subscriber]; c.Subscriber != "" && other != nil && other != sub {
		return storage.ErrSubscriberTaken
	}
	s.change(a, sub, c, now)
	return nil
}

func (s *Store) change(a *audience, sub *subscription, c storage.SubscriptionChange, now time.Time) {
	if c.Subscriber != "" {
		delete(a.subscribers, sub.Subscriber)
		sub.Subscriber = c.Subscriber
		a.subscribers[sub.Subscriber] = sub
	}
	if c.Options != nil {
		sub.Options = c.Options
	}
	if !c.Expires.IsZero() {
		a.expiring.remove(sub)
		sub.Expires, sub.Since = c.Expires, now
		a.expiring.add(sub)
	}
	if c.Confirmed != nil {
		sub.Confirmed = *c.Confirmed
	}
	if c.Deliver != nil && *c.Deliver != sub.Deliver {
		sub.Deliver = *c.Deliver
		if sub.Deliver {
			s.switchOn(a, sub)
		} else {
			s.switchOff(a, sub)
		}
	}
}

// DeleteSubscription implements storage.Subscriptions.
func (s *Store) DeleteSubscription(ctx context.Context, q storage.QueueID, id string) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	a := s.audiences[q]
	if sub := a.find(id); sub != nil {
		s.unsubscribe(a, sub)
	}
	return nil
}

// ListSubscriptions implements storage.Subscriptions.
func (s *Store) ListSubscriptions(ctx context.Context, f storage.SubscriptionFilter) (page storage.Page[storage.Subscription], err error) {
	if err := s.begin(ctx); err != nil {
		return page, err
	}
	defer s.mu.Unlock()
	s.settle(f.Queue, f.Now)
	a := s.audiences[f.Queue]
	if a == nil {
		return page, nil
	}
	for sub := range a.subscriptions.from(func(sub *subscription) bool { return sub.ID > f.Marker }) {
		if len(page.Items) == f.Limit {
			break
		}
		page.Items = append(page.Items, sub.Subscription)
		page.Next = sub.ID
	}
	return page, nil
}
