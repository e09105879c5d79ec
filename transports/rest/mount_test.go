package rest_test

import (
	"bufio"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stackforge/marconi/transports/rest"
)

func saying(text string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { fmt.Fprint(w, text, " ", r.Method, " ", r.URL.Path) })
}

func TestMounts(t *testing.T) {
	s := serve(t, rest.Config{Origins: []string{page}, Mounts: map[string]http.Handler{
		"/ws": saying("ws"), "/demo/": saying("demo"), "/demo/deep/": saying("deep"), "/": saying("root"),
	}})
	for path, want := range map[string]string{
		"/ws":            "ws GET /ws",
		"/ws?queue=q":    "ws GET /ws",
		"/demo/":         "demo GET /demo/",
		"/demo/a/b.js":   "demo GET /demo/a/b.js",
		"/demo/deep/x/y": "deep GET /demo/deep/x/y",
	} {
		a := s.do("GET", path, "", "Client-ID", "", "Origin", page)
		answered(t, a, 200, want)
		if !strings.HasPrefix(a.header.Get("X-Openstack-Request-Id"), "req-") {
			t.Errorf("%s: it has no name: %v", path, a.header)
		}
		same(t, "what it says to browsers is its own", len(corsHeaders(a)), 0)
	}
	for _, path := range []string{"/ws/", "/ws/x", "/wsx", "/demo", "/nowhere"} {
		answered(t, s.do("GET", path, ""), 404, notFound)
	}
	answered(t, s.do("GET", "/v2/queues", ""), 200, `{"queues":[],"links":[]}`)
	answered(t, s.do("POST", "/ws", ""), 200, "ws POST /ws")
}

// taker takes connections over and gives back what comes, until it is told to end.
type taker struct {
	taken chan struct{}
	end   chan struct{}
}

func (h taker) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	c, buffered, err := http.NewResponseController(w).Hijack()
	if err != nil {
		w.WriteHeader(http.StatusInternalServerError)
		return
	}
	h.taken <- struct{}{}
	_, _ = io.Copy(c, buffered)
	c.Close()
	<-h.end
}

// TestConnectionsTakenOver have no deadline of the server's, and the server ends
// after what has taken them.
func TestConnectionsTakenOver(t *testing.T) {
	t.Parallel()
	h := taker{make(chan struct{}, 1), make(chan struct{})}
	s := serve(t, rest.Config{Mounts: map[string]http.Handler{"/ws": h},
		BodyTimeout: 300 * time.Millisecond, IdleTimeout: 300 * time.Millisecond})
	c := s.dial()
	defer c.Close()
	_, _ = io.WriteString(c, "GET /ws HTTP/1.1\r\nHost: broker\r\n\r\n")
	<-h.taken
	for range 3 { // each takes as long as the server waits
		same(t, "statuses", statuses(s.raw(head("PUT /v2/queues/q")+"Content-Length: 2\r\n\r\n")), "400")
	}
	_, _ = io.WriteString(c, "still there\n")
	if line, err := bufio.NewReader(c).ReadString('\n'); line != "still there\n" {
		t.Errorf("got %q and error %v", line, err)
	}

	stopped := make(chan error, 1)
	go func() { stopped <- s.stop() }()
	s.refusesConnections()
	c.Close()
	for range 100 { // time enough to return too early
		s.refusesConnections()
	}
	select {
	case err := <-stopped:
		t.Fatalf("Serve returned before what it had started: %v", err)
	default:
		close(h.end)
	}
	if err := <-stopped; err != nil {
		t.Errorf("Serve: %v", err)
	}
}
