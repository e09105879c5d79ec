package rest_test

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"net/http"
	"slices"
	"strings"
	"testing"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/storage/memstore"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/auth"
	"github.com/stackforge/marconi/transports/rest"
	"github.com/stackforge/marconi/transports/transporttest"
)

// serveLive is serve on a broker that runs, so that there are event streams and
// waiting.
func serveLive(t *testing.T, c rest.Config, around ...api.Middleware) *site {
	t.Helper()
	return serveWho(t, c, believing{}, around...)
}

// serveWho is serveLive for callers that an authenticator knows.
func serveWho(t *testing.T, c rest.Config, who api.Authenticator, around ...api.Middleware) *site {
	t.Helper()
	w := newWatch()
	b := newBroker(t, memstore.New(memstore.Config{Now: w.now}), core.Options{Now: w.now, Secrets: [][]byte{[]byte("sekrit")}})
	transporttest.Running(t, b.Run) // begun before the server, it ends after it
	around = append(slices.Clip(around), api.Observe(c.Log, nil), api.Authenticate(auth.Signed(b, who)))
	c.Broker, c.Handler = b, api.New(b, api.Options{AdminMode: true}, around...)
	s := serve(t, c)
	s.watch = w
	return s
}

// begun is a middleware that tells which operations have begun.
func begun(actions chan<- string) api.Middleware {
	return func(next api.Handler) api.Handler {
		return api.HandlerFunc(func(ctx context.Context, c *api.Call) api.Reply {
			actions <- c.Action
			return next.Handle(ctx, c)
		})
	}
}

// events is an event stream as a client sees it.
type events struct {
	t      *testing.T
	answer *http.Response
	lines  *bufio.Reader
	end    context.CancelFunc
}

// event is one of a stream.
type event struct{ name, id, data string }

const streamType = "text/event-stream"

// events opens the event stream of a queue. Headers are as in do.
func (s *site) events(target string, headers ...string) *events {
	s.t.Helper()
	e := s.stream(target, headers...)
	if got := e.answer.Header.Get("Content-Type"); e.answer.StatusCode != 200 || got != streamType {
		body, _ := io.ReadAll(e.answer.Body)
		s.t.Fatalf("%s: got %d %s %s", target, e.answer.StatusCode, got, body)
	}
	return e
}

// stream asks for an event stream.
func (s *site) stream(target string, headers ...string) *events {
	s.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	r, err := http.NewRequestWithContext(ctx, "GET", s.url+target, nil)
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header = http.Header{"Client-Id": {alice}, "X-Project-Id": {"project"}, "Accept": {streamType}}
	for pair := range slices.Chunk(headers, 2) {
		r.Header.Del(pair[0])
		if pair[1] != "" {
			r.Header.Set(pair[0], pair[1])
		}
	}
	answer, err := s.client.Do(r)
	if err != nil {
		cancel()
		s.t.Fatal(err)
	}
	e := &events{s.t, answer, bufio.NewReader(answer.Body), cancel}
	s.t.Cleanup(e.close)
	return e
}

// untilSeated opens the event stream of a queue once there is room for it. Between
// two attempts it waits for something.
func (s *site) untilSeated(target string, wait func()) *events {
	s.t.Helper()
	for {
		e := s.stream(target)
		if e.answer.StatusCode == 200 {
			return e
		}
		_, _ = io.Copy(io.Discard, e.answer.Body)
		e.close()
		wait()
	}
}

// pulse waits for the next sign of life.
func (e *events) pulse() {
	e.t.Helper()
	for e.line() != ":" {
	}
}

// close leaves the stream.
func (e *events) close() {
	e.end()
	_ = e.answer.Body.Close()
}

// line is the next line, without its end.
func (e *events) line() string {
	e.t.Helper()
	line, err := e.lines.ReadString('\n')
	if err != nil {
		e.t.Fatalf("the stream ended: %v", err)
	}
	return strings.TrimSuffix(line, "\n")
}

// next is the next event; comments and spans are passed over.
func (e *events) next() event {
	e.t.Helper()
	var found event
	var data []string
	for {
		line := e.line()
		field, value, _ := strings.Cut(line, ": ")
		switch {
		case line == "" && (data != nil || found.name != ""):
			found.data = strings.Join(data, "\n")
			return found
		case field == "event":
			found.name = value
		case field == "id":
			found.id = value
		case field == "data":
			data = append(data, value)
		case line == "", strings.HasPrefix(line, ":"), field == "retry":
		default:
			e.t.Fatalf("got the line %q", line)
		}
	}
}

// live reads up to where the stream says that it is live.
func (e *events) live() (before []event) {
	e.t.Helper()
	for {
		next := e.next()
		if next.name == "live" {
			return before
		}
		before = append(before, next)
	}
}

// told checks that the next event is a message with a body.
func (e *events) told(body any) event {
	e.t.Helper()
	next := e.next()
	if want := fmt.Sprintf(`"body":%v}`, body); next.name != "" || !strings.HasSuffix(next.data, want) {
		e.t.Fatalf("got %+v, want a message with %s", next, want)
	}
	return next
}

// ended checks that nothing more comes.
func (e *events) ended() {
	e.t.Helper()
	rest, err := io.ReadAll(e.lines)
	if err != nil || strings.Trim(string(rest), ":\n") != "" {
		e.t.Errorf("got %q and error %v, want the end of the stream", rest, err)
	}
}

func (s *site) post(bodies ...any) {
	s.t.Helper()
	all := make([]string, len(bodies))
	for i, b := range bodies {
		all[i] = fmt.Sprintf(`{"body":%v}`, b)
	}
	s.mustDo(201, "POST", "/v2/queues/q/messages", `{"messages":[`+strings.Join(all, ",")+`]}`)
}
