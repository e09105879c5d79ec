package core_test

import (
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stackforge/marconi/core"
)

// chatter is a queue with free messages of alice's (1, 2), one of bob's (3), and
// one of alice's that is claimed (0).
func chatter(w *world) {
	w.as("alice").post("q", `0`)
	w.claim("q", 1, 60)
	w.as("alice").post("q", `1`, `2`)
	w.as("bob").post("q", `3`)
}

var lists = []struct {
	client  string
	request core.MessageListRequest
	want    []string
}{
	{"alice", core.MessageListRequest{}, []string{`3`}},
	{"alice", core.MessageListRequest{Echo: true}, []string{`1`, `2`, `3`}},
	{"alice", core.MessageListRequest{IncludeClaimed: true}, []string{`3`}},
	{"alice", core.MessageListRequest{Echo: true, IncludeClaimed: true}, []string{`0`, `1`, `2`, `3`}},
	{"bob", core.MessageListRequest{}, []string{`1`, `2`}},
	{"bob", core.MessageListRequest{Echo: true}, []string{`1`, `2`, `3`}},
	{"bob", core.MessageListRequest{IncludeClaimed: true}, []string{`0`, `1`, `2`}},
	{"carol", core.MessageListRequest{}, []string{`1`, `2`, `3`}},
	{"", core.MessageListRequest{}, []string{`1`, `2`, `3`}},
	{"alice", core.MessageListRequest{Limit: seconds(1)}, []string{`3`}},
	{"carol", core.MessageListRequest{Limit: seconds(2)}, []string{`1`, `2`}},
	{"carol", core.MessageListRequest{Marker: "garbage"}, nil},
	{"carol", core.MessageListRequest{Marker: "2"}, nil},
}

func TestListLeavesOut(t *testing.T) {
	for _, c := range lists {
		w := newWorld(t, core.Options{})
		chatter(w)
		w = w.as(c.client)
		c.request.Queue = "q"
		page := do(w, w.ListMessages, c.request)
		sameAll(t, fmt.Sprintf("%s: %+v", c.client, c.request), bodies(page.Messages), c.want...)
		same(t, "there is a next page", page.Next != "", len(c.want) > 0)
		same(t, "there is a list", page.Messages != nil, true)
	}
}

func TestListOfAMissingQueueIsAList(t *testing.T) {
	w := newWorld(t, core.Options{})
	page := do(w, w.ListMessages, core.MessageListRequest{Queue: "q"})
	same(t, "there is a list", page.Messages != nil, true)
	same(t, "next", page.Next, "")
}

func TestListFollowsMarkers(t *testing.T) {
	w := newWorld(t, core.Options{})
	for i := range 7 {
		w.as([]string{"alice", "bob"}[i%2]).post("q", fmt.Sprint(i))
	}
	r := core.MessageListRequest{Queue: "q", Limit: seconds(2), Echo: true}
	var all []string
	for {
		page := do(w, w.ListMessages, r)
		if len(page.Messages) == 0 {
			break
		}
		all = append(all, bodies(page.Messages)...)
		r.Marker = page.Next
	}
	sameAll(t, "bodies", all, `0`, `1`, `2`, `3`, `4`, `5`, `6`)

	ids := w.post("q", `7`, `8`)
	sameAll(t, "later", bodies(do(w, w.ListMessages, r).Messages), `7`, `8`)
	r.Marker = ids[0]
	sameAll(t, "after an ID", bodies(do(w, w.ListMessages, r).Messages), `8`)
	do(w, w.DeleteMessage, core.MessageDeleteRequest{Queue: "q", ID: ids[0]})
	sameAll(t, "after the ID of a message that is gone", bodies(do(w, w.ListMessages, r).Messages), `8`)
}

// Pages are cut after one's own messages were left out.
func TestListedPagesAreFull(t *testing.T) {
	w := newWorld(t, core.Options{})
	for i := range 60 {
		w.as("alice").post("q", `0`)
		if i%10 == 9 {
			w.as("bob").post("q", `1`)
		}
	}
	page := do(w, w.ListMessages, core.MessageListRequest{Queue: "q", Limit: seconds(4)})
	same(t, "first page", len(page.Messages), 4)
	page = do(w, w.ListMessages, core.MessageListRequest{Queue: "q", Limit: seconds(4), Marker: page.Next})
	same(t, "last page", len(page.Messages), 2)
}

