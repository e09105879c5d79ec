package rest

import (
	"net/http"

	"github.com/stackforge/marconi/transports/api"
)

// route is where an operation is found.
type route struct {
	method, path string
	when         string // a query parameter that must be there; before routes without
	action       string
	query        []query
	mediaType    string // the only one the body may have; "" for any
	filter       bool   // other query parameters are for the operation
	admin        bool
	stream       bool // answers events, to those who ask for them
}

// query is a parameter of a query that an operation knows.
type query struct {
	name  string
	field string // of the request; "" if it is called the same
	flag  bool   // true or false
}

const patchType = "application/openstack-messaging-v2.0-json-patch"

var (
	marker  = query{name: "marker"}
	limit   = query{name: "limit"}
	ids     = query{name: "ids", field: "message_ids"}
	claimID = query{name: "claim_id"}
	wait    = query{name: "wait"}
)

// routesV2 are the paths of version 2. A part that begins with a colon is a field
// of the request.
var routesV2 = []route{
	{method: http.MethodGet, path: "/v2/", action: "get_home_doc"},
	{method: http.MethodGet, path: "/v2/ping", action: "ping_node"},
	{method: http.MethodHead, path: "/v2/ping", action: "ping_node"},
	{method: http.MethodGet, path: "/v2/health", action: "check_node_health", admin: true},

	{method: http.MethodGet, path: "/v2/queues", action: "queue_list", filter: true, query: []query{
		marker, limit, {name: "detailed", flag: true}, {name: "name"}, {name: "with_count", flag: true}}},
	{method: http.MethodGet, path: "/v2/queues/:queue_name", action: "queue_get"},
	{method: http.MethodPut, path: "/v2/queues/:queue_name", action: "queue_create"},
	{method: http.MethodPatch, path: "/v2/queues/:queue_name", action: "queue_update", mediaType: patchType},
	{method: http.MethodDelete, path: "/v2/queues/:queue_name", action: "queue_delete"},
	{method: http.MethodGet, path: "/v2/queues/:queue_name/stats", action: "queue_get_stats"},
	{method: http.MethodPost, path: "/v2/queues/:queue_name/purge", action: "queue_purge"},
	{method: http.MethodPost, path: "/v2/queues/:queue_name/share", action: "queue_share"},

	{method: http.MethodGet, path: "/v2/queues/:queue_name/messages", when: "ids", action: "message_get_many", query: []query{ids}},
	{method: http.MethodGet, path: "/v2/queues/:queue_name/messages", action: "message_watch", stream: true, query: []query{
		{name: "marker", field: "position"}, {name: "last_event_id", field: "position"}}},
	{method: http.MethodGet, path: "/v2/queues/:queue_name/messages", action: "message_list", query: []query{
		marker, limit, {name: "echo", flag: true}, {name: "include_claimed", flag: true}, {name: "include_delayed", flag: true}, wait}},
	{method: http.MethodPost, path: "/v2/queues/:queue_name/messages", action: "message_post"},
	{method: http.MethodDelete, path: "/v2/queues/:queue_name/messages", action: "message_delete_many", query: []query{
		ids, {name: "claim_ids"}, {name: "pop"}}},
	{method: http.MethodGet, path: "/v2/queues/:queue_name/messages/:message_id", action: "message_get"},
	{method: http.MethodDelete, path: "/v2/queues/:queue_name/messages/:message_id", action: "message_delete", query: []query{claimID}},

	{method: http.MethodPost, path: "/v2/queues/:queue_name/claims", action: "claim_create", query: []query{limit, wait}},
	{method: http.MethodGet, path: "/v2/queues/:queue_name/claims/:claim_id", action: "claim_get"},
	{method: http.MethodPatch, path: "/v2/queues/:queue_name/claims/:claim_id", action: "claim_update"},
	{method: http.MethodDelete, path: "/v2/queues/:queue_name/claims/:claim_id", action: "claim_delete"},

	{method: http.MethodGet, path: "/v2/queues/:queue_name/subscriptions", action: "subscription_list", query: []query{marker, limit}},
	{method: http.MethodPost, path: "/v2/queues/:queue_name/subscriptions", action: "subscription_create"},
	{method: http.MethodGet, path: "/v2/queues/:queue_name/subscriptions/:subscription_id", action: "subscription_get"},
	{method: http.MethodPatch, path: "/v2/queues/:queue_name/subscriptions/:subscription_id", action: "subscription_update"},
	{method: http.MethodDelete, path: "/v2/queues/:queue_name/subscriptions/:subscription_id", action: "subscription_delete"},
}

// Actions are the operations that can be reached over HTTP.
func Actions() []string {
	var names []string
	for _, r := range routesV2 {
		names = append(names, r.action)
	}
	return names
}

// place is a path with all that can be done there.
type place struct {
	path    string
	routes  []route
	dialect *api.Dialect
	prefix  string // of the version, as in "/v2"
}

// places brings the routes together by path.
func places(routes []route, offered func(route) bool) []place {
	var all []place
	at := map[string]int{}
	for _, r := range routes {
		if !offered(r) {
			continue
		}
		i, known := at[r.path]
		if !known {
			i = len(all)
			at[r.path] = i
			all = append(all, place{path: r.path, dialect: api.V2, prefix: "/v2"})
		}
		all[i].routes = append(all[i].routes, r)
	}
	return all
}
