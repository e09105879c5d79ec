package zmq_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/transporttest"
	"github.com/stackforge/marconi/transports/zmq"
	"github.com/stackforge/marconi/transports/zmtp"
)

// What makes no sense is answered with 400, and the connection goes on.
func TestSenselessRequests(t *testing.T) {
	t.Parallel()
	c := commands(t, zmq.Config{}).dial()
	requests := [][]string{
		{""}, {"", ""}, {"x"}, {"{"}, {"[]"}, {"null"}, {"{}"}, {"{} {}"}, {"\xff\xfe"}, {`{"action":1}`}, {`{"action":"no such"}`},
		{`{"action":"queue_list"}`}, {strings.Repeat("[", 60_000)}, {strings.Repeat(`{"a":`, 12_000)},
		{request("queue_list", `{}`), "a body"}, {request("queue_list", `[]`)},
		{request("message_post", `{"queue_name":"q"}`)},
		{request("message_post", `{"queue_name":"q"}`), ""}, {request("message_post", `{"queue_name":"q"}`), "1 2"},
		{request("message_post", `{"queue_name":"q"}`), `{"n":1}`, `}`},
		{request("message_post", `{"queue_name":"q","messages":[{"body":1}]}`), `1`},
		{request("message_post", `{"queue_name":"q","each":[]}`), `1`},
		{request("message_post", `{"queue_name":"q","each":[null,null]}`), `1`},
		{request("message_post", `{"queue_name":"q","each":[1]}`), `1`},
		{request("message_post", `{"queue_name":"q","each":{}}`), `1`},
		{request("message_post", `{"queue_name":"q","each":[{"ttl":"x"}]}`), `1`},
		{request("message_post", `{"queue_name":"q","encoding":"xml"}`), `1`},
		{request("message_post", `{"queue_name":"q","encoding":"msgpack"}`), "\xc1"},
		{request("message_post", `{"queue_name":"q","ttl":59}`), `1`},
		{request("message_post", `{"queue_name":"q/r"}`), `1`},
		{request("message_post", `{"queue_name":"q","producer":"p"}`), `1`},
		{request("message_post", `{"queue_name":"q","producer":"p","seq":0}`), `1`},
		{request("message_post", `{"queue_name":"q","producer":"é","seq":1}`), `1`},
		{request("queue_list", `{"x":"`+strings.Repeat("x", 64<<10)+`"}`)},
		{request("message_post", `{"queue_name":"q"}`), `"` + strings.Repeat("x", 256<<10-1) + `"`},
	}
	for _, frames := range requests {
		c.send(frames[0], frames[1:]...)
	}
	for i := range requests {
		m, err := c.Receive(c.ctx)
		if err != nil {
			t.Fatalf("answer %d: %v", i, err)
		}
		_, frames := m.Split()
		if len(frames) != 1 || !strings.Contains(string(frames[0]), `"status":400`) {
			t.Errorf("answer %d: %.300q", i, m.Parts)
		}
	}
	c.send("\x81\xa6action\xa9ping_node")
	if m, err := c.Receive(c.ctx); err != nil || m.Parts[0][0] != 0x82 {
		t.Errorf("%v %v", m, err)
	}
}

// What is longer than any request may be ends the connection.
func TestEndlessRequests(t *testing.T) {
	t.Parallel()
	s := commands(t, zmq.Config{})
	for name, send := range map[string]func(c *client) error{
		"a frame":  func(c *client) error { return c.Send(c.ctx, make([]byte, 400<<10)) },
		"frames":   func(c *client) error { return c.Send(c.ctx, make([][]byte, 1025)...) },
		"all over": func(c *client) error { return c.Send(c.ctx, make([]byte, 200<<10), make([]byte, 200<<10)) },
	} {
		c := s.dialBy(zmtp.Config{MaxMessage: 1 << 20, MaxParts: 4096})
		if err := send(c); err != nil {
			t.Errorf("%s: %v", name, err)
		}
		c.cut()
	}
}

// As many frames as may be.
func TestManyFrames(t *testing.T) {
	t.Parallel()
	c := commands(t, zmq.Config{}).dial()
	frames := strings.Split(strings.Repeat("1 ", 1022)+"1", " ")
	var posted struct {
		IDs []string `json:"message_ids"`
	}
	unmarshal(t, c.ask(201, "message_post", `{"queue_name":"q"}`, frames...).Body, &posted)
	if len(posted.IDs) != 1023 {
		t.Errorf("%d IDs", len(posted.IDs))
	}
}

// Thousands of requests under one ID, or none, are no more than so many requests.
func TestManyIDs(t *testing.T) {
	t.Parallel()
	c := commands(t, zmq.Config{}).dial()
	const n = 5000
	go func() {
		for i := range n {
			id := `"id":"same"`
			switch i % 3 {
			case 1:
				id = fmt.Sprintf(`"id":%q`, strings.Repeat("x", i%300))
			case 2:
				id = `"id":{}`
			}
			if c.Send(c.ctx, []byte(request("queue_get", `{"queue_name":"q"}`, id))) != nil {
				return
			}
		}
	}()
	for range n {
		c.answer(200)
	}
}

// FuzzHeads: whatever a head is, there is an answer to it, in its encoding, and
// nothing is posted that was not asked for.
func FuzzHeads(f *testing.F) {
	for _, head := range []string{
		"", "{", request("message_post", `{"queue_name":"q"}`), request("queue_list", `{}`, `"id":1`, `"echo":true`, `"frames":true`),
		"\x81\xa6action\xa9ping_node", "\xde\x00\x01\xa6action\xa9ping_node", "\x80", "\xdf\xff\xff\xff\xff",
		request("message_post", `{"queue_name":"q","each":[{"ttl":60,"encoding":"raw"}]}`),
	} {
		f.Add([]byte(head), []byte(`1`))
	}
	s := commands(f, zmq.Config{Broker: transporttest.Broker(f, core.Options{})})
	c := s.dial()
	f.Fuzz(func(t *testing.T, head, body []byte) {
		if len(head) > 60<<10 || len(body) > 60<<10 {
			return
		}
		if err := c.Send(t.Context(), head, body); err != nil {
			t.Fatal(err)
		}
		m, err := c.Receive(t.Context())
		if err != nil {
			t.Fatal(err)
		}
		route, frames := m.Split()
		if len(frames) < 1 || (len(route) > 0) != (len(head) == 0) {
			t.Fatalf("%q", m.Parts)
		}
		if frames[0][0] != '{' {
			if _, err := api.FromMessagePack(nil, frames[0], 64<<20); err != nil {
				t.Fatal(err)
			}
		}
	})
}
