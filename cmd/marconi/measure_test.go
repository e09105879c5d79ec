package main

import (
	"context"
	"reflect"
	"testing"
	"time"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/memstore"
)

// scene is a measured store in memory and an instant.
type scene struct {
	*testing.T
	storage.Driver
	metrics *metrics
	ctx     context.Context
	now     time.Time
	q       storage.QueueID
}

func newScene(t *testing.T) *scene {
	m := newMetrics(build{})
	s := &scene{
		T: t, Driver: m.measure(memstore.New(memstore.Config{})), metrics: m, ctx: t.Context(),
		now: time.UnixMilli(1_800_000_000_000), q: storage.QueueID{Project: "p", Name: "q"},
	}
	t.Cleanup(func() { s.must(s.Close()) })
	return s
}

func (s *scene) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func (s *scene) post(n int, key string) []string {
	s.Helper()
	posted, err := s.PostMessages(s.ctx, s.order(n, key))
	s.must(err)
	return posted.IDs
}

func (s *scene) start(n int, key string) storage.Pending { return s.StartPost(s.ctx, s.order(n, key)) }

func (s *scene) order(n int, key string) storage.Post {
	p := storage.Post{Queue: s.q, Now: s.now}
	if key != "" {
		p.Once = storage.Once{Key: key, Until: s.now.Add(time.Minute)}
	}
	for range n {
		p.Drafts = append(p.Drafts, storage.Draft{Body: []byte("1"), Visible: s.now, Expires: s.now.Add(time.Hour)})
	}
	return p
}

func (s *scene) create() {
	s.Helper()
	_, err := s.CreateQueue(s.ctx, storage.Queue{ID: s.q, Epoch: 1, Metadata: []byte("{}"), Created: s.now})
	s.must(err)
}

func (s *scene) outcomes(want map[string]float64) {
	s.Helper()
	series := make(map[string]float64)
	for _, outcome := range []string{"posted", "repeated", "listed", "claimed", "deleted", "popped"} {
		series[`marconi_messages_total{outcome="`+outcome+`"}`] = want[outcome]
	}
	expect(s.T, scrape(s.T, s.metrics), series)
}

func TestMessagesAreCountedByOutcome(t *testing.T) {
	s := newScene(t)
	s.outcomes(nil)
	s.create()

	ids := s.post(10, "")
	s.post(3, "key")
	s.outcomes(map[string]float64{"posted": 13})
	s.post(3, "key")
	if _, err := s.PostMessages(s.ctx, storage.Post{Queue: storage.QueueID{Name: "none"}, Now: s.now, Drafts: make([]storage.Draft, 7)}); err == nil {
		t.Error("a post to no queue was taken")
	}
	s.outcomes(map[string]float64{"posted": 13, "repeated": 3})
	again := s.start(1, "another")
	s.outcomes(map[string]float64{"posted": 13, "repeated": 3})
	for _, p := range []storage.Pending{again, s.start(1, "another")} {
		_, err := p.Wait(s.ctx)
		s.must(err)
	}
	s.outcomes(map[string]float64{"posted": 14, "repeated": 4})

	_, err := s.ListMessages(s.ctx, storage.MessageFilter{Queue: s.q, Now: s.now, Limit: 4})
	s.must(err)
	_, err = s.GetMessages(s.ctx, s.q, []string{ids[0], ids[1], "none"}, s.now)
	s.must(err)
	s.outcomes(map[string]float64{"posted": 14, "repeated": 4, "listed": 6})

	c, err := s.CreateClaim(s.ctx, storage.ClaimOrder{ID: "c", Queue: s.q, Now: s.now, Expires: s.now.Add(time.Minute), Keep: s.now.Add(time.Minute), Limit: 2})
	s.must(err)
	if err := s.DeleteMessage(s.ctx, s.q, c.Messages[0].ID, "", s.now); err == nil {
		t.Error("a claimed message was deleted without its claim")
	}
	if err := s.DeleteMessages(s.ctx, s.q, []string{c.Messages[0].ID}, []string{}, s.now); err == nil {
		t.Error("a claimed message was deleted without its claim")
	}
	s.outcomes(map[string]float64{"posted": 14, "repeated": 4, "listed": 6, "claimed": 2})

	s.must(s.DeleteMessage(s.ctx, s.q, c.Messages[0].ID, c.ID, s.now))
	s.must(s.DeleteMessages(s.ctx, s.q, ids[2:5], nil, s.now))
	_, err = s.PopMessages(s.ctx, s.q, 100, s.now)
	s.must(err)
	s.outcomes(map[string]float64{"posted": 14, "repeated": 4, "listed": 6, "claimed": 2, "deleted": 4, "popped": 9})

	n, err := s.Sweep(s.ctx, s.now.Add(2*time.Hour), 100)
	s.must(err)
	if n == 0 {
		t.Error("there was nothing to sweep")
	}
	expect(t, scrape(t, s.metrics), map[string]float64{"marconi_swept_records_total": float64(n)})
}