var delayedLists = []struct {
	delay   core.Change // of the queue's delay, which was 30
	include *bool
	want    []string
	delayed bool
}{
	{add("_default_message_delay", `20`), nil, []string{`1`}, false},
	{add("_default_message_delay", `20`), new(false), []string{`1`}, false},
	{add("_default_message_delay", `20`), new(true), []string{`1`, `2`}, true},
	{remove("/metadata/_default_message_delay"), nil, []string{`1`, `2`}, true},
	{remove("/metadata/_default_message_delay"), new(false), []string{`1`, `2`}, true}, // it could not matter
	{add("_default_message_delay", `0`), new(false), []string{`1`, `2`}, true},
}

func TestListOfDelayed(t *testing.T) {
	for _, c := range delayedLists {
		w := newWorld(t, core.Options{})
		w.create("q", `{"_default_message_delay":30}`)
		w.postDrafts("q", core.Draft{Body: jsontext.Value(`1`), Delay: seconds(0)}, core.Draft{Body: jsontext.Value(`2`)})
		w.patch("q", c.delay)
		page := do(w, w.ListMessages, core.MessageListRequest{Queue: "q", Echo: true, IncludeDelayed: c.include})
		sameAll(t, fmt.Sprintf("%+v", c), bodies(page.Messages), c.want...)
		same(t, "delayed were asked for", page.Delayed, c.delayed)
	}
}

func TestExpiredAreNotListed(t *testing.T) {
	w := newWorld(t, core.Options{})
	w.postDrafts("q", mortal(`1`, 60), mortal(`2`, 61))
	w.pass(60*time.Second - time.Millisecond)
	same(t, "at the last instant", len(w.list("q")), 2)
	w.pass(time.Millisecond)
	sameAll(t, "then", bodies(w.list("q")), `2`)
}

func TestMessageAsSeen(t *testing.T) {
	w := newWorld(t, core.Options{})
	w.post("q", `0`)
	id := w.postDrafts("q", mortal(`{"a":1}`, 100))[0]
	w.pass(2999 * time.Millisecond)
	want := core.Message{ID: id, TTL: 100, Age: 2, Body: jsontext.Value(`{"a":1}`), Position: 2}
	for _, m := range []core.Message{w.get("q", id), w.list("q")[1]} {
		same(t, "message", fmt.Sprintf("%+v", m), fmt.Sprintf("%+v", want))
	}
}

func TestGetMessage(t *testing.T) {
	w := newWorld(t, core.Options{})
	w.create("q", `{"_default_message_delay":30}`)
	ids := w.postDrafts("q", core.Draft{Body: jsontext.Value(`1`), Delay: seconds(0)}, core.Draft{Body: jsontext.Value(`2`)})
	claim := w.claim("q", 1, 60)
	same(t, "claim on the claimed", w.get("q", ids[0]).Claim, claim.ID)
	same(t, "position of the delayed", w.get("q", ids[1]).Position, 0)

	w.create("r", `{}`)
	for _, c := range []core.MessageGetRequest{{Queue: "r", ID: ids[0]}, {Queue: "q", ID: "garbage"}, {Queue: "q", ID: ""}} {
		refused(t, try(w, w.GetMessage, c), core.NotFound, "",
			fmt.Sprintf("Message %s does not exist in queue %s for project project", c.ID, c.Queue))
	}
}

func TestGetMessages(t *testing.T) {
	w := newWorld(t, core.Options{})
	ids := w.post("q", `0`, `1`, `2`, `3`)
	w.claim("q", 1, 60)
	get := func(ids ...string) []string {
		r := core.MessageGetManyRequest{Queue: "q", IDs: ids, MustExist: true}
		return bodies(do(w, w.GetMessages, r).Messages)
	}
	sameAll(t, "claimed too", get(ids...), `0`, `1`, `2`, `3`)
	sameAll(t, "in the order asked", get(ids[2], ids[0], ids[3]), `2`, `0`, `3`)
	sameAll(t, "without those that are not there", get("x", ids[1], ""), `1`)
	sameAll(t, "each once", get(ids[1], ids[1]), `1`)
	sameAll(t, "twenty", get(append(slices.Repeat([]string{"x"}, 19), ids[3])...), `3`)

	strict := core.MessageGetManyRequest{Queue: "q", IDs: []string{"x", "y"}, MustExist: true}
	refused(t, try(w, w.GetMessages, strict), core.NotFound, "",
		"No messages with IDs: ['x', 'y'] found in the queue q for project project.")
	strict.MustExist = false
	same(t, "messages", len(do(w, w.GetMessages, strict).Messages), 0)
}
