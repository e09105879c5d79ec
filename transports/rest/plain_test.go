package rest_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/rest"
)

// anybody leaves out what requests must say of their sender.
var anybody = []string{"Client-ID", "", "X-Project-Id", "", "X-Auth-Token", "wrong", "Accept", "text/html"}

func TestVersions(t *testing.T) {
	s := serve(t, rest.Config{})
	a := s.do("GET", "/", "", anybody...)
	answered(t, a, 300, `{"versions":[{"id":"2","status":"CURRENT","updated":"2014-9-24T04:06:47Z",`+
		`"media-types":[{"base":"application/json","type":"application/vnd.openstack.messaging-v2+json"}],`+
		`"links":[{"href":"/v2/","rel":"self"}]}]}`)
	same(t, "Content-Type", a.header.Get("Content-Type"), "application/json")
	answered(t, s.do("GET", "/?x=1", "", anybody...), 300, a.body)
	refused := s.do("POST", "/", "", anybody...)
	refusedWith(t, refused, 405, "405 Method Not Allowed", "")
	if !strings.Contains(refused.header.Get("Allow"), "GET") {
		t.Errorf("Allow: got %q", refused.header.Get("Allow"))
	}
}

func TestProbes(t *testing.T) {
	s := serve(t, rest.Config{})
	for _, path := range []string{"/healthz", "/readyz"} {
		answered(t, s.do("GET", path, "", anybody...), 200, "ok\n")
		answered(t, s.do("HEAD", path, "", anybody...), 200, "")
		same(t, "status of another method", s.do("DELETE", path, "", anybody...).status, 405)
	}
}

func TestNotReady(t *testing.T) {
	var log bytes.Buffer
	s := serve(t, rest.Config{
		Ready: func(context.Context) error { return errors.New("connection refused") },
		Log:   slog.New(slog.NewTextHandler(&log, nil)),
	})
	answered(t, s.do("GET", "/readyz", "", anybody...), 503, "the store cannot be reached\n")
	answered(t, s.do("GET", "/healthz", "", anybody...), 200, "ok\n")
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "connection refused") {
		t.Errorf("the log does not say why: %s", log.String())
	}
}

func TestAnswerThatIsNoDocument(t *testing.T) {
	var log bytes.Buffer
	odd := api.HandlerFunc(func(context.Context, *api.Call) api.Reply { return api.Reply{Status: 200, Result: make(chan int)} })
	s := serve(t, rest.Config{Handler: odd, Log: slog.New(slog.NewTextHandler(&log, nil))})
	a := s.do("GET", "/v2/queues", "")
	refusedWith(t, a, 500, "Internal server error", "The request could not be completed.")
	if err := s.stop(); err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(log.String(), "level=ERROR") || !strings.Contains(log.String(), a.header.Get("X-Openstack-Request-Id")) {
		t.Errorf("the log does not tell of it: %s", log.String())
	}
}

func TestEveryAnswerNamesItsRequest(t *testing.T) {
	s := serve(t, rest.Config{})
	seen := map[string]bool{}
	for _, path := range []string{"/", "/healthz", "/readyz", "/nosuch", "/v2/", "/v2/queues", "/v2/queues/a%20b", "/v2/ping", "/v2/queues/q/claims"} {
		for _, method := range []string{"GET", "POST", "OPTIONS", "FOO"} {
			id := s.do(method, path, "").header.Get("X-OpenStack-Request-Id")
			if !requestID.MatchString(id) || seen[id] {
				t.Errorf("%s %s: got request ID %q", method, path, id)
			}
			seen[id] = true
		}
	}
}
