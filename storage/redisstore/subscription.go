package redisstore

import (
	"context"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/stackforge/marconi/storage"
)

// encodeSubscription begins with the subscriber, which the scripts read.
func encodeSubscription(s *storage.Subscription) []byte {
	b := appendText(nil, s.Subscriber)
	b = appendText(b, s.ID)
	b = appendInstant(appendInstant(appendInstant(b, s.Created), s.Since), s.Expires)
	b = append(b, flag(s.Confirmed)[0], flag(s.Deliver)[0])
	return append(b, s.Options...)
}

func decodeSubscription(q storage.QueueID, value string) (storage.Subscription, error) {
	r := &record{b: value}
	s := storage.Subscription{Queue: q, Subscriber: r.text(), ID: r.text()}
	s.Created, s.Since, s.Expires = r.instant(), r.instant(), r.instant()
	s.Confirmed, s.Deliver = r.take(1) == "1", r.take(1) == "1"
	if r.b != "" {
		s.Options = []byte(r.b)
	}
	if r.bad {
		return s, errRecord
	}
	return s, nil
}

// CreateSubscription implements storage.Subscriptions.
func (s *Store) CreateSubscription(ctx context.Context, sub storage.Subscription, now time.Time) (storage.Subscription, bool, error) {
	if err := s.foretell(ctx, sub.Queue, float64(sub.Expires.UnixMilli())); err != nil {
		return storage.Subscription{}, false, fault(err)
	}
	word, r, err := s.run(ctx, "subscribe", sub.Queue, now, sub.ID, sub.Subscriber, sub.Expires.UnixMilli(), encodeSubscription(&sub), flag(sub.Deliver))
	if err != nil {
		return storage.Subscription{}, false, err
	}
	if word == "known" {
		kept, err := decodeSubscription(sub.Queue, text(r[0]))
		return kept, false, err
	}
	return sub, true, nil
}

// GetSubscription implements storage.Subscriptions.
func (s *Store) GetSubscription(ctx context.Context, q storage.QueueID, id string, now time.Time) (storage.Subscription, error) {
	subs, err := s.getSubscriptions(ctx, q, []string{id}, now)
	if err != nil {
		return storage.Subscription{}, err
	}
	if len(subs) == 0 {
		return storage.Subscription{}, storage.ErrSubscriptionNotFound
	}
	return subs[0], nil
}

func (s *Store) getSubscriptions(ctx context.Context, q storage.QueueID, ids []string, now time.Time) ([]storage.Subscription, error) {
	args := make([]any, len(ids))
	for i, id := range ids {
		args[i] = id
	}
	_, r, err := s.run(ctx, "listsubs", q, now, args...)
	if err != nil {
		return nil, err
	}
	var subs []storage.Subscription
	live, _ := r[0].([]any)
	for _, v := range live {
		if text(v) == "" {
			continue
		}
		sub, err := decodeSubscription(q, text(v))
		if err != nil {
			return nil, err
		}
		subs = append(subs, sub)
	}
	return subs, nil
}

// ChangeSubscription implements storage.Subscriptions.
func (s *Store) ChangeSubscription(ctx context.Context, q storage.QueueID, id string, c storage.SubscriptionChange, now time.Time) error {
	for {
		sub, err := s.GetSubscription(ctx, q, id, now)
		if err != nil {
			return err
		}
		old := encodeSubscription(&sub)
		change(&sub, c, now)
		durable := ""
		if c.Deliver != nil {
			durable = flag(*c.Deliver)
		}
		word, _, err := s.run(ctx, "changesub", q, now, id, old, encodeSubscription(&sub), sub.Subscriber, sub.Expires.UnixMilli(), durable)
		switch {
		case err != nil:
			return err
		case word == "nosub":
			return storage.ErrSubscriptionNotFound
		case word == "taken":
			return storage.ErrSubscriberTaken
		case word == "ok":
			return nil
		}
	}
}

func change(sub *storage.Subscription, c storage.SubscriptionChange, now time.Time) {
	if c.Subscriber != "" {
		sub.Subscriber = c.Subscriber
	}
	if c.Options != nil {
		sub.Options = c.Options
	}
	if !c.Expires.IsZero() {
		sub.Expires, sub.Since = c.Expires, now
	}
	if c.Confirmed != nil {
		sub.Confirmed = *c.Confirmed
	}
	if c.Deliver != nil {
		sub.Deliver = *c.Deliver
	}
}

// DeleteSubscription implements storage.Subscriptions.
func (s *Store) DeleteSubscription(ctx context.Context, q storage.QueueID, id string) error {
	_, _, err := s.run(ctx, "unsubscribe", q, time.Time{}, id)
	return err
}

// ListSubscriptions implements storage.Subscriptions.
func (s *Store) ListSubscriptions(ctx context.Context, f storage.SubscriptionFilter) (page storage.Page[storage.Subscription], err error) {
	for after := f.Marker; len(page.Items) < f.Limit; {
		start := "-"
		if after != "" {
			start = "(" + after
		}
		by := &redis.ZRangeBy{Min: start, Max: "+", Count: int64(f.Limit - len(page.Items))}
		ids, err := s.lex(ctx, keyOf(f.Queue, subsByIDKey), by)
		if err != nil || len(ids) == 0 {
			return page, err
		}
		subs, err := s.getSubscriptions(ctx, f.Queue, ids, f.Now)
		if err != nil {
			return page, err
		}
		for _, sub := range subs {
			page.Items = append(page.Items, sub)
			page.Next = sub.ID
		}
		after = ids[len(ids)-1]
	}
	return page, nil
}
