package client_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/stackforge/marconi/clients/go"
)

func TestMessages(t *testing.T) {
	c := calling(t,
		exchange{method: "GET", status: 200,
			target: "/v2/queues/q1/messages?echo=true&include_claimed=true&include_delayed=true&limit=2&marker=2",
			answer: `{"messages": [{"id": "f3", "href": "/v2/queues/q1/messages/f3?claim_id=c19", "ttl": 300, "age": 1, "body": [3], "checksum": "MD5:00"},
				{"id": "f4", "href": "/v2/queues/q1/messages/f4", "ttl": 3600, "age": 0, "body": null}],
				"links": [{"rel": "next", "href": "/v2/queues/q1/messages?marker=4&limit=2&echo=true&include_delayed=true"}]}`},
		exchange{method: "GET", target: "/v2/queues/q1/messages", status: 200, answer: `{"messages": [], "links": []}`},
	)
	got, err := c.Messages(t.Context(), "q1", client.MessageOptions{
		Marker: "2", Limit: 2, Echo: true, IncludeClaimed: true, IncludeDelayed: true,
	})
	want := client.MessagePage{Next: "4", Messages: []client.Message{
		{ID: "f3", Body: json.RawMessage(`[3]`), TTL: 5 * time.Minute, Age: time.Second, ClaimID: "c19", Checksum: "MD5:00"},
		{ID: "f4", Body: json.RawMessage(`null`), TTL: time.Hour},
	}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v, %v\nwant %+v", got, err, want)
	}
	if got, err := c.Messages(t.Context(), "q1", client.MessageOptions{}); err != nil || len(got.Messages) > 0 || got.Next != "" {
		t.Errorf("got %+v, %v, want an empty page", got, err)
	}
}

func page(items, next string) string {
	return `{"messages": [` + items + `], "links": [{"rel": "next", "href": "` + next + `"}]}`
}

func TestAllMessages(t *testing.T) {
	c := calling(t,
		exchange{method: "GET", target: "/v2/queues/q/messages?echo=true&limit=2", status: 200,
			answer: page(`{"id": "a"}, {"id": "b"}`, "/v2/queues/q/messages?limit=2&echo=true&marker=b%2F1")},
		exchange{method: "GET", target: "/v2/queues/q/messages?echo=true&limit=2&marker=b%2F1", status: 200,
			answer: page(`{"id": "c"}`, "http://elsewhere/v2/queues/other/messages?marker=c")},
		exchange{method: "GET", target: "/v2/queues/q/messages?echo=true&limit=2&marker=c", status: 200,
			answer: `{"messages": [], "links": []}`},
	)
	var ids []string
	for m, err := range c.AllMessages(t.Context(), "q", client.MessageOptions{Limit: 2, Echo: true}) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, m.ID)
	}
	if want := []string{"a", "b", "c"}; !reflect.DeepEqual(ids, want) {
		t.Errorf("got %v, want %v", ids, want)
	}
}

func TestAllMessagesEndsEarly(t *testing.T) {
	c := calling(t, exchange{method: "GET", target: "/v2/queues/q/messages", status: 200,
		answer: page(`{"id": "a"}, {"id": "b"}`, "/v2/queues/q/messages?marker=b")})
	for m, err := range c.AllMessages(t.Context(), "q", client.MessageOptions{}) {
		if err != nil || m.ID != "a" {
			t.Errorf("got %q, %v", m.ID, err)
		}
		break
	}
}

func TestAllMessagesTellsOfErrors(t *testing.T) {
	first := exchange{method: "GET", target: "/v2/queues/q/messages", status: 200,
		answer: page(`{"id": "a"}`, "/v2/queues/q/messages?marker=a")}
	for name, second := range map[string]exchange{
		"refused": {status: 503, answer: `{"title": "Service temporarily unavailable"}`},
		"a circle": {status: 200,
			answer: page(`{"id": "a"}`, "/v2/queues/q/messages?marker=a")},
		"a link without a marker": {status: 200, answer: page(`{"id": "b"}`, "/v2/queues/q/messages")},
		"a link that is none":     {status: 200, answer: page(`{"id": "b"}`, ":")},
		"no JSON":                 {status: 200, answer: `<html>`},
	} {
		t.Run(name, func(t *testing.T) {
			second.method, second.target = "GET", "/v2/queues/q/messages?marker=a"
			c := calling(t, first, second)
			var seen int
			var failed []error
			for m, err := range c.AllMessages(t.Context(), "q", client.MessageOptions{}) {
				if err != nil {
					failed = append(failed, err)
				} else if seen++; m.ID != "a" {
					t.Errorf("got %q", m.ID)
				}
			}
			if seen != 1 || len(failed) != 1 {
				t.Errorf("got %d messages and %v, want one and an error", seen, failed)
			}
		})
	}
}

