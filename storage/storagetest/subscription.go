package storagetest

import (
	"fmt"

	"github.com/stackforge/marconi/storage"
)

func subscriptionCases() []Case {
	return []Case{
		{"stored as it is", "a subscription comes back as it was given", subscriptionFields},
		{"unique by subscriber", "a second one for a live subscriber is answered with the first", subscriptionUnique},
		{"unique in its queue", "the same subscriber and ID may be used in every queue", subscriptionScoped},
		{"expires at its instant", "it is not there from Expires on, and is until then", subscriptionExpires},
		{"expired, replaced", "an expired one does not hold the subscriber's name", subscriptionReplaced},
		{"deleted", "deleting frees the name, and of a missing one is no error", subscriptionDeleted},
		{"changed in part", "zero fields leave things as they are", subscriptionChanged},
		{"renamed", "a change frees the old name and takes the new one", subscriptionRenamed},
		{"renamed to a taken name", "another live one's name is refused, and nothing is changed", subscriptionTaken},
		{"renamed to its own name", "its own name and an expired one's are free", subscriptionOwnName},
		{"given a new end", "a changed end counts at once, and from then", subscriptionNewEnd},
		{"given new ends, among others", "each ends at its own last end, whatever the order they were given in", subscriptionNewEnds},
		{"missing", "a missing, deleted or expired one is told", subscriptionMissing},
		{"listed", "they are listed in the byte order of their IDs, after any ID", subscriptionListed},
		{"apart from the queue", "it may be there before the queue and stays after it", subscriptionApart},
		{"any text", "IDs and subscribers are any strings", subscriptionAnyText},
		{"long text", "subscribers are of any length", subscriptionLongText},
	}
}

func subscriptionFields(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	for i, s := range []storage.Subscription{
		{ID: "a", Queue: q.id, Subscriber: "http://a/", Created: at(0), Since: at(0), Expires: at(50)},
		{ID: "b", Queue: q.id, Subscriber: "mailto:b", Options: []byte("\x00\xff"), Created: at(0), Since: at(1), Expires: at(50), Confirmed: true},
		{ID: "c", Queue: q.id, Subscriber: "c", Options: []byte("{}"), Created: at(0), Since: at(0), Expires: at(50), Deliver: true},
	} {
		q.subscribe(s, at(2))
		sameSubscription(t, "got", q.subscribed(s.ID, at(3)), s)
		q.hasSubscriptions(at(3), []string{"a", "b", "c"}[:i+1]...)
		page := q.subscriptions(storage.SubscriptionFilter{Now: at(3), Limit: 10})
		sameSubscription(t, "listed", page.Items[i], s)
	}
}

func subscriptionUnique(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	first := subscription("a")
	first.Queue = q.id
	q.subscribe(first, at(0))
	second := subscription("b")
	second.Subscriber, second.Deliver, second.Confirmed = first.Subscriber, true, true
	sameSubscription(t, "the kept", q.refused(second, at(1)), first)
	q.hasSubscriptions(at(1), "a")
	q.unsubscribed("b", at(1))
	sameSubscription(t, "the first", q.subscribed("a", at(1)), first)
}

func subscriptionScoped(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	queues := append(q.strangers(), q)
	for _, each := range queues {
		s := subscription("a")
		s.Options = []byte(fmt.Sprint(each.id))
		each.subscribe(s, at(0))
	}
	q.unsubscribe("a")
	for _, each := range queues[:len(queues)-1] {
		same(t, "options", string(each.subscribed("a", at(1)).Options), fmt.Sprint(each.id))
		each.hasSubscriptions(at(1), "a")
	}
	q.hasSubscriptions(at(1))
}

func subscriptionExpires(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	s := subscription("a")
	s.Expires = at(10)
	q.subscribe(s, at(0))
	q.subscribed("a", before(at(10)))
	q.hasSubscriptions(before(at(10)), "a")
	q.unsubscribed("a", at(10))
	q.hasSubscriptions(at(10))
	answers(t, "ChangeSubscription", q.change("a", storage.SubscriptionChange{Expires: at(99)}, at(10)), storage.ErrSubscriptionNotFound)
}

func subscriptionReplaced(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	s := subscription("a")
	s.Expires = at(10)
	q.subscribe(s, at(0))
	next := subscription("b")
	next.Subscriber = s.Subscriber
	same(t, "the one kept just before", q.refused(next, before(at(10))).ID, "a")
	q.subscribe(next, at(10))
	q.hasSubscriptions(at(10), "b")
	same(t, "the one kept then", q.refused(s, at(11)).ID, "b")
}

