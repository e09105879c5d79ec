package client_test

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/stackforge/marconi/clients/go"
)

func TestNewRefusesWhatIsNoBroker(t *testing.T) {
	for _, url := range []string{"", "127.0.0.1:8888", "ws://broker", "http://", "http://b/?q=1", "http://b/#f", "http://me@b/", "http://b:x"} {
		if _, err := client.New(client.Config{URL: url}); err == nil {
			t.Errorf("a client of %q", url)
		}
	}
}

func TestClientIDs(t *testing.T) {
	uuid := regexp.MustCompile(`^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$`)
	seen := map[string]bool{}
	for range 100 {
		c, err := client.New(client.Config{URL: "http://broker"})
		if err != nil {
			t.Fatal(err)
		}
		if !uuid.MatchString(c.ID()) || seen[c.ID()] {
			t.Fatalf("%q is no UUID or not a new one", c.ID())
		}
		seen[c.ID()] = true
	}
	c, err := client.New(client.Config{URL: "http://broker", ClientID: self})
	if err != nil || c.ID() != self {
		t.Errorf("got %q, %v, want the one given", c.ID(), err)
	}
}

func TestHeadersAndMountPath(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.RequestURI != "/messaging/v2/ping" {
			t.Errorf("asked for %s", r.RequestURI)
		}
		if _, named := r.Header["X-Project-Id"]; named {
			t.Error("a project was named")
		}
		if got := r.Header.Get("X-Auth-Token"); got != "secret" {
			t.Errorf("token %q", got)
		}
		w.WriteHeader(http.StatusNoContent)
	}))
	defer server.Close()
	c, err := client.New(client.Config{URL: server.URL + "/messaging/", Token: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if err := c.Ping(t.Context()); err != nil {
		t.Error(err)
	}
}

func TestConnectionsAreUsedAgain(t *testing.T) {
	var dialed atomic.Int32
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusNotFound)
		w.Write([]byte(`{"title": "Not found"}` + strings.Repeat(" ", 100_000)))
	}))
	server.Config.ConnState = countNew(&dialed)
	server.Start()
	defer server.Close()
	c, err := client.New(client.Config{URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for range 20 {
		_, err := c.Message(t.Context(), "q", "m")
		refused(t, err, http.StatusNotFound)
	}
	if n := dialed.Load(); n != 1 {
		t.Errorf("%d connections for requests one after the other", n)
	}
}

func TestAnEndlessAnswerIsCutOff(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		for chunk := bytes.Repeat([]byte(" "), 1<<20); ; {
			if _, err := w.Write(chunk); err != nil {
				return
			}
		}
	}))
	defer server.Close()
	c, err := client.New(client.Config{URL: server.URL})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	if _, err := c.Stats(t.Context(), "q"); err == nil || !strings.Contains(err.Error(), "more than") {
		t.Errorf("got %v", err)
	}
}

func TestNoRedirectTakesTheTokenAway(t *testing.T) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		t.Errorf("a redirect was followed with token %q", r.Header.Get("X-Auth-Token"))
	}))
	defer elsewhere.Close()
	server := httptest.NewServer(http.RedirectHandler(elsewhere.URL, http.StatusTemporaryRedirect))
	defer server.Close()
	c, err := client.New(client.Config{URL: server.URL, Token: "secret"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	refused(t, c.Ping(t.Context()), http.StatusTemporaryRedirect)
}

func TestNamesStayInTheirPlace(t *testing.T) {
	c := calling(t) // nothing may be sent
	for _, name := range []string{"", ".", ".."} {
		if err := c.DeleteQueue(t.Context(), name); err == nil {
			t.Errorf("a queue %q", name)
		}
		if err := c.DeleteMessage(t.Context(), "q", name, ""); err == nil {
			t.Errorf("a message %q", name)
		}
		if err := c.ReleaseClaim(t.Context(), "q", name); err == nil {
			t.Errorf("a claim %q", name)
		}
	}
	c = calling(t, exchange{method: "GET", target: "/v2/queues/a%2F..%2Fb%3Fc%20d", status: 400, answer: `{}`})
	_, err := c.QueueMetadata(t.Context(), "a/../b?c d")
	refused(t, err, http.StatusBadRequest)
}
