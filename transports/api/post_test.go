package api_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"testing"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/memstore"
	"github.com/stackforge/marconi/transports/api"
)

// starting is a post.
func starting(body string, parts ...string) *api.Call {
	c := call("message_post", body)
	for _, part := range parts {
		c.Parts = append(c.Parts, []byte(part))
	}
	return c
}

// start starts a call, which may be waited for later.
func (h handler) start(ctx context.Context, c *api.Call) api.Reply {
	c.Pipeline = new(core.Pipeline)
	defer c.Pipeline.Flush(ctx)
	return h.Handle(ctx, c)
}

// listed are the bodies in the queue q.
func listed(t testing.TB, h api.Handler) (bodies []string) {
	t.Helper()
	reply := h.Handle(t.Context(), call("message_list", `{"queue_name": "q", "echo": true}`))
	page, ok := reply.Result.(core.MessagePage)
	if !ok {
		t.Fatalf("got %+v", reply)
	}
	for _, m := range page.Messages {
		bodies = append(bodies, string(m.Body))
	}
	return bodies
}

func TestPostsAreStarted(t *testing.T) {
	h := newHandler(t, api.Options{}, api.Observe(nil, nil))
	var replies []api.Reply
	for i := range 3 {
		reply := h.start(t.Context(), starting(fmt.Sprintf(`{"queue_name": "q", "messages": [{"body": %d}]}`, i)))
		if reply.Pending == nil || reply.Status != 0 || reply.Result != nil {
			t.Fatalf("got %+v, want what is still to come", reply)
		}
		replies = append(replies, reply)
	}
	for i := range replies {
		reply := replies[2-i].Pending(t.Context())
		same(t, "status", reply.Status, 201)
		same(t, "IDs", len(reply.Result.(core.MessagePosted).IDs), 1)
	}
	sameAll(t, "bodies", listed(t, h), "0", "1", "2")
}

// Only a post is started, and only one that nothing is wrong with.
func TestNothingElseIsStarted(t *testing.T) {
	h := newHandler(t, api.Options{}, api.Observe(nil, nil))
	same(t, "status of another operation", h.start(t.Context(), call("queue_list", "")).Status, 200)
	bad := h.start(t.Context(), starting(`{"queue_name": "q", "messages": [{"ttl": 60}]}`))
	answered(t, bad, 400, "Invalid request body", `Missing "body" field.`)
	late := h.start(t.Context(), starting(`{"queue_name": "q", "messages": []}`))
	answered(t, late.Pending(t.Context()), 400, "Invalid API request", "No messages to enqueu.")
	plain := starting(`{"queue_name": "q", "messages": [{"body": 1}]}`)
	same(t, "status of a plain post", h.Handle(t.Context(), plain).Status, 201)
}

func TestStartedPostsAreObserved(t *testing.T) {
	o := &observer{}
	h := newHandler(t, api.Options{})
	c := starting(`{"queue_name": "q", "messages": [{"body": 1}]}`)
	c.Pipeline = new(core.Pipeline)
	reply, line := observed(t, t.Context(), slog.LevelDebug, o, h, c)
	c.Pipeline.Flush(t.Context())
	if line != nil || len(o.calls) != 0 {
		t.Fatalf("told before it is known what became of it: %v, %v", line, o.calls)
	}
	same(t, "status", reply.Pending(t.Context()).Status, 201)
	sameAll(t, "observed", o.calls, heard{"message_post", "", 201})
}

func TestStartedPostPanics(t *testing.T) {
	o := &observer{}
	h := api.Observe(nil, o)(answering(api.Reply{Pending: func(context.Context) api.Reply { panic("as if it were broken") }}))
	reply := h.Handle(t.Context(), starting(""))
	same(t, "status", reply.Pending(t.Context()).Status, 500)
	sameAll(t, "observed", o.calls, heard{"message_post", "", 500})
}

func TestStartedPostsAreAuthenticated(t *testing.T) {
	nobody := api.Authenticate(authenticator{err: api.ErrUnauthenticated})
	reply := newHandler(t, api.Options{}, api.Observe(nil, nil), nobody).start(t.Context(), starting(`{"queue_name": "q"}`))
	same(t, "status", reply.Status, 401)
}

// authenticator knows nobody, for a reason.
type authenticator struct{ err error }

func (a authenticator) Authenticate(context.Context, *api.Call) (core.Caller, error) {
	return core.Caller{}, a.err
}

func (authenticator) Challenge() string { return "" }

// breaking loses posts that are on their way.
type breaking struct{ storage.Driver }

func (breaking) StartPost(context.Context, storage.Post) storage.Pending {
	return storage.Concluded(storage.Posted{}, errors.New("broken"))
}

func TestStartedPostsFail(t *testing.T) {
	h := handlerOn(t, breaking{memstore.New(memstore.Config{})}, api.Options{})
	reply := h.start(t.Context(), starting(`{"queue_name": "q", "messages": [{"body": 1}]}`))
	answered(t, reply.Pending(t.Context()), 503, "Service temporarily unavailable", "Messages could not be enqueued. Please try again in a few seconds.")
}

func TestProducers(t *testing.T) {
	h := newHandler(t, api.Options{})
	post := func(seq int) (int, string) {
		body := fmt.Sprintf(`{"queue_name": "q", "messages": [{"body": %d}], "producer": "p", "seq": %[1]d}`, seq)
		reply := h.Handle(t.Context(), call("message_post", body))
		document, err := api.JSON.Append(nil, reply.Result)
		if err != nil {
			t.Fatal(err)
		}
		return reply.Status, string(document)
	}
	status, first := post(1)
	same(t, "status", status, 201)
	status, again := post(1)
	same(t, "status again", status, 200)
	same(t, "again", again, first[:len(first)-1]+`,"again":true}`)
	for seq := 2; seq <= storage.ProducerMemory+1; seq++ {
		post(seq)
	}
	status, forgotten := post(1)
	same(t, "status when forgotten", status, 200)
	same(t, "forgotten", forgotten, `{"again":true}`)
	status, _ = post(99)
	same(t, "status out of order", status, 409)
	same(t, "status without a sequence", h.Handle(t.Context(),
		call("message_post", `{"queue_name": "q", "messages": [{"body": 1}], "producer": "p"}`)).Status, 400)
}
