package api_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
)

func TestStatus(t *testing.T) {
	for _, c := range []struct {
		err         error
		status      int
		title, text string
	}{
		{&core.Error{Code: core.Internal, Text: "Oh."}, 500, "Internal server error", "Oh."},
		{&core.Error{Code: core.Invalid, Text: "Oh."}, 400, "Invalid API request", "Oh."},
		{&core.Error{Code: core.NotFound, Text: "Oh."}, 404, "Not found", "Oh."},
		{&core.Error{Code: core.Conflict, Text: "Oh."}, 409, "Resource conflict", "Oh."},
		{&core.Error{Code: core.Forbidden, Text: "Oh."}, 403, "Not authorized", "Oh."},
		{&core.Error{Code: core.TooLarge, Text: "Oh."}, 400, "Invalid API request", "Oh."},
		{&core.Error{Code: core.Unavailable, Text: "Oh."}, 503, "Service temporarily unavailable", "Oh. Please try again in a few seconds."},
		{&core.Error{Code: core.Invalid, Title: "My title", Text: "Oh."}, 400, "My title", "Oh."},
		{fmt.Errorf("somewhere: %w", &core.Error{Code: core.NotFound, Text: "Oh."}), 404, "Not found", "Oh."},
		{&core.Error{Code: core.Unavailable, Text: "Oh.", Err: errors.New("password")}, 503,
			"Service temporarily unavailable", "Oh. Please try again in a few seconds."},
		{errors.New("password"), 500, "Internal server error", "The request could not be completed."},
		{context.Canceled, 503, "Service temporarily unavailable", "The request was not finished in time. Please try again in a few seconds."},
		{fmt.Errorf("reading: %w", context.DeadlineExceeded), 503, "Service temporarily unavailable",
			"The request was not finished in time. Please try again in a few seconds."},
	} {
		reply := api.Failed(c.err)
		answered(t, reply, c.status, c.title, c.text)
		if p, ok := reply.Result.(*api.Problem); !ok || p.Err != c.err {
			t.Errorf("%v: the log is told of %v", c.err, p.Err)
		}
	}
}

func TestCausesAreForTheLogAlone(t *testing.T) {
	reply := api.Failed(&core.Error{Code: core.Unavailable, Text: "Oh.", Err: errors.New("password")})
	text, err := api.JSON.Append(nil, reply.Result)
	if err != nil {
		t.Fatal(err)
	}
	same(t, "document", string(text), `{"title":"Service temporarily unavailable","description":"Oh. Please try again in a few seconds."}`)
}

func TestStoreThatCannotServe(t *testing.T) {
	h := handlerOn(t, failing{err: errors.New("connection refused")}, api.Options{})
	const title, later = "Service temporarily unavailable", " Please try again in a few seconds."
	for _, c := range []struct{ action, body, text string }{
		{"ping_node", `{}`, "The store cannot be reached."},
		{"queue_get", `{"queue_name": "q"}`, "Queue metadata could not be retrieved."},
		{"queue_update", `{"queue_name": "q", "changes": []}`, "Queue could not be updated."},
		{"message_post", `{"queue_name": "q", "messages": [{"body": 1}]}`, "Messages could not be enqueued."},
		{"message_list", `{"queue_name": "q"}`, "Messages could not be listed."},
		{"claim_create", `{"queue_name": "q"}`, "Claim could not be created."},
	} {
		answered(t, h.Handle(t.Context(), call(c.action, c.body)), 503, title, c.text+later)
	}
}

func TestCallerWhoIsGone(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	answered(t, newHandler(t, api.Options{}).Handle(ctx, call("queue_list", "")), 503,
		"Service temporarily unavailable", "The request was not finished in time. Please try again in a few seconds.")
}
