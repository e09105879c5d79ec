package core_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/storage"
)

func TestQueueIsMadeOnce(t *testing.T) {
	w := newWorld(t, core.Options{})
	first := core.QueueCreateRequest{Queue: "q", Metadata: []byte(`{"a":1}`)}
	same(t, "first", do(w, w.CreateQueue, first), core.QueueCreated{Queue: "q", Created: true})
	again := core.QueueCreateRequest{Queue: "q", Metadata: []byte(`{"b":2}`)}
	same(t, "again", do(w, w.CreateQueue, again), core.QueueCreated{Queue: "q"})
	same(t, "metadata", w.stored("q"), `{"a":1}`)

	bad := core.QueueCreateRequest{Queue: "q", Metadata: []byte(`{"_default_message_ttl":1}`)}
	refused(t, try(w, w.CreateQueue, bad), core.Invalid, "", badTTL)
}

func TestQueueGoesWithAllButSubscriptions(t *testing.T) {
	w := newWorld(t, core.Options{})
	w.create("q", `{"a":1}`)
	ids := w.post("q", `1`, `2`)
	claim := w.claim("q", 1, 60)
	w.subscribe("q", 1)
	for range 2 {
		do(w, w.DeleteQueue, core.QueueDeleteRequest{Queue: "q"})
		same(t, "the queue is there", w.exists("q"), false)
	}
	w.create("q", `{}`)
	same(t, "total", w.stats("q").Total, 0)
	same(t, "code of a message", core.CodeOf(try(w, w.GetMessage, core.MessageGetRequest{Queue: "q", ID: ids[1]})), core.NotFound)
	same(t, "code of the claim", core.CodeOf(try(w, w.GetClaim, core.ClaimGetRequest{Queue: "q", ID: claim.ID})), core.NotFound)
	same(t, "subscriptions", w.subscriptions("q"), 1)
}

func (w *world) subscribe(queue string, n int) {
	w.t.Helper()
	for i := range n {
		_, _, err := w.store.CreateSubscription(w.t.Context(), storage.Subscription{
			ID:         fmt.Sprintf("s%04d", i),
			Queue:      storage.QueueID{Project: w.who.Project, Name: queue},
			Subscriber: fmt.Sprintf("http://example.org/%d", i),
			Created:    w.now(), Since: w.now(), Expires: w.now().Add(time.Hour),
		}, w.now())
		if err != nil {
			w.t.Fatal(err)
		}
	}
}

