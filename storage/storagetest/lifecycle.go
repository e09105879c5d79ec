package storagetest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/stackforge/marconi/storage"
)

func contextCases() []Case {
	return []Case{
		{"cancelled", "a call whose context is done answers the context's error", contextCancelled},
		{"past its deadline", "so does one whose deadline is past", contextDeadline},
		{"whole or not at all", "a call with a cancelled context leaves nothing half done", contextWhole},
		{"not done", "the same calls succeed when their context is not done", contextNotDone},
		{"serves", "an open backend can serve, and tells the time in whole milliseconds", contextServes},
	}
}

func closeCases() []Case {
	return []Case{
		{"calls fail", "calls after Close fail, and not with a word of the contract", closeCallsFail},
		{"with posts under way", "every post that was started is answered", closePipeline},
		{"with followers", "nothing is told after Close, and a stop may come after it", closeWithFollowers},
	}
}

// call is a method of the driver, called in a way that succeeds.
type call struct {
	name string
	do   func(ctx context.Context) error
}

// calls is every method that takes a context, with what furnished put there.
func (q queue) calls() []call {
	return slices.Concat(q.queueCalls(), q.messageCalls(), q.claimCalls(), q.subscriptionCalls(), q.driverCalls())
}

func (q queue) queueCalls() []call {
	return []call{
		{"CreateQueue", func(ctx context.Context) error {
			_, err := q.d.CreateQueue(ctx, storage.Queue{ID: q.id, Epoch: q.epoch, Created: at(0)})
			return err
		}},
		{"GetQueue", func(ctx context.Context) error { _, err := q.d.GetQueue(ctx, q.id); return err }},
		{"SetMetadata", func(ctx context.Context) error { return q.d.SetMetadata(ctx, q.id, nil, 1) }},
		{"ListQueues", func(ctx context.Context) error {
			_, err := q.d.ListQueues(ctx, storage.QueueFilter{Project: q.id.Project, Limit: 5})
			return err
		}},
		{"CountQueues", func(ctx context.Context) error { _, err := q.d.CountQueues(ctx, q.id.Project); return err }},
		{"QueueStats", func(ctx context.Context) error { _, err := q.d.QueueStats(ctx, q.id, at(1)); return err }},
		{"DeleteQueue", func(ctx context.Context) error { return q.d.DeleteQueue(ctx, q.id) }},
	}
}

func (q queue) messageCalls() []call {
	id := q.position(2)
	return []call{
		{"PostMessages", func(ctx context.Context) error {
			_, err := q.d.PostMessages(ctx, storage.Post{Queue: q.id, Now: at(1), Drafts: texts("x", "y")})
			return err
		}},
		{"StartPost", func(ctx context.Context) error {
			_, err := q.d.StartPost(ctx, storage.Post{Queue: q.id, Now: at(1), Drafts: texts("x", "y")}).Wait(ctx)
			return err
		}},
		{"GetMessages", func(ctx context.Context) error {
			_, err := q.d.GetMessages(ctx, q.id, []string{id}, at(1))
			return err
		}},
		{"ListMessages", func(ctx context.Context) error {
			_, err := q.d.ListMessages(ctx, storage.MessageFilter{Queue: q.id, Now: at(1), Limit: 5})
			return err
		}},
		{"DeleteMessage", func(ctx context.Context) error { return q.d.DeleteMessage(ctx, q.id, id, "", at(1)) }},
		{"DeleteMessages", func(ctx context.Context) error {
			return q.d.DeleteMessages(ctx, q.id, []string{id}, nil, at(1))
		}},
		{"PopMessages", func(ctx context.Context) error { _, err := q.d.PopMessages(ctx, q.id, 2, at(1)); return err }},
		{"PurgeMessages", func(ctx context.Context) error { return q.d.PurgeMessages(ctx, q.id) }},
	}
}

func (q queue) claimCalls() []call {
	return []call{
		{"CreateClaim", func(ctx context.Context) error {
			_, err := q.d.CreateClaim(ctx, q.order("new", at(1), 5))
			return err
		}},
		{"GetClaim", func(ctx context.Context) error { _, err := q.d.GetClaim(ctx, q.id, "c", at(1)); return err }},
		{"RenewClaim", func(ctx context.Context) error { return q.d.RenewClaim(ctx, q.id, "c", at(1), at(9), at(9)) }},
		{"ReleaseClaim", func(ctx context.Context) error {
			return q.d.ReleaseClaim(ctx, q.id, "c", at(1), time.Time{})
		}},
	}
}

func (q queue) subscriptionCalls() []call {
	return []call{
		{"CreateSubscription", func(ctx context.Context) error {
			s := subscription("new")
			s.Queue = q.id
			_, _, err := q.d.CreateSubscription(ctx, s, at(1))
			return err
		}},
		{"GetSubscription", func(ctx context.Context) error {
			_, err := q.d.GetSubscription(ctx, q.id, q.id.Name, at(1))
			return err
		}},
		{"ChangeSubscription", func(ctx context.Context) error {
			return q.d.ChangeSubscription(ctx, q.id, q.id.Name, storage.SubscriptionChange{Options: []byte("x")}, at(1))
		}},
		{"ListSubscriptions", func(ctx context.Context) error {
			_, err := q.d.ListSubscriptions(ctx, storage.SubscriptionFilter{Queue: q.id, Now: at(1), Limit: 5})
			return err
		}},
		{"DeleteSubscription", func(ctx context.Context) error { return q.d.DeleteSubscription(ctx, q.id, q.id.Name) }},
	}
}

