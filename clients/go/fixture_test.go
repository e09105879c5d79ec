package client_test

import (
	"encoding/json"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"reflect"
	"sync/atomic"
	"testing"

	"github.com/stackforge/marconi/clients/go"
)

const (
	project = "tr67ed65c5"
	self    = "3381af92-2b9e-11e3-b191-71861300734c"
)

// exchange is a request that a server expects and what it answers. The answers
// are those that a real Zaqar gave.
type exchange struct {
	method, target string
	body           string // "": none
	bodyType       string // "": JSON, if there is a body
	status         int
	location       string
	answer         string
}

// calling makes a client of a server that plays the exchanges in their order,
// and fails the test if one is not asked for.
func calling(t *testing.T, script ...exchange) *client.Client {
	t.Helper()
	at := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if at == len(script) {
			t.Errorf("an unexpected %s %s", r.Method, r.RequestURI)
			w.WriteHeader(http.StatusTeapot)
			return
		}
		at++
		script[at-1].play(t, w, r)
	}))
	c, err := client.New(client.Config{URL: server.URL, Project: project, ClientID: self, Retries: -1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		c.Close()
		server.Close()
		if at < len(script) {
			t.Errorf("%d of %d requests were sent", at, len(script))
		}
	})
	return c
}

func (e exchange) play(t *testing.T, w http.ResponseWriter, r *http.Request) {
	t.Helper()
	body, err := io.ReadAll(r.Body)
	if err != nil {
		t.Error(err)
	}
	if r.Method != e.method || r.RequestURI != e.target {
		t.Errorf("got %s %s, want %s %s", r.Method, r.RequestURI, e.method, e.target)
	}
	if !sameJSON(string(body), e.body) {
		t.Errorf("%s %s with body %s, want %s", r.Method, r.RequestURI, body, e.body)
	}
	bodyType := e.bodyType
	if bodyType == "" && e.body != "" {
		bodyType = "application/json"
	}
	for name, want := range map[string]string{
		"Client-ID": self, "X-Project-ID": project, "Accept": "application/json", "Content-Type": bodyType,
	} {
		if got := r.Header.Get(name); got != want {
			t.Errorf("%s: %q, want %q", name, got, want)
		}
	}
	if e.location != "" {
		w.Header().Set("Location", e.location)
	}
	if e.answer != "" {
		w.Header().Set("Content-Type", "application/json")
	}
	w.WriteHeader(e.status)
	io.WriteString(w, e.answer)
}

func sameJSON(a, b string) bool {
	if a == "" || b == "" {
		return a == b
	}
	var x, y any
	return json.Unmarshal([]byte(a), &x) == nil && json.Unmarshal([]byte(b), &y) == nil && reflect.DeepEqual(x, y)
}

// refused fails the test unless err is a refusal with this status.
func refused(t *testing.T, err error, status int) {
	t.Helper()
	if got := client.StatusOf(err); got != status {
		t.Errorf("got %v, want an error of status %d", err, status)
	}
}

// countNew counts the connections a server is asked for.
func countNew(n *atomic.Int32) func(net.Conn, http.ConnState) {
	return func(_ net.Conn, s http.ConnState) {
		if s == http.StateNew {
			n.Add(1)
		}
	}
}
