package rest_test

import (
	"strings"
	"testing"

	"github.com/stackforge/marconi/transports/rest"
)

const (
	patchType = "application/openstack-messaging-v2.0-json-patch"
	formType  = "application/x-www-form-urlencoded"
	badName   = "The format of the submitted queue name or project id is not valid."
	formText  = "Endpoint does not accept `application/x-www-form-urlencoded` content; currently supported media type is " +
		"`application/json`; specify proper client-side media type with the \"Content-Type\" header."
	acceptText = "Endpoint only serves `application/json`; specify client-side media type support with the \"Accept\" header."
)

// TestOrderOfChecks mends a request step by step: each time the next thing that is
// wrong is told.
func TestOrderOfChecks(t *testing.T) {
	s := serve(t, rest.Config{})
	headers := map[string]string{"Client-ID": "", "X-Project-Id": "", "X-Auth-Token": "wrong", "Content-Type": formType, "Accept": "text/html"}
	do := func(method, target, body string) answer {
		var pairs []string
		for name, value := range headers {
			pairs = append(pairs, name, value)
		}
		return s.do(method, target, body, pairs...)
	}
	answered(t, do("PUT", "/v2/queues/a%20b", "{"), 401, unauthorized)
	headers["X-Auth-Token"] = ""
	refusedWith(t, do("PUT", "/v2/queues/a%20b", "{"), 400, "Invalid Content-Type", formText)
	headers["Content-Type"] = ""
	refusedWith(t, do("PUT", "/v2/queues/a%20b", "{"), 406, "406 Not Acceptable", acceptText)
	headers["Accept"] = ""
	refusedWith(t, do("PUT", "/v2/queues/a%20b", "{"), 400, "Missing header value", `The "Client-Id" header is required.`)
	headers["Client-ID"] = "me"
	refusedWith(t, do("PUT", "/v2/queues/a%20b", "{"), 400, "Wrong UUID value", "Malformed hexadecimal UUID.")
	headers["Client-ID"] = alice
	refusedWith(t, do("PUT", "/v2/queues/a%20b", "{"), 400, "Project-Id Missing", "The header X-PROJECT-ID was missing")
	headers["X-Project-Id"] = "project"
	refusedWith(t, do("PUT", "/v2/queues/a%20b", "{"), 400, "Invalid queue identification", badName)
	refusedWith(t, do("PUT", "/v2/queues/q", "{"), 400, "Invalid request body", "Request body could not be parsed.")
	answered(t, do("PUT", "/v2/queues/q", "{}"), 201, "")
}

func TestOrderOfChecksWithARole(t *testing.T) {
	s := serve(t, rest.Config{AdminMode: true})
	refusedWith(t, s.do("GET", "/v2/health", "{", "X-Project-Id", ""), 400, "Project-Id Missing", "The header X-PROJECT-ID was missing")
	refusedWith(t, s.do("GET", "/v2/health", "{"), 403, "Not authorized", "You are not authorized to complete this action.")
	a := s.do("GET", "/v2/health", "{", "X-Roles", "admin")
	if a.status != 200 || !strings.Contains(a.body, `"storage_reachable":true`) {
		t.Errorf("got %d %s", a.status, a.body)
	}
}

func TestOrderOfChecksOfAWrongMethod(t *testing.T) {
	s := serve(t, rest.Config{})
	answered(t, s.do("POST", "/v2/queues/a%20b", "", "X-Auth-Token", "wrong", "Accept", "text/html"), 401, unauthorized)
	refusedWith(t, s.do("POST", "/v2/queues/a%20b", "", "Client-ID", "", "Accept", "text/html"), 406, "406 Not Acceptable", acceptText)
	refusedWith(t, s.do("POST", "/v2/queues/a%20b", "", "Client-ID", ""), 400, "Missing header value", `The "Client-Id" header is required.`)
	refusedWith(t, s.do("POST", "/v2/queues/a%20b", ""), 400, "Invalid queue identification", badName)
	refusedWith(t, s.do("POST", "/v2/queues/q", "{"), 405, "405 Method Not Allowed", "")
}

