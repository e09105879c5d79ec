package storagetest

import (
	"time"

	"github.com/stackforge/marconi/storage"
)

// subscription is the usual one: to live long, of a subscriber of its own.
func subscription(id string) storage.Subscription {
	return storage.Subscription{
		ID:         id,
		Subscriber: "http://subscriber.example/" + id,
		Options:    []byte(`{"of":"` + id + `"}`),
		Created:    at(0),
		Since:      at(0),
		Expires:    far(),
	}
}

// subscribe stores a new subscription to the queue.
func (q queue) subscribe(s storage.Subscription, now time.Time) {
	q.Helper()
	s.Queue = q.id
	kept, created, err := q.d.CreateSubscription(q.Context(), s, now)
	if err != nil || !created {
		q.Fatalf("CreateSubscription %q = %+v, %v, %v; want a new one", s.ID, kept, created, err)
	}
	sameSubscription(q, "the created", kept, s)
}

// refused subscribes where there is one already, and returns that one.
func (q queue) refused(s storage.Subscription, now time.Time) storage.Subscription {
	q.Helper()
	s.Queue = q.id
	kept, created, err := q.d.CreateSubscription(q.Context(), s, now)
	answers(q, "CreateSubscription", err, nil)
	same(q, "created", created, false)
	return kept
}

func (q queue) subscribed(id string, now time.Time) storage.Subscription {
	q.Helper()
	s, err := q.d.GetSubscription(q.Context(), q.id, id, now)
	if err != nil {
		q.Fatalf("GetSubscription %q: %v", id, err)
	}
	return s
}

// unsubscribed checks that there is no such subscription.
func (q queue) unsubscribed(id string, now time.Time) {
	q.Helper()
	_, err := q.d.GetSubscription(q.Context(), q.id, id, now)
	answers(q, "GetSubscription "+id, err, storage.ErrSubscriptionNotFound)
}

func (q queue) unsubscribe(id string) {
	q.Helper()
	answers(q, "DeleteSubscription", q.d.DeleteSubscription(q.Context(), q.id, id), nil)
}

// change is ChangeSubscription as it answers.
func (q queue) change(id string, c storage.SubscriptionChange, now time.Time) error {
	return q.d.ChangeSubscription(q.Context(), q.id, id, c, now)
}

func (q queue) subscriptions(f storage.SubscriptionFilter) storage.Page[storage.Subscription] {
	q.Helper()
	f.Queue = q.id
	page, err := q.d.ListSubscriptions(q.Context(), f)
	if err != nil {
		q.Fatalf("ListSubscriptions: %v", err)
	}
	return page
}

func subscriptionIDs(list []storage.Subscription) []string {
	return each(list, func(s storage.Subscription) string { return s.ID })
}

// hasSubscriptions checks which there are.
func (q queue) hasSubscriptions(now time.Time, want ...string) {
	q.Helper()
	page := q.subscriptions(storage.SubscriptionFilter{Now: now, Limit: 1000})
	sameTexts(q, "subscriptions", subscriptionIDs(page.Items), want...)
}

func sameSubscription(t T, what string, got, want storage.Subscription) {
	t.Helper()
	same(t, what+": ID", got.ID, want.ID)
	same(t, what+": Queue", got.Queue, want.Queue)
	same(t, what+": Subscriber", got.Subscriber, want.Subscriber)
	same(t, what+": Options", string(got.Options), string(want.Options))
	same(t, what+": Confirmed", got.Confirmed, want.Confirmed)
	same(t, what+": Deliver", got.Deliver, want.Deliver)
	sameTime(t, what+": Created", got.Created, want.Created)
	sameTime(t, what+": Since", got.Since, want.Since)
	sameTime(t, what+": Expires", got.Expires, want.Expires)
}
