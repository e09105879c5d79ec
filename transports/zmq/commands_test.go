package zmq_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/zmq"
)

func TestReplies(t *testing.T) {
	t.Parallel()
	c := commands(t, zmq.Config{}).dial()
	m := c.ask(201, "message_post", `{"queue_name":"q","ttl":300}`, `{"n":1}`, `[2]`)
	if len(m.frames) > 0 || m.Request != nil || m.ID != nil {
		t.Errorf("more than was asked for: %+v", m)
	}
	c.send(request("message_list", `{"queue_name":"q","echo":true}`, `"frames":true`, `"id":"a"`, `"echo":true`))
	m = c.answer(200)
	if got := fmt.Sprint(m.frames); got != `[{"n":1} [2]]` || string(m.ID) != `"a"` || m.Request == nil {
		t.Errorf("%s %s", got, m.text)
	}
	c.send(`{"action":"message_list","body":{"queue_name":"q","echo":true},"id":7}`)
	m = c.answer(200)
	if !strings.Contains(string(m.Body), `"body":{"n":1}`) || string(m.ID) != "7" {
		t.Errorf("headers were not those of the first request: %s", m.text)
	}
}

// The key of an idempotent post is not that of the posts behind it.
func TestHeadersForThoseBehind(t *testing.T) {
	t.Parallel()
	c := commands(t, zmq.Config{}).dial()
	keyed := strings.Replace(request("message_post", `{"queue_name":"q"}`), `"headers":{`, `"headers":{"Idempotency-Key":"k",`, 1)
	c.send(keyed, `1`)
	first := c.answer(201)
	c.send(`{"action":"message_post","body":{"queue_name":"q"}}`, `2`)
	c.answer(400) // none could be taken over yet
	c.send(keyed, `1`)
	if again := c.answer(201); string(again.Body) != string(first.Body) {
		t.Errorf("the key was forgotten: %s", again.text)
	}
	c.ask(201, "message_post", `{"queue_name":"q"}`, `3`)
	c.send(`{"action":"message_post","body":{"queue_name":"q"}}`, `4`)
	c.answer(201)
	c.send(`{"action":"message_list","body":{"queue_name":"q","echo":true}}`)
	var page struct{ Messages []struct{ Body int } }
	unmarshal(t, c.answer(200).Body, &page)
	if got := fmt.Sprint(page.Messages); got != "[{1} {3} {4}]" {
		t.Error(got)
	}
}

// gated holds calls of some actions back until it is told to let them go.
type gated struct {
	api.Handler
	action string
	begun  atomic.Int32
	most   atomic.Int32
	now    atomic.Int32
	open   chan struct{}
}

func (g *gated) Handle(ctx context.Context, c *api.Call) api.Reply {
	if c.Action == g.action {
		g.begun.Add(1)
		if n := g.now.Add(1); n > g.most.Load() {
			g.most.Store(n)
		}
		defer g.now.Add(-1)
		select {
		case <-g.open:
		case <-ctx.Done():
		}
	}
	return g.Handler.Handle(ctx, c)
}

func gatedHandler(t *testing.T, action string) (*gated, zmq.Config) {
	c := furnished(t, zmq.Config{})
	g := &gated{Handler: c.Handler, action: action, open: make(chan struct{})}
	c.Handler = g
	return g, c
}

// Requests with an ID overtake each other, and never more than so many are carried
// out or in flight.
func TestRequestsInFlight(t *testing.T) {
	t.Parallel()
	g, config := gatedHandler(t, "queue_get")
	config.MaxInFlight, config.MaxWorkers = 8, 3
	c := commands(t, config).dial()
	for i := range 4 {
		c.send(request("queue_get", `{"queue_name":"q"}`, fmt.Sprintf(`"id":%d`, i)))
	}
	eventually(t, "three are at work", func() bool { return g.begun.Load() == 3 })
	c.send(request("message_post", `{"queue_name":"q"}`, `"id":"post"`), `1`)
	if m := c.answer(201); string(m.ID) != `"post"` {
		t.Errorf("overtaken by %s", m.text)
	}
	for i := range 20 {
		c.send(request("queue_get", `{"queue_name":"q"}`, fmt.Sprintf(`"id":%d`, 4+i)))
	}
	c.send(request("message_post", `{"queue_name":"q"}`, `"id":"late"`), `2`)
	close(g.open)
	for range 25 {
		c.receive()
	}
	if most := g.most.Load(); most != 3 {
		t.Errorf("%d at a time", most)
	}
}

// One request at a time, in its order: that is what leaving IDs out means.
func TestRequestsWithoutID(t *testing.T) {
	t.Parallel()
	g, config := gatedHandler(t, "queue_create")
	c := commands(t, config).dial()
	c.send(request("message_post", `{"queue_name":"q"}`, `"id":1`), `1`)
	c.send(request("queue_create", `{"queue_name":"r"}`))
	c.send(request("queue_list", `{}`))
	c.send(request("message_post", `{"queue_name":"q"}`, `"id":2`), `1`)
	eventually(t, "it is the turn of the second", func() bool { return g.begun.Load() == 1 })
	close(g.open)
	var got []string
	for range 4 {
		m := c.receive()
		got = append(got, fmt.Sprint(m.Headers.Status, string(m.ID)))
	}
	if fmt.Sprint(got) != "[2011 201 200 2012]" {
		t.Errorf("%q", got)
	}
}

