package ws_test

import (
	"encoding/json"
	"fmt"
	"net"
	"strings"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/ws"
)

func post(first, n int) string {
	all := make([]string, n)
	for i := range all {
		all[i] = fmt.Sprintf(`{"body":%d,"ttl":60}`, first+i)
	}
	return `{"queue_name":"q","messages":[` + strings.Join(all, ",") + `]}`
}

// pushed waits for the next message, with answers and facts left out.
func (c *client) pushed() frame {
	c.t.Helper()
	for {
		if f := c.receive(); f.Type == "Notification" {
			return f
		}
	}
}

// hears checks that messages that are numbers come in their order.
func (c *client) hears(from, to int) {
	c.t.Helper()
	for i := from; i < to; i++ {
		if f := c.pushed(); string(f.Body) != fmt.Sprint(i) {
			c.t.Fatalf("got %s, want %d", f.text, i)
		}
	}
}

func TestWatch(t *testing.T) {
	t.Parallel()
	s := serve(t, ws.Config{})
	c, poster := s.dial(), s.dial()
	poster.ask(201, "message_post", post(0, 3))
	f := c.ask(201, "message_watch", `{"queue_name":"q","position":"earliest"}`)
	var started struct {
		ID string `json:"stream_id"`
	}
	if err := json.Unmarshal(f.Body, &started); err != nil || started.ID == "" {
		t.Fatalf("got %s", f.text)
	}
	c.hears(0, 3)
	poster.ask(201, "message_post", post(3, 4))
	c.hears(3, 7)
	c.ask(204, "stream_delete", `{"stream_id":"`+started.ID+`"}`)
	poster.ask(201, "message_post", post(7, 1))
	c.send("nonsense")
	c.answer(400)
}

const subscription = `{"queue_name":"q","ttl":120}`

// What is pushed is what Zaqar's clients know: nothing more, and in the encoding of
// the request that subscribed.
func TestSubscription(t *testing.T) {
	t.Parallel()
	s := serve(t, ws.Config{})
	c := s.dial()
	made := c.ask(201, "subscription_create", subscription)
	var record struct {
		ID string `json:"subscription_id"`
	}
	if err := json.Unmarshal(made.Body, &record); err != nil || record.ID == "" {
		t.Fatalf("got %s", made.text)
	}
	if f := c.ask(409, "subscription_create", subscription); string(f.Body) != `"Subscription q not created."` {
		t.Errorf("got %s", f.text)
	}
	if f := s.dial().ask(200, "subscription_list", `{"queue_name":"q"}`); !strings.Contains(f.text, record.ID) {
		t.Errorf("got %s", f.text)
	}
	s.dial().ask(201, "message_post", `{"queue_name":"q","messages":[{"body":{"k":"pushed"},"ttl":60}]}`)
	if f := c.receive(); f.kind != websocket.TextMessage || f.text != `{"ttl":60,"body":{"k":"pushed"},"queue_name":"q","Message_Type":"Notification"}` {
		t.Errorf("got %s", f.text)
	}
	c.ask(204, "subscription_delete", `{"queue_name":"q","subscription_id":"`+record.ID+`"}`)
	c.sendBinary(request("subscription_create", subscription))
	c.answer(201)
	c.send(request("message_post", post(7, 1)))
	kinds := map[string]int{}
	for range 2 {
		f := c.receive()
		kinds[f.Type] = f.kind
	}
	if kinds[""] != websocket.TextMessage || kinds["Notification"] != websocket.BinaryMessage {
		t.Errorf("kinds of frames: %v", kinds)
	}
}

// A connection that ends takes its subscriptions along, however it ends.
func TestSubscriptionsEndWithTheConnection(t *testing.T) {
	t.Parallel()
	s := serve(t, ws.Config{})
	for i := range 20 {
		c := s.dial()
		c.ask(201, "subscription_create", subscription)
		if i%2 == 0 {
			_ = c.NetConn().(*net.TCPConn).SetLinger(0)
		}
		c.Close()
	}
	await(t, "the connections to end", func() bool { return s.server.Connections() == 0 })
	if f := s.dial().ask(200, "subscription_list", `{"queue_name":"q"}`); string(f.Body) != `{"subscriptions":[]}` {
		t.Errorf("got %s", f.Body)
	}
}

