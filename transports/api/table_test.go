package api_test

import (
	"slices"
	"testing"

	"github.com/stackforge/marconi/transports/api"
)

func TestActions(t *testing.T) {
	usual, all := api.Actions(false), api.Actions(true)
	if !slices.IsSorted(all) {
		t.Errorf("got %v, want them in order", all)
	}
	usual = append(usual, "check_node_health")
	slices.Sort(usual)
	sameAll(t, "with those of operators", all, usual...)
}

// TestEveryActionIsThere calls every action of the list without anything it needs:
// all of them answer, none by saying that it is none.
func TestEveryActionIsThere(t *testing.T) {
	h := newHandler(t, api.Options{AdminMode: true})
	for _, action := range api.Actions(true) {
		c := call(action, `{"queue_name": "q"}`)
		c.Caller.Roles = []string{"admin"}
		reply := h.Handle(t.Context(), c)
		if p, bad := reply.Result.(*api.Problem); bad && p.Description == action+" is not a valid action" {
			t.Errorf("%s is listed and not there", action)
		}
		if reply.Status >= 500 {
			t.Errorf("%s: got status %d", action, reply.Status)
		}
	}
}
