package zmq_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/transporttest"
	"github.com/stackforge/marconi/transports/zmq"
	"github.com/stackforge/marconi/transports/zmtp"
)

const (
	alice    = "3381af92-2b9e-11e3-b191-71861300734c"
	loopback = "tcp://127.0.0.1:0"

	// patience is longer than anything in these tests takes.
	patience = time.Minute
)

// site is an endpoint that serves, with a broker that runs.
type site struct {
	t      testing.TB
	addr   string
	broker *core.Broker
	door   *zmq.Commands // nil where it is another
	stop   func() error  // once: tells the endpoint to end and waits for that
}

// commands opens an endpoint that ends with the test and without an error. Without
// a handler it has all operations on an empty store.
func commands(t testing.TB, c zmq.Config) *site {
	t.Helper()
	c = furnished(t, c)
	door, err := zmq.ListenCommands(c)
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, door)
	s.broker, s.door = c.Broker, door
	return s
}

// furnished is a config with what it lacks: a broker, a handler, and an address.
func furnished(t testing.TB, c zmq.Config) zmq.Config {
	t.Helper()
	if c.Broker == nil {
		c.Broker = transporttest.Broker(t, core.Options{})
	}
	if c.Handler == nil {
		c.Handler = api.New(c.Broker, api.Options{AdminMode: true}, api.Observe(nil, nil))
	}
	if c.Endpoint == "" {
		c.Endpoint = loopback
	}
	return c
}

func serve(t testing.TB, door transports.Transport) *site {
	return &site{t: t, addr: door.Addr(), stop: transporttest.Running(t, door.Serve)}
}

// client is the other end of a connection.
type client struct {
	t testing.TB
	*zmtp.Dealer
	ctx context.Context
}

func (s *site) dial() *client {
	s.t.Helper()
	return s.dialBy(zmtp.Config{})
}

func (s *site) dialBy(c zmtp.Config) *client {
	s.t.Helper()
	c.Endpoint = s.addr
	if c.MaxParts == 0 {
		c.MaxParts, c.MaxMessage = 4096, 64<<20
	}
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	d, err := zmtp.Dial(ctx, c)
	if err != nil {
		cancel()
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() {
		gone, hurry := context.WithCancel(context.Background())
		hurry()
		_ = d.Close(gone)
		cancel()
	})
	return &client{s.t, d, ctx}
}

// request is alice's, as the text of a head. More are members of it.
func request(action, body string, more ...string) string {
	text := fmt.Sprintf(`{"action":%q,"body":%s,"headers":{"Client-ID":%q,"X-Project-ID":"project"}`, action, body, alice)
	for _, m := range more {
		text += "," + m
	}
	return text + "}"
}

// send sends a head with frames behind it.
func (c *client) send(head string, frames ...string) {
	c.t.Helper()
	parts := [][]byte{[]byte(head)}
	for _, f := range frames {
		parts = append(parts, []byte(f))
	}
	if err := c.Send(c.ctx, parts...); err != nil {
		c.t.Fatal(err)
	}
}

// message is what came: an answer or a push.
type message struct {
	text   string
	frames []string

	Request json.RawMessage `json:"request"`
	transporttest.Told
}

// receive waits for the next message.
func (c *client) receive() message {
	c.t.Helper()
	m, err := c.Receive(c.ctx)
	if err != nil {
		c.t.Fatalf("nothing came: %v", err)
	}
	got := message{text: string(m.Parts[0])}
	for _, f := range m.Parts[1:] {
		got.frames = append(got.frames, string(f))
	}
	if err := json.Unmarshal(m.Parts[0], &got); err != nil {
		c.t.Fatalf("%v: %q", err, m.Parts)
	}
	return got
}

// answer waits for the answer to a request, which must have a status.
func (c *client) answer(status int) message {
	c.t.Helper()
	m := c.receive()
	if m.Headers.Status != status {
		c.t.Fatalf("status %d, want %d: %s", m.Headers.Status, status, m.text)
	}
	return m
}

// ask has a request answered with a status.
func (c *client) ask(status int, action, body string, frames ...string) message {
	c.t.Helper()
	c.send(request(action, body), frames...)
	return c.answer(status)
}

// cut wants the connection to have been ended by the other side.
func (c *client) cut() {
	c.t.Helper()
	for {
		if _, err := c.Receive(c.ctx); errors.Is(err, zmtp.ErrGone) {
			return
		} else if err != nil {
			c.t.Fatalf("the connection was not cut: %v", err)
		}
	}
}

// eventually waits until something holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	late := time.After(patience)
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for !holds() {
		select {
		case <-look.C:
		case <-late:
			t.Fatalf("it never came to this: %s", what)
		}
	}
}

// bodies are those of the messages in a list.
func bodies(t testing.TB, messages json.RawMessage) string {
	t.Helper()
	var list []struct{ Body json.RawMessage }
	if err := json.Unmarshal(messages, &list); err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, m := range list {
		all = append(all, string(m.Body))
	}
	return strings.Join(all, " ")
}

func unmarshal(t testing.TB, text []byte, v any) {
	t.Helper()
	if err := json.Unmarshal(text, v); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
}
