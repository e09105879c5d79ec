package rest_test

import (
	"strings"
	"testing"

	"github.com/stackforge/marconi/transports/rest"
)

const (
	page  = "https://app.example.org"
	other = "https://evil.example.org"
)

// corsHeaders are the headers of an answer that speak to browsers, a name a line.
func corsHeaders(a answer) (all []string) {
	for name := range a.header {
		if strings.HasPrefix(name, "Access-Control-") {
			all = append(all, name)
		}
	}
	return all
}

func TestNoOriginIsAllowedUnlessSaid(t *testing.T) {
	s := serve(t, rest.Config{})
	for _, a := range []answer{
		s.do("GET", "/v2/queues", "", "Origin", page),
		s.do("OPTIONS", "/v2/queues", "", "Origin", page, "Access-Control-Request-Method", "GET", "Client-ID", ""),
	} {
		if a.status != 200 || corsHeaders(a) != nil || a.header.Get("Vary") != "" {
			t.Errorf("got %d %v", a.status, a.header)
		}
	}
}

func TestOrigins(t *testing.T) {
	for _, c := range []struct {
		allowed []string
		origin  string
		told    string // "": nothing
	}{
		{[]string{page}, page, page},
		{[]string{other, page}, page, page},
		{[]string{page}, other, ""},
		{[]string{page}, "", ""},
		{[]string{page}, page + ":8443", ""},
		{[]string{page}, "http://app.example.org", ""},
		{[]string{page}, page + "/", ""},
		{[]string{page}, "null", ""},
		{[]string{rest.AnyOrigin}, page, "*"},
		{[]string{rest.AnyOrigin}, "null", "*"},
		{[]string{rest.AnyOrigin, page}, page, "*"},
		{[]string{rest.AnyOrigin}, "", ""},
	} {
		s := serve(t, rest.Config{Origins: c.allowed})
		for _, a := range []answer{
			s.do("GET", "/v2/queues", "", "Origin", c.origin),
			s.do("GET", "/v2/queues", "", "Origin", c.origin, "X-Auth-Token", "wrong"),
			s.do("GET", "/nowhere", "", "Origin", c.origin),
			s.do("DELETE", "/v2/queues", "", "Origin", c.origin),
			s.do("GET", "/healthz", "", "Origin", c.origin),
		} {
			same(t, "allowed", a.header.Get("Access-Control-Allow-Origin"), c.told)
			same(t, "one who asks is told what may be read", a.header.Get("Access-Control-Expose-Headers") != "", c.told != "")
			vary := strings.Join(a.header.Values("Vary"), ", ")
			same(t, "it varies", strings.Contains(vary, "Origin"), c.allowed[0] != "*")
			same(t, "credentials", a.header.Get("Access-Control-Allow-Credentials"), "")
		}
	}
}

func TestExposedHeaders(t *testing.T) {
	s := serve(t, rest.Config{Origins: []string{page}})
	a := s.do("PUT", "/v2/queues/q", "", "Origin", page)
	exposed := strings.Split(a.header.Get("Access-Control-Expose-Headers"), ", ")
	for _, name := range []string{"X-Auth-Token", "X-Subject-Token", "X-Service-Token", "X-Openstack-Request-Id", "Location"} {
		if !strings.Contains(strings.Join(exposed, ","), name) {
			t.Errorf("%s is not exposed: %v", name, exposed)
		}
	}
}

// TestPreflight is of what a browser asks before it sends a request: without the
// headers of that, and so without knowing who sends it.
func TestPreflight(t *testing.T) {
	s := serve(t, rest.Config{Origins: []string{page}})
	ask := func(origin, method string) answer {
		return s.do("OPTIONS", "/v2/queues/q/messages", "", "Origin", origin, "Access-Control-Request-Method", method,
			"Access-Control-Request-Headers", "client-id,x-project-id", "Client-ID", "", "X-Project-Id", "", "X-Auth-Token", "wrong")
	}
	a := ask(page, "POST")
	answered(t, a, 200, "")
	same(t, "origin", a.header.Get("Access-Control-Allow-Origin"), page)
	same(t, "methods", a.header.Get("Access-Control-Allow-Methods"), "GET, PUT, POST, DELETE, PATCH, HEAD")
	same(t, "age", a.header.Get("Access-Control-Max-Age"), "3600")
	allowed := ", " + strings.ToLower(a.header.Get("Access-Control-Allow-Headers")) + ","
	for _, name := range []string{"x-auth-token", "x-identity-status", "x-roles", "x-service-catalog", "x-user-id", "x-tenant-id",
		"x-openstack-request-id", "x-trace-info", "x-trace-hmac", "client-id", "x-project-id", "content-type", "authorization",
		"idempotency-key", "last-event-id", "url-signature"} {
		if !strings.Contains(allowed, ", "+name+",") {
			t.Errorf("%s is not allowed: %s", name, allowed)
		}
	}

	a = ask(other, "POST")
	answered(t, a, 200, "")
	if got := corsHeaders(a); got != nil {
		t.Errorf("a stranger is told %v", got)
	}
}

// TestOptionsOfAllowedOrigins is of a question that is not a browser's.
func TestOptionsOfAllowedOrigins(t *testing.T) {
	s := serve(t, rest.Config{Origins: []string{page}})
	a := s.do("OPTIONS", "/v2/queues/q", "", "Origin", page)
	answered(t, a, 200, "")
	same(t, "Allow", a.header.Get("Allow"), "DELETE, GET, PATCH, PUT")
	same(t, "origin", a.header.Get("Access-Control-Allow-Origin"), page)
}
