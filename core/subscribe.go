package core

import (
	"context"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stackforge/marconi/storage"
)

// ofConnection begins the subscriber of a connection's own subscription.
const ofConnection = "connection:"

// SubscribeRequest subscribes a connection to a queue.
type SubscribeRequest struct {
	Queue      string         `json:"queue_name"`
	TTL        *int64         `json:"ttl"`      // seconds; nil: the default
	Options    jsontext.Value `json:"options"`  // an object, or nothing
	From       string         `json:"position"` // as in ListenRequest
	Connection string         `json:"-"`        // the connection's ID
}

// Subscribed is a subscription of a connection: a listener, and a record of it
// that every door lists. It takes an End to be rid of both.
type Subscribed struct {
	ID string
	*Listener

	broker  *Broker
	queue   storage.QueueID
	expires time.Time // guarded by the audience
}

// Subscribe makes a subscription that lives no longer than the connection. Its
// listener is told End when the record expires or is deleted: at once if by this
// broker, and within a minute if by another. The same connection and queue again
// is a Conflict. Wake is as in Listen.
func (b *Broker) Subscribe(ctx context.Context, who Caller, r SubscribeRequest, wake func()) (*Subscribed, error) {
	now := b.now()
	record, err := b.subscription(who.queue(r.Queue), r.TTL, r.Options, now)
	if err != nil {
		return nil, err
	}
	record.Subscriber, record.Confirmed = ofConnection+r.Connection, true
	listener, err := b.Listen(ctx, who, ListenRequest{Queue: r.Queue, From: r.From}, wake)
	if err != nil {
		return nil, err
	}
	_, created, err := b.store.CreateSubscription(ctx, record, now)
	switch {
	case err != nil:
		b.unsubscribe(ctx, record)
		err = fault(err, subscriptionNotCreated)
	case !created:
		err = newError(Conflict, subscriberTaken)
	default:
		s := &Subscribed{ID: record.ID, Listener: listener, broker: b, queue: record.Queue, expires: record.Expires}
		b.audience.add(s)
		return s, nil
	}
	listener.Close()
	return nil, err
}

// cleaning is how long it may take to remove what nobody waits for any more.
const cleaning = 5 * time.Second

// unsubscribe deletes a record of which it is not known whether it was made: if it
// stayed, it would be of nobody. If that fails, it stays until it expires.
func (b *Broker) unsubscribe(ctx context.Context, s storage.Subscription) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleaning)
	defer cancel()
	_ = b.store.DeleteSubscription(ctx, s.Queue, s.ID)
}

// End closes the listener and deletes the record. It may be called more than
// once. If it fails, the record stays until it expires.
func (s *Subscribed) End(ctx context.Context) error {
	s.Close()
	s.broker.audience.forget(s.ID)
	if err := s.broker.store.DeleteSubscription(ctx, s.queue, s.ID); err != nil {
		return fault(err, "Subscription could not be deleted.")
	}
	return nil
}
