package api_test

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stackforge/marconi/transports/api"
)

// TestGrantThatDoesNotHold is told in Zaqar's way: over HTTP as if there were
// nothing, elsewhere like anything else that is not proven.
func TestGrantThatDoesNotHold(t *testing.T) {
	cause := errors.New("the grant has expired")
	h := newHandler(t, api.Options{}, api.Authenticate(guard{err: fmt.Errorf("%w: %w", api.ErrGrant, cause)}))
	c := call("queue_list", "")
	c.Early = &api.Reply{Status: 406, Result: &api.Problem{Title: "early"}}
	for method, want := range map[string]struct {
		status      int
		title, text string
	}{
		"GET": {404, "404 Not Found", ""},
		"":    {403, "Not authentified.", "Not authentified."},
	} {
		c.Method = method
		reply := h.Handle(t.Context(), c)
		answered(t, reply, want.status, want.title, want.text)
		if p, _ := reply.Result.(*api.Problem); p == nil || !errors.Is(p.Err, cause) {
			t.Errorf("the log will not hear of the cause: %+v", p)
		}
	}
}
