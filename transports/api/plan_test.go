package api_test

import (
	"strings"
	"testing"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
)

type oddRequest struct {
	Queue  string  `json:"queue_name"`
	Weight float64 `json:"weight"`
}

func TestPlanRefusesFieldsThatNobodyCanFill(t *testing.T) {
	defer func() {
		if text, _ := recover().(string); !strings.Contains(text, "oddRequest.Weight") {
			t.Errorf("got %q, want a panic that names the field", text)
		}
	}()
	api.PlanOf[oddRequest]()
}

func TestFilterTakesOtherParameters(t *testing.T) {
	c := call("queue_list", "")
	c.Params.Others = map[string]string{"owner": "me"}
	r, err := api.Decode[core.QueueListRequest](c)
	if err != nil || len(r.Filter) != 1 || r.Filter["owner"] != "me" {
		t.Errorf("got %v and error %v", r.Filter, err)
	}
}
