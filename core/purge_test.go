package core_test

import (
	"fmt"
	"testing"

	"github.com/stackforge/marconi/core"
)

var purges = []struct {
	types         []string
	messages      int // that are left
	subscriptions int
}{
	{nil, 0, 0},
	{[]string{"messages", "subscriptions"}, 0, 0},
	{[]string{"subscriptions", "messages", "messages"}, 0, 0},
	{[]string{"messages"}, 0, 250},
	{[]string{"subscriptions"}, 4, 0},
	{[]string{}, 4, 250},
}

func TestPurge(t *testing.T) {
	for _, p := range purges {
		w := newWorld(t, core.Options{})
		w.create("q", `{"a":1}`)
		w.post("q", `1`, `2`)
		claim := w.claim("q", 1, 60)
		w.patch("q", add("_default_message_delay", `30`))
		w.post("q", `3`, `4`)
		w.subscribe("q", 250)

		do(w, w.PurgeQueue, core.QueuePurgeRequest{Queue: "q", Types: p.types})
		what := fmt.Sprint(p.types)
		same(t, what+": messages", w.stats("q").Total, p.messages)
		same(t, what+": subscriptions", w.subscriptions("q"), p.subscriptions)
		same(t, what+": metadata", w.stored("q"), `{"a":1,"_default_message_delay":30}`)
		gone := core.CodeOf(try(w, w.GetClaim, core.ClaimGetRequest{Queue: "q", ID: claim.ID})) == core.NotFound
		same(t, what+": the claim is gone", gone, p.messages == 0)
	}
}

func TestPurgeOfUnknownTypes(t *testing.T) {
	for _, types := range [][]string{{"wrong"}, {"messages", "wrong"}, {""}, {"Messages"}} {
		w := newWorld(t, core.Options{})
		w.post("q", `1`)
		refused(t, try(w, w.PurgeQueue, core.QueuePurgeRequest{Queue: "q", Types: types}), core.Invalid, "",
			"Resource types must be a sub set of {'messages', 'subscriptions'}.")
		same(t, "messages", w.stats("q").Total, 1)
	}
}

func TestPurgeOfAQueueThatIsMissing(t *testing.T) {
	w := newWorld(t, core.Options{})
	w.subscribe("q", 3) // they do not need the queue
	do(w, w.PurgeQueue, core.QueuePurgeRequest{Queue: "q"})
	same(t, "subscriptions", w.subscriptions("q"), 0)
	same(t, "the queue is there", w.exists("q"), false)
}
