package core_test

import (
	"fmt"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackforge/marconi/core"
)

// connection is a subscription as its connection sees it.
type connection struct {
	*core.Subscribed
	woken atomic.Int64
}

func (w *world) connect(queue, name string) *connection {
	w.t.Helper()
	c := &connection{}
	made, err := w.Subscribe(w.ctx, w.who, core.SubscribeRequest{Queue: queue, Connection: name, TTL: seconds(120)}, func() { c.woken.Add(1) })
	if err != nil {
		w.t.Fatal(err)
	}
	c.Subscribed = made
	synctest.Wait()
	return c
}

// hear is all there is to take, in short.
func (c *connection) hear() (heard []string) {
	for _, n := range c.news() {
		if n.Heard != nil {
			heard = append(heard, string(n.Heard.Message.Body))
		} else {
			heard = append(heard, n.Fact.Kind.String()+n.Fact.Reason)
		}
	}
	return heard
}

// news is taken until nobody wakes.
func (c *connection) news() (all []core.News) {
	synctest.Wait()
	for woken := int64(-1); woken != c.woken.Load(); synctest.Wait() {
		woken = c.woken.Load()
		for news := c.Take(3); len(news) > 0; news = c.Take(3) {
			all = append(all, news...)
		}
	}
	return all
}

func TestSubscribe(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		c := w.connect("q", "1")
		got := w.subscription("q", c.ID)
		same(t, "record", fmt.Sprintf("%s %s %d %s %v", got.Source, got.Subscriber, got.TTL, got.Options, got.Confirmed), "q connection:1 120 {} true")
		same(t, "the queue is there", w.exists("q"), false)
		w.post("q", `1`, `2`)
		sameAll(t, "heard", c.hear(), "live", `1`, `2`)
		_, err := w.Subscribe(w.ctx, w.who, core.SubscribeRequest{Queue: "q", Connection: "1"}, func() {})
		refused(t, err, core.Conflict, "", subscriberTaken)
		other := w.connect("q", "2")
		if err := c.End(w.ctx); err != nil {
			t.Fatal(err)
		}
		refused(t, try(w, w.GetSubscription, core.SubscriptionGetRequest{Queue: "q", ID: c.ID}), core.NotFound, "", "Subscription "+c.ID+" does not exist")
		w.post("q", `3`)
		sameAll(t, "heard at the end", c.hear())
		sameAll(t, "heard by another", other.hear(), "live", `3`)
		if err := other.End(w.ctx); err != nil {
			t.Fatal(err)
		}
	})
}

func TestSubscribeRefuses(t *testing.T) {
	w := newWorld(t, core.Options{Limits: core.Limits{MaxListeners: 1}})
	for _, c := range []struct {
		request core.SubscribeRequest
		text    string
	}{
		{core.SubscribeRequest{TTL: seconds(59)}, "The TTL for a subscription must be at least 60 seconds long."},
		{core.SubscribeRequest{Options: []byte(`3`)}, "Options must be a dict."},
		{core.SubscribeRequest{From: "nowhere"}, "The position must be 'latest', 'earliest', or the position or ID of a message."},
	} {
		c.request.Queue = "q"
		_, err := w.Subscribe(w.ctx, w.who, c.request, func() {})
		refused(t, err, core.Invalid, "", c.text)
	}
	made, err := w.Subscribe(w.ctx, w.who, core.SubscribeRequest{Queue: "q", Connection: "1"}, func() {})
	if err != nil {
		t.Fatal(err)
	}
	_, err = w.Subscribe(w.ctx, w.who, core.SubscribeRequest{Queue: "q", Connection: "2"}, func() {})
	refused(t, err, core.Unavailable, "", "There are too many listeners.")
	if err := made.End(w.ctx); err != nil {
		t.Fatal(err)
	}
	w.store.fail("CreateSubscription", errBroken)
	_, err = w.Subscribe(w.ctx, w.who, core.SubscribeRequest{Queue: "q", Connection: "2"}, func() {})
	refused(t, err, core.Unavailable, "", "Subscription could not be created.")
}

// The subscription of a connection ends however its record does.
func TestSubscriptionEnds(t *testing.T) {
	for name, end := range map[string]struct {
		do    func(w *world, id string)
		after time.Duration
		heard string
	}{
		"by its ttl":   {func(*world, string) {}, 121 * time.Second, "endexpired"},
		"by deletion":  {func(w *world, id string) { w.deleteSubscription("q", id) }, 0, "enddeleted"},
		"by a purge":   {func(w *world, _ string) { do(w, w.PurgeQueue, core.QueuePurgeRequest{Queue: "q"}) }, 0, "enddeleted"},
		"by a new ttl": {func(w *world, id string) { w.prolong(id, 60) }, 61 * time.Second, "endexpired"},
		"by a deletion elsewhere": {func(w *world, id string) {
			w.elsewhere(func(o *world) { o.deleteSubscription("q", id) })
		}, time.Minute, "enddeleted"},
		"by a new ttl elsewhere": {func(w *world, id string) {
			w.elsewhere(func(o *world) { o.prolong(id, 60) })
		}, 62 * time.Second, "endexpired"},
	} {
		t.Run(name, func(t *testing.T) {
			runs(t, core.Options{}, func(w *world, _ func()) {
				c := w.connect("q", "1")
				sameAll(t, "heard", c.hear(), "live")
				woken := c.woken.Load()
				end.do(w, c.ID)
				pass(end.after)
				same(t, "woken", c.woken.Load() > woken, true)
				sameAll(t, "heard", c.hear(), end.heard)
				w.post("q", `1`)
				sameAll(t, "heard after the end", c.hear())
				if err := c.End(w.ctx); err != nil {
					t.Error(err)
				}
			})
		})
	}
}