func subscriptionDeleted(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.subscribe(subscription("a"), at(0))
	q.subscribe(subscription("b"), at(0))
	q.unsubscribe("a")
	q.unsubscribe("a")
	q.unsubscribe("never")
	q.unsubscribed("a", at(1))
	q.hasSubscriptions(at(1), "b")
	next := subscription("c")
	next.Subscriber = subscription("a").Subscriber
	q.subscribe(next, at(1))
	q.hasSubscriptions(at(1), "b", "c")
	q.unsubscribe("a")
	same(t, "the one kept", q.refused(subscription("a"), at(2)).ID, "c")
}

func subscriptionChanged(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	yes, no := true, false
	want := subscription("a")
	want.Queue = q.id
	q.subscribe(want, at(0))
	for i, step := range []struct {
		change storage.SubscriptionChange
		apply  func()
	}{
		{storage.SubscriptionChange{}, func() {}},
		{storage.SubscriptionChange{Options: []byte("new")}, func() { want.Options = []byte("new") }},
		{storage.SubscriptionChange{Confirmed: &yes}, func() { want.Confirmed = true }},
		{storage.SubscriptionChange{Deliver: &yes}, func() { want.Deliver = true }},
		{storage.SubscriptionChange{Expires: at(500)}, func() { want.Expires, want.Since = at(500), at(4) }},
		{storage.SubscriptionChange{Subscriber: "mailto:x"}, func() { want.Subscriber = "mailto:x" }},
		{storage.SubscriptionChange{Confirmed: &no, Deliver: &no}, func() { want.Confirmed, want.Deliver = false, false }},
	} {
		answers(t, "ChangeSubscription", q.change("a", step.change, at(i)), nil)
		step.apply()
		sameSubscription(t, fmt.Sprintf("after change %d", i), q.subscribed("a", at(i)), want)
	}
}

func subscriptionRenamed(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.subscribe(subscription("a"), at(0))
	answers(t, "ChangeSubscription", q.change("a", storage.SubscriptionChange{Subscriber: "http://new/"}, at(1)), nil)
	next := subscription("b")
	next.Subscriber = "http://new/"
	same(t, "the one kept", q.refused(next, at(2)).ID, "a")
	next.Subscriber = subscription("a").Subscriber
	q.subscribe(next, at(2))
	q.unsubscribe("a")
	same(t, "the one kept then", q.refused(subscription("a"), at(3)).ID, "b")
}

func subscriptionTaken(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.subscribe(subscription("a"), at(0))
	q.subscribe(subscription("b"), at(0))
	c := storage.SubscriptionChange{Subscriber: subscription("a").Subscriber, Options: []byte("new"), Expires: at(9)}
	answers(t, "ChangeSubscription", q.change("b", c, at(1)), storage.ErrSubscriberTaken)
	want := subscription("b")
	want.Queue = q.id
	sameSubscription(t, "the refused", q.subscribed("b", at(1)), want)
	q.unsubscribe("a")
	answers(t, "ChangeSubscription when it is free", q.change("b", c, at(2)), nil)
	same(t, "subscriber", q.subscribed("b", at(2)).Subscriber, c.Subscriber)
}

func subscriptionOwnName(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	short := subscription("a")
	short.Expires = at(5)
	q.subscribe(short, at(0))
	q.subscribe(subscription("b"), at(0))
	own := storage.SubscriptionChange{Subscriber: subscription("b").Subscriber, Options: []byte("new")}
	answers(t, "to its own name", q.change("b", own, at(1)), nil)
	same(t, "options", string(q.subscribed("b", at(1)).Options), "new")
	expired := storage.SubscriptionChange{Subscriber: short.Subscriber}
	answers(t, "to a live one's name", q.change("b", expired, before(at(5))), storage.ErrSubscriberTaken)
	answers(t, "to an expired one's name", q.change("b", expired, at(5)), nil)
	same(t, "the one kept", q.refused(short, at(6)).ID, "b")
}

func subscriptionNewEnd(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.subscribe(subscription("a"), at(0))
	answers(t, "sooner", q.change("a", storage.SubscriptionChange{Expires: at(10)}, at(1)), nil)
	q.subscribed("a", before(at(10)))
	answers(t, "later", q.change("a", storage.SubscriptionChange{Expires: at(30)}, at(9)), nil)
	sameTime(t, "Since", q.subscribed("a", at(10)).Since, at(9))
	q.unsubscribed("a", at(30))
	q.subscribe(subscription("a"), at(30))
}

