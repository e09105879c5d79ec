package rest_test

import (
	"encoding/json"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/stackforge/marconi/transports/rest"
)

// homeRelations are the relations of Zaqar's home document: template, variables,
// methods, and whether a relation takes JSON.
var homeRelations = map[string]struct {
	template, vars, allow string
	posts                 bool
}{
	"rel/queues":          {"/v2/queues{?marker,limit,detailed}", "detailed=detailed limit=queue_limit marker=marker", "GET", false},
	"rel/queue":           {"/v2/queues/{queue_name}", "queue_name=queue_name", "GET PUT DELETE PATCH", false},
	"rel/queue_stats":     {"/v2/queues/{queue_name}/stats", "queue_name=queue_name", "GET", false},
	"rel/queue_purge":     {"/v2/queues/{queue_name}/purge", "queue_name=queue_name", "POST", true},
	"rel/queue_share":     {"/v2/queues/{queue_name}/share", "queue_name=queue_name", "POST", true},
	"rel/messages":        {"/v2/queues/{queue_name}/messages{?marker,limit,echo,include_claimed}", "echo=echo include_claimed=include_claimed limit=messages_limit marker=marker queue_name=queue_name", "GET", false},
	"rel/post_messages":   {"/v2/queues/{queue_name}/messages", "queue_name=queue_name", "POST", true},
	"rel/messages_delete": {"/v2/queues/{queue_name}/messages{?ids,pop}", "ids=ids pop=pop queue_name=queue_name", "DELETE", false},
	"rel/message_delete":  {"/v2/queues/{queue_name}/messages/{message_id}{?claim_id}", "claim_id=claim_id message_id=message_id queue_name=queue_name", "DELETE", false},
	"rel/message_get":     {"/v2/queues/{queue_name}/messages/{message_id}", "message_id=message_id queue_name=queue_name", "GET", false},
	"rel/claim":           {"/v2/queues/{queue_name}/claims/{claim_id}", "claim_id=claim_id queue_name=queue_name", "GET", false},
	"rel/post_claim":      {"/v2/queues/{queue_name}/claims{?limit}", "limit=claim_limit queue_name=queue_name", "POST", true},
	"rel/patch_claim":     {"/v2/queues/{queue_name}/claims/{claim_id}", "claim_id=claim_id queue_name=queue_name", "PATCH", true},
	"rel/delete_claim":    {"/v2/queues/{queue_name}/claims/{claim_id}", "claim_id=claim_id queue_name=queue_name", "DELETE", false},

	"rel/subscriptions_get":  {"/v2/queues/{queue_name}/subscriptions{?marker,limit}", "limit=subscription_limit marker=marker queue_name=queue_name", "GET", false},
	"rel/subscriptions_post": {"/v2/queues/{queue_name}/subscriptions", "queue_name=queue_name", "POST", true},
	"rel/subscription":       {"/v2/queues/{queue_name}/subscriptions/{subscription_id}", "queue_name=queue_name subscription_id=subscription_id", "GET DELETE", false},
	"rel/subscription_patch": {"/v2/queues/{queue_name}/subscriptions/{subscription_id}", "queue_name=queue_name subscription_id=subscription_id", "PATCH", true},

	"rel/ping": {"/v2/ping", "", "GET", false},
}

type homeResource struct {
	Href     string            `json:"href"`
	Template string            `json:"href-template"`
	Vars     map[string]string `json:"href-vars"`
	Hints    struct {
		Allow      []string                   `json:"allow"`
		Formats    map[string]json.RawMessage `json:"formats"`
		AcceptPost []string                   `json:"accept-post"`
	} `json:"hints"`
}

func homeOf(t *testing.T, admin bool) map[string]homeResource {
	t.Helper()
	s := serve(t, rest.Config{AdminMode: admin})
	a := s.do("GET", "/v2/", "")
	same(t, "status", a.status, 200)
	same(t, "Content-Type", a.header.Get("Content-Type"), "application/json-home")
	same(t, "Cache-Control", a.header.Get("Cache-Control"), "max-age=86400")
	var home struct {
		Resources map[string]homeResource `json:"resources"`
	}
	if err := json.Unmarshal([]byte(a.body), &home); err != nil {
		t.Fatal(err)
	}
	same(t, "the same document again", s.do("GET", "/v2/", "").body, a.body)
	return home.Resources
}

func TestHome(t *testing.T) {
	home := homeOf(t, false)
	if got, want := slices.Sorted(maps.Keys(home)), slices.Sorted(maps.Keys(homeRelations)); !slices.Equal(got, want) {
		t.Fatalf("got %v\nwant %v", got, want)
	}
	for rel, want := range homeRelations {
		got := home[rel]
		same(t, rel, got.Href+got.Template, want.template)
		same(t, rel+": a template has variables", got.Template != "", want.vars != "")
		var vars []string
		for _, name := range slices.Sorted(maps.Keys(got.Vars)) {
			vars = append(vars, name+"="+strings.TrimPrefix(got.Vars[name], "param/"))
		}
		same(t, rel+": variables", strings.Join(vars, " "), want.vars)
		same(t, rel+": methods", strings.Join(got.Hints.Allow, " "), want.allow)
		same(t, rel+": takes JSON", strings.Join(got.Hints.AcceptPost, " ") == "application/json", want.posts)
		same(t, rel+": gives JSON", string(got.Hints.Formats["application/json"]), "{}")
	}
}

func TestHomeOfOperators(t *testing.T) {
	home := homeOf(t, true)
	same(t, "relations", len(home), len(homeRelations)+1)
	same(t, "health", home["rel/health"].Href, "/v2/health")
}

func TestHomeNeedsACaller(t *testing.T) {
	s := serve(t, rest.Config{})
	refusedWith(t, s.do("GET", "/v2/", "", "Client-ID", ""), 400, "Missing header value", `The "Client-Id" header is required.`)
	answered(t, s.do("GET", "/v2/", "", "X-Auth-Token", "wrong"), 401, unauthorized)
}