func (w *world) subscriptions(queue string) int {
	w.t.Helper()
	p, err := w.store.below.ListSubscriptions(w.t.Context(), storage.SubscriptionFilter{
		Queue: storage.QueueID{Project: w.who.Project, Name: queue}, Now: w.now(), Limit: 10_000,
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return len(p.Items)
}

func names(p core.QueuePage) []string {
	out := make([]string, len(p.Queues))
	for i, q := range p.Queues {
		out[i] = q.Name
	}
	return out
}

func TestQueuesAreListedByName(t *testing.T) {
	w := newWorld(t, core.Options{})
	for _, name := range []string{"b", "a.b", "B", "a-b", "a", "_", "a_b"} {
		w.create(name, `{"k":1}`)
	}
	w.of("projec").create("other", `{}`)
	w.of("project2").create("other", `{}`)

	all := do(w, w.ListQueues, core.QueueListRequest{})
	sameAll(t, "all", names(all), "B", "_", "a", "a-b", "a.b", "a_b", "b")
	same(t, "metadata unless asked for", string(all.Queues[0].Metadata), "")
	same(t, "count unless asked for", all.Count, 0)

	page := do(w, w.ListQueues, core.QueueListRequest{Limit: new(int64(3)), WithCount: true})
	sameAll(t, "first page", names(page), "B", "_", "a")
	same(t, "next", page.Next, "a")
	same(t, "count", page.Count, 7)
	page = do(w, w.ListQueues, core.QueueListRequest{Limit: new(int64(4)), Marker: page.Next})
	sameAll(t, "last page", names(page), "a-b", "a.b", "a_b", "b")
	page = do(w, w.ListQueues, core.QueueListRequest{Marker: page.Next})
	same(t, "queues on the empty page", len(page.Queues), 0)
	same(t, "next of the empty page", page.Next, "")

	sameAll(t, "after a name that is none", names(do(w, w.ListQueues, core.QueueListRequest{Marker: "a-z"})), "a.b", "a_b", "b")
}

func TestNoQueues(t *testing.T) {
	w := newWorld(t, core.Options{})
	page := do(w, w.ListQueues, core.QueueListRequest{WithCount: true, Detailed: true})
	same(t, "there is a list", page.Queues != nil, true)
	same(t, "queues", len(page.Queues), 0)
	same(t, "count", page.Count, 0)
}

var queueFilters = []struct {
	request core.QueueListRequest
	want    []string
}{
	{core.QueueListRequest{Name: "q"}, []string{"q1", "q2", "q3"}},
	{core.QueueListRequest{Name: "2"}, []string{"q2"}},
	{core.QueueListRequest{Name: "Q"}, nil},
	{core.QueueListRequest{Name: "q."}, nil},
	{core.QueueListRequest{Name: "zzz"}, nil},
	{core.QueueListRequest{Filter: map[string]string{"n": "30"}}, []string{"q1"}},
	{core.QueueListRequest{Filter: map[string]string{"n": "-1"}}, []string{"r"}},
	{core.QueueListRequest{Filter: map[string]string{"n": "1"}}, nil},    // q3 has true there
	{core.QueueListRequest{Filter: map[string]string{"n": "true"}}, nil}, // as a string it would be another
	{core.QueueListRequest{Filter: map[string]string{"s": "x"}}, []string{"q1", "q2"}},
	{core.QueueListRequest{Filter: map[string]string{"s": "é"}}, []string{"q3"}},
	{core.QueueListRequest{Filter: map[string]string{"s": ""}}, []string{"r"}},
	{core.QueueListRequest{Filter: map[string]string{"s": "x", "n": "30"}}, []string{"q1"}},
	{core.QueueListRequest{Filter: map[string]string{"s": "x"}, Name: "2"}, []string{"q2"}},
	{core.QueueListRequest{Filter: map[string]string{"missing": "x"}}, nil},
	{core.QueueListRequest{Filter: map[string]string{"_max_messages_post_size": "2000"}}, []string{"q2"}},
	{core.QueueListRequest{Filter: map[string]string{"_max_messages_post_size": "262144"}}, nil}, // only shown
}

func TestQueueFilters(t *testing.T) {
	w := newWorld(t, core.Options{})
	w.create("q1", `{"n":30,"s":"x"}`)
	w.create("q2", `{"n":"30","s":"x","_max_messages_post_size":2000}`)
	w.create("q3", `{"n":true,"s":"\u00e9"}`)
	w.create("r", `{"n":-1,"s":""}`)
	for _, f := range queueFilters {
		for _, detailed := range []bool{false, true} {
			f.request.Detailed, f.request.WithCount = detailed, true
			page := do(w, w.ListQueues, f.request)
			sameAll(t, fmt.Sprintf("%+v", f.request), names(page), f.want...)
			same(t, "count", page.Count, 4)
			for _, q := range page.Queues {
				same(t, "metadata is there", q.Metadata != nil, detailed)
			}
		}
	}
}

// Of many queues few are wanted, and yet no page is short but the last.
func TestFilteredPagesAreFull(t *testing.T) {
	const wanted = 21
	w := newWorld(t, core.Options{})
	for i := range 500 {
		metadata := `{}`
		if i%25 == 24 || i == 400 {
			metadata = `{"k":7}`
		}
		w.create(fmt.Sprintf("q%03d", i), metadata)
	}
	for limit := int64(1); limit <= 20; limit++ {
		r := core.QueueListRequest{Limit: &limit, Filter: map[string]string{"k": "7"}}
		seen := map[string]bool{}
		for {
			page := do(w, w.ListQueues, r)
			for _, name := range names(page) {
				seen[name] = true
			}
			if len(page.Queues) < int(limit) {
				break
			}
			r.Marker = page.Next
		}
		same(t, fmt.Sprint("queues by ", limit), len(seen), wanted)
	}
}

func TestListingTakesFewCalls(t *testing.T) {
	w := newWorld(t, core.Options{})
	for i := range 500 {
		w.create(fmt.Sprintf("q%03d", i), `{}`)
	}
	for _, c := range []struct {
		request core.QueueListRequest
		calls   int
	}{
		{core.QueueListRequest{}, 1},
		{core.QueueListRequest{Marker: "q495"}, 1},
		{core.QueueListRequest{Name: "none"}, 4}, // 10, 200, 200, 90
		{core.QueueListRequest{Name: "q3"}, 3},   // 10, 200, 200
	} {
		counts := w.store.count()
		do(w, w.ListQueues, c.request)
		same(t, fmt.Sprintf("calls for %+v", c.request), counts["ListQueues"], c.calls)
	}
}

func TestStats(t *testing.T) {
	w := newWorld(t, core.Options{})
	w.create("q", `{}`)
	same(t, "empty", w.stats("q"), core.MessageStats{})

	var ids []string
	for i := range 15 {
		ids = append(ids, w.post("q", fmt.Sprint(i))...)
		w.pass(time.Second)
	}
	claim := w.claim("q", 10, 300)
	counts(t, w, 15, 10, 5)
	do(w, w.DeleteMessage, core.MessageDeleteRequest{Queue: "q", ID: ids[9], Claim: claim.ID})
	counts(t, w, 14, 9, 5)
	do(w, w.RemoveMessages, core.MessageRemoveRequest{Queue: "q", IDs: ids[7:9]})
	counts(t, w, 12, 7, 5)
	do(w, w.DeleteClaim, core.ClaimDeleteRequest{Queue: "q", ID: claim.ID})
	counts(t, w, 12, 0, 12)
}

func counts(t *testing.T, w *world, total, claimed, free int) {
	t.Helper()
	s := w.stats("q")
	sameAll(t, "total, claimed, free", []int{s.Total, s.Claimed, s.Free}, total, claimed, free)
}

func TestStatsOldestAndNewest(t *testing.T) {
	w := newWorld(t, core.Options{})
	first := w.postDrafts("q", mortal(`1`, 100))[0]
	w.pass(1500 * time.Millisecond)
	last := w.postDrafts("q", mortal(`2`, 200), mortal(`3`, 300))[1]
	w.claim("q", 1, 60)
	w.pass(61 * time.Second)
	s := w.stats("q")
	same(t, "oldest", *s.Oldest, core.MessageAge{ID: first, Age: 62, Created: "2026-01-02T03:04:05Z"})
	same(t, "newest", *s.Newest, core.MessageAge{ID: last, Age: 61, Created: "2026-01-02T03:04:06Z"})
	w.pass(10 * time.Minute)
	same(t, "when all is gone", w.stats("q"), core.MessageStats{})
}

func TestStatsCountDelayedAsFree(t *testing.T) {
	w := newWorld(t, core.Options{})
	w.create("q", `{"_default_message_delay":30}`)
	id := w.post("q", `1`)[0]
	counts(t, w, 1, 0, 1)
	same(t, "oldest", w.stats("q").Oldest.ID, id)
	same(t, "newest", w.stats("q").Newest.ID, id)
}