func TestOrderOfChecksOfAWrongMediaType(t *testing.T) {
	const text = "Accepted media type for PATCH: {'Accept-Patch': '" + patchType + "'}."
	s := serve(t, rest.Config{})
	refusedWith(t, s.do("PATCH", "/v2/queues/a%20b", "{"), 400, "Invalid queue identification", badName)
	for _, mediaType := range []string{"", "application/json", patchType + "; charset=utf-8", strings.ToUpper(patchType), "application/json-patch+json"} {
		refusedWith(t, s.do("PATCH", "/v2/queues/q", "{", "Content-Type", mediaType), 415, "415 Unsupported Media Type", text)
	}
	refusedWith(t, s.do("PATCH", "/v2/queues/q", "{", "Content-Type", patchType), 400, "Invalid request body", "Request body must be a JSON array of operation objects.")
	refusedWith(t, s.do("PATCH", "/v2/queues/q", "[]", "Content-Type", patchType), 404, "Not found", "Queue q does not exist for project project")
}

// TestNowhere is of paths at which there is nothing: nobody asks who wants to know.
func TestNowhere(t *testing.T) {
	t.Parallel()
	s := serve(t, rest.Config{})
	for _, path := range []string{
		"/v2", "/v2/nosuch", "/v1/", "/v1.1/queues", "/V2/queues", "/v2//queues", "//v2/queues", "/v2/../v2/queues", "/v2/queues/", "/v2/ping/",
		"/v2/queues/q/", "/v2/queues/q/metadata", "/v2/queues/q/messages/", "/v2/queues/q/messages/a/b", "/v2/queues/q/messages/a/",
		"/v2/queues/q/claims/", "/v2/queues/q/claims/a/b", "/v2/queues/q/stats/x", "/v2/queues/a/b", "/v2/health", "/v2/topics", "/favicon.ico",
	} {
		for _, method := range []string{"GET", "DELETE", "OPTIONS"} {
			a := s.do(method, path, "", "Client-ID", "", "X-Project-Id", "", "X-Auth-Token", "wrong", "Accept", "text/html")
			if a.status != 404 || a.body != notFound || a.header.Get("Vary") != "Accept" || a.header.Get("Content-Type") != "application/json" {
				t.Errorf("%s %s: got %d %s", method, path, a.status, a.body)
			}
		}
	}
}

// TestOddNames is of paths that name what cannot be, or is seldom.
func TestOddNames(t *testing.T) {
	t.Parallel()
	s := serve(t, rest.Config{})
	for _, name := range []string{"a%2Fb", "a%2fb", "%00", "a%00", "a%20b", "a+b", "%C3%A9", "\xc3\xa9", "%FF", "a%25b", "a;b", "a:b", "a*b", "{q}", strings.Repeat("a", 65)} {
		for _, method := range []string{"GET", "PUT", "DELETE", "PATCH", "POST"} {
			a := s.do(method, "/v2/queues/"+name, "")
			if a.status != 400 || a.body != problem("Invalid queue identification", badName) {
				t.Errorf("%s %s: got %d %s", method, name, a.status, a.body)
			}
		}
		for _, under := range []string{"/stats", "/messages", "/messages/m", "/claims/c"} {
			refusedWith(t, s.do("GET", "/v2/queues/"+name+under, ""), 400, "Invalid queue identification", badName)
		}
	}
	refusedWith(t, s.do("GET", "/v2/queues//messages", ""), 400, "Invalid queue identification", badName)
	for name, plain := range map[string]string{"..": "..", ".": ".", "%2E%2e": "..", "-_.": "-_.", "%51": "Q", "q%2Dq": "q-q", strings.Repeat("a", 64): strings.Repeat("a", 64)} {
		a := s.do("PUT", "/v2/queues/"+name, "")
		if a.status != 201 && a.status != 204 {
			t.Errorf("%s: got %d %s", name, a.status, a.body)
		}
		same(t, "Location", a.header.Get("Location"), "/v2/queues/"+plain)
	}
	for id, plain := range map[string]string{"a%2Fb": "a/b", "%2e%2e": "..", "a%20b": "a b", "%C3%A9": "é", "%FF": "\ufffd", "a+b": "a+b", "%00": "\x00", "%2525": "%25"} {
		refusedWith(t, s.do("GET", "/v2/queues/q/messages/"+id, ""), 404, "Not found", "Message "+plain+" does not exist in queue q for project project")
		refusedWith(t, s.do("GET", "/v2/queues/q/claims/"+id, ""), 404, "Not found", "Claim "+plain+" does not exist in queue q for project project")
		answered(t, s.do("DELETE", "/v2/queues/q/messages/"+id, ""), 204, "")
	}
}

