package transporttest_test

import (
	"testing"

	"github.com/stackforge/marconi/transports/transporttest"
)

func TestUndress(t *testing.T) {
	for _, c := range []struct {
		name, action string
		status       int
		body         string
		want         transporttest.Response
	}{
		{"a result", "message_list", 200, `{"messages":[]}`, transporttest.Response{Status: 200, Body: []byte(`{"messages":[]}`)}},
		{"a text", "queue_create", 201, `"Queue q created."`, transporttest.Response{Status: 201}},
		{"nothing", "message_delete", 204, `{}`, transporttest.Response{Status: 204}},
		{"a message", "message_get", 200, `{"messages":{"id":"1"}}`, transporttest.Response{Status: 200, Body: []byte(`{"id":"1"}`)}},
		{"a subscription", "subscription_create", 201, `{"message":"made","subscription_id":"1"}`,
			transporttest.Response{Status: 201, Body: []byte(`{"subscription_id":"1"}`)}},
		{"no queue", "queue_get_stats", 404, `{"messages":{}}`, transporttest.Response{Status: 200, Body: []byte(`{"messages":{}}`)}},
		{"an exception", "message_get", 404, `{"exception":"Queue q does not exist","error":"no"}`,
			transporttest.Response{Status: 404, Refusal: "Queue q does not exist"}},
		{"an error", "claim_create", 400, `{"error":"Bad request. Too much."}`, transporttest.Response{Status: 400, Refusal: "Too much."}},
		{"a text that refuses", "message_delete", 403, `"Message 1 is claimed"`,
			transporttest.Response{Status: 403, Refusal: "This message is claimed; it cannot be deleted without a valid claim ID."}},
	} {
		got, err := transporttest.Undress(c.action, c.status, []byte(c.body))
		if err != nil || got.Status != c.want.Status || string(got.Body) != string(c.want.Body) || got.Refusal != c.want.Refusal {
			t.Errorf("%s: got %d %s %q and error %v", c.name, got.Status, got.Body, got.Refusal, err)
		}
	}
	for _, action := range []string{"message_get", "subscription_create", "queue_get", "queue_list"} {
		if got, err := transporttest.Undress(action, 200, []byte(`[]`)); err == nil {
			t.Errorf("%s: got %s, want an error", action, got.Body)
		}
	}
	if got, err := transporttest.Undress(`queue_list`, 404, []byte(`[`)); err == nil {
		t.Errorf("got %q, want an error", got.Refusal)
	}
}
