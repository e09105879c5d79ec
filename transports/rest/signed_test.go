package rest_test

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/rest"
)

// serveShared serves with a broker that signs.
func serveShared(t *testing.T) *site {
	t.Helper()
	w := newWatch()
	s := serve(t, rest.Config{Handler: handlerOf(t, w, core.Options{Secrets: [][]byte{[]byte("sekrit")}}), AdminMode: true})
	s.watch = w
	return s
}

// share asks for a grant and answers its headers, by which alone somebody is to be
// known: nobody can send a token that is "wrong" otherwise.
func (s *site) share(queue, what string) []string {
	s.t.Helper()
	var g core.Grant
	if err := json.Unmarshal([]byte(s.mustDo(200, "POST", "/v2/queues/"+queue+"/share", what).body), &g); err != nil {
		s.t.Fatal(err)
	}
	return []string{
		"X-Auth-Token", "wrong", "URL-Signature", g.Signature, "URL-Expires", g.Expires,
		"URL-Methods", strings.Join(g.Methods, ","), "URL-Paths", strings.Join(g.Paths, ","),
	}
}

func TestSigned(t *testing.T) {
	t.Parallel()
	s := serveShared(t)
	s.mustDo(201, "POST", "/v2/queues/q/messages", `{"messages":[{"body":1}]}`)
	grant := s.share("q", `{"methods":["GET","POST"]}`)
	listed := s.mustDo(200, "GET", "/v2/queues/q/messages?echo=true", "", grant...)
	if !strings.Contains(listed.body, `"body":1`) {
		t.Errorf("got %s", listed.body)
	}
	posted := s.mustDo(201, "POST", "/v2/queues/q/messages", `{"messages":[{"body":2}]}`, grant...)
	_, ids, _ := strings.Cut(posted.header.Get("Location"), "?ids=")
	s.mustDo(200, "GET", "/v2/queues/q/messages/"+ids, "", grant...)
	s.mustDo(200, "GET", "/v2/queues/q/messages?ids="+ids, "", grant...)
	for _, c := range []struct{ method, target string }{
		{"DELETE", "/v2/queues/q/messages/" + ids},
		{"DELETE", "/v2/queues/q/messages?pop=1"},
		{"PUT", "/v2/queues/q/messages"},
		{"GET", "/v2/queues/q"},
		{"GET", "/v2/queues/q/stats"},
		{"GET", "/v2/queues/q/claims/c"},
		{"GET", "/v2/queues/q2/messages"},
		{"GET", "/v2/queues/q/messages/../claims"},
		{"GET", "/v2/queues/q/messages/%2e%2e/claims"},
		{"GET", "/v2/queues/q/messages/a%2F..%2Fb"},
		{"POST", "/v2/queues/q/share"},
		{"GET", "/v2/queues"},
		{"GET", "/v2/ping"},
		{"GET", "/v2/"},
	} {
		a := s.do(c.method, c.target, "", grant...)
		if a.status != 404 || a.body != notFound {
			t.Errorf("%s %s: got %d %s", c.method, c.target, a.status, a.body)
		}
	}
	s.pass(24*time.Hour - time.Millisecond)
	s.mustDo(200, "GET", "/v2/queues/q/messages", "", grant...)
	s.pass(time.Millisecond)
	refusedWith(t, s.do("GET", "/v2/queues/q/messages", "", grant...), 404, "404 Not Found", "")
}

