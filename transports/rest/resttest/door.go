// Package resttest is the client of a server's HTTP door that plays the scripts of
// package transporttest.
package resttest

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"github.com/stackforge/marconi/transports/transporttest"
)

// Door speaks v2 with the server at base, which is as "http://127.0.0.1:8888". It
// does over HTTP what scripts say, and looks at what HTTP adds: paths where the
// scripts have IDs, links, and where what was made is.
func Door(base string, client *http.Client) transporttest.Door { return &door{base, client} }

type door struct {
	base   string
	client *http.Client
}

// place is where an operation is found.
type place struct {
	method, path string            // with {field} for a field
	query        map[string]string // fields that go into the query, by their names there
	whole        string            // the field that is the body
	mediaType    string
	always       bool // there is a body even if there is nothing to say
}

var ids = map[string]string{"message_ids": "ids", "claim_ids": "claim_ids", "pop": "pop"}

var placesV2 = map[string]place{
	"queue_list": {method: "GET", path: "/v2/queues", query: map[string]string{
		"marker": "marker", "limit": "limit", "detailed": "detailed", "name": "name", "with_count": "with_count"}},
	"queue_create": {method: "PUT", path: "/v2/queues/{queue_name}", whole: "metadata"},
	"queue_get":    {method: "GET", path: "/v2/queues/{queue_name}"},
	"queue_update": {method: "PATCH", path: "/v2/queues/{queue_name}", whole: "changes",
		mediaType: "application/openstack-messaging-v2.0-json-patch"},
	"queue_delete":    {method: "DELETE", path: "/v2/queues/{queue_name}"},
	"queue_get_stats": {method: "GET", path: "/v2/queues/{queue_name}/stats"},
	"queue_purge":     {method: "POST", path: "/v2/queues/{queue_name}/purge"},
	"queue_share":     {method: "POST", path: "/v2/queues/{queue_name}/share", whole: "share"},
	"message_post":    {method: "POST", path: "/v2/queues/{queue_name}/messages", always: true},
	"message_list": {method: "GET", path: "/v2/queues/{queue_name}/messages", query: map[string]string{
		"marker": "marker", "limit": "limit", "echo": "echo", "include_claimed": "include_claimed", "include_delayed": "include_delayed", "wait": "wait"}},
	"message_get":         {method: "GET", path: "/v2/queues/{queue_name}/messages/{message_id}"},
	"message_get_many":    {method: "GET", path: "/v2/queues/{queue_name}/messages", query: ids},
	"message_delete":      {method: "DELETE", path: "/v2/queues/{queue_name}/messages/{message_id}", query: map[string]string{"claim_id": "claim_id"}},
	"message_delete_many": {method: "DELETE", path: "/v2/queues/{queue_name}/messages", query: ids},
	"claim_create":        {method: "POST", path: "/v2/queues/{queue_name}/claims", query: map[string]string{"limit": "limit", "wait": "wait"}},
	"claim_get":           {method: "GET", path: "/v2/queues/{queue_name}/claims/{claim_id}"},
	"claim_update":        {method: "PATCH", path: "/v2/queues/{queue_name}/claims/{claim_id}", always: true},
	"claim_delete":        {method: "DELETE", path: "/v2/queues/{queue_name}/claims/{claim_id}"},
	"subscription_list": {method: "GET", path: "/v2/queues/{queue_name}/subscriptions", query: map[string]string{
		"marker": "marker", "limit": "limit"}},
	"subscription_create": {method: "POST", path: "/v2/queues/{queue_name}/subscriptions"},
	"subscription_get":    {method: "GET", path: "/v2/queues/{queue_name}/subscriptions/{subscription_id}"},
	"subscription_update": {method: "PATCH", path: "/v2/queues/{queue_name}/subscriptions/{subscription_id}"},
	"subscription_delete": {method: "DELETE", path: "/v2/queues/{queue_name}/subscriptions/{subscription_id}"},
	"ping_node":           {method: "GET", path: "/v2/ping"},
	"check_node_health":   {method: "GET", path: "/v2/health"},
}

// Do implements transporttest.Door.
func (d *door) Do(ctx context.Context, r transporttest.Request) (transporttest.Response, error) {
	p, known := placesV2[r.Action]
	if !known {
		return transporttest.Response{}, fmt.Errorf("no place for %s", r.Action)
	}
	request, err := p.request(ctx, d.base, r.Body)
	if err != nil {
		return transporttest.Response{}, err
	}
	for name, value := range r.Header {
		request.Header.Set(name, value)
	}
	response, err := d.client.Do(request)
	if err != nil {
		return transporttest.Response{}, err
	}
	defer response.Body.Close()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return transporttest.Response{}, err
	}
	return undress(r.Action, request.URL.EscapedPath(), response, body)
}

// request puts the fields of a request where HTTP has them.
func (p place) request(ctx context.Context, base string, body []byte) (*http.Request, error) {
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(body, &fields); err != nil {
		return nil, err
	}
	path, query := p.path, url.Values{}
	for name, value := range fields {
		parameter, inQuery := p.query[name]
		switch {
		case strings.Contains(p.path, "{"+name+"}"):
			path = strings.ReplaceAll(path, "{"+name+"}", url.PathEscape(texts(value)[0]))
		case inQuery:
			query.Set(parameter, strings.Join(texts(value), ","))
		default:
			continue
		}
		delete(fields, name)
	}
	if len(query) > 0 {
		path += "?" + query.Encode()
	}
	var content io.Reader
	switch {
	case p.whole != "" && fields[p.whole] != nil:
		content = bytes.NewReader(fields[p.whole])
	case p.whole == "" && (p.always || len(fields) > 0):
		rest, err := json.Marshal(fields)
		if err != nil {
			return nil, err
		}
		content = bytes.NewReader(rest)
	}
	r, err := http.NewRequestWithContext(ctx, p.method, base+path, content)
	if err == nil && p.mediaType != "" {
		r.Header.Set("Content-Type", p.mediaType)
	}
	return r, err
}

// texts are the texts of a value, or of the items of a list.
func texts(value json.RawMessage) []string {
	var list []string
	if json.Unmarshal(value, &list) == nil {
		return list
	}
	var text string
	if json.Unmarshal(value, &text) == nil {
		return []string{text}
	}
	return []string{string(value)}
}
