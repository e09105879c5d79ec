package api_test

import (
	"testing"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
)

var queueBodies = []struct{ body, queue string }{
	{`{"queue_name": "q"}`, "q"},
	{`{"queue_name": "a", "x": {"queue_name": "b"}, "queue_name": "q"}`, "q"},
	{`{"queue\u005fname": "\u0071"}`, "q"},
	{`{"Queue_Name": "a"}`, ""},
	{`{"queue_name": 5}`, ""},
	{`{"queue_name": "a", "queue_name": null}`, ""},
	{`{"queue_name": ""}`, ""},
	{`{"x": "q"}`, ""},
	{`{"queue_name": "a"`, ""},
	{`["queue_name"]`, ""},
	{`"queue_name"`, ""},
	{``, ""},
}

func TestQueueOfACall(t *testing.T) {
	for _, c := range queueBodies {
		same(t, c.body, call("message_list", c.body).Queue(), c.queue)
	}
	beside := call("message_list", `{"queue_name": "a"}`)
	beside.Params = given("queue_name", "q")
	same(t, "a queue beside the body", beside.Queue(), "q")
	beside.Params.Given[0].Value = ""
	same(t, "an empty one", beside.Queue(), "")
}

// FuzzQueueOfACall holds what Queue answers against what an operation reads: where
// they differ, a grant for one queue could be used at another.
func FuzzQueueOfACall(f *testing.F) {
	for _, c := range queueBodies {
		f.Add(c.body)
	}
	f.Fuzz(func(t *testing.T, body string) {
		c := call("queue_delete", body)
		r, err := api.Decode[core.QueueDeleteRequest](c)
		if err != nil {
			return
		}
		same(t, "queue", c.Queue(), r.Queue)
	})
}
