package core_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stackforge/marconi/core"
)

var hooks = core.Options{Subscribers: []string{"http", "https", "mailto"}}

func (w *world) hook(queue, uri string) core.SubscriptionCreated {
	w.t.Helper()
	return do(w, w.CreateSubscription, core.SubscriptionCreateRequest{Queue: queue, Subscriber: uri})
}

func (w *world) subscription(queue, id string) core.Subscription {
	w.t.Helper()
	return do(w, w.GetSubscription, core.SubscriptionGetRequest{Queue: queue, ID: id})
}

func TestCreateSubscription(t *testing.T) {
	w := newWorld(t, hooks)
	made := do(w, w.CreateSubscription, core.SubscriptionCreateRequest{
		Queue: "q", Subscriber: "http://example.org/hook", TTL: seconds(300), Options: jsontext.Value(`{"a": 1}`),
	})
	same(t, "created", made.Created, true)
	same(t, "the queue is there", w.exists("q"), true)
	w.pass(7 * time.Second)
	got := w.subscription("q", made.ID)
	same(t, "options", string(got.Options), `{"a": 1}`)
	got.Options = nil
	same(t, "subscription", fmt.Sprintf("%+v", got), fmt.Sprintf("%+v", core.Subscription{
		ID: made.ID, Source: "q", Subscriber: "http://example.org/hook", TTL: 300, Age: 7,
	}))
}

func TestSubscriptionDefaults(t *testing.T) {
	w := newWorld(t, hooks)
	for i, options := range []string{"", `null`, `{}`, `""`, `0`, `false`} {
		made := do(w, w.CreateSubscription, core.SubscriptionCreateRequest{
			Queue: "q", Subscriber: fmt.Sprintf("http://example.org/%d", i), Options: jsontext.Value(options),
		})
		got := w.subscription("q", made.ID)
		same(t, "options of "+options, string(got.Options), `{}`)
		same(t, "ttl", got.TTL, 3600)
	}
}

// The same subscriber again is the same subscription, as long as it has not been
// confirmed.
func TestCreateSubscriptionAgain(t *testing.T) {
	w := newWorld(t, hooks)
	made := w.hook("q", "http://example.org/")
	same(t, "again", w.hook("q", "http://example.org/"), core.SubscriptionCreated{ID: made.ID})
	same(t, "to another queue", w.hook("p", "http://example.org/").Created, true)
	same(t, "in another project", w.of("other").hook("q", "http://example.org/").Created, true)
	w.pass(time.Hour)
	same(t, "when it has expired", w.hook("q", "http://example.org/").Created, true)
}

var badSubscriptions = []struct {
	request core.SubscriptionCreateRequest
	text    string
}{
	{core.SubscriptionCreateRequest{}, "Missing parameter subscriber in body."},
	{core.SubscriptionCreateRequest{Subscriber: "ftp://x/"}, "The subscriber type of subscription must be supported in the list ['http', 'https', 'mailto']."},
	{core.SubscriptionCreateRequest{Subscriber: "connection:1"}, "The subscriber type of subscription must be supported in the list ['http', 'https', 'mailto']."},
	{core.SubscriptionCreateRequest{Subscriber: "http://x/%zz"}, "The subscriber type of subscription must be supported in the list ['http', 'https', 'mailto']."},
	{core.SubscriptionCreateRequest{Subscriber: "http://x/", TTL: seconds(59)}, "The TTL for a subscription must be at least 60 seconds long."},
	{core.SubscriptionCreateRequest{Subscriber: "http://x/", TTL: seconds(0)}, "The TTL for a subscription must be at least 60 seconds long."},
	{core.SubscriptionCreateRequest{Subscriber: "http://x/", TTL: seconds(8000 * 366 * 86400)},
		"The TTL seconds for a subscription plus current time must be less than 9999-12-31 23:59:59.999999."},
	{core.SubscriptionCreateRequest{Subscriber: "http://x/", TTL: seconds(1 << 62)},
		"The TTL seconds for a subscription plus current time must be less than 9999-12-31 23:59:59.999999."},
	{core.SubscriptionCreateRequest{Subscriber: "http://x/", Options: jsontext.Value(`"x"`)}, "Options must be a dict."},
	{core.SubscriptionCreateRequest{Subscriber: "http://x/", Options: jsontext.Value(`[1]`)}, "Options must be a dict."},
	{core.SubscriptionCreateRequest{Subscriber: "http://x/", Options: jsontext.Value(`{"_retry_policy": {"minimum_delay": 29}}`)},
		"Retry policy: maximum_delay must exceed minimum_delay by at least 10 seconds."},
}

func TestBadSubscriptions(t *testing.T) {
	w := newWorld(t, hooks)
	for _, c := range badSubscriptions {
		c.request.Queue = "q"
		refused(t, try(w, w.CreateSubscription, c.request), core.Invalid, "", c.text)
	}
	same(t, "a bad request makes a queue", w.exists("q"), false)
	w = newWorld(t, core.Options{})
	refused(t, try(w, w.CreateSubscription, core.SubscriptionCreateRequest{Queue: "q", Subscriber: "http://x/"}),
		core.Invalid, "", "The subscriber type of subscription must be supported in the list [].")
}