func (w *world) deleteSubscription(queue, id string) {
	do(w, w.DeleteSubscription, core.SubscriptionDeleteRequest{Queue: queue, ID: id})
}

func (w *world) prolong(id string, ttl int64) {
	do(w, w.UpdateSubscription, core.SubscriptionUpdateRequest{Queue: "q", ID: id, TTL: &ttl})
}

// elsewhere does something with another broker on the same store.
func (w *world) elsewhere(do func(*world)) {
	other := *w
	stop := other.start(core.Options{})
	do(&other)
	stop()
}

// A ttl that was changed counts, wherever that was.
func TestSubscriptionIsProlonged(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		c, d := w.connect("q", "1"), w.connect("q", "2")
		w.prolong(c.ID, 600)
		w.elsewhere(func(o *world) { o.prolong(d.ID, 600) })
		pass(500 * time.Second)
		w.post("q", `1`)
		sameAll(t, "heard", c.hear(), "live", `1`)
		sameAll(t, "heard", d.hear(), "live", `1`)
		pass(101 * time.Second)
		sameAll(t, "heard", c.hear(), "endexpired")
		sameAll(t, "heard", d.hear(), "endexpired")
		refused(t, try(w, w.UpdateSubscription, core.SubscriptionUpdateRequest{Queue: "q", ID: c.ID, TTL: seconds(60)}),
			core.NotFound, "", "Subscription "+c.ID+" does not exist")
	})
}

// What another broker has changed counts though this one has not looked since,
// and while nobody can tell nothing ends.
func TestSubscriptionIsProlongedAtTheLastMoment(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		c, d := w.connect("q", "1"), w.connect("q", "2")
		pass(119 * time.Second)
		w.elsewhere(func(o *world) { o.prolong(c.ID, 600) })
		w.store.fail("GetSubscription", errBroken)
		pass(5 * time.Second)
		sameAll(t, "while nobody can tell", append(c.hear(), d.hear()...), "live", "live")
		w.store.ask(func(string) error { return nil })
		pass(5 * time.Second)
		w.post("q", `1`)
		sameAll(t, "prolonged", c.hear(), `1`)
		sameAll(t, "and not", d.hear(), "endexpired")
		pass(600 * time.Second)
		sameAll(t, "in the end", c.hear(), "endexpired")
	})
}

// What could not be told to have been subscribed is not.
func TestSubscribeLeavesNothing(t *testing.T) {
	w := newWorld(t, core.Options{})
	w.store.lose("CreateSubscription")
	_, err := w.Subscribe(w.ctx, w.who, core.SubscribeRequest{Queue: "q", Connection: "1"}, func() {})
	refused(t, err, core.Unavailable, "", "Subscription could not be created.")
	left := do(w, w.ListSubscriptions, core.SubscriptionListRequest{Queue: "q"})
	same(t, "records", len(left.Subscriptions), 0)
}

// Many subscriptions to a queue are reviewed by listing them.
func TestManySubscriptionsAreReviewed(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		var all []*connection
		for i := range 150 {
			all = append(all, w.connect("q", fmt.Sprint(i)))
		}
		w.elsewhere(func(o *world) {
			for _, c := range all[:75] {
				o.deleteSubscription("q", c.ID)
			}
		})
		calls := w.store.tally()
		pass(31 * time.Second)
		same(t, "pages", calls.of("ListSubscriptions"), 1)
		same(t, "records", calls.of("GetSubscription"), 0)
		for i, c := range all {
			if got := fmt.Sprint(c.hear()); got != "[enddeleted]" && i < 75 || got != "[live]" && i >= 75 {
				t.Errorf("connection %d heard %s", i, got)
			}
		}
	})
}

// Who expires while others are looked up was not deleted.
func TestSubscriptionExpiresDuringReview(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		pass(500 * time.Millisecond)
		c, d := w.connect("q", "1"), w.connect("q", "2")
		sameAll(t, "heard", append(c.hear(), d.hear()...), "live", "live")
		pass(119 * time.Second)
		w.store.ask(func(called string) error {
			if called == "GetSubscription" {
				<-time.After(time.Second)
			}
			return nil
		})
		pass(10 * time.Second)
		sameAll(t, "heard", append(c.hear(), d.hear()...), "endexpired", "endexpired")
	})
}

// However many queues there are, and however slow the store is, a deletion is
// noticed in time.
func TestSubscriptionsToManyQueuesAreReviewed(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		var all []*connection
		for i := range 2000 {
			all = append(all, w.connect(fmt.Sprint(i), "1"))
		}
		w.elsewhere(func(o *world) {
			for i, c := range all {
				o.deleteSubscription(fmt.Sprint(i), c.ID)
			}
		})
		w.store.ask(func(called string) error {
			if called == "GetSubscription" {
				<-time.After(50 * time.Millisecond)
			}
			return nil
		})
		pass(time.Minute)
		for _, c := range all {
			sameAll(t, "heard", c.hear(), "enddeleted")
			if t.Failed() {
				return
			}
		}
	})
}

// The record of a connection cannot be made somebody else's.
func TestConnectionKeepsItsSubscriber(t *testing.T) {
	runs(t, hooks, func(w *world, _ func()) {
		c := w.connect("q", "1")
		refused(t, try(w, w.UpdateSubscription, core.SubscriptionUpdateRequest{Queue: "q", ID: c.ID, Subscriber: new("http://x/")}),
			core.Invalid, "", "The subscriber of a connection's subscription cannot be changed.")
	})
}