func subscriptionNewEnds(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	for i, id := range []string{"a", "b", "c", "d"} {
		s := subscription(id)
		s.Expires = at(10 * (i + 1))
		q.subscribe(s, at(0))
	}
	for id, end := range map[string]int{"a": 35, "c": 15} {
		answers(t, "ChangeSubscription", q.change(id, storage.SubscriptionChange{Expires: at(end)}, at(1)), nil)
	}
	q.hasSubscriptions(at(10), "a", "b", "c", "d")
	q.hasSubscriptions(at(15), "a", "b", "d")
	q.hasSubscriptions(at(20), "a", "d")
	q.hasSubscriptions(at(35), "d")
	q.hasSubscriptions(at(40))
	q.subscribe(subscription("a"), at(40))
}

func subscriptionMissing(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	short := subscription("expired")
	short.Expires = at(5)
	q.subscribe(short, at(0))
	q.subscribe(subscription("deleted"), at(0))
	q.unsubscribe("deleted")
	for _, id := range []string{"never", "deleted", "expired", ""} {
		q.unsubscribed(id, at(5))
		answers(t, "ChangeSubscription "+id, q.change(id, storage.SubscriptionChange{Subscriber: "x"}, at(5)), storage.ErrSubscriptionNotFound)
	}
	q.hasSubscriptions(at(5))
}

func subscriptionListed(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	for _, id := range []string{"b", "é", "B", "a0", "a", "a-"} {
		q.subscribe(subscription(id), at(0))
	}
	q.hasSubscriptions(at(1), "B", "a", "a-", "a0", "b", "é")
	after := func(marker string) storage.Page[storage.Subscription] {
		return q.subscriptions(storage.SubscriptionFilter{Now: at(1), Marker: marker, Limit: 2})
	}
	sameTexts(t, "after an ID", subscriptionIDs(after("a").Items), "a-", "a0")
	sameTexts(t, "after no ID", subscriptionIDs(after("a00").Items), "b", "é")
	same(t, "Next", after("a").Next, "a0")
	same(t, "subscriptions after the last", len(after("é").Items), 0)
	same(t, "Next of an empty page", after("é").Next, "")
	q.unsubscribe("a-")
	sameTexts(t, "after a deleted one", subscriptionIDs(after("a-").Items), "a0", "b")
}

func subscriptionApart(t T, d storage.Driver) {
	q := absent(t, d, storage.QueueID{Project: project, Name: "jobs"})
	q.subscribe(subscription("a"), at(0))
	q.hasSubscriptions(at(1), "a")
	_, err := d.GetQueue(t.Context(), q.id)
	answers(t, "GetQueue", err, storage.ErrQueueNotFound)
	q.create()
	q.hasSubscriptions(at(1), "a")
	q.purge()
	q.hasSubscriptions(at(1), "a")
	q = q.reborn()
	q.hasSubscriptions(at(1), "a")
	q.drop()
	q.hasSubscriptions(at(1), "a")
	q.unsubscribe("a")
	q.hasSubscriptions(at(1))
}

func subscriptionAnyText(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	for _, name := range oddNames() {
		s := subscription(name)
		s.Subscriber = name
		q.subscribe(s, at(0))
	}
	for _, name := range oddNames() {
		same(t, "subscriber", q.subscribed(name, at(1)).Subscriber, name)
		again := subscription("other")
		again.Subscriber = name
		same(t, "the one kept", q.refused(again, at(1)).ID, name)
	}
	for i, name := range oddNames() {
		if i%2 == 0 {
			q.unsubscribe(name)
		}
	}
	for i, name := range oddNames() {
		if i%2 == 0 {
			q.unsubscribed(name, at(1))
		} else {
			same(t, "subscriber", q.subscribed(name, at(1)).Subscriber, name)
		}
	}
}

func subscriptionLongText(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	for i, long := range longTexts() {
		s := subscription(fmt.Sprint(i))
		s.Subscriber, s.Deliver = long, true
		q.subscribe(s, at(0))
		got := q.subscribed(s.ID, at(1))
		same(t, "Subscriber is the one given", got.Subscriber == long, true)
		same(t, "Options are those given", string(got.Options) == string(s.Options), true)
		same(t, "Deliver", got.Deliver, true)
		again := subscription("other")
		again.Subscriber = long
		same(t, "the one kept", q.refused(again, at(1)).ID, s.ID)
		q.unsubscribe(s.ID)
		again = subscription(fmt.Sprint("other", i))
		again.Subscriber = long
		q.subscribe(again, at(1))
	}
}