// A subscription may last longer than a span of time can say.
func TestLongSubscription(t *testing.T) {
	w := newWorld(t, hooks)
	const ttl = 7000 * 365 * 86400
	made := do(w, w.CreateSubscription, core.SubscriptionCreateRequest{Queue: "q", Subscriber: "http://x/", TTL: seconds(ttl)})
	same(t, "ttl", w.subscription("q", made.ID).TTL, ttl)
}

func TestListSubscriptions(t *testing.T) {
	w := newWorld(t, hooks)
	want := map[string]bool{}
	for i := range 25 {
		want[w.hook("q", fmt.Sprintf("http://example.org/%d", i)).ID] = true
	}
	r := core.SubscriptionListRequest{Queue: "q"}
	for _, n := range []int{10, 10, 5, 0} {
		page := do(w, w.ListSubscriptions, r)
		same(t, "page", len(page.Subscriptions), n)
		for _, s := range page.Subscriptions {
			if !want[s.ID] || s.ID <= r.Marker {
				t.Errorf("%s after %s", s.ID, r.Marker)
			}
			delete(want, s.ID)
			r.Marker = s.ID
		}
		same(t, "marker", page.Next == r.Marker, n > 0)
	}
	same(t, "left out", len(want), 0)
	same(t, "in a missing queue", len(do(w, w.ListSubscriptions, core.SubscriptionListRequest{Queue: "p"}).Subscriptions), 0)
	for _, limit := range []int64{0, -1, 21} {
		refused(t, try(w, w.ListSubscriptions, core.SubscriptionListRequest{Queue: "q", Limit: &limit}),
			core.Invalid, "", "Limit must be at least 1 and may not be greater than 20.")
	}
}

func TestUpdateSubscription(t *testing.T) {
	w := newWorld(t, hooks)
	made := w.hook("q", "http://example.org/")
	update := func(r core.SubscriptionUpdateRequest) error {
		r.Queue, r.ID = "q", made.ID
		return try(w, w.UpdateSubscription, r)
	}
	w.pass(10 * time.Second)
	if err := update(core.SubscriptionUpdateRequest{TTL: seconds(600), Options: jsontext.Value(`{"b":2}`)}); err != nil {
		t.Fatal(err)
	}
	got := w.subscription("q", made.ID)
	same(t, "ttl", got.TTL, 600)
	same(t, "age", got.Age, 0)
	same(t, "options", string(got.Options), `{"b":2}`)
	if err := update(core.SubscriptionUpdateRequest{Subscriber: new("mailto:a@example.org")}); err != nil {
		t.Fatal(err)
	}
	same(t, "subscriber", w.subscription("q", made.ID).Subscriber, "mailto:a@example.org")
	w.hook("q", "http://taken/")
	refused(t, update(core.SubscriptionUpdateRequest{Subscriber: new("http://taken/")}), core.Conflict, "", subscriberTaken)
	refused(t, update(core.SubscriptionUpdateRequest{}), core.Invalid, "Unable to update subscription", "No subscription to create.")
	refused(t, update(core.SubscriptionUpdateRequest{TTL: seconds(1)}), core.Invalid, "", "The TTL for a subscription must be at least 60 seconds long.")
	refused(t, update(core.SubscriptionUpdateRequest{Options: jsontext.Value(`3`)}), core.Invalid, "", "Options must be a dict.")
	refused(t, update(core.SubscriptionUpdateRequest{Subscriber: new("")}), core.Invalid, "",
		"The subscriber type of subscription must be supported in the list ['http', 'https', 'mailto'].")
}

func TestMissingSubscription(t *testing.T) {
	w := newWorld(t, hooks)
	const text = "Subscription s does not exist"
	refused(t, try(w, w.GetSubscription, core.SubscriptionGetRequest{Queue: "q", ID: "s"}), core.NotFound, "", text)
	refused(t, try(w, w.UpdateSubscription, core.SubscriptionUpdateRequest{Queue: "q", ID: "s", TTL: seconds(60)}), core.NotFound, "", text)
	refused(t, try(w, w.UpdateSubscription, core.SubscriptionUpdateRequest{Queue: "q", ID: "s", Subscriber: new("http://x/")}), core.NotFound, "", text)
	do(w, w.DeleteSubscription, core.SubscriptionDeleteRequest{Queue: "q", ID: "s"})
}

func TestDeleteSubscription(t *testing.T) {
	w := newWorld(t, hooks)
	made := w.hook("q", "http://example.org/")
	other := w.of("other")
	do(other, other.DeleteSubscription, core.SubscriptionDeleteRequest{Queue: "q", ID: made.ID})
	w.subscription("q", made.ID)
	do(w, w.DeleteQueue, core.QueueDeleteRequest{Queue: "q"})
	w.subscription("q", made.ID)
	do(w, w.DeleteSubscription, core.SubscriptionDeleteRequest{Queue: "q", ID: made.ID})
	refused(t, try(w, w.GetSubscription, core.SubscriptionGetRequest{Queue: "q", ID: made.ID}),
		core.NotFound, "", "Subscription "+made.ID+" does not exist")
}
