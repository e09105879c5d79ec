package rest

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
)

// Paths and links are without a host: clients put their own before them.

// pathOf is the path of the queue that a call is about.
func pathOf(prefix string, call *api.Call) string {
	for _, p := range call.Params.Given {
		if p.Field == "queue_name" {
			return prefix + "/queues/" + p.Value
		}
	}
	return prefix + "/queues"
}

type queueItem struct {
	core.QueueItem
	Href string `json:"href"`
}

type queueList struct {
	Queues []queueItem `json:"queues"`
	Links  []api.Link  `json:"links"`
	Count  int         `json:"count,omitzero"`
}

func dressQueues(prefix string, r *route, call *api.Call, page core.QueuePage) queueList {
	path := prefix + "/queues"
	out := queueList{Queues: make([]queueItem, len(page.Queues)), Links: []api.Link{}, Count: page.Count}
	for i, q := range page.Queues {
		out.Queues[i] = queueItem{q, path + "/" + q.Name}
	}
	if page.Next != "" {
		out.Links = next(path, again(r, call, nil), page.Next)
	}
	return out
}

type subscriptionList struct {
	Subscriptions []core.Subscription `json:"subscriptions"`
	Links         []api.Link          `json:"links"`
}

func dressSubscriptions(queue string, r *route, call *api.Call, page core.SubscriptionPage) subscriptionList {
	out := subscriptionList{Subscriptions: page.Subscriptions, Links: []api.Link{}}
	if page.Next != "" {
		out.Links = next(queue+"/subscriptions", again(r, call, nil), page.Next)
	}
	return out
}

// changed is where to find what a call has changed, "" where that is not told.
func changed(queue string, call *api.Call) string {
	if call.Action != "subscription_update" {
		return ""
	}
	id, _ := last(call, "subscription_id")
	return queue + "/subscriptions/" + id
}

func messageLinks(queue string, r *route, call *api.Call, page core.MessagePage) []api.Link {
	if page.Next == "" {
		return []api.Link{}
	}
	forced := map[string]string{}
	if page.Delayed {
		forced["include_delayed"] = "true"
	}
	return next(queue+"/messages", again(r, call, forced), page.Next)
}

// next is the link to the page after a marker.
func next(path, query, marker string) []api.Link {
	if query != "" {
		query += "&"
	}
	return []api.Link{{Rel: "next", Href: path + "?" + query + "marker=" + escape(marker)}}
}

// again is the query that came, without the marker and what is no parameter of
// the route, and with what is forced on it.
func again(r *route, call *api.Call, forced map[string]string) string {
	var parts []string
	for _, q := range r.query {
		value, given := last(call, q.name)
		if q.flag && given {
			flag, _ := api.ParseFlag(value) // it was understood, or there would be no page
			value = strconv.FormatBool(flag)
		}
		if f, ok := forced[q.name]; ok {
			value, given = f, true
		}
		if given && q.name != marker.name {
			parts = append(parts, q.name+"="+escape(value))
		}
	}
	return strings.Join(parts, "&")
}

func last(call *api.Call, name string) (value string, given bool) {
	for _, p := range call.Params.Given {
		if p.Name == name && p.Value != "" {
			value, given = p.Value, true
		}
	}
	return value, given
}

func escape(s string) string {
	return strings.ReplaceAll(url.QueryEscape(s), "+", "%20")
}

type messageAge struct {
	Href    string `json:"href"`
	Age     int64  `json:"age"`
	Created string `json:"created"`
}

type messageStats struct {
	Claimed int         `json:"claimed"`
	Free    int         `json:"free"`
	Total   int         `json:"total"`
	Oldest  *messageAge `json:"oldest,omitempty"`
	Newest  *messageAge `json:"newest,omitempty"`
}

type stats struct {
	Messages messageStats `json:"messages"`
}

func dressStats(queue string, s core.Stats) stats {
	m := s.Messages
	return stats{messageStats{
		Claimed: m.Claimed, Free: m.Free, Total: m.Total,
		Oldest: dressAge(queue, m.Oldest), Newest: dressAge(queue, m.Newest),
	}}
}

func dressAge(queue string, a *core.MessageAge) *messageAge {
	if a == nil {
		return nil
	}
	return &messageAge{Href: queue + "/messages/" + a.ID, Age: a.Age, Created: a.Created}
}

type posted struct {
	Resources []string `json:"resources"`
	Again     bool     `json:"again,omitempty"`
}

// dressPosted says nothing of where messages are that are not remembered.
func dressPosted(queue string, p core.MessagePosted) dressed {
	if len(p.IDs) == 0 {
		return dressed{document: posted{[]string{}, p.Again}}
	}
	out := posted{make([]string, len(p.IDs)), p.Again}
	for i, id := range p.IDs {
		out.Resources[i] = queue + "/messages/" + id
	}
	return dressed{document: out, location: queue + "/messages?ids=" + strings.Join(p.IDs, ",")}
}

func locationOf(queue string, c core.ClaimCreated) string {
	if len(c.Messages) == 0 {
		return ""
	}
	return queue + "/claims/" + c.ID
}
