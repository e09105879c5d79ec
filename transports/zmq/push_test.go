package zmq_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/zmq"
	"github.com/stackforge/marconi/transports/zmtp"
)

func post(t testing.TB, b *core.Broker, queue string, bodies ...string) {
	t.Helper()
	r := core.MessagePostRequest{Queue: queue}
	for _, body := range bodies {
		r.Messages = append(r.Messages, core.Draft{Body: []byte(body)})
	}
	if _, err := b.PostMessages(t.Context(), core.Caller{Project: "project"}, r); err != nil {
		t.Fatal(err)
	}
}

func TestPushes(t *testing.T) {
	t.Parallel()
	s := commands(t, zmq.Config{})
	c := s.dial()
	post(t, s.broker, "q", `"before"`)
	c.send(request("message_watch", `{"queue_name":"q","position":"earliest"}`, `"frames":true`))
	if m := c.receive(); m.Headers.Status != 201 {
		t.Fatalf("a push came before the answer, or it was refused: %s", m.text)
	}
	m := c.receive()
	if m.Type != "Notification" || fmt.Sprint(m.frames) != `["before"]` || strings.Contains(m.text, `"body"`) {
		t.Errorf("%s %q", m.text, m.frames)
	}
	if m = c.receive(); m.Fact != "live" {
		t.Errorf("%s", m.text)
	}
	post(t, s.broker, "q", `"after"`)
	if m = c.receive(); fmt.Sprint(m.frames) != `["after"]` || m.Position == "" {
		t.Errorf("%s %q", m.text, m.frames)
	}

	plain := s.dial()
	plain.ask(201, "subscription_create", `{"queue_name":"q"}`)
	post(t, s.broker, "q", `{"n":3}`)
	if m = plain.receive(); len(m.frames) > 0 || !strings.Contains(m.text, `"body":{"n":3}`) {
		t.Errorf("%s %q", m.text, m.frames)
	}
}

// What a stream has claimed is free as soon as its peer has gone.
func TestClaimStreams(t *testing.T) {
	t.Parallel()
	s := commands(t, zmq.Config{})
	post(t, s.broker, "q", `1`, `2`, `3`)
	c := s.dial()
	c.ask(201, "claim_stream", `{"queue_name":"q","credit":2}`)
	m := c.receive()
	if m.Type != "Claim" || m.Claim == "" || bodies(t, m.Messages) != "1 2" {
		t.Fatalf("%s", m.text)
	}
	var claimed []struct{ ID string }
	unmarshal(t, m.Messages, &claimed)
	c.ask(204, "message_delete", fmt.Sprintf(`{"queue_name":"q","message_id":%q,"claim_id":%q}`, claimed[0].ID, m.Claim))
	if m = c.receive(); bodies(t, m.Messages) != "3" {
		t.Errorf("%s", m.text)
	}
	gone, hurry := context.WithCancel(context.Background())
	hurry()
	_ = c.Close(gone)
	other := s.dial()
	eventually(t, "all that is left is free", func() bool {
		m := other.ask(200, "queue_get_stats", `{"queue_name":"q"}`)
		return strings.Contains(string(m.Body), `"free":2`)
	})
}

// A peer that does not read is told nothing that it has no room for, and all of it
// once it reads.
func TestSlowPeersLag(t *testing.T) {
	t.Parallel()
	s := commands(t, zmq.Config{Mailbox: 1 << 20, WriteTimeout: patience})
	c := s.dialBy(zmtp.Config{InFlight: 1, MaxMessage: 1 << 20})
	c.ask(201, "message_watch", `{"queue_name":"q"}`)
	if m := c.receive(); m.Fact != "live" {
		t.Fatalf("%s", m.text)
	}
	const n, size = 400, 100_000
	body := `"` + strings.Repeat("x", size) + `"`
	for range n {
		post(t, s.broker, "q", body)
	}
	last := ""
	for i := range n {
		m := c.receive()
		if m.Type != "Notification" || m.Position <= last {
			t.Fatalf("message %d: %.200s", i, m.text)
		}
		last = m.Position
	}
	c.send(request("ping_node", `{}`))
	m := c.receive()
	for m.Fact == "live" { // it has caught up
		m = c.receive()
	}
	if m.Headers.Status != 204 {
		t.Errorf("%s", m.text)
	}
}

// A peer that takes nothing is cut off.
func TestDeafPeersAreCut(t *testing.T) {
	t.Parallel()
	s := commands(t, zmq.Config{Mailbox: 1 << 20, WriteTimeout: 200 * time.Millisecond})
	body := `"` + strings.Repeat("x", 250_000) + `"`
	for range 100 {
		post(t, s.broker, "q", body)
	}
	var lists []string
	for i := range 60 { // much more than what is on the way takes in
		lists = append(lists, request("message_list", `{"queue_name":"q","echo":true,"limit":3}`, fmt.Sprintf(`"id":%d`, i)))
	}
	s.byHand(lists...)
	eventually(t, "it is cut off", func() bool { return s.door.Stats().Cut == 1 && s.door.Stats().Peers == 0 })
}
