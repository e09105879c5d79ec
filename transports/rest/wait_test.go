package rest_test

import (
	"context"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/rest"
)

// waits are requests that wait as long as they may, for an empty queue.
var waits = []struct{ line, header, body, empty, found string }{
	{"GET " + messages + "?wait=20&echo=true", "", "", "200", "200"},
	{"POST /v2/queues/q/claims?wait=20", "Content-Length: 0\r\n", "", "204", "201"},
	{"POST /v2/queues/q/claims?wait=20", "Content-Length: 2\r\n", "{}", "204", "201"},
}

// waits sends a request that waits, and returns once it does.
func (s *site) waits(i int, begun <-chan string) <-chan string {
	s.t.Helper()
	c := s.dial()
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	w := waits[i]
	_, _ = io.WriteString(c, head(w.line)+w.header+"Connection: close\r\n\r\n"+w.body)
	text := make(chan string, 1)
	go func() {
		defer c.Close()
		all, _ := io.ReadAll(c)
		text <- string(all)
	}()
	<-begun
	return text
}

func TestWaiting(t *testing.T) {
	t.Parallel()
	actions := make(chan string, 10)
	s := serveLive(t, rest.Config{BodyTimeout: 300 * time.Millisecond}, begun(actions))
	for i, w := range waits {
		text := s.waits(i, actions)
		for range 3 { // each takes as long as the server waits for a body
			same(t, "statuses", statuses(s.raw(head("PUT /v2/queues/q")+"Content-Length: 2\r\n\r\n")), "400")
		}
		select {
		case got := <-text:
			t.Fatalf("%s: it did not wait: %s", w.line, got)
		default:
		}
		s.post(i)
		<-actions
		if got := <-text; statuses(got) != w.found || !strings.Contains(got, `"body":`) {
			t.Errorf("%s: got %s", w.line, got)
		}
		s.mustDo(204, "DELETE", "/v2/queues/q", "")
		<-actions
	}
}

// TestStopEndsWaiting answers those who wait at once, as if their time were over.
func TestStopEndsWaiting(t *testing.T) {
	t.Parallel()
	actions := make(chan string, 10)
	s := serveLive(t, rest.Config{}, begun(actions))
	var texts []<-chan string
	for i := range waits {
		texts = append(texts, s.waits(i, actions))
	}
	start := time.Now()
	if err := s.stop(); err != nil {
		t.Errorf("Serve: %v", err)
	}
	if took := time.Since(start); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
	for i, w := range waits {
		got := <-texts[i]
		same(t, w.line, statuses(got), w.empty)
	}
}

func TestWaitIsKeptInLinks(t *testing.T) {
	t.Parallel()
	s := serveLive(t, rest.Config{})
	s.post(1, 2)
	a := s.mustDo(200, "GET", messages+"?echo=true&limit=1&wait=7", "")
	if !strings.Contains(a.body, "?limit=1&echo=true&include_delayed=true&wait=7&marker=") {
		t.Errorf("got %s", a.body)
	}
}

// TestLeavingEndsWaiting is of clients who do not wait for the answer.
func TestLeavingEndsWaiting(t *testing.T) {
	t.Parallel()
	begun, ended := make(chan struct{}, 1), make(chan error, 1)
	s := serveLive(t, rest.Config{}, func(next api.Handler) api.Handler {
		return api.HandlerFunc(func(ctx context.Context, c *api.Call) api.Reply {
			begun <- struct{}{}
			reply := next.Handle(ctx, c)
			ended <- ctx.Err()
			return reply
		})
	})
	for _, w := range waits {
		c := s.dial()
		_, _ = io.WriteString(c, head(w.line)+w.header+"\r\n"+w.body)
		<-begun
		c.Close()
		if err := <-ended; err == nil {
			t.Errorf("%s: it waited to the end", w.line)
		}
	}
}
