package storage

import (
	"context"
	"time"
)

// Subscription is somebody's wish to be told of a queue's messages. It does not
// depend on the queue: it may exist before it and stays after it.
type Subscription struct {
	ID         string // chosen by the caller
	Queue      QueueID
	Subscriber string // a URI, unique among the queue's live subscriptions
	Options    []byte // as the caller gave them
	Created    time.Time
	Since      time.Time // Created, or when Expires was last changed: the ttl shown is Expires − Since
	Expires    time.Time
	Confirmed  bool
	Deliver    bool // it is a durable one: see Deliveries
}

// SubscriptionChange says what to change. Zero fields leave things as they are.
type SubscriptionChange struct {
	Subscriber string
	Options    []byte
	Expires    time.Time // with it, Since becomes the instant of the change
	Confirmed  *bool
	Deliver    *bool
}

// SubscriptionFilter says which subscriptions to list.
type SubscriptionFilter struct {
	Queue  QueueID
	Now    time.Time
	Marker string // an ID, of a subscription or not: only IDs after it
	Limit  int    // at least 1
}

// Subscriptions keeps subscriptions. One whose Expires <= now is not there.
type Subscriptions interface {
	// CreateSubscription stores s. If the queue has a live one with the same
	// subscriber, that one is returned as it is and created is false.
	CreateSubscription(ctx context.Context, s Subscription, now time.Time) (kept Subscription, created bool, err error)

	// GetSubscription answers ErrSubscriptionNotFound.
	GetSubscription(ctx context.Context, q QueueID, id string, now time.Time) (Subscription, error)

	// ChangeSubscription answers ErrSubscriptionNotFound, or ErrSubscriberTaken
	// if another live one of the queue has that subscriber.
	ChangeSubscription(ctx context.Context, q QueueID, id string, c SubscriptionChange, now time.Time) error

	// DeleteSubscription frees the subscriber's name. A missing one is no error.
	DeleteSubscription(ctx context.Context, q QueueID, id string) error

	// ListSubscriptions lists in the byte order of their IDs.
	ListSubscriptions(ctx context.Context, f SubscriptionFilter) (Page[Subscription], error)
}
