package client_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/stackforge/marconi/clients/go"
)

func TestClaim(t *testing.T) {
	c := calling(t,
		exchange{method: "POST", target: "/v2/queues/c1/claims?limit=2", status: 201,
			body: `{"ttl": 100, "grace": 60}`, location: "/v2/queues/c1/claims/e719",
			answer: `{"messages": [{"id": "e713", "href": "/v2/queues/c1/messages/e713?claim_id=e719", "ttl": 300, "age": 0, "body": 0}]}`},
		exchange{method: "POST", target: "/v2/queues/c1/claims", status: 204, body: `{}`},
	)
	// a fraction of a second counts as a whole one
	got, err := c.Claim(t.Context(), "c1", client.ClaimOptions{Limit: 2, TTL: 99*time.Second + 1, Grace: time.Minute})
	want := client.Claim{ID: "e719", Messages: []client.Message{
		{ID: "e713", Body: json.RawMessage(`0`), TTL: 5 * time.Minute, ClaimID: "e719"},
	}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	got, err = c.Claim(t.Context(), "c1", client.ClaimOptions{})
	if err != nil || !reflect.DeepEqual(got, client.Claim{}) {
		t.Errorf("got %+v, %v, want no claim", got, err)
	}
}

func TestClaimWithoutAName(t *testing.T) {
	c := calling(t, exchange{method: "POST", target: "/v2/queues/c1/claims", status: 201, body: `{}`, answer: `{"messages": []}`})
	if got, err := c.Claim(t.Context(), "c1", client.ClaimOptions{}); err == nil {
		t.Errorf("got %+v, want an error", got)
	}
}

func TestGetClaim(t *testing.T) {
	c := calling(t,
		exchange{method: "GET", target: "/v2/queues/c1/claims/e719", status: 200,
			answer: `{"age": 1, "ttl": 100, "messages": [{"id": "e714", "href": "/v2/queues/c1/messages/e714?claim_id=e719", "ttl": 300, "age": 1, "body": 1}], "href": "/v2/queues/c1/claims/e719"}`},
		exchange{method: "GET", target: "/v2/queues/c1/claims/garbage", status: 404,
			answer: `{"title": "Not found", "description": "Claim garbage does not exist in queue c1 for project tr67ed65c5"}`},
	)
	got, err := c.GetClaim(t.Context(), "c1", "e719")
	want := client.Claim{ID: "e719", TTL: 100 * time.Second, Age: time.Second, Messages: []client.Message{
		{ID: "e714", Body: json.RawMessage(`1`), TTL: 5 * time.Minute, Age: time.Second, ClaimID: "e719"},
	}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	_, err = c.GetClaim(t.Context(), "c1", "garbage")
	refused(t, err, 404)
}

func TestRenewAndRelease(t *testing.T) {
	c := calling(t,
		exchange{method: "PATCH", target: "/v2/queues/c1/claims/e719", status: 204, body: `{"ttl": 200, "grace": 100}`},
		exchange{method: "PATCH", target: "/v2/queues/c1/claims/e719", status: 404, body: `{}`, answer: `{"title": "Not found"}`},
		exchange{method: "DELETE", target: "/v2/queues/c1/claims/e719", status: 204},
	)
	if err := c.RenewClaim(t.Context(), "c1", "e719", 200*time.Second, 100*time.Second); err != nil {
		t.Error(err)
	}
	refused(t, c.RenewClaim(t.Context(), "c1", "e719", 0, 0), 404)
	if err := c.ReleaseClaim(t.Context(), "c1", "e719"); err != nil {
		t.Error(err)
	}
}
