package rest_test

import (
	"context"
	"crypto/tls"
	"errors"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/rest"
)

// TestStreamsHoldUpNoStop is of clients that are far behind when the server ends:
// one reads nothing, and one little at a time.
func TestStreamsHoldUpNoStop(t *testing.T) {
	t.Parallel()
	s := serveLive(t, rest.Config{StopTimeout: 20 * time.Second})
	slow, stuck := s.behind(), s.behind()
	large := `"` + strings.Repeat("x", 200<<10) + `"`
	e := s.events(messages)
	e.live()
	for range 80 { // more than the buffers of both systems hold
		s.post(large)
		e.told(large)
	}
	var reader sync.WaitGroup
	reader.Go(func() {
		every := time.NewTicker(10 * time.Millisecond)
		defer every.Stop()
		for err := error(nil); err == nil; _, err = slow.Read(make([]byte, 1<<10)) {
			<-every.C
		}
	})
	stopsSoon(t, s)
	slow.Close()
	stuck.Close()
	reader.Wait()
}

// stopsSoon stops a server in much less than the time that it has for that.
func stopsSoon(t *testing.T, s *site) {
	t.Helper()
	start := time.Now()
	if err := s.stop(); err != nil {
		t.Errorf("Serve: %v", err)
	}
	if took := time.Since(start); took > 10*time.Second {
		t.Errorf("it took %s", took)
	}
}

// TestStreamsOverHTTP2HoldUpNoStop is of a stream that is not read while others of
// its connection are.
func TestStreamsOverHTTP2HoldUpNoStop(t *testing.T) {
	t.Parallel()
	config, roots := secure(t)
	s := serveLive(t, rest.Config{TLS: config, StopTimeout: 20 * time.Second})
	s.client.Transport = &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
	stuck, e := s.events(messages), s.events(messages)
	e.live()
	large := `"` + strings.Repeat("x", 200<<10) + `"`
	for range 40 { // more than a client takes of a stream that it does not read
		s.post(large)
		e.told(large)
	}
	stopsSoon(t, s)
	e.ended()
	if text, err := io.ReadAll(stuck.lines); err == nil {
		t.Errorf("one who did not read got an end after %d bytes", len(text))
	}
}

// behind is an event stream of which only the first bytes were read.
func (s *site) behind() net.Conn {
	s.t.Helper()
	c := s.dial()
	_ = c.SetDeadline(time.Now().Add(time.Minute))
	_, _ = io.WriteString(c, head("GET "+messages)+"Accept: "+streamType+"\r\n\r\n")
	if _, err := io.ReadFull(c, make([]byte, len("HTTP/1.1 200"))); err != nil {
		s.t.Fatal(err)
	}
	return c
}

// list is an authenticator with a list of tokens, each of a project.
type list struct {
	believing
	mu     sync.Mutex
	tokens map[string]string
	asked  int
	fails  error
}

func (l *list) Authenticate(_ context.Context, c *api.Call) (core.Caller, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked++
	token, _ := c.Header("X-Auth-Token")
	project, known := l.tokens[token]
	switch {
	case l.fails != nil:
		return core.Caller{}, l.fails
	case !known:
		return core.Caller{}, api.ErrUnauthenticated
	}
	return core.Caller{Project: project}, nil
}

// change changes the list, and tells how often it was asked before.
func (l *list) change(do func()) (asked int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	do()
	return l.asked
}

// TestStreamsEndWhenTheCallerIsShutOut and not before that is certain, also for one
// who is told all the time.
func TestStreamsEndWhenTheCallerIsShutOut(t *testing.T) {
	t.Parallel()
	l := &list{tokens: map[string]string{"a": "shop", "b": "shop", "c": "shop"}}
	s := serveWho(t, rest.Config{RecheckInterval: 10 * time.Millisecond, StreamPulse: 10 * time.Millisecond}, l)
	open := func(token string) *events {
		return s.events(messages+"?client_id="+alice+"&token="+token, "X-Project-Id", "shop", "Client-ID", "")
	}
	a, b, c := open("a"), open("b"), open("c")
	a.live()
	before := l.change(func() { l.fails = errors.New("nobody can tell") })
	for l.change(func() {}) < before+10 {
		a.pulse()
	}
	l.change(func() {
		l.fails = nil
		delete(l.tokens, "b")
		l.tokens["c"] = "another"
	})
	for _, e := range []*events{b, c} {
		if _, err := io.ReadAll(e.lines); err != nil {
			t.Errorf("got %v, want an end", err)
		}
	}
	s.mustDo(201, "POST", messages, `{"messages":[{"body":1}]}`, "X-Auth-Token", "a", "X-Project-Id", "shop")
	a.told(1)
}

// TestSignedStreamsGoOn while what was signed holds, however often that is looked at.
func TestSignedStreamsGoOn(t *testing.T) {
	t.Parallel()
	s := serveLive(t, rest.Config{RecheckInterval: 5 * time.Millisecond, StreamPulse: 10 * time.Millisecond})
	e := s.events(messages, s.share("q", `{"expires":"2999-01-01T00:00:00"}`)...)
	for range 10 {
		e.pulse()
	}
	s.post(1)
	e.told(1)
}

// TestServeWaitsForCallsThatOutliveTheirConnection: over HTTP/2 that can be gone
// while a call is still carried out.
func TestServeWaitsForCallsThatOutliveTheirConnection(t *testing.T) {
	t.Parallel()
	config, roots := secure(t)
	w := newWaiting()
	s := serve(t, rest.Config{TLS: config, Handler: w})
	transport := &http.Transport{TLSClientConfig: &tls.Config{RootCAs: roots}, ForceAttemptHTTP2: true}
	conns := make(chan net.Conn, 1)
	transport.DialContext = func(ctx context.Context, network, addr string) (net.Conn, error) {
		c, err := (&net.Dialer{}).DialContext(ctx, network, addr)
		conns <- c
		return c, err
	}
	s.client.Transport = transport
	gone := make(chan struct{})
	go func() {
		defer close(gone)
		if answer, err := s.client.Get(s.url + "/v2/queues/q"); err == nil {
			answer.Body.Close()
			t.Error("it was answered")
		}
	}()
	<-w.begun
	(<-conns).Close()
	<-gone
	<-w.cut
	stopped := make(chan error, 1)
	go func() { stopped <- s.stop() }()
	s.refusesConnections()
	for range 1000 { // time enough to return too early
		s.refusesConnections()
	}
	select {
	case err := <-stopped:
		t.Errorf("Serve returned before what it had started: %v", err)
		close(w.let)
	default:
		close(w.let)
		if err := <-stopped; err != nil {
			t.Errorf("Serve: %v", err)
		}
	}
}
