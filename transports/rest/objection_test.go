package rest_test

import (
	"net/http"
	"strings"
	"testing"

	"github.com/stackforge/marconi/transports/rest"
)

func TestAccept(t *testing.T) {
	s := serve(t, rest.Config{})
	for _, c := range []struct {
		accept []string
		taken  bool
	}{
		{nil, true},
		{[]string{""}, true},
		{[]string{" , "}, true},
		{[]string{"*/*"}, true},
		{[]string{"*"}, true},
		{[]string{"application/*"}, true},
		{[]string{"application/json"}, true},
		{[]string{"APPLICATION/JSON"}, true},
		{[]string{"application/json; charset=utf-8"}, true},
		{[]string{"application/json;q=0.1"}, true},
		{[]string{"text/html, application/json"}, true},
		{[]string{"text/html", "application/json"}, true},
		{[]string{"text/html, */*;q=0.1"}, true},
		{[]string{"text/html, image/gif, image/jpeg, *; q=.2, */*; q=.2"}, true},
		{[]string{"*/*;q=0, application/json"}, true},
		{[]string{"application/*;q=0, application/json;q=1"}, true},
		{[]string{"/, application/json"}, true},
		{[]string{"application/json, application/json;q=0"}, true},
		{[]string{strings.Repeat("text/html,", 5000) + "*/*"}, true},

		{[]string{"text/html"}, false},
		{[]string{"text/*"}, false},
		{[]string{"application/xml"}, false},
		{[]string{"application/jso"}, false},
		{[]string{"application/json-home"}, false},
		{[]string{"application/json;q=0"}, false},
		{[]string{"application/json;q=0, */*"}, false},
		{[]string{"application/json;q=0.0, application/*;q=1"}, false},
		{[]string{"*/*;q=0"}, false},
		{[]string{"application/json;q=never"}, false},
		{[]string{"/"}, false},
		{[]string{"json"}, false},
	} {
		r, err := http.NewRequestWithContext(t.Context(), "GET", s.url+"/v2/queues", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header = http.Header{"Client-Id": {alice}, "X-Project-Id": {"project"}, "Accept": c.accept}
		a := s.send(r)
		if c.taken && a.status != 200 || !c.taken && a.status != 406 {
			t.Errorf("Accept %.80q: got %d %s", c.accept, a.status, a.body)
		}
	}
}

func TestNotAcceptable(t *testing.T) {
	s := serve(t, rest.Config{})
	refusedWith(t, s.do("GET", "/v2/queues", "", "Accept", "text/html"), 406, "406 Not Acceptable", acceptText)
	for _, accept := range []string{"application/xml", "text/xml;q=0.5", "text/html, application/xhtml+xml"} {
		a := s.do("GET", "/v2/queues", "", "Accept", accept)
		answered(t, a, 406, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<error><title>406 Not Acceptable</title><description>"+
			strings.ReplaceAll(acceptText, `"`, "&#34;")+"</description></error>")
		same(t, "Content-Type", a.header.Get("Content-Type"), "application/xml")
		same(t, "Vary", a.header.Get("Vary"), "Accept")
	}
}

func TestForms(t *testing.T) {
	s := serve(t, rest.Config{})
	for _, mediaType := range []string{formType, strings.ToUpper(formType)} {
		refusedWith(t, s.do("PUT", "/v2/queues/q", "{}", "Content-Type", mediaType), 400, "Invalid Content-Type", formText)
		refusedWith(t, s.do("GET", "/v2/queues", "{}", "Content-Type", mediaType), 400, "Invalid Content-Type", formText)
		answered(t, s.do("GET", "/v2/queues", "", "Content-Type", mediaType), 200, `{"queues":[],"links":[]}`)
	}
	for _, mediaType := range []string{formType + "; charset=utf-8", "text/plain", "application/xml", "no type at all"} {
		a := s.do("PUT", "/v2/queues/q", "{}", "Content-Type", mediaType)
		if a.status >= 400 {
			t.Errorf("%s: got %d %s", mediaType, a.status, a.body)
		}
	}
}
