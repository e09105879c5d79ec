package browser_test

import (
	"bytes"
	"crypto/rand"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"net/http"
	"net/http/httptest"
	"testing"
)

// site serves the pages, at an origin of its own, until the test ends.
func site(t *testing.T) (origin string) {
	t.Helper()
	mux := http.NewServeMux()
	mux.Handle("/", http.FileServer(http.Dir("pages")))
	mux.HandleFunc("/marconi.mjs", func(w http.ResponseWriter, r *http.Request) { http.ServeFile(w, r, "marconi.mjs") })
	server := httptest.NewServer(mux)
	t.Cleanup(server.Close)
	return server.URL
}

// fixture is what the tests have in common.
type fixture struct {
	marconi string
	browser chromium
	origin  string // of the pages that may use the brokers
}

// serve starts a broker for the pages of the fixture.
func (f *fixture) serve(t *testing.T, store string, options ...string) *broker {
	t.Helper()
	return serve(t, f.marconi, store, append(options, "allowed_origins="+f.origin)...)
}

// open opens a page that is told where the broker is.
func (f *fixture) open(t *testing.T, name, broker string, arguments map[string]string) *page {
	t.Helper()
	return f.browser.open(t, f.origin+"/"+name, located(broker, arguments))
}

// located adds to arguments where a broker is.
func located(broker string, arguments map[string]string) map[string]string {
	all := map[string]string{"http": "http://" + broker, "ws": "ws://" + broker + "/ws"}
	maps.Copy(all, arguments)
	return all
}

// caller is who asks a broker directly, over HTTP, besides the pages.
type caller struct {
	t      *testing.T
	broker string // host:port
	header http.Header
}

// ask carries out a request that must succeed, and decodes its answer.
func (c *caller) ask(method, path string, body, result any) {
	c.t.Helper()
	var sent bytes.Buffer
	if body != nil {
		if err := json.NewEncoder(&sent).Encode(body); err != nil {
			c.t.Fatal(err)
		}
	}
	request, err := http.NewRequestWithContext(c.t.Context(), method, "http://"+c.broker+path, &sent)
	if err != nil {
		c.t.Fatal(err)
	}
	request.Header = c.header
	response, err := http.DefaultClient.Do(request)
	if err != nil {
		c.t.Fatal(err)
	}
	defer response.Body.Close()
	got, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode/100 != 2 {
		c.t.Fatalf("%s %s: %s %v\n%s", method, path, response.Status, err, got)
	}
	if result == nil {
		return
	}
	if err := json.Unmarshal(got, result); err != nil {
		c.t.Fatalf("%s %s: %v in %s", method, path, err, got)
	}
}

// callerOf is somebody of a project who has a token, if it is not "".
func callerOf(t *testing.T, b *broker, project, token string) *caller {
	c := &caller{t: t, broker: b.http, header: http.Header{
		"Client-Id": {uuid()}, "X-Project-Id": {project}, "Content-Type": {"application/json"},
	}}
	if token != "" {
		c.header.Set("X-Auth-Token", token)
	}
	return c
}

func uuid() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	return fmt.Sprintf("%x-%x-%x-%x-%x", b[:4], b[4:6], b[6:8], b[8:10], b[10:])
}

// post posts messages whose bodies are numbers, from first up to below end, and
// answers their IDs.
func (c *caller) post(queue string, first, end int) (ids []string) {
	c.t.Helper()
	type draft struct {
		Body int `json:"body"`
		TTL  int `json:"ttl"`
	}
	var drafts []draft
	for n := first; n < end; n++ {
		drafts = append(drafts, draft{n, 300})
	}
	path := "/v2/queues/" + queue + "/messages"
	var posted struct{ Resources []string }
	c.ask("POST", path, map[string]any{"messages": drafts}, &posted)
	for _, r := range posted.Resources {
		ids = append(ids, r[len(path)+1:])
	}
	return ids
}
