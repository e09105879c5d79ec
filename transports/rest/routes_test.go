package rest_test

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/rest"
)

// ofConnections are actions that need a connection that lasts longer than a request.
var ofConnections = []string{"authenticate", "claim_stream", "stream_delete"}

func TestRoutesAndTableNameTheSameActions(t *testing.T) {
	named := append(rest.Actions(), ofConnections...)
	slices.Sort(named)
	if named, table := slices.Compact(named), api.Actions(true); !slices.Equal(named, table) {
		t.Errorf("routes: %v\ntable:  %v", named, table)
	}
	for _, r := range rest.Routes() {
		if r.Admin == slices.Contains(api.Actions(false), r.Action) {
			t.Errorf("%s: operators' on one side only", r.Action)
		}
	}
}

// unnamed are routes that the home document does not name: itself, and a second
// method of what it names.
var unnamed = []string{"GET /v2/", "HEAD /v2/ping"}

func TestHomeDocumentNamesTheRoutes(t *testing.T) {
	s := serve(t, rest.Config{AdminMode: true})
	var home struct {
		Resources map[string]struct {
			Href     string `json:"href"`
			Template string `json:"href-template"`
			Hints    struct {
				Allow []string `json:"allow"`
			} `json:"hints"`
		} `json:"resources"`
	}
	if err := json.Unmarshal([]byte(s.mustDo(200, "GET", "/v2/", "").body), &home); err != nil {
		t.Fatal(err)
	}
	var told, routes []string
	for _, r := range home.Resources {
		path, _, _ := strings.Cut(r.Href+r.Template, "{?")
		for _, method := range r.Hints.Allow {
			told = append(told, method+" "+path)
		}
	}
	for _, r := range rest.Routes() {
		if route := r.Method + " " + r.Path; !slices.Contains(unnamed, route) {
			routes = append(routes, route)
		}
	}
	slices.Sort(told)
	slices.Sort(routes)
	if !slices.Equal(slices.Compact(told), slices.Compact(routes)) {
		t.Errorf("home:   %v\nroutes: %v", told, routes)
	}
}
