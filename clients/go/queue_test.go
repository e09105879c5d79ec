package client_test

import (
	"encoding/json"
	"reflect"
	"testing"
	"time"

	"github.com/stackforge/marconi/clients/go"
)

func TestPing(t *testing.T) {
	c := calling(t, exchange{method: "GET", target: "/v2/ping", status: 204})
	if err := c.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestCreateQueue(t *testing.T) {
	c := calling(t,
		exchange{method: "PUT", target: "/v2/queues/q2", status: 201, location: "/v2/queues/q2",
			body: `{"_max_messages_post_size": 1024, "_default_message_ttl": 120, "owner": "me"}`},
		exchange{method: "PUT", target: "/v2/queues/q2", status: 204, location: "/v2/queues/q2"},
	)
	m := client.Metadata{"_max_messages_post_size": 1024, "_default_message_ttl": 120, "owner": "me"}
	if created, err := c.CreateQueue(t.Context(), "q2", m); !created || err != nil {
		t.Errorf("got %v, %v, want a new queue", created, err)
	}
	if created, err := c.CreateQueue(t.Context(), "q2", nil); created || err != nil {
		t.Errorf("got %v, %v, want an old queue", created, err)
	}
}

func TestQueueMetadata(t *testing.T) {
	c := calling(t, exchange{method: "GET", target: "/v2/queues/q2", status: 200,
		answer: `{"_default_message_ttl": 120, "_dead_letter_queue": null, "serial": 9007199254740993}`})
	got, err := c.QueueMetadata(t.Context(), "q2")
	want := client.Metadata{
		"_default_message_ttl": json.Number("120"), "_dead_letter_queue": nil, "serial": json.Number("9007199254740993"),
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
}

func TestPatchQueue(t *testing.T) {
	const patch = "application/openstack-messaging-v2.0-json-patch"
	c := calling(t,
		exchange{method: "PATCH", target: "/v2/queues/q2", bodyType: patch, status: 200,
			body: `[{"op": "add", "path": "/metadata/k", "value": null}, {"op": "replace", "path": "/metadata/owner", "value": "x"},
				{"op": "remove", "path": "/metadata/a~1b~0c"}]`,
			answer: `{"owner": "x", "k": null}`},
		exchange{method: "PATCH", target: "/v2/queues/q2", bodyType: patch, status: 409,
			body:   `[{"op": "remove", "path": "/metadata/zzz"}]`,
			answer: `{"title": "Resource conflict", "description": "Can't remove non-existent object zzz."}`},
	)
	got, err := c.PatchQueue(t.Context(), "q2", client.Add("k", nil), client.Replace("owner", "x"), client.Remove("a/b~c"))
	if want := (client.Metadata{"owner": "x", "k": nil}); err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, %v, want %v", got, err, want)
	}
	_, err = c.PatchQueue(t.Context(), "q2", client.Remove("zzz"))
	refused(t, err, 409)
}

func TestDeleteAndPurge(t *testing.T) {
	c := calling(t,
		exchange{method: "POST", target: "/v2/queues/c1/purge", status: 204, body: `{"resource_types": ["messages"]}`},
		exchange{method: "POST", target: "/v2/queues/c1/purge", status: 204},
		exchange{method: "DELETE", target: "/v2/queues/c1", status: 204},
	)
	for _, err := range []error{
		c.Purge(t.Context(), "c1", client.PurgeMessages),
		c.Purge(t.Context(), "c1"),
		c.DeleteQueue(t.Context(), "c1"),
	} {
		if err != nil {
			t.Error(err)
		}
	}
}

func TestQueues(t *testing.T) {
	c := calling(t, exchange{method: "GET", status: 200,
		target: "/v2/queues?detailed=true&limit=1&name=q&owner=you&with_count=true",
		answer: `{"queues": [{"name": "q1", "metadata": {"a": 1}, "href": "/v2/queues/q1"}],
			"links": [{"rel": "next", "href": "/v2/queues?limit=1&detailed=true&with_count=true&marker=q1"}], "count": 2}`})
	got, err := c.Queues(t.Context(), client.QueueOptions{
		Limit: 1, Detailed: true, WithCount: true, Name: "q", Where: map[string]string{"owner": "you"},
	})
	want := client.QueuePage{
		Queues: []client.Queue{{Name: "q1", Metadata: client.Metadata{"a": json.Number("1")}}}, Next: "q1", Count: 2,
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
}

func TestAllQueuesKeepsItsFilter(t *testing.T) {
	c := calling(t,
		exchange{method: "GET", target: "/v2/queues?limit=2&owner=me", status: 200,
			answer: `{"queues": [{"name": "a", "href": "/v2/queues/a"}, {"name": "b", "href": "/v2/queues/b"}],
				"links": [{"rel": "next", "href": "/v2/queues?limit=2&marker=b"}]}`},
		exchange{method: "GET", target: "/v2/queues?limit=2&marker=b&owner=me", status: 200,
			answer: `{"queues": [], "links": []}`},
	)
	var names []string
	for q, err := range c.AllQueues(t.Context(), client.QueueOptions{Limit: 2, Where: map[string]string{"owner": "me"}}) {
		if err != nil {
			t.Fatal(err)
		}
		names = append(names, q.Name)
	}
	if want := []string{"a", "b"}; !reflect.DeepEqual(names, want) {
		t.Errorf("got %v, want %v", names, want)
	}
}

func TestStats(t *testing.T) {
	c := calling(t,
		exchange{method: "GET", target: "/v2/queues/c1/stats", status: 200,
			answer: `{"messages": {"claimed": 2, "free": 3, "total": 5, "oldest": {"age": 1, "created": "2026-11-23T07:24:50Z", "href": "/v2/queues/c1/messages/6b03ea42d8ed3e31a6bce714"}, "newest": {"age": 0, "created": "2026-11-23T07:24:51Z", "href": "/v2/queues/c1/messages/6b03ea42d8ed3e31a6bce718"}}}`},
		exchange{method: "GET", target: "/v2/queues/nope/stats", status: 200,
			answer: `{"messages": {"claimed": 0, "free": 0, "total": 0}}`},
	)
	got, err := c.Stats(t.Context(), "c1")
	at := time.Date(2026, 11, 23, 7, 24, 50, 0, time.UTC)
	want := client.Stats{
		Claimed: 2, Free: 3, Total: 5,
		Oldest: &client.MessageStats{ID: "6b03ea42d8ed3e31a6bce714", Age: time.Second, Created: at},
		Newest: &client.MessageStats{ID: "6b03ea42d8ed3e31a6bce718", Created: at.Add(time.Second)},
	}
	if err != nil || !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, %v, want %+v", got, err, want)
	}
	if got, err := c.Stats(t.Context(), "nope"); err != nil || got != (client.Stats{}) {
		t.Errorf("got %+v, %v, want none", got, err)
	}
}
