package rest_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/storage/memstore"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/rest"
)

// sink is a response that nobody reads.
type sink struct {
	header http.Header
	status int
	size   int
}

func (s *sink) Header() http.Header { return s.header }

func (s *sink) WriteHeader(status int) { s.status = status }

func (s *sink) Write(p []byte) (int, error) {
	s.size += len(p)
	return len(p), nil
}

// bench sends a request again and again to the door without its socket.
func bench(b *testing.B, before func(http.Handler), method, target, body string, status int) {
	store := memstore.New(memstore.Config{})
	broker := newBroker(b, store, core.Options{Now: func() time.Time { return time.Unix(1767322245, 0) }})
	h := rest.NewHandler(rest.Config{Handler: api.New(broker, api.Options{}, api.Observe(nil, nil)), MaxBody: 256 << 10})
	before(h)
	b.ReportAllocs()
	for i := 0; b.Loop(); i++ {
		w := send(b, h, method, target, body)
		if w.status != status {
			b.Fatalf("got status %d", w.status)
		}
		if i%1000 == 999 && method == "POST" { // the store must not grow without end
			send(b, h, "POST", "/v2/queues/q/purge", "")
		}
	}
}

func send(b *testing.B, h http.Handler, method, target, body string) *sink {
	b.Helper()
	r, err := http.NewRequest(method, target, bytes.NewReader([]byte(body)))
	if err != nil {
		b.Fatal(err)
	}
	r.Header = http.Header{"Client-Id": {alice}, "X-Project-Id": {"project"}, "Content-Type": {"application/json"}, "Accept": {"application/json"}}
	r.Body = io.NopCloser(strings.NewReader(body))
	w := &sink{header: http.Header{}}
	h.ServeHTTP(w, r)
	return w
}

func postOf(n int) string {
	body := `{"text":"` + strings.Repeat("x", 1024-len(`{"text":""}`)) + `"}`
	return `{"messages":[` + strings.TrimSuffix(strings.Repeat(`{"body":`+body+`,"ttl":60},`, n), ",") + `]}`
}

func BenchmarkPost(b *testing.B) {
	for _, n := range []int{1, 20} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			bench(b, func(http.Handler) {}, "POST", "/v2/queues/q/messages", postOf(n), 201)
		})
	}
}

func BenchmarkList(b *testing.B) {
	bench(b, func(h http.Handler) { send(b, h, "POST", "/v2/queues/q/messages", postOf(20)) },
		"GET", "/v2/queues/q/messages?echo=true&limit=20", "", 200)
}
