package ws_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/ws"
)

// gate is a handler whose calls tell that they have begun and wait until they are
// let go, or cut off.
type gate struct {
	begun chan string // the call's queue
	let   chan struct{}
}

func newGate() *gate { return &gate{make(chan string, 100), make(chan struct{}, 100)} }

func (g *gate) Handle(ctx context.Context, c *api.Call) api.Reply {
	if c.Early != nil {
		return *c.Early
	}
	g.begun <- string(c.Body)
	select {
	case <-g.let:
		return api.Reply{Status: 200, Result: core.Queue{Metadata: c.Body}}
	case <-ctx.Done():
		return api.Reply{Status: 503, Result: &api.Problem{Title: "cut off"}}
	}
}

func numbered(n int) string { return fmt.Sprintf(`{"queue_name":"q%d"}`, n) }

func TestRequestsWithoutIDAreAnsweredInOrder(t *testing.T) {
	t.Parallel()
	c := serve(t, ws.Config{}).dial()
	const n = 200
	for i := range n {
		switch {
		case i%7 == 3:
			c.send(fmt.Sprintf("nonsense %d", i))
		case i%5 == 2:
			c.sendBinary(request("queue_create", numbered(i)))
		default:
			c.send(request("queue_create", numbered(i)))
		}
	}
	for i := range n {
		f := c.receive()
		if i%7 == 3 {
			if f.Headers.Status != 400 || f.Request.Action != nil {
				t.Fatalf("answer %d is %s", i, f.text)
			}
		} else if want := fmt.Sprintf(`"Queue q%d created."`, i); string(f.Body) != want {
			t.Fatalf("answer %d is %s, want %s", i, f.Body, want)
		}
	}
}

// One that waits holds up those behind it that have no ID, and no other.
func TestRequestsWithIDOverlap(t *testing.T) {
	t.Parallel()
	g := newGate()
	c := serve(t, ws.Config{Handler: g}).dial()
	c.send(request("queue_get", numbered(0)))
	if got := <-g.begun; got != numbered(0) {
		t.Fatalf("%s has begun", got)
	}
	c.send(request("queue_get", numbered(1)))
	for i := 2; i < 5; i++ {
		c.send(request("queue_get", numbered(i), fmt.Sprintf(`"id":"%d"`, i)))
	}
	begun := []string{<-g.begun, <-g.begun, <-g.begun}
	for i := 2; i < 5; i++ {
		if !strings.Contains(strings.Join(begun, ""), numbered(i)) {
			t.Errorf("of those with an ID %q have begun", begun)
		}
	}
	for range 5 {
		g.let <- struct{}{}
	}
	var inOrder []string
	for range 5 {
		if f := c.answer(200); f.ID == nil {
			inOrder = append(inOrder, string(f.Body))
		} else if want := `"` + string(f.Body[len(`{"queue_name":"q`)]) + `"`; string(f.ID) != want {
			t.Errorf("id %s came back for %s", f.ID, want)
		}
	}
	if len(inOrder) != 2 || inOrder[0] != numbered(0) || inOrder[1] != numbered(1) {
		t.Errorf("without an ID: %q", inOrder)
	}
}

// No more requests are begun than there may be in flight; the rest is not read.
func TestRequestsInFlight(t *testing.T) {
	t.Parallel()
	g := newGate()
	c := serve(t, ws.Config{Handler: g, MaxInFlight: 3}).dial()
	for i := range 10 {
		c.send(request("queue_get", numbered(i), fmt.Sprintf(`"id":%d`, i)))
	}
	for range 3 {
		<-g.begun
	}
	for i := range 10 {
		if n := len(g.begun); n > 0 {
			t.Fatalf("%d too many have begun", n)
		}
		g.let <- struct{}{}
		c.answer(200)
		if i < 7 {
			<-g.begun
		}
	}
}

func TestAnswersComeInTheEncodingOfTheirRequests(t *testing.T) {
	t.Parallel()
	c := serve(t, ws.Config{}).dial()
	for i := range 6 {
		if i%2 == 0 {
			c.send(request("queue_list", `{}`))
		} else {
			c.sendBinary(request("queue_list", `{}`))
		}
	}
	for i := range 6 {
		if f := c.answer(200); f.kind != 1+i%2 {
			t.Errorf("answer %d is a frame of kind %d", i, f.kind)
		}
	}
}