func TestSubscriptionsOfAConnection(t *testing.T) {
	t.Parallel()
	c := serve(t, ws.Config{MaxSubscriptions: 2, MaxStreams: 1}).dial()
	for i := range 3 {
		status := 201
		if i == 2 {
			status = 403
		}
		c.ask(status, "subscription_create", numbered(i))
	}
	c.ask(403, "message_watch", numbered(3))
	c.ask(201, "claim_stream", numbered(0))
	c.ask(403, "claim_stream", numbered(1))
}

// Messages are leased to connections that take them, and free again at once when
// such a connection ends.
func TestClaimStream(t *testing.T) {
	t.Parallel()
	s := serve(t, ws.Config{})
	first := s.dial()
	first.ask(201, "claim_stream", `{"queue_name":"q","credit":2}`)
	poster := s.dial()
	poster.ask(201, "message_post", post(0, 4))
	var claimed []string
	for len(claimed) < 2 {
		claimed = append(claimed, first.claims()...)
	}
	if len(claimed) != 2 {
		t.Fatalf("with a credit of 2 these were claimed: %q", claimed)
	}
	poster.ask(204, "message_delete", claimed[0])
	third := first.claims()
	second := s.dial()
	second.ask(201, "claim_stream", `{"queue_name":"q","credit":20}`)
	got := second.claims()
	first.Close()
	for len(got) < 3 {
		got = append(got, second.claims()...)
	}
	if len(third) != 1 || len(got) != 3 {
		t.Errorf("first got %q and then %q, second %q", claimed, third, got)
	}
}

// claims waits for a claim, and has for each message of it what deletes that.
func (c *client) claims() (all []string) {
	c.t.Helper()
	for {
		f := c.receive()
		if f.Type != "Claim" {
			continue
		}
		var messages []struct{ ID string }
		if err := json.Unmarshal(f.Messages, &messages); err != nil {
			c.t.Fatalf("%v: %s", err, f.text)
		}
		for _, m := range messages {
			all = append(all, fmt.Sprintf(`{"queue_name":"q","message_id":%q,"claim_id":%q}`, m.ID, f.Claim))
		}
		return all
	}
}

// A place in the log holds over the end of a connection.
func TestWatchGoesOnElsewhere(t *testing.T) {
	t.Parallel()
	s := serve(t, ws.Config{})
	poster := s.dial()
	position := "earliest"
	for i := range 5 {
		poster.ask(201, "message_post", post(2*i, 2))
		c := s.dial()
		c.ask(201, "message_watch", fmt.Sprintf(`{"queue_name":"q","position":%q}`, position))
		for n := range 2 {
			f := c.pushed()
			if string(f.Body) != fmt.Sprint(2*i+n) {
				t.Fatalf("got %s, want %d", f.text, 2*i+n)
			}
			position = f.Position
		}
		c.Close()
	}
}

// The answer that names a stream comes before all that comes of it.
func TestAnswerComesBeforePushes(t *testing.T) {
	t.Parallel()
	s := serve(t, ws.Config{})
	s.dial().ask(201, "message_post", post(0, 20))
	for range 50 {
		c := s.dial()
		c.ask(201, "message_watch", `{"queue_name":"q","position":"earliest"}`)
		c.hears(0, 20)
		c.Close()
	}
}

