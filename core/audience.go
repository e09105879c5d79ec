package core

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/stackforge/marconi/storage"
)

// Why a subscription has ended.
const (
	endExpired = "expired"
	endDeleted = "deleted"
)

// audience is the connections here that have subscriptions. Its records are in
// the store, where others may change them.
type audience struct {
	mu   sync.Mutex
	here map[string]*Subscribed // by ID of the subscription
}

func (a *audience) add(s *Subscribed) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if a.here == nil {
		a.here = map[string]*Subscribed{}
	}
	a.here[s.ID] = s
}

func (a *audience) forget(id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.here, id)
}

// end tells the connection that has a subscription, if it is here, that its record
// is gone: deleted, unless its time has come.
func (a *audience) end(q storage.QueueID, id string, now time.Time) {
	a.mu.Lock()
	s := a.here[id]
	if s == nil || s.queue != q {
		a.mu.Unlock()
		return
	}
	delete(a.here, id)
	reason := endDeleted
	if !s.expires.After(now) {
		reason = endExpired
	}
	a.mu.Unlock()
	s.end(reason)
}

// prolong notes when a subscription expires, if that has changed.
func (a *audience) prolong(q storage.QueueID, id string, expires time.Time) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if s := a.here[id]; s != nil && s.queue == q && !expires.IsZero() {
		s.expires = expires
	}
}

// expired are the IDs of subscriptions by queue whose time has come, as far as it
// is known here.
func (a *audience) expired(now time.Time) map[storage.QueueID][]string {
	return a.queues(func(s *Subscribed) bool { return !s.expires.After(now) })
}

// all are the IDs of all subscriptions by queue.
func (a *audience) all() map[storage.QueueID][]string {
	return a.queues(func(*Subscribed) bool { return true })
}

func (a *audience) queues(which func(*Subscribed) bool) map[storage.QueueID][]string {
	a.mu.Lock()
	defer a.mu.Unlock()
	out := map[storage.QueueID][]string{}
	for id, s := range a.here {
		if which(s) {
			out[s.queue] = append(out[s.queue], id)
		}
	}
	return out
}

const (
	expireEvery = time.Second
	reviewEvery = 30 * time.Second // how late a deletion by another broker is noticed, about
	reviewOne   = 8                // so few subscriptions are looked up one by one
	reviewPage  = 100

	reviewAtOnce = 16 // queues reviewed at a time: there may be many, and the store far away
)

// keepAudience ends subscriptions that expire, or that others delete, until ctx
// is done.
func (b *Broker) keepAudience(ctx context.Context) error {
	next := b.now().Add(reviewEvery)
	return every(ctx, expireEvery, func() {
		now := b.now()
		err := b.review(ctx, b.audience.expired(now))
		if !now.Before(next) {
			next = now.Add(reviewEvery)
			err = errors.Join(err, b.review(ctx, b.audience.all()))
		}
		if err != nil && ctx.Err() == nil {
			b.options.Log.Warn("subscriptions could not be reviewed", "error", err)
		}
	})
}

// review compares subscriptions here with their records, and ends those that have
// none. While nobody can tell, nothing ends. It answers one of the errors.
func (b *Broker) review(ctx context.Context, subscriptions map[storage.QueueID][]string) error {
	var all errgroup.Group
	all.SetLimit(reviewAtOnce)
	for q, ids := range subscriptions {
		all.Go(func() error { return b.reviewQueue(ctx, q, ids) })
	}
	return all.Wait()
}

func (b *Broker) reviewQueue(ctx context.Context, q storage.QueueID, ids []string) error {
	kept, err := b.kept(ctx, q, ids)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if expires, ok := kept[id]; ok {
			b.audience.prolong(q, id, expires)
		} else {
			b.audience.end(q, id, b.now())
		}
	}
	return nil
}

// kept are those subscriptions that are still in the store, and when they expire.
func (b *Broker) kept(ctx context.Context, q storage.QueueID, ids []string) (map[string]time.Time, error) {
	kept := map[string]time.Time{}
	if len(ids) > reviewOne {
		return kept, b.listKept(ctx, q, kept)
	}
	for _, id := range ids {
		s, err := b.store.GetSubscription(ctx, q, id, b.now())
		switch {
		case err == nil:
			kept[id] = s.Expires
		case !errors.Is(err, storage.ErrSubscriptionNotFound):
			return nil, err
		}
	}
	return kept, nil
}

func (b *Broker) listKept(ctx context.Context, q storage.QueueID, kept map[string]time.Time) error {
	f := storage.SubscriptionFilter{Queue: q, Now: b.now(), Limit: reviewPage}
	for {
		p, err := b.store.ListSubscriptions(ctx, f)
		if err != nil {
			return err
		}
		for _, s := range p.Items {
			kept[s.ID] = s.Expires
		}
		if len(p.Items) < f.Limit {
			return nil
		}
		f.Marker = p.Next
	}
}
