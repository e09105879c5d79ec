package api_test

import (
	"context"
	"errors"
	"testing"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
)

// guard knows one sender, or none.
type guard struct {
	caller core.Caller
	err    error
}

func (g guard) Authenticate(context.Context, *api.Call) (core.Caller, error) { return g.caller, g.err }
func (g guard) Challenge() string                                            { return `Bearer realm="marconi"` }

func TestAuthenticate(t *testing.T) {
	for _, c := range []struct {
		name        string
		guard       guard
		status      int
		title, text string
	}{
		{"a sender that is known", guard{caller: core.Caller{Project: "project"}}, 200, "", ""},
		{"a sender of another project", guard{caller: core.Caller{Project: "another"}}, 403,
			"Not authorized", "You are not authorized to complete this action."},
		{"a sender that is not", guard{err: api.ErrUnauthenticated}, 401,
			"Unauthorized", "The request you have made requires authentication."},
		{"nobody can tell", guard{err: errors.New("no answer")}, 503,
			"Service temporarily unavailable", "The caller could not be authenticated. Please try again in a few seconds."},
	} {
		t.Run(c.name, func(t *testing.T) {
			h := newHandler(t, api.Options{}, api.Authenticate(c.guard))
			answered(t, h.Handle(t.Context(), call("queue_list", "")), c.status, c.title, c.text)
		})
	}
}

func TestChallengeIsTold(t *testing.T) {
	h := newHandler(t, api.Options{}, api.Authenticate(guard{err: api.ErrUnauthenticated}))
	p, _ := h.Handle(t.Context(), call("queue_list", "")).Result.(*api.Problem)
	if p == nil || p.Challenge != `Bearer realm="marconi"` {
		t.Errorf("got %+v, want the challenge", p)
	}
}

func TestAuthenticationComesFirst(t *testing.T) {
	h := newHandler(t, api.Options{}, api.Authenticate(guard{err: api.ErrUnauthenticated}))
	c := &api.Call{
		Action: "nothing",
		Header: headers(),
		Early:  &api.Reply{Status: 406, Result: &api.Problem{Title: "early"}},
		Late:   &api.Reply{Status: 405, Result: &api.Problem{Title: "late"}},
	}
	same(t, "status", h.Handle(t.Context(), c).Status, 401)
}

// TestCallersAreNotMadeUp is of a door that hands in what a sender said of itself.
func TestCallersAreNotMadeUp(t *testing.T) {
	h := newHandler(t, api.Options{AdminMode: true}, api.Authenticate(guard{caller: core.Caller{Project: "project"}}))
	c := call("check_node_health", "")
	c.Caller = core.Caller{Roles: []string{"admin"}, Project: "another"}
	same(t, "status", h.Handle(t.Context(), c).Status, 403)
	same(t, "project", c.Caller.Project, "project")
	same(t, "client", c.Caller.Client, client)
}

func TestRolesComeFromTheAuthenticator(t *testing.T) {
	h := newHandler(t, api.Options{AdminMode: true}, api.Authenticate(guard{caller: core.Caller{Roles: []string{"admin"}}}))
	same(t, "status", h.Handle(t.Context(), call("check_node_health", "")).Status, 200)
}
