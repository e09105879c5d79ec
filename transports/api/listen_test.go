package api_test

import (
	"testing"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/transporttest"
)

// TestBodiesOfSubscriptions: Zaqar has words of its own for these.
func TestBodiesOfSubscriptions(t *testing.T) {
	h := newHandler(t, api.Options{})
	for _, c := range []struct{ action, body, title, text string }{
		{"subscription_create", `{"subscriber": "http://example.org", "ttl": "60"}`, "Invalid API request", "TTL must be an integer."},
		{"subscription_create", `{"subscriber": "http://example.org", "ttl": 1e2}`, "Invalid API request", "TTL must be an integer."},
		{"subscription_create", `{"subscriber": "http://example.org", "ttl": 99999999999999999999}`, badBody, tooBig},
		{"subscription_create", `{"subscriber": 5}`, badBody, `The value of the "subscriber" field must be a str.`},
		{"subscription_create", `[]`, badBody, notSuch},
		{"subscription_update", `[]`, "Invalid API request", "Subscriptions must be a dict."},
		{"subscription_update", `5`, "Invalid API request", "Subscriptions must be a dict."},
		{"subscription_update", ``, badBody, "No subscription to create."},
		{"subscription_update", `{"ttl": true}`, "Invalid API request", "TTL must be an integer."},
		{"subscription_update", `{"subscriber": null}`, badBody, `The value of the "subscriber" field must be a str.`},
		{"subscription_update", `{"options": [}`, badBody, notParsed},
	} {
		call := decoding(api.V2, c.action, c.body)
		call.Params = given("queue_name", "q", "subscription_id", "s")
		if c.action == "subscription_create" {
			call.Params = given("queue_name", "q")
		}
		answered(t, h.Handle(t.Context(), call), 400, c.title, c.text)
	}
}

// TestSubscriberTwice: over HTTP it is told its subscription again.
func TestSubscriberTwice(t *testing.T) {
	p := plugIn(t, core.Options{Subscribers: []string{"http"}}, api.SessionOptions{})
	const body = `{"queue_name": "q", "subscriber": "http://example.org"}`
	asked(t, p.handler, frame("subscription_create", body), "201", `{"subscription_id": "$id", "message": "Subscription q created."}`)
	asked(t, p.handler, frame("subscription_create", body), "409", `"Subscription q not created."`)
	answered(t, p.handler.Handle(t.Context(), call("subscription_create", body)), 409, "Resource conflict", "Such subscription already exists.")
	again := call("subscription_create", body)
	again.Dialect = api.V2
	answered(t, p.handler.Handle(t.Context(), again), 201, "", "")
}

// TestWebhooksAreNotTheConnections: a subscriber that is named is not the caller.
func TestWebhooksAreNotTheConnections(t *testing.T) {
	p, holes := plugIn(t, core.Options{Subscribers: []string{"http"}}, api.SessionOptions{Subscriptions: 1}), transporttest.Holes{}
	p.tell(t, holes, "subscription_create", `{"queue_name": "q", "subscriber": "http://example.org"}`, "201", `{"subscription_id": "$hook", "message": "$any"}`)
	p.tell(t, holes, "subscription_create", `{"queue_name": "q"}`, "201", `{"subscription_id": "$own", "message": "$any"}`)
	p.tell(t, holes, "subscription_update", `{"queue_name": "q", "subscription_id": "$hook", "ttl": 600}`, "204", `{}`)
	p.tell(t, holes, "subscription_get", `{"queue_name": "q", "subscription_id": "$hook"}`, "200",
		`{"id": "$hook", "source": "q", "subscriber": "http://example.org", "ttl": 600, "age": 0, "options": {}, "confirmed": false}`)
	p.tell(t, holes, "subscription_delete", `{"queue_name": "q", "subscription_id": "$hook"}`, "204", `"$any"`)
	p.tell(t, holes, "message_post", post("q", 1), "201", `"$any"`)
	p.told(t, holes, `text {"ttl": 60, "body": 1, "queue_name": "q", "Message_Type": "Notification"}`)
}

// TestStreamThatFails: it says so, and makes room for another.
func TestStreamThatFails(t *testing.T) {
	p, holes := plugIn(t, core.Options{Limits: core.Limits{MaxWaiters: 1}}, api.SessionOptions{Streams: 2}), transporttest.Holes{}
	p.tell(t, holes, "claim_stream", `{"queue_name": "q"}`, "201", `{"stream_id": "$first"}`)
	p.tell(t, holes, "message_post", post("q", 1), "201", `"$any"`)
	p.pushes(t, 1) // so the first is the one that waits
	p.tell(t, holes, "claim_stream", `{"queue_name": "q"}`, "201", `{"stream_id": "$second"}`)
	p.told(t, holes, `text {"queue_name": "q", "stream_id": "$second", "Message_Type": "Fact", "fact": "end", "reason": "failed"}`)
	p.tell(t, holes, "stream_delete", `{"stream_id": "$second"}`, "404", `"$any"`)
	p.tell(t, holes, "stream_delete", `{"stream_id": "$first"}`, "204", `"$any"`)
	p.tell(t, holes, "claim_stream", `{"queue_name": "q"}`, "201", `{"stream_id": "$third"}`)
}