func TestMessage(t *testing.T) {
	c := calling(t,
		exchange{method: "GET", target: "/v2/queues/c1/messages/e713", status: 200,
			answer: `{"id": "e713", "href": "/v2/queues/c1/messages/e713?claim_id=e719", "ttl": 300, "age": 1, "body": {"a": 1}}`},
		exchange{method: "GET", target: "/v2/queues/c1/messages/garbage", status: 404,
			answer: `{"title": "Not found", "description": "Message garbage does not exist in queue c1 for project tr67ed65c5"}`},
	)
	m, err := c.Message(t.Context(), "c1", "e713")
	var body struct{ A int }
	if err != nil || m.ClaimID != "e719" || m.Decode(&body) != nil || body.A != 1 {
		t.Errorf("got %+v, %v", m, err)
	}
	_, err = c.Message(t.Context(), "c1", "garbage")
	refused(t, err, 404)
}

func TestMessagesByID(t *testing.T) {
	c := calling(t,
		exchange{method: "GET", target: "/v2/queues/q1/messages?ids=f1%2Cf2", status: 200,
			answer: `{"messages": [{"id": "f1", "href": "/v2/queues/q1/messages/f1", "ttl": 60, "age": 2, "body": 1}]}`},
		exchange{method: "GET", target: "/v2/queues/q1/messages?ids=50b6", status: 404,
			answer: `{"title": "Not found", "description": "No messages with IDs: ['50b6'] found in the queue q1 for project tr67ed65c5."}`},
	)
	got, err := c.MessagesByID(t.Context(), "q1", "f1", "f2")
	if err != nil || len(got) != 1 || got[0].ID != "f1" || got[0].TTL != time.Minute {
		t.Errorf("got %+v, %v", got, err)
	}
	_, err = c.MessagesByID(t.Context(), "q1", "50b6")
	refused(t, err, 404)
}

func TestNoNameIsNotEveryMessage(t *testing.T) {
	c := calling(t) // nothing may be sent
	if got, err := c.MessagesByID(t.Context(), "q"); got != nil || err != nil {
		t.Errorf("got %v, %v", got, err)
	}
	if err := c.DeleteMessages(t.Context(), "q", nil); err != nil {
		t.Error(err)
	}
	if _, err := c.MessagesByID(t.Context(), "q", ""); err == nil {
		t.Error("a message without an ID")
	}
	if err := c.DeleteMessages(t.Context(), "q", []string{"a", ""}); err == nil {
		t.Error("a message without an ID")
	}
}

func TestDeleting(t *testing.T) {
	c := calling(t,
		exchange{method: "DELETE", target: "/v2/queues/c1/messages/e713", status: 403,
			answer: `{"title": "Unable to delete", "description": "This message is claimed; it cannot be deleted without a valid claim ID."}`},
		exchange{method: "DELETE", target: "/v2/queues/c1/messages/e713?claim_id=e719", status: 204},
		exchange{method: "DELETE", target: "/v2/queues/c1/messages?ids=f2%2C50b6", status: 204},
		exchange{method: "DELETE", target: "/v2/queues/c1/messages?claim_ids=e719&ids=f2", status: 204},
	)
	refused(t, c.DeleteMessage(t.Context(), "c1", "e713", ""), 403)
	for _, err := range []error{
		c.DeleteMessage(t.Context(), "c1", "e713", "e719"),
		c.DeleteMessages(t.Context(), "c1", []string{"f2", "50b6"}),
		c.DeleteMessages(t.Context(), "c1", []string{"f2"}, "e719"),
	} {
		if err != nil {
			t.Error(err)
		}
	}
}

func TestPop(t *testing.T) {
	c := calling(t,
		exchange{method: "DELETE", target: "/v2/queues/q1/messages?pop=2", status: 200,
			answer: `{"messages": [{"id": "f3", "age": 2, "ttl": 300, "claim_count": 4, "body": [3], "claim_id": null}]}`},
		exchange{method: "DELETE", target: "/v2/queues/nope/messages?pop=1", status: 200, answer: `{"messages": []}`},
	)
	got, err := c.Pop(t.Context(), "q1", 2)
	want := []client.Message{{ID: "f3", Body: json.RawMessage(`[3]`), TTL: 5 * time.Minute, Age: 2 * time.Second, ClaimCount: 4}}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if got, err := c.Pop(t.Context(), "nope", 1); err != nil || len(got) != 0 {
		t.Errorf("got %+v, %v, want none", got, err)
	}
}
