package browser_test

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
)

// page is a page in the browser, driven over Chromium's DevTools protocol.
type page struct {
	t      *testing.T
	socket *websocket.Conn
	told   chan string // what its script told, in order
	loaded chan struct{}
	ended  chan struct{} // closed when the browser says no more of it

	mu      sync.Mutex
	calls   map[int]chan answer
	asked   int
	console strings.Builder // what went wrong in it
}

// answer is to a command.
type answer struct {
	Result json.RawMessage
	Error  *struct{ Message string }
}

// event is what DevTools tell of a page.
type event struct {
	ID int
	answer
	Method string
	Params json.RawMessage
}

// most is how much a page may tell before the test asks for it.
const most = 1 << 14

// open opens a page of the site with its arguments in the query.
func (c chromium) open(t *testing.T, address string, arguments map[string]string) *page {
	t.Helper()
	p := &page{
		t: t, socket: c.target(t), calls: map[int]chan answer{},
		told: make(chan string, most), loaded: make(chan struct{}, 1), ended: make(chan struct{}),
	}
	go p.read()
	t.Cleanup(func() {
		p.close()
		if p.console.Len() > 0 {
			t.Logf("in the console of %s:\n%s", address, &p.console)
		}
	})
	p.call("Runtime.enable", nil, nil)
	p.call("Page.enable", nil, nil)
	p.call("Runtime.addBinding", map[string]any{"name": "tell"}, nil)
	query := url.Values{}
	for name, value := range arguments {
		query.Set(name, value)
	}
	p.call("Page.navigate", map[string]any{"url": address + "?" + query.Encode()}, nil)
	await(t, p.loaded, "the page to be loaded")
	return p
}

// close closes the page as its user would, and waits until it is gone.
func (p *page) close() {
	_ = p.socket.WriteJSON(map[string]any{"id": 0, "method": "Page.close"}) // it may be closed already
	select {
	case <-p.ended:
	case <-time.After(patience):
		p.t.Error("the page does not close")
	}
	p.socket.Close()
	<-p.ended
}

// read takes what DevTools say, until the page is gone.
func (p *page) read() {
	defer close(p.ended)
	for {
		var e event
		if err := p.socket.ReadJSON(&e); err != nil {
			return
		}
		p.mu.Lock()
		reply := p.calls[e.ID]
		delete(p.calls, e.ID)
		p.mu.Unlock()
		if reply != nil {
			reply <- e.answer
		}
		p.see(e)
	}
}

func (p *page) see(e event) {
	switch e.Method {
	case "Runtime.bindingCalled":
		var called struct{ Payload string }
		_ = json.Unmarshal(e.Params, &called)
		p.told <- called.Payload
	case "Page.loadEventFired":
		p.loaded <- struct{}{}
	case "Runtime.exceptionThrown", "Runtime.consoleAPICalled":
		p.mu.Lock()
		fmt.Fprintf(&p.console, "%s\n", e.Params)
		p.mu.Unlock()
	}
}

// call gives the page a command and waits until it is done.
func (p *page) call(method string, params, result any) {
	p.t.Helper()
	reply := make(chan answer, 1)
	p.mu.Lock()
	p.asked++
	id := p.asked
	p.calls[id] = reply
	p.mu.Unlock()
	if params == nil {
		params = struct{}{}
	}
	if err := p.socket.WriteJSON(map[string]any{"id": id, "method": method, "params": params}); err != nil {
		p.t.Fatalf("%s: %v", method, err)
	}
	a := await(p.t, reply, "the answer to "+method)
	if a.Error != nil {
		p.t.Fatalf("%s: %s", method, a.Error.Message)
	}
	if result == nil {
		return
	}
	if err := json.Unmarshal(a.Result, result); err != nil {
		p.t.Fatalf("%s: %v in %s", method, err, a.Result)
	}
}

// eval evaluates an expression in the page, and what it promises.
func (p *page) eval(expression string, result any) {
	p.t.Helper()
	var evaluated struct {
		Result           struct{ Value json.RawMessage }
		ExceptionDetails *struct {
			Text      string
			Exception struct{ Description string }
		}
	}
	p.call("Runtime.evaluate", map[string]any{"expression": expression, "awaitPromise": true, "returnByValue": true}, &evaluated)
	if failed := evaluated.ExceptionDetails; failed != nil {
		p.t.Fatalf("%s: %s %s", expression, failed.Text, failed.Exception.Description)
	}
	if result == nil {
		return
	}
	if err := json.Unmarshal(evaluated.Result.Value, result); err != nil {
		p.t.Fatalf("%s: %v in %s", expression, err, evaluated.Result.Value)
	}
}

// next is what the page tells next.
func next[T any](p *page) (told T) {
	p.t.Helper()
	text := await(p.t, p.told, "the page to tell something")
	if err := json.Unmarshal([]byte(text), &told); err != nil {
		p.t.Fatalf("the page told %s: %v", text, err)
	}
	return told
}

// await takes what comes from a channel, in time.
func await[T any](t *testing.T, from <-chan T, what string) T {
	t.Helper()
	select {
	case v := <-from:
		return v
	case <-time.After(patience):
		t.Fatalf("%v were not enough for %s", patience, what)
		panic("unreachable")
	}
}
