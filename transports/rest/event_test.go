package rest_test

import (
	"testing"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/rest"
)

const position = "5f0c7a1e-0000000000000042"

func TestEvents(t *testing.T) {
	message := core.Message{ID: position, TTL: 60, Age: 1, Body: []byte("[1,\r\n2]"), Checksum: "MD5:00"}
	for _, c := range []struct {
		name string
		news core.News
		want string
	}{
		{"message", core.News{Heard: &core.Heard{Queue: "q", Position: position, Message: message}},
			"id: " + position + "\n" + `data: {"id":"` + position + `","href":"/v2/queues/q/messages/` + position + `","ttl":60,"age":1,"body":[1,` +
				"\ndata: " + `2],"checksum":"MD5:00"}` + "\n\n"},
		{"live", core.News{Fact: core.Fact{Kind: core.Live, Position: position}},
			"event: live\nid: " + position + "\n" + `data: {"position":"` + position + `"}` + "\n\n"},
		{"gap", core.News{Fact: core.Fact{Kind: core.Gap, Position: "b", From: "a", To: "b"}},
			"event: gap\nid: b\n" + `data: {"position":"b","from":"a","to":"b"}` + "\n\n"},
		{"end", core.News{Fact: core.Fact{Kind: core.End, Reason: "stopped"}},
			"event: end\n" + `data: {"reason":"stopped"}` + "\n\n"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := string(rest.EventOf("/v2/queues/q", &api.Push{News: c.news})); got != c.want {
				t.Errorf("got\n%s\nwant\n%s", got, c.want)
			}
		})
	}
}

// TestEventsAreShared makes the event of a message once, for all who listen.
func TestEventsAreShared(t *testing.T) {
	heard := &core.Heard{Queue: "q", Position: position, Message: core.Message{ID: position, Body: []byte("1")}}
	first := rest.EventOf("/v2/queues/q", &api.Push{News: core.News{Heard: heard}})
	second := rest.EventOf("/v2/queues/q", &api.Push{News: core.News{Heard: heard}, Stream: "another"})
	if &first[0] != &second[0] {
		t.Error("it was made twice")
	}
}