func (q queue) driverCalls() []call {
	return []call{
		{"TakeDeliveries", func(ctx context.Context) error {
			_, err := q.d.TakeDeliveries(ctx, storage.DeliveryOrder{Lease: "l", Now: at(1), Until: at(9), Subscriptions: 5, Messages: 5})
			return err
		}},
		{"SettleDelivery", func(ctx context.Context) error {
			return q.d.SettleDelivery(ctx, storage.Settlement{Queue: q.id, Subscription: q.id.Name, Lease: q.id.Name, Now: at(1)})
		}},
		{"Follow", func(ctx context.Context) error {
			stop, err := q.d.Follow(ctx, q.id, func(storage.Event) {})
			if err == nil {
				stop()
			}
			return err
		}},
		{"Sweep", func(ctx context.Context) error { _, err := q.d.Sweep(ctx, at(1), 10); return err }},
		{"Now", func(ctx context.Context) error { _, err := q.d.Now(ctx); return err }},
		{"Ping", q.d.Ping},
	}
}

// furnished is a queue on which every one of its calls succeeds.
func furnished(t T, d storage.Driver, name string) queue {
	t.Helper()
	q := newQueue(t, d, name)
	q.subscribe(durable(name), at(0))
	q.post(at(0), texts("held", "free")...)
	q.claim("c", at(0), 1)
	sameTexts(t, "letters", letterBodies(deliveries(t, d, name, at(0))[name].Letters), "held", "free")
	return q
}

func contextCancelled(t T, d storage.Driver) {
	q := furnished(t, d, "jobs")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	for _, c := range q.calls() {
		answers(t, c.name, c.do(ctx), context.Canceled)
	}
}

func contextDeadline(t T, d storage.Driver) {
	q := furnished(t, d, "jobs")
	ctx, cancel := context.WithDeadline(t.Context(), time.Unix(0, 0))
	defer cancel()
	for _, c := range q.calls() {
		answers(t, c.name, c.do(ctx), context.DeadlineExceeded)
	}
}

func contextNotDone(t T, d storage.Driver) {
	for i := range absent(t, d, storage.QueueID{}).calls() {
		c := furnished(t, d, fmt.Sprint("jobs", i)).calls()[i]
		answers(t, c.name, c.do(t.Context()), nil)
	}
}

func contextWhole(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	post := storage.Post{Queue: q.id, Now: at(0), Drafts: texts("a", "b", "c"), Once: storage.Once{Key: "k", Until: far()}}
	_, err := d.PostMessages(ctx, post)
	answers(t, "PostMessages", err, context.Canceled)
	total := q.stats(at(0)).Total
	if total != 0 && total != 3 {
		t.Errorf("%d messages of 3 are there after a cancelled post", total)
	}
	again, err := q.try(post)
	answers(t, "PostMessages again", err, nil)
	same(t, "Again", again.Again, total == 3)
	q.shows(at(0), "a", "b", "c")
}

func contextServes(t T, d storage.Driver) {
	answers(t, "Ping", d.Ping(t.Context()), nil)
	first, err := d.Now(t.Context())
	answers(t, "Now", err, nil)
	second, err := d.Now(t.Context())
	answers(t, "Now", err, nil)
	same(t, "the zero instant", first.IsZero(), false)
	same(t, "nanoseconds beyond whole milliseconds", first.Nanosecond()%int(time.Millisecond), 0)
	if second.Before(first) {
		t.Errorf("the clock went back from %v to %v", first, second)
	}
}

// words are the answers that a driver may give.
func words() []error {
	return []error{
		storage.ErrQueueNotFound, storage.ErrClaimNotFound, storage.ErrSubscriptionNotFound, storage.ErrClaimed,
		storage.ErrNotClaimed, storage.ErrChanged, storage.ErrKeyReused, storage.ErrOutOfOrder,
		storage.ErrSubscriberTaken, storage.ErrLeaseLost, storage.ErrFull,
	}
}

func isWord(err error) bool {
	return slices.ContainsFunc(words(), func(word error) bool { return errors.Is(err, word) })
}

func closeCallsFail(t T, d storage.Driver) {
	q := furnished(t, d, "jobs")
	answers(t, "Close", d.Close(), nil)
	for _, c := range q.calls() {
		err := c.do(t.Context())
		if err == nil || isWord(err) {
			t.Errorf("%s answered %v after Close", c.name, err)
		}
	}
	if d.Close() == nil {
		t.Errorf("Close succeeded after Close")
	}
}

func closeWithFollowers(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	l := q.ready()
	told := 0 // without a lock: the race detector sees a call after Close
	stop, err := d.Follow(t.Context(), q.id, func(storage.Event) { told++ })
	if err != nil {
		t.Fatalf("Follow: %v", err)
	}
	q.post(at(0), texts("a", "b")...)
	answers(t, "Close", d.Close(), nil)
	told++
	l.stop()
	stop()
}