// Posts of one connection are stored and answered in the order in which they were
// sent, whatever comes of each.
func TestPostsKeepTheirOrder(t *testing.T) {
	t.Parallel()
	s := commands(t, zmq.Config{})
	const n = 3000
	c := s.dial()
	go func() {
		for i := range n {
			head := request("message_post", fmt.Sprintf(`{"queue_name":"q%d"}`, i%2), fmt.Sprintf(`"id":%d`, i))
			frames := [][]byte{[]byte(head), []byte(fmt.Sprint(i))}
			if i%7 == 0 {
				frames[1] = []byte("this is none")
			}
			if c.Send(c.ctx, frames...) != nil {
				return
			}
		}
	}()
	for i := range n {
		want := 201
		if i%7 == 0 {
			want = 400
		}
		if m := c.answer(want); string(m.ID) != fmt.Sprint(i) {
			t.Fatalf("answer %d is to %s", i, m.ID)
		}
	}
	for q := range 2 {
		next, marker := 0, ""
		for {
			var page struct {
				Messages []struct {
					ID   string
					Body int
				}
			}
			unmarshal(t, c.ask(200, "message_list", fmt.Sprintf(`{"queue_name":"q%d","echo":true,"marker":%q}`, q, marker)).Body, &page)
			if len(page.Messages) == 0 {
				break
			}
			for _, m := range page.Messages {
				for next%7 == 0 || next%2 != q {
					next++
				}
				if m.Body != next {
					t.Fatalf("queue %d has %d, want %d", q, m.Body, next)
				}
				next++
			}
			marker = page.Messages[len(page.Messages)-1].ID
		}
		if next < n-3 {
			t.Errorf("queue %d ends with %d", q, next)
		}
	}
}

// Raw bodies stay bytes.
func TestRawBodies(t *testing.T) {
	t.Parallel()
	c := commands(t, zmq.Config{}).dial()
	c.ask(201, "message_post", `{"queue_name":"q","encoding":"raw","each":[null,{"encoding":"json"},{"ttl":60}]}`, "\x00\xff", `{}`, "")
	c.send(request("claim_create", `{"queue_name":"q"}`, `"frames":true`))
	m := c.answer(201)
	if got := fmt.Sprintf("%q", m.frames); got != `["\x00\xff" "{}" ""]` {
		t.Error(got)
	}
	if n := strings.Count(m.text, `"body_encoding":"raw"`); n != 2 {
		t.Errorf("%d are raw: %s", n, m.text)
	}
}

// What is in progress when the door is told to end is answered, and nothing that
// comes later is begun. A request that waits is answered as if its time were over.
func TestStop(t *testing.T) {
	t.Parallel()
	g, config := gatedHandler(t, "queue_create")
	s := commands(t, config)
	c, idle := s.dial(), s.dial()
	idle.ask(204, "ping_node", `{}`)
	c.send(request("claim_create", `{"queue_name":"q","wait":20}`, `"id":"claim"`))
	c.send(request("queue_create", `{"queue_name":"q"}`, `"id":"create"`))
	eventually(t, "both are in progress", func() bool { return g.begun.Load() == 1 })
	stopped := make(chan error, 1)
	go func() { stopped <- s.stop() }()
	if m := c.answer(204); string(m.ID) != `"claim"` {
		t.Errorf("%s", m.text)
	}
	c.send(request("queue_delete", `{"queue_name":"q"}`, `"id":"late"`))
	close(g.open)
	if m := c.answer(201); string(m.ID) != `"create"` {
		t.Errorf("%s", m.text)
	}
	c.cut()
	idle.cut()
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// What comes over other connections while one keeps the door from ending is not begun
// either, whether they are new or not.
func TestNothingBeginsInAStop(t *testing.T) {
	t.Parallel()
	g, config := gatedHandler(t, "queue_create")
	begun := &counting{Handler: g}
	config.Handler = begun
	s := commands(t, config)
	busy := s.dial()
	var idle []*client
	for range 10 {
		idle = append(idle, s.dial())
	}
	eventually(t, "all are there", func() bool { return s.door.Stats().Peers == 11 })
	busy.send(request("claim_create", `{"queue_name":"q","wait":20}`, `"id":"claim"`))
	busy.send(request("queue_create", `{"queue_name":"q"}`, `"id":"create"`))
	eventually(t, "both are in progress", func() bool { return g.begun.Load() == 1 })
	stopped := make(chan error, 1)
	go func() { stopped <- s.stop() }()
	busy.answer(204) // it has been told
	for _, c := range idle {
		c.send(request("queue_list", `{}`))
	}
	late := s.byHand(request("queue_list", `{}`))
	awaitText(t, late, "READY") // it is greeted
	close(g.open)
	busy.answer(201)
	for _, c := range idle {
		c.cut()
	}
	if got, _ := io.ReadAll(late); bytes.Contains(got, []byte("status")) || begun.n.Load() != 0 {
		t.Errorf("%d requests were begun late: %q", begun.n.Load(), got)
	}
	if err := <-stopped; err != nil {
		t.Error(err)
	}
}

// counting counts lists of queues.
type counting struct {
	api.Handler
	n atomic.Int32
}

func (h *counting) Handle(ctx context.Context, c *api.Call) api.Reply {
	if c.Action == "queue_list" {
		h.n.Add(1)
	}
	return h.Handler.Handle(ctx, c)
}

// A stop waits no longer than it may.
func TestStopIsBounded(t *testing.T) {
	t.Parallel()
	g, config := gatedHandler(t, "queue_create")
	config.StopTimeout = 1
	s := commands(t, config)
	c := s.dial()
	c.send(request("queue_create", `{"queue_name":"q"}`))
	eventually(t, "it is in progress", func() bool { return g.begun.Load() == 1 })
	if err := s.stop(); err == nil || !strings.Contains(err.Error(), "requests of 1 connections were cut off") {
		t.Error(err)
	}
	c.cut()
}