// TestSignedIsNobody: who has a grant has no roles, whatever it says of itself, and
// is asked for all else that anybody is asked for.
func TestSignedIsNobody(t *testing.T) {
	t.Parallel()
	s := serveShared(t)
	grant := s.share("q", `{"methods":["GET","PUT"]}`)
	with := func(more ...string) []string { return append(more, grant...) }
	refusedWith(t, s.do("GET", "/v2/health", "", with("X-Roles", "admin")...), 404, "404 Not Found", "")
	refusedWith(t, s.do("GET", "/v2/queues/q/messages", "", with("X-Project-Id", "other")...), 404, "404 Not Found", "")
	refusedWith(t, s.do("GET", "/v2/queues/q/messages", "", with("X-Project-Id", "")...), 404, "404 Not Found", "")
	refusedWith(t, s.do("GET", "/v2/queues/q/messages", "", with("X-Project-Id", "", "X-Tenant-Id", "project")...), 404, "404 Not Found", "")
	refusedWith(t, s.do("GET", "/v2/queues/q/messages", "", with("Client-ID", "")...), 400, "Missing header value", `The "Client-Id" header is required.`)
	refusedWith(t, s.do("GET", "/v2/queues/q/messages", "", with("Accept", "text/html")...), 406, "406 Not Acceptable", acceptText)
	refusedWith(t, s.do("PUT", "/v2/queues/q/messages", "", grant...), 405, "405 Method Not Allowed", "")
	answered(t, s.do("OPTIONS", "/v2/queues/q/messages", "", grant...), 200, "")
}

// TestSignedByNobody: a signature that is none finds nothing, and nobody is told
// why, whatever else is wrong.
func TestSignedByNobody(t *testing.T) {
	t.Parallel()
	for name, s := range map[string]*site{"with a secret": serveShared(t), "without": serve(t, rest.Config{})} {
		for _, without := range [][]string{{}, {"Client-ID", ""}, {"X-Auth-Token", "wrong"}, {"Accept", "text/html"}, {"X-Project-Id", ""}} {
			headers := append(without, "URL-Signature", "8a964736", "URL-Methods", "GET", "URL-Paths", "/v2/queues/q/messages", "URL-Expires", "2030-01-01T00:00:00")
			for _, method := range []string{"GET", "DELETE"} {
				a := s.do(method, "/v2/queues/q/messages", "", headers...)
				if a.status != 404 || a.body != notFound {
					t.Errorf("%s, %q: got %d %s", name, without, a.status, a.body)
				}
			}
		}
	}
}

// TestManySignatures: of a header that comes twice the first counts, for every
// purpose.
func TestManySignatures(t *testing.T) {
	t.Parallel()
	s := serveShared(t)
	s.mustDo(201, "PUT", "/v2/queues/q", "")
	grant := s.share("q", `{}`)
	for i := 2; i < len(grant); i += 2 {
		for _, c := range []struct {
			values []string
			status int
		}{{[]string{grant[i+1], "x"}, 200}, {[]string{"x", grant[i+1]}, 404}} {
			r, err := http.NewRequestWithContext(t.Context(), "GET", s.url+"/v2/queues/q/messages", nil)
			if err != nil {
				t.Fatal(err)
			}
			r.Header = http.Header{"Client-Id": {alice}, "X-Project-Id": {"project", "other"}}
			for j := 2; j < len(grant); j += 2 {
				r.Header.Set(grant[j], grant[j+1])
			}
			r.Header[http.CanonicalHeaderKey(grant[i])] = c.values
			if a := s.send(r); a.status != c.status {
				t.Errorf("%s %q: got %d, want %d", grant[i], c.values, a.status, c.status)
			}
		}
	}
	r, err := http.NewRequestWithContext(t.Context(), "GET", s.url+"/v2/queues", nil)
	if err != nil {
		t.Fatal(err)
	}
	r.Header = http.Header{"Client-Id": {alice}, "X-Project-Id": {"project"}, "Url-Signature": {""}}
	if a := s.send(r); a.status != 200 {
		t.Errorf("an empty signature, which is none: got %d %s", a.status, a.body)
	}
}

func TestShareWithoutASecret(t *testing.T) {
	t.Parallel()
	s := serve(t, rest.Config{})
	refusedWith(t, s.do("POST", "/v2/queues/q/share", `{}`), 400, "Invalid API request", "The `key` can't be None")
	refusedWith(t, s.do("POST", "/v2/queues/q/share", ""), 400, "Invalid request body", "Request body can not be empty")
	refusedWith(t, s.do("POST", "/v2/queues/a%20b/share", `{}`), 400, "Invalid queue identification", badName)
}
