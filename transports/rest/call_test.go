package rest_test

import (
	"context"
	"net/http"
	"net/http/httptest"
	"regexp"
	"slices"
	"testing"

	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/rest"
)

var requestID = regexp.MustCompile(`\Areq-[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\z`)

// understood is the call that the door makes of a request.
func understood(t *testing.T, r *http.Request) (*api.Call, *httptest.ResponseRecorder) {
	t.Helper()
	var call *api.Call
	h := rest.NewHandler(rest.Config{MaxBody: 100, Handler: api.HandlerFunc(func(_ context.Context, c *api.Call) api.Reply {
		call = c
		return api.Reply{Status: 204}
	})})
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if call == nil {
		t.Fatalf("%s %s: no call came of it", r.Method, r.URL)
	}
	return call, w
}

func TestCall(t *testing.T) {
	r := httptest.NewRequest("GET", "/v2/queues/a%2Db/messages?limit=5&echo=yes&echo=no&marker=a%20b&unknown=1&limit=", nil)
	r.RemoteAddr = "192.0.2.1:4711"
	r.Header.Add("X-Project-ID", "first")
	r.Header.Add("X-Project-ID", "second")
	c, w := understood(t, r)
	same(t, "action", c.Action, "message_list")
	same(t, "dialect", c.Dialect, api.V2)
	same(t, "transport", c.Transport, "http")
	same(t, "remote", c.Remote.String(), "192.0.2.1")
	same(t, "ID", c.ID, w.Header().Get("X-OpenStack-Request-Id"))
	project, given := c.Header("x-project-id")
	same(t, "header", project, "first")
	same(t, "header given", given, true)
	_, given = c.Header("X-Tenant-Id")
	same(t, "header that is missing", given, false)
	if want := []string{"queue_name", "marker", "limit", "echo", "include_claimed", "include_delayed", "wait"}; !slices.Equal(c.Params.Own, want) {
		t.Errorf("own: got %v, want %v", c.Params.Own, want)
	}
	want := []api.Param{
		{Field: "queue_name", Name: "queue_name", Value: "a-b"},
		{Field: "marker", Name: "marker", Value: "a b"},
		{Field: "limit", Name: "limit", Value: "5"},
		{Field: "limit", Name: "limit", Value: ""},
		{Field: "echo", Name: "echo", Value: "yes"},
		{Field: "echo", Name: "echo", Value: "no"},
	}
	if !slices.Equal(c.Params.Given, want) {
		t.Errorf("given: got %v, want %v", c.Params.Given, want)
	}
	if c.Params.Others != nil || c.Early != nil || c.Late != nil || c.Body != nil || c.Size != 0 || c.Cut {
		t.Errorf("got %+v", c)
	}
}

func TestCallTakesNobodysWordForAnAddress(t *testing.T) {
	for remote, want := range map[string]string{"192.0.2.1:80": "192.0.2.1", "[2001:db8::1]:80": "2001:db8::1", "@": "invalid IP"} {
		r := httptest.NewRequest("GET", "/v2/queues", nil)
		r.RemoteAddr = remote
		r.Header.Set("X-Forwarded-For", "203.0.113.9")
		r.Header.Set("X-Real-Ip", "203.0.113.9")
		r.Header.Set("Forwarded", "for=203.0.113.9")
		c, _ := understood(t, r)
		same(t, "remote", c.Remote.String(), want)
	}
}

func TestCallTakesRequestIDsFromNobody(t *testing.T) {
	r := httptest.NewRequest("GET", "/v2/queues", nil)
	r.Header.Set("X-OpenStack-Request-Id", "req-mine")
	c, _ := understood(t, r)
	if !requestID.MatchString(c.ID) {
		t.Errorf("got %q", c.ID)
	}
}

func TestOtherParametersAreForQueueListsAlone(t *testing.T) {
	c, _ := understood(t, httptest.NewRequest("GET", "/v2/queues?limit=1&owner=a&owner=b&empty=&x%20y=%C3%A9", nil))
	if len(c.Params.Others) != 2 || c.Params.Others["owner"] != "b" || c.Params.Others["x y"] != "é" {
		t.Errorf("got %v", c.Params.Others)
	}
}

func TestParametersThatCannotBeRead(t *testing.T) {
	c, _ := understood(t, httptest.NewRequest("GET", "/v2/queues?limit=1&marker=%zz&name=a;b&detailed", nil))
	want := []api.Param{{Field: "limit", Name: "limit", Value: "1"}, {Field: "detailed", Name: "detailed", Value: ""}}
	if !slices.Equal(c.Params.Given, want) {
		t.Errorf("got %v, want %v", c.Params.Given, want)
	}
}

func TestIDsPickTheOperation(t *testing.T) {
	for query, action := range map[string]string{
		"":                     "message_list",
		"?ids=":                "message_list",
		"?ids=&ids=":           "message_list",
		"?ids=a":               "message_get_many",
		"?ids=&ids=a":          "message_get_many",
		"?limit=5&ids=a&ids=b": "message_get_many",
	} {
		c, _ := understood(t, httptest.NewRequest("GET", "/v2/queues/q/messages"+query, nil))
		same(t, query, c.Action, action)
	}
}
