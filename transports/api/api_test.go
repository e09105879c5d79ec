package api_test

import (
	"context"
	"testing"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/transporttest"
)

func TestScripts(t *testing.T) {
	transporttest.Run(t, transporttest.Plain, func(_ *testing.T, h api.Handler) transporttest.Door {
		return transporttest.Bare(h)
	})
}

func TestUnknownAction(t *testing.T) {
	for _, action := range []string{"", "queue_lists", "Queue_list", "pool_list"} {
		answered(t, newHandler(t, api.Options{}).Handle(t.Context(), call(action, "")),
			400, "Invalid API request", action+" is not a valid action")
	}
}

func TestHomeIsTheDoorsToTell(t *testing.T) {
	reply := newHandler(t, api.Options{}).Handle(t.Context(), call("get_home_doc", ""))
	same(t, "status", reply.Status, 200)
	same(t, "result", reply.Result, any(core.None{}))
}

// TestOrderOfRefusals mends a call step by step: each time the next thing that is
// wrong is told.
func TestOrderOfRefusals(t *testing.T) {
	h := newHandler(t, api.Options{AdminMode: true})
	c := &api.Call{
		Action: "check_node_health",
		Header: headers(),
		Params: given("queue_name", "a b"),
		Early:  &api.Reply{Status: 406, Result: &api.Problem{Title: "early"}},
		Late:   &api.Reply{Status: 405, Result: &api.Problem{Title: "late"}},
	}
	answered(t, h.Handle(t.Context(), c), 406, "early", "")
	c.Early = nil
	answered(t, h.Handle(t.Context(), c), 400, "Missing header value", `The "Client-Id" header is required.`)
	c.Header = headers("Client-ID", "x")
	answered(t, h.Handle(t.Context(), c), 400, "Wrong UUID value", "Malformed hexadecimal UUID.")
	c.Header = headers("Client-ID", client)
	answered(t, h.Handle(t.Context(), c), 400, "Project-Id Missing", "The header X-PROJECT-ID was missing")
	c.Header = headers("Client-ID", client, "X-Project-Id", "project")
	answered(t, h.Handle(t.Context(), c), 400, "Invalid queue identification", "The format of the submitted queue name or project id is not valid.")
	c.Params = given("queue_name", "q")
	answered(t, h.Handle(t.Context(), c), 405, "late", "")
	c.Late = nil
	answered(t, h.Handle(t.Context(), c), 403, "Not authorized", "You are not authorized to complete this action.")
	c.Caller = core.Caller{Roles: []string{"member", "admin"}}
	answered(t, h.Handle(t.Context(), c), 200, "", "")
}

func TestRoleIsAskedForBeforeTheBody(t *testing.T) {
	h := newHandler(t, api.Options{AdminMode: true})
	c := call("check_node_health", "{")
	c.Cut = true
	answered(t, h.Handle(t.Context(), c), 403, "Not authorized", "You are not authorized to complete this action.")
}

func TestOperatorsOperationsAreOffered(t *testing.T) {
	c := call("check_node_health", "")
	c.Caller.Roles = []string{"admin"}
	answered(t, newHandler(t, api.Options{}).Handle(t.Context(), c), 400, "Invalid API request", "check_node_health is not a valid action")

	reply := newHandler(t, api.Options{AdminMode: true}).Handle(t.Context(), c)
	same(t, "status", reply.Status, 200)
	health, ok := reply.Result.(core.Health)
	if !ok || !health.StorageReachable || len(health.OperationStatus) != 8 {
		t.Errorf("got %+v, want the health of a store that serves", reply.Result)
	}
}

func TestLateNeedsNoAction(t *testing.T) {
	c := call("", "{")
	c.Late = &api.Reply{Status: 405, Result: &api.Problem{Title: "late"}}
	answered(t, newHandler(t, api.Options{}).Handle(t.Context(), c), 405, "late", "")
}

// passing notes that a call passed and lets it.
func passing(to *[]string, name string) api.Middleware {
	return func(next api.Handler) api.Handler {
		return api.HandlerFunc(func(ctx context.Context, c *api.Call) api.Reply {
			*to = append(*to, name)
			return next.Handle(ctx, c)
		})
	}
}

func TestFirstMiddlewareIsOutermost(t *testing.T) {
	var passed []string
	h := newHandler(t, api.Options{}, passing(&passed, "outer"), passing(&passed, "inner"))
	answered(t, h.Handle(t.Context(), call("queue_list", "")), 200, "", "")
	sameAll(t, "passed", passed, "outer", "inner")
}
