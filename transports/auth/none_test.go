package auth_test

import (
	"context"
	"net/http"
	"slices"
	"testing"

	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/auth"
)

// call is a call with headers: name, value, name, value …
func call(headers ...string) *api.Call {
	h := http.Header{}
	for pair := range slices.Chunk(headers, 2) {
		h.Set(pair[0], pair[1])
	}
	return &api.Call{Header: func(name string) (string, bool) {
		return h.Get(name), h.Values(name) != nil
	}}
}

func TestNoneBelievesRoles(t *testing.T) {
	for _, c := range []struct {
		header string
		roles  []string
	}{
		{"", nil},
		{"admin", []string{"admin"}},
		{" member , admin", []string{"member", "admin"}},
		{",, ,member,", []string{"member"}},
	} {
		who, err := auth.None().Authenticate(context.Background(), call("X-Roles", c.header, "X-Project-Id", "shop"))
		if err != nil || !slices.Equal(who.Roles, c.roles) {
			t.Errorf("X-Roles %q: got roles %q and error %v, want %q", c.header, who.Roles, err, c.roles)
		}
		if who.Project != "" {
			t.Errorf("X-Roles %q: project %q was bound", c.header, who.Project)
		}
	}
	if got := auth.None().Challenge(); got != "" {
		t.Errorf("Challenge: got %q", got)
	}
}

func TestNoneKeepsWhatTheDoorHasProven(t *testing.T) {
	c := call("X-Roles", "admin", "X-Project-Id", "other")
	c.Caller.Project = "shop"
	if who, err := auth.None().Authenticate(context.Background(), c); err != nil || who.Project != "shop" || who.Roles != nil {
		t.Errorf("got %+v, %v", who, err)
	}
}
