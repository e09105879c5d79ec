package core

import (
	"context"
	"errors"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stackforge/marconi/storage"
)

// Subscription is somebody's wish to be told of a queue's messages.
type Subscription struct {
	ID         string         `json:"id"`
	Source     string         `json:"source"`     // the queue
	Subscriber string         `json:"subscriber"` // a URI
	TTL        int64          `json:"ttl"`        // seconds
	Age        int64          `json:"age"`        // seconds since it was made, or its ttl was changed
	Options    jsontext.Value `json:"options"`    // an object
	Confirmed  bool           `json:"confirmed"`
}

func subscriptionView(s *storage.Subscription, now time.Time) Subscription {
	return Subscription{
		ID: s.ID, Source: s.Queue.Name, Subscriber: s.Subscriber,
		TTL:     (s.Expires.UnixMilli() - s.Since.UnixMilli()) / 1000,
		Age:     wholeSeconds(now.Sub(s.Since)),
		Options: s.Options, Confirmed: s.Confirmed,
	}
}

// SubscriptionPage is part of a queue's subscriptions.
type SubscriptionPage struct {
	Subscriptions []Subscription `json:"subscriptions"`
	Next          string         `json:"-"` // the marker after the last; "" on an empty page
}

// SubscriptionListRequest lists a queue's subscriptions by ID.
type SubscriptionListRequest struct {
	Queue  string `json:"queue_name"`
	Marker string `json:"marker"` // an ID: only those after it
	Limit  *int64 `json:"limit"`
}

// ListSubscriptions lists the subscriptions of a queue, those of connections too.
func (b *Broker) ListSubscriptions(ctx context.Context, who Caller, r SubscriptionListRequest) (SubscriptionPage, error) {
	limit, err := page(r.Limit, b.limits.MaxSubscriptionsPerPage, messagePage)
	if err != nil {
		return SubscriptionPage{}, err
	}
	f := storage.SubscriptionFilter{Queue: who.queue(r.Queue), Now: b.now(), Marker: r.Marker, Limit: limit}
	p, err := b.store.ListSubscriptions(ctx, f)
	if err != nil {
		return SubscriptionPage{}, fault(err, "Subscriptions could not be listed.")
	}
	out := SubscriptionPage{Subscriptions: make([]Subscription, len(p.Items)), Next: p.Next}
	for i := range p.Items {
		out.Subscriptions[i] = subscriptionView(&p.Items[i], f.Now)
	}
	return out, nil
}

// SubscriptionCreateRequest subscribes a URI to a queue.
type SubscriptionCreateRequest struct {
	Queue      string         `json:"queue_name"`
	Subscriber string         `json:"subscriber"`
	TTL        *int64         `json:"ttl"`     // seconds; nil: the default
	Options    jsontext.Value `json:"options"` // an object, or nothing
}

// SubscriptionCreated names a subscription that is there now.
type SubscriptionCreated struct {
	ID      string `json:"subscription_id"`
	Created bool   `json:"-"` // it was not there before
}

// CreateSubscription subscribes a URI to a queue, which is made if it is not
// there. A subscriber that is there and unconfirmed stays as it is.
func (b *Broker) CreateSubscription(ctx context.Context, who Caller, r SubscriptionCreateRequest) (SubscriptionCreated, error) {
	now := b.now()
	if r.Subscriber == "" {
		return SubscriptionCreated{}, invalid("Missing parameter subscriber in body.")
	}
	if err := b.checkSubscriber(r.Subscriber); err != nil {
		return SubscriptionCreated{}, err
	}
	s, err := b.subscription(who.queue(r.Queue), r.TTL, r.Options, now)
	if err != nil {
		return SubscriptionCreated{}, err
	}
	s.Subscriber = r.Subscriber
	if _, err := b.create(ctx, s.Queue, nil); err != nil {
		return SubscriptionCreated{}, fault(err, queueNotCreated)
	}
	kept, created, err := b.store.CreateSubscription(ctx, s, now)
	switch {
	case err != nil:
		return SubscriptionCreated{}, fault(err, subscriptionNotCreated)
	case !created && kept.Confirmed:
		return SubscriptionCreated{}, newError(Conflict, subscriberTaken)
	}
	return SubscriptionCreated{ID: kept.ID, Created: created}, nil
}

const (
	subscriptionNotCreated = "Subscription could not be created."

	// sic: Zaqar's clients know it
	subscriberTaken = "Such subscription already exists.Subscriptions are unique by project + queue + subscriber URI."
)

// subscription is a new one, but for who it is of.
func (b *Broker) subscription(q storage.QueueID, ttl *int64, options jsontext.Value, now time.Time) (storage.Subscription, error) {
	if ttl == nil {
		ttl = &b.limits.DefaultSubscriptionTTL
	}
	expires, err := subscriptionEnd(now, *ttl)
	if err != nil {
		return storage.Subscription{}, err
	}
	text, err := subscriptionOptions(options)
	return storage.Subscription{ID: newID(), Queue: q, Options: text, Created: now, Since: now, Expires: expires}, err
}