// Every call reaches the driver, answers what the driver answers, and is timed.
func TestEveryStoreCallIsTimed(t *testing.T) {
	s := newScene(t)
	q, now := s.q, s.now
	later := now.Add(time.Hour)
	yes := true
	var id string
	calls := []struct {
		method string
		ok     func() (bool, error)
	}{
		{"create_queue", func() (bool, error) {
			return s.CreateQueue(s.ctx, storage.Queue{ID: q, Epoch: 9, Metadata: []byte("{}"), Created: now})
		}},
		{"get_queue", func() (bool, error) { got, err := s.GetQueue(s.ctx, q); return got.Epoch == 9, err }},
		{"set_metadata", func() (bool, error) { return true, s.SetMetadata(s.ctx, q, []byte("[]"), 1) }},
		{"list_queues", func() (bool, error) {
			p, err := s.ListQueues(s.ctx, storage.QueueFilter{Project: "p", Limit: 1})
			return len(p.Items) == 1, err
		}},
		{"count_queues", func() (bool, error) { n, err := s.CountQueues(s.ctx, "p"); return n == 1, err }},
		{"post_messages", func() (bool, error) { id = s.post(2, "")[0]; return true, nil }},
		{"start_post", func() (bool, error) { p, err := s.start(1, "").Wait(s.ctx); return len(p.IDs) == 1, err }},
		{"queue_stats", func() (bool, error) { st, err := s.QueueStats(s.ctx, q, now); return st.Total == 3, err }},
		{"get_messages", func() (bool, error) {
			m, err := s.GetMessages(s.ctx, q, []string{id}, now)
			return len(m) == 1, err
		}},
		{"list_messages", func() (bool, error) {
			p, err := s.ListMessages(s.ctx, storage.MessageFilter{Queue: q, Now: now, Limit: 5})
			return len(p.Items) == 3, err
		}},
		{"create_claim", func() (bool, error) {
			c, err := s.CreateClaim(s.ctx, storage.ClaimOrder{ID: "c", Queue: q, Now: now, Expires: later, Keep: later, Limit: 1})
			return len(c.Messages) == 1, err
		}},
		{"get_claim", func() (bool, error) { c, err := s.GetClaim(s.ctx, q, "c", now); return c.ID == "c", err }},
		{"renew_claim", func() (bool, error) { return true, s.RenewClaim(s.ctx, q, "c", now, later, later) }},
		{"release_claim", func() (bool, error) { return true, s.ReleaseClaim(s.ctx, q, "c", now, now) }},
		{"delete_message", func() (bool, error) { return true, s.DeleteMessage(s.ctx, q, id, "", now) }},
		{"delete_messages", func() (bool, error) { return true, s.DeleteMessages(s.ctx, q, []string{id}, nil, now) }},
		{"pop_messages", func() (bool, error) { m, err := s.PopMessages(s.ctx, q, 5, now); return len(m) == 2, err }},
		{"purge_messages", func() (bool, error) { return true, s.PurgeMessages(s.ctx, q) }},
		{"create_subscription", func() (bool, error) {
			kept, created, err := s.CreateSubscription(s.ctx, storage.Subscription{
				ID: "s", Queue: q, Subscriber: "http://x", Created: now, Since: now, Expires: later,
			}, now)
			return created && kept.ID == "s", err
		}},
		{"get_subscription", func() (bool, error) {
			got, err := s.GetSubscription(s.ctx, q, "s", now)
			return got.Subscriber == "http://x", err
		}},
		{"change_subscription", func() (bool, error) {
			return true, s.ChangeSubscription(s.ctx, q, "s", storage.SubscriptionChange{Deliver: &yes, Confirmed: &yes}, now)
		}},
		{"list_subscriptions", func() (bool, error) {
			p, err := s.ListSubscriptions(s.ctx, storage.SubscriptionFilter{Queue: q, Now: now, Limit: 5})
			return len(p.Items) == 1, err
		}},
		{"take_deliveries", func() (bool, error) {
			d, err := s.TakeDeliveries(s.ctx, storage.DeliveryOrder{Lease: "l", Now: now, Until: later, Subscriptions: 1, Messages: 1})
			return len(d) == 0, err
		}},
		{"settle_delivery", func() (bool, error) {
			err := s.SettleDelivery(s.ctx, storage.Settlement{Queue: q, Subscription: "s", Lease: "none", Now: now})
			return err == storage.ErrLeaseLost, nil
		}},
		{"delete_subscription", func() (bool, error) { return true, s.DeleteSubscription(s.ctx, q, "s") }},
		{"delete_queue", func() (bool, error) { return true, s.DeleteQueue(s.ctx, q) }},
		{"sweep", func() (bool, error) { _, err := s.Sweep(s.ctx, now, 10); return true, err }},
		{"ping", func() (bool, error) { return true, s.Ping(s.ctx) }},
	}
	timed := make(map[string]float64)
	for _, name := range storeMethods {
		timed[`marconi_store_duration_seconds_count{method="`+name+`"}`] = 0
	}
	for _, c := range calls {
		if ok, err := c.ok(); err != nil || !ok {
			t.Errorf("%s: got %t, %v", c.method, ok, err)
		}
		timed[`marconi_store_duration_seconds_count{method="`+c.method+`"}`]++
		expect(t, scrape(t, s.metrics), timed)
	}
	untimed := 3 // Now, Follow, Close
	if n := reflect.TypeFor[storage.Driver]().NumMethod(); n != len(storeMethods)+untimed || len(calls) != len(storeMethods) {
		t.Errorf("a driver has %d methods; %d are timed, and %d of these were called here", n, len(storeMethods), len(calls))
	}
}
