package browser_test

import (
	"maps"
	"path/filepath"
	"slices"
	"syscall"
	"testing"

	"github.com/stackforge/marconi/loadtest/processtest"
)

// heard is what a page that listens tells: of one of these.
type heard struct {
	ID, Position string // of a message
	Body         *int
	From, To     string // of a gap
	Live         string
	Open         *bool // the connection came, or went
	Status       int   // because of a refusal
	Closed       bool  // for good
}

// listening is a page that listens to a queue, and what it is to be told.
type listening struct {
	*page
	t      *testing.T
	line   *line
	broker *broker
	caller *caller
	queue  string
	ids    []string // of what was posted: the bodies are their indices
	next   int      // the message that is to be told next
	lost   bool     // the connection is, and that was told
}

// post posts more messages, in posts of several.
func (l *listening) post(count int) {
	l.t.Helper()
	for count > 0 {
		some := min(count, 7)
		l.ids = append(l.ids, l.caller.post(l.queue, len(l.ids), len(l.ids)+some)...)
		count -= some
	}
}

// until expects messages, none missing, none twice, and all in order, until so
// many have been told.
func (l *listening) until(count int) {
	l.t.Helper()
	for l.next < count {
		h := next[heard](l.page)
		switch {
		case h.Open != nil:
			l.lost = !*h.Open
		case h.Live != "" && (l.next == 0 || h.Live == l.ids[l.next-1]):
		case h.Body == nil || *h.Body != l.next || h.ID != l.ids[l.next] || h.Position != h.ID:
			l.t.Fatalf("the page told %+v, want message %d: %s", h, l.next, l.ids[l.next])
		default:
			l.next++
		}
	}
}

// missing expects a gap where the messages from the next up to below end were.
func (l *listening) missing(end int) {
	l.t.Helper()
	for {
		h := next[heard](l.page)
		if h.Open != nil {
			l.lost = !*h.Open
			continue
		}
		if h.From != l.ids[l.next] || h.To != l.ids[end-1] {
			l.t.Fatalf("the page told %+v, want the gap from %s to %s", h, l.ids[l.next], l.ids[end-1])
		}
		l.next = end
		return
	}
}

// disconnected waits until the page knows that the connection is lost.
func (l *listening) disconnected() {
	l.t.Helper()
	for !l.lost {
		switch h := next[heard](l.page); {
		case h.Open != nil:
			l.lost = !*h.Open
		case h.Live == "":
			l.t.Fatalf("the page told %+v, want nothing but that the connection is lost", h)
		}
	}
}

// interrupt has a page, to be told of 20 messages from before, listen while messages come and the connection breaks in
// every way.
func interrupt(l *listening, restart func() *broker) {
	l.t.Helper()
	l.until(20)
	for range 3 { // in the middle of things
		l.post(100)
		l.until(l.next + 30)
		l.line.cut()
		l.line.join(l.broker.http)
		l.post(20)
	}
	for _, by := range []syscall.Signal{syscall.SIGKILL, syscall.SIGTERM} {
		l.post(20)
		l.broker.end(by)
		l.broker = restart()
		l.caller.broker = l.broker.http
		l.line.join(l.broker.http)
		l.post(40)
	}
	l.until(500)

	l.line.cut()
	l.disconnected()
	l.post(20)
	for _, id := range slices.Concat(l.ids[505:510], l.ids[517:520]) {
		l.caller.ask("DELETE", "/v2/queues/"+l.queue+"/messages/"+id, nil, nil)
	}
	l.line.join(l.broker.http)
	l.until(505)
	l.missing(510)
	l.until(517)
	l.missing(520)
	l.post(1)
	l.until(521)
}

// testSocket listens over a WebSocket, and testSubscription as others see.
func testSocket(t *testing.T, f *fixture) {
	l := listen(t, f, "listen.html", map[string]string{"from": "earliest"})
	l.line.freeze() // which the client has to find out by itself
	l.post(20)
	l.until(541)
}

func testSubscription(t *testing.T, f *fixture) {
	listen(t, f, "listen.html", map[string]string{"from": "earliest", "ttl": "300"})
}

// testEvents listens to an event stream, which the browser takes up again by
// itself.
func testEvents(t *testing.T, f *fixture) {
	listen(t, f, "events.html", nil)
}

// listen has a page listen to brokers that know callers by tokens, one after the
// other on the same store.
func listen(t *testing.T, f *fixture, name string, arguments map[string]string) *listening {
	t.Helper()
	tokens, store := filepath.Join(t.TempDir(), "tokens"), "pebble://"+filepath.Join(t.TempDir(), "data")
	all := map[string]string{"queue": "news", "project": "shop", "token": processtest.Token(t, f.marconi, tokens, "shop")}
	maps.Copy(all, arguments)
	serve := func() *broker { return f.serve(t, store, "auth=tokens", "tokens_file="+tokens) }
	b := serve()
	l := &listening{t: t, line: newLine(t, b.http), broker: b, caller: callerOf(t, b, all["project"], all["token"]), queue: all["queue"]}
	l.post(20)
	l.page = f.open(t, name, l.line.addr(), all)
	interrupt(l, serve)
	all["token"] = "wrong"
	if h := next[heard](f.open(t, name, l.line.addr(), all)); h.Open == nil || *h.Open || h.Status != 401 && !h.Closed {
		t.Errorf("with a wrong token the page told %+v", h)
	}
	return l
}
