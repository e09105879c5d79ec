package rest

import (
	"net/http"
	"strings"

	"github.com/labstack/echo/v4"
)

// relation is a member of the home document (draft-nottingham-json-home): a path
// that clients may look up instead of knowing it.
type relation struct {
	rel     string
	path    string   // of a place
	query   string   // parameters, with commas between
	methods []string // of the place, those meant here
	posts   bool     // it takes JSON
	admin   bool
}

const (
	queuePath   = "/v2/queues/:queue_name"
	messagePath = queuePath + "/messages"
	claimsPath  = queuePath + "/claims"

	subscriptionsPath = queuePath + "/subscriptions"
)

var relations = []relation{
	{rel: "queues", path: "/v2/queues", query: "marker,limit,detailed", methods: []string{"GET"}},
	{rel: "queue", path: queuePath, methods: []string{"GET", "PUT", "DELETE", "PATCH"}},
	{rel: "queue_stats", path: queuePath + "/stats", methods: []string{"GET"}},
	{rel: "queue_share", path: queuePath + "/share", methods: []string{"POST"}, posts: true},
	{rel: "queue_purge", path: queuePath + "/purge", methods: []string{"POST"}, posts: true},
	{rel: "messages", path: messagePath, query: "marker,limit,echo,include_claimed", methods: []string{"GET"}},
	{rel: "post_messages", path: messagePath, methods: []string{"POST"}, posts: true},
	{rel: "messages_delete", path: messagePath, query: "ids,pop", methods: []string{"DELETE"}},
	{rel: "message_delete", path: messagePath + "/:message_id", query: "claim_id", methods: []string{"DELETE"}},
	{rel: "message_get", path: messagePath + "/:message_id", methods: []string{"GET"}},
	{rel: "claim", path: claimsPath + "/:claim_id", methods: []string{"GET"}},
	{rel: "post_claim", path: claimsPath, query: "limit", methods: []string{"POST"}, posts: true},
	{rel: "patch_claim", path: claimsPath + "/:claim_id", methods: []string{"PATCH"}, posts: true},
	{rel: "delete_claim", path: claimsPath + "/:claim_id", methods: []string{"DELETE"}},
	{rel: "subscriptions_get", path: subscriptionsPath, query: "marker,limit", methods: []string{"GET"}},
	{rel: "subscriptions_post", path: subscriptionsPath, methods: []string{"POST"}, posts: true},
	{rel: "subscription", path: subscriptionsPath + "/:subscription_id", methods: []string{"GET", "DELETE"}},
	{rel: "subscription_patch", path: subscriptionsPath + "/:subscription_id", methods: []string{"PATCH"}, posts: true},
	{rel: "ping", path: "/v2/ping", methods: []string{"GET"}},
	{rel: "health", path: "/v2/health", methods: []string{"GET"}, admin: true},
}

type homeDocument struct {
	Resources map[string]homeResource `json:"resources"`
}

type homeResource struct {
	Href     string            `json:"href,omitempty"`
	Template string            `json:"href-template,omitempty"`
	Vars     map[string]string `json:"href-vars,omitempty"`
	Hints    homeHints         `json:"hints"`
}

type homeHints struct {
	Allow      []string            `json:"allow"`
	Formats    map[string]struct{} `json:"formats"`
	AcceptPost []string            `json:"accept-post,omitempty"`
}

func home(c echo.Context, admin bool) error {
	doc := homeDocument{Resources: map[string]homeResource{}}
	for _, r := range relations {
		if !r.admin || admin {
			doc.Resources["rel/"+r.rel] = r.resource()
		}
	}
	c.Response().Header().Set(echo.HeaderCacheControl, "max-age=86400")
	return document(c, http.StatusOK, "application/json-home", doc)
}

func (r relation) resource() homeResource {
	out := homeResource{Hints: homeHints{
		Allow:   r.methods,
		Formats: map[string]struct{}{echo.MIMEApplicationJSON: {}},
	}}
	if r.posts {
		out.Hints.AcceptPost = []string{echo.MIMEApplicationJSON}
	}
	template, vars := r.template()
	if len(vars) == 0 {
		out.Href = template
		return out
	}
	out.Template, out.Vars = template, vars
	return out
}

// template is the path as RFC 6570 writes it, with what each variable means.
func (r relation) template() (string, map[string]string) {
	vars := map[string]string{}
	parts := strings.Split(r.path, "/")
	for i, part := range parts {
		if name, ok := strings.CutPrefix(part, ":"); ok {
			parts[i] = "{" + name + "}"
			vars[name] = "param/" + name
		}
	}
	if r.query == "" {
		return strings.Join(parts, "/"), vars
	}
	for name := range strings.SplitSeq(r.query, ",") {
		vars[name] = "param/" + name
		if name == "limit" {
			vars[name] = "param/" + r.limited() + "_limit"
		}
	}
	return strings.Join(parts, "/") + "{?" + r.query + "}", vars
}

// limited is what a limit counts.
func (r relation) limited() string {
	switch r.path {
	case messagePath:
		return "messages"
	case claimsPath:
		return "claim"
	case subscriptionsPath:
		return "subscription"
	}
	return "queue"
}