// Who takes nothing costs the others nothing, and is told all in the end.
func TestSlowListenerIsBehindAndTheOthersAreNot(t *testing.T) {
	t.Parallel()
	const n, size = 150, 64 << 10
	s := serve(t, ws.Config{WriteTimeout: patience})
	var pipe net.Conn
	slow := s.dialBy(&websocket.Dialer{NetDial: func(_, addr string) (c net.Conn, err error) {
		pipe, err = net.Dial("tcp", addr)
		if err == nil {
			err = pipe.(*net.TCPConn).SetReadBuffer(64 << 10)
		}
		return pipe, err
	}})
	slow.ask(201, "message_watch", `{"queue_name":"q"}`)
	fast := s.dial()
	fast.ask(201, "message_watch", `{"queue_name":"q"}`)
	poster := s.dial()
	text := strings.Repeat("x", size)
	for i := range n {
		poster.ask(201, "message_post", fmt.Sprintf(`{"queue_name":"q","messages":[{"body":{"n":%d,"x":%q}}]}`, i, text))
		inOrder(t, fast, i)
	}
	for i := range n {
		inOrder(t, slow, i)
	}
}

func inOrder(t *testing.T, c *client, want int) {
	t.Helper()
	t.Helper()
	var body struct{ N int }
	f := c.pushed()
	if err := json.Unmarshal(f.Body, &body); err != nil || body.N != want {
		t.Fatalf("got %.80s, want %d", f.text, want)
	}
}

// Listeners hear each in their own encoding, compressed or not.
func TestListenersOfAllKinds(t *testing.T) {
	t.Parallel()
	s := serve(t, ws.Config{Compression: true})
	var all []*client
	for i := range 40 {
		c := s.dialBy(&websocket.Dialer{EnableCompression: i%2 == 0})
		if i%4 < 2 {
			c.ask(201, "message_watch", `{"queue_name":"q"}`)
		} else {
			c.sendBinary(request("message_watch", `{"queue_name":"q"}`))
			c.answer(201)
		}
		all = append(all, c)
	}
	const n = 10
	poster := s.dial()
	for i := range n {
		poster.ask(201, "message_post", fmt.Sprintf(`{"queue_name":"q","messages":[{"body":{"n":%d,"x":%q}}]}`, i, strings.Repeat("x", 2000)))
	}
	for i := range n {
		for j, c := range all {
			f := c.pushed()
			if want := websocket.TextMessage + j%4/2; f.kind != want {
				t.Fatalf("got a frame of kind %d, want %d", f.kind, want)
			}
			if !strings.Contains(f.text, fmt.Sprintf(`"n":%d`, i)) {
				t.Fatalf("got %.80s, want %d", f.text, i)
			}
		}
	}
}

func TestFramesAreShared(t *testing.T) {
	t.Parallel()
	heard := &core.Heard{Queue: "q", Message: core.Message{ID: "1", Body: []byte(`{}`)}}
	push := func(codec api.Codec, positions bool) *api.Push {
		return &api.Push{Queue: "q", News: core.News{Heard: heard}, Codec: codec, Positions: positions}
	}
	one := ws.Frame(push(api.JSON, false))
	if one == nil || one != ws.Frame(push(api.JSON, false)) {
		t.Error("a frame was made twice")
	}
	if one == ws.Frame(push(api.MessagePack, false)) || one == ws.Frame(push(api.JSON, true)) {
		t.Error("different frames are the same")
	}
}

func TestNobodyIsPushedToFasterThanItsTurn(t *testing.T) {
	t.Parallel()
	s := serve(t, ws.Config{})
	c := s.dial()
	c.ask(201, "message_watch", `{"queue_name":"q"}`)
	poster := s.dial()
	for i := range 50 {
		poster.send(request("message_post", post(20*i, 20)))
	}
	c.send(request("queue_list", `{}`)) // is answered among the pushes
	heard, answered := 0, false
	for heard < 1000 || !answered {
		switch f := c.receive(); {
		case f.Type == "Notification":
			if string(f.Body) != fmt.Sprint(heard) {
				t.Fatalf("got %s, want %d", f.text, heard)
			}
			heard++
		case f.Headers.Status == 200:
			answered = true
		}
	}
}