// allowed are the methods of every place.
var allowed = map[string]string{
	"/v2/":                      "GET",
	"/v2/ping":                  "GET, HEAD",
	"/v2/health":                "GET",
	"/v2/queues":                "GET",
	"/v2/queues/q":              "DELETE, GET, PATCH, PUT",
	"/v2/queues/q/stats":        "GET",
	"/v2/queues/q/purge":        "POST",
	"/v2/queues/q/share":        "POST",
	"/v2/queues/q/messages":     "DELETE, GET, POST",
	"/v2/queues/q/messages/m":   "DELETE, GET",
	"/v2/queues/q/messages/a-b": "DELETE, GET",
	"/v2/queues/q/claims":       "POST",
	"/v2/queues/q/claims/c":     "DELETE, GET, PATCH",
}

func TestMethods(t *testing.T) {
	t.Parallel()
	s := serve(t, rest.Config{AdminMode: true})
	for path, methods := range allowed {
		for _, method := range []string{"GET", "HEAD", "PUT", "POST", "PATCH", "DELETE", "TRACE"} {
			a := s.do(method, path, "")
			if strings.Contains(methods, method) {
				if a.status == 405 || a.body == notFound {
					t.Errorf("%s %s: got %d", method, path, a.status)
				}
				continue
			}
			body := notAllowed
			if method == "HEAD" {
				body = ""
			}
			if a.status != 405 || a.body != body || a.header.Get("Allow") != methods+", OPTIONS" || a.header.Get("Vary") != "Accept" {
				t.Errorf("%s %s: got %d %s, Allow %q", method, path, a.status, a.body, a.header.Get("Allow"))
			}
		}
	}
}

func TestOptions(t *testing.T) {
	t.Parallel()
	s := serve(t, rest.Config{AdminMode: true})
	for path, methods := range allowed {
		a := s.do("OPTIONS", path, "")
		answered(t, a, 200, "")
		same(t, "Allow of "+path, a.header.Get("Allow"), methods)
		same(t, "Content-Type", a.header.Get("Content-Type"), "application/json")
		same(t, "Content-Length", a.header.Get("Content-Length"), "0")
		for _, without := range [][]string{{"Client-ID", ""}, {"X-Project-Id", ""}, {"X-Auth-Token", "wrong"}, {"Accept", "text/html"}} {
			a := s.do("OPTIONS", path, "", without...)
			answered(t, a, 200, "")
			same(t, "Allow with something wrong", a.header.Get("Allow"), "")
		}
	}
}

func TestMethodThatIsNone(t *testing.T) {
	s := serve(t, rest.Config{})
	for _, method := range []string{"FOO", "get", "PROPFIND"} {
		a := s.do(method, "/v2/queues/q", "", "Client-ID", "")
		refusedWith(t, a, 405, "405 Method Not Allowed", "")
		same(t, "Allow", a.header.Get("Allow"), "DELETE, GET, PATCH, PUT, OPTIONS")
		answered(t, s.do(method, "/v2/nosuch", ""), 404, notFound)
	}
}

func TestHead(t *testing.T) {
	s := serve(t, rest.Config{})
	a := s.do("HEAD", "/v2/ping", "")
	answered(t, a, 204, "")
	a = s.do("HEAD", "/v2/queues/q", "")
	answered(t, a, 405, "")
	same(t, "Content-Length", a.header.Get("Content-Length"), "34")
	same(t, "Content-Type", a.header.Get("Content-Type"), "application/json")
	a = s.do("HEAD", "/v2/ping", "", "Client-ID", "")
	answered(t, a, 400, "")
}

// TestExtraSpec is of a header that made Zaqar look at no token.
func TestExtraSpec(t *testing.T) {
	s := serve(t, rest.Config{})
	for _, spec := range []string{"messagecode:123456", "unknown:x", "x"} {
		answered(t, s.do("GET", "/v2/queues", "", "EXTRA-SPEC", spec), 200, `{"queues":[],"links":[]}`)
		answered(t, s.do("GET", "/v2/queues", "", "EXTRA-SPEC", spec, "X-Auth-Token", "wrong"), 401, unauthorized)
	}
}