// subscriptionEnd bounds a ttl by what a date of Zaqar's can hold.
func subscriptionEnd(now time.Time, ttl int64) (time.Time, error) {
	last := time.Date(10_000, 1, 1, 0, 0, 0, 0, time.UTC)
	switch {
	case ttl < MinSubscriptionTTL:
		return time.Time{}, invalid("The TTL for a subscription must be at least %d seconds long.", MinSubscriptionTTL)
	case ttl >= last.Unix()-now.Unix():
		return time.Time{}, invalid("The TTL seconds for a subscription plus current time must be less than 9999-12-31 23:59:59.999999.")
	}
	return time.UnixMilli(now.UnixMilli() + ttl*1000), nil
}

func subscriptionOptions(options jsontext.Value) (jsontext.Value, error) {
	if len(options) == 0 || falsy(options) {
		return jsontext.Value(`{}`), nil
	}
	m, err := parseMetadata(options)
	if err != nil {
		return nil, invalid("Options must be a dict.")
	}
	return options.Clone(), checkRetryPolicy(m.get(attrRetry)) // the request may be gone before the subscription
}

// checkSubscriber refuses URIs that nothing can be delivered to.
func (b *Broker) checkSubscriber(uri string) error {
	u, err := url.Parse(uri)
	if err == nil && slices.Contains(b.options.Subscribers, u.Scheme) && !strings.HasPrefix(uri, ofConnection) {
		return nil
	}
	list := "[]"
	if len(b.options.Subscribers) > 0 {
		list = quoted(b.options.Subscribers)
	}
	return invalid("The subscriber type of subscription must be supported in the list %s.", list)
}

// SubscriptionGetRequest names a subscription.
type SubscriptionGetRequest struct {
	Queue string `json:"queue_name"`
	ID    string `json:"subscription_id"`
}

// GetSubscription shows a subscription.
func (b *Broker) GetSubscription(ctx context.Context, who Caller, r SubscriptionGetRequest) (Subscription, error) {
	now := b.now()
	s, err := b.store.GetSubscription(ctx, who.queue(r.Queue), r.ID, now)
	if err != nil {
		return Subscription{}, subscriptionFault(err, r.ID, "Subscription could not be retrieved.")
	}
	return subscriptionView(&s, now), nil
}

func subscriptionFault(err error, id, spoiled string) error {
	if errors.Is(err, storage.ErrSubscriptionNotFound) {
		return notFound("Subscription %s does not exist", id)
	}
	return fault(err, spoiled)
}

// SubscriptionUpdateRequest says what to change in a subscription. What it does
// not name stays as it is.
type SubscriptionUpdateRequest struct {
	Queue      string         `json:"queue_name"`
	ID         string         `json:"subscription_id"`
	Subscriber *string        `json:"subscriber"`
	TTL        *int64         `json:"ttl"` // seconds from now
	Options    jsontext.Value `json:"options"`
}

// UpdateSubscription changes a subscription. That of a connection keeps its
// subscriber.
func (b *Broker) UpdateSubscription(ctx context.Context, who Caller, r SubscriptionUpdateRequest) (None, error) {
	const spoiled = "Subscription could not be updated."
	now := b.now()
	id := who.queue(r.Queue)
	change, err := b.subscriptionChange(r, now)
	if err != nil {
		return None{}, err
	}
	if r.Subscriber != nil {
		s, err := b.store.GetSubscription(ctx, id, r.ID, now)
		if err != nil {
			return None{}, subscriptionFault(err, r.ID, spoiled)
		}
		if strings.HasPrefix(s.Subscriber, ofConnection) {
			return None{}, invalid("The subscriber of a connection's subscription cannot be changed.")
		}
	}
	if err := b.store.ChangeSubscription(ctx, id, r.ID, change, now); err != nil {
		return None{}, subscriptionFault(err, r.ID, spoiled)
	}
	b.audience.prolong(id, r.ID, change.Expires)
	return None{}, nil
}

func (b *Broker) subscriptionChange(r SubscriptionUpdateRequest, now time.Time) (c storage.SubscriptionChange, err error) {
	if r.Subscriber == nil && r.TTL == nil && len(r.Options) == 0 {
		return c, titled("Unable to update subscription", invalid("No subscription to create.")) // sic
	}
	if r.Subscriber != nil {
		c.Subscriber = *r.Subscriber
		err = b.checkSubscriber(c.Subscriber)
	}
	if r.TTL != nil && err == nil {
		c.Expires, err = subscriptionEnd(now, *r.TTL)
	}
	if len(r.Options) > 0 && err == nil {
		c.Options, err = subscriptionOptions(r.Options)
	}
	return c, err
}

// SubscriptionDeleteRequest names a subscription to delete.
type SubscriptionDeleteRequest struct {
	Queue string `json:"queue_name"`
	ID    string `json:"subscription_id"`
}

// DeleteSubscription removes a subscription. One that is not there is no error.
func (b *Broker) DeleteSubscription(ctx context.Context, who Caller, r SubscriptionDeleteRequest) (None, error) {
	if err := b.dropSubscription(ctx, who.queue(r.Queue), r.ID); err != nil {
		return None{}, fault(err, "Subscription could not be deleted.")
	}
	return None{}, nil
}

// dropSubscription removes a subscription and, if it is of a connection here,
// tells the connection.
func (b *Broker) dropSubscription(ctx context.Context, q storage.QueueID, id string) error {
	if err := b.store.DeleteSubscription(ctx, q, id); err != nil {
		return err
	}
	b.audience.end(q, id, b.now())
	return nil
}
