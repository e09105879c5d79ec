package resttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"net/url"
	"strings"

	"github.com/stackforge/marconi/transports/transporttest"
)

// document is a JSON object.
type document = map[string]any

// undress takes from an answer what HTTP adds, and says what is wrong with that.
func undress(action, path string, r *http.Response, body []byte) (transporttest.Response, error) {
	out := transporttest.Response{Status: r.StatusCode}
	if r.StatusCode == http.StatusNoContent || len(body) == 0 {
		return out, checkEmpty(action, path, r, body)
	}
	d := document{}
	reader := json.NewDecoder(bytes.NewReader(body))
	reader.UseNumber()
	if err := reader.Decode(&d); err != nil {
		return out, fmt.Errorf("%w: %s", err, body)
	}
	if want := "application/json"; r.Header.Get("Content-Type") != want {
		return out, fmt.Errorf("header Content-Type: got %q, want %q", r.Header.Get("Content-Type"), want)
	}
	if r.StatusCode >= http.StatusBadRequest {
		out.Refusal, _ = d["description"].(string)
		if title, _ := d["title"].(string); title == "" || out.Refusal == "" || len(d) != 2 {
			return out, fmt.Errorf("not what a refusal looks like: %s", body)
		}
		return out, nil
	}
	if err := undressDocument(action, path, r, d); err != nil {
		return out, fmt.Errorf("%w: %s", err, body)
	}
	var err error
	out.Body, err = json.Marshal(d)
	return out, err
}

func checkEmpty(action, path string, r *http.Response, body []byte) error {
	location := ""
	if (action == "queue_create" || action == "subscription_update") && r.StatusCode < http.StatusBadRequest {
		location = path
	}
	if len(body) > 0 || r.StatusCode >= http.StatusBadRequest || r.Header.Get("Location") != location {
		return fmt.Errorf("an empty answer with status %d, Location %q and body %q", r.StatusCode, r.Header.Get("Location"), body)
	}
	return nil
}

func undressDocument(action, path string, r *http.Response, d document) error {
	queue, _, _ := strings.Cut(path, "/messages")
	queue, _, _ = strings.Cut(queue, "/claims")
	queue, _, _ = strings.Cut(queue, "/stats")
	switch action {
	case "queue_list":
		return undressQueues(path, d)
	case "queue_get_stats":
		return undressStats(queue, d)
	case "message_post":
		return undressPosted(queue, r, d)
	case "message_get":
		return undressMessage(queue, d)
	case "message_list":
		if err := takeLinks(path, d); err != nil {
			return err
		}
		return undressMessages(queue, d)
	case "message_get_many":
		return undressMessages(queue, d)
	case "claim_create":
		claim, ok := strings.CutPrefix(r.Header.Get("Location"), queue+"/claims/")
		if !ok {
			return fmt.Errorf("header Location: %q", r.Header.Get("Location"))
		}
		d["claim_id"] = claim
		return undressMessages(queue, d)
	case "subscription_list":
		return takeLinksOf(path, d, "subscriptions")
	case "subscription_create":
		if r.Header.Get("Location") != path {
			return fmt.Errorf("header Location: got %q, want %q", r.Header.Get("Location"), path)
		}
	case "claim_get":
		if d["href"] != path {
			return fmt.Errorf("href: got %v, want %s", d["href"], path)
		}
		delete(d, "href")
		return undressMessages(queue, d)
	}
	return nil
}

// objects are the items of a list that holds objects only.
func objects(list any) []document {
	items, _ := list.([]any)
	out := make([]document, len(items))
	for i, item := range items {
		out[i], _ = item.(document)
	}
	return out
}

func undressQueues(path string, d document) error {
	for _, q := range objects(d["queues"]) {
		if want := path + "/" + fmt.Sprint(q["name"]); q["href"] != want {
			return fmt.Errorf("href: got %v, want %s", q["href"], want)
		}
		delete(q, "href")
	}
	links := objects(d["links"])
	if err := takeLinksOf(path, d, "queues"); err != nil || len(links) == 0 {
		return err
	}
	all := objects(d["queues"])
	next, _ := url.Parse(fmt.Sprint(links[0]["href"])) // takeLinksOf could read it
	if last := all[len(all)-1]["name"]; next.Query().Get("marker") != last {
		return fmt.Errorf("the next page begins after %q, want %q", next.Query().Get("marker"), last)
	}
	return nil
}

func takeLinks(path string, d document) error { return takeLinksOf(path, d, "messages") }

// takeLinksOf takes out the links: one to the next page, unless the page is empty.
func takeLinksOf(path string, d document, items string) error {
	_, there := d["links"].([]any)
	links := objects(d["links"])
	delete(d, "links")
	if !there || len(links) != min(1, len(objects(d[items]))) {
		return fmt.Errorf("there are %d links", len(links))
	}
	for _, l := range links {
		next, err := url.Parse(fmt.Sprint(l["href"]))
		if err != nil || l["rel"] != "next" || next.Path != path || next.Query().Get("marker") == "" {
			return fmt.Errorf("a link is %v", l)
		}
	}
	return nil
}

func undressStats(queue string, d document) error {
	stats, _ := d["messages"].(document)
	for _, end := range []string{"oldest", "newest"} {
		m, there := stats[end].(document)
		if !there {
			continue
		}
		id, ok := strings.CutPrefix(fmt.Sprint(m["href"]), queue+"/messages/")
		if !ok {
			return fmt.Errorf("%s: href %v", end, m["href"])
		}
		delete(m, "href")
		m["id"] = id
	}
	return nil
}

func undressPosted(queue string, r *http.Response, d document) error {
	resources, _ := d["resources"].([]any)
	all := make([]string, len(resources))
	for i, path := range resources {
		id, ok := strings.CutPrefix(fmt.Sprint(path), queue+"/messages/")
		if !ok {
			return fmt.Errorf("resource %v", path)
		}
		all[i] = id
	}
	if want := queue + "/messages?ids=" + strings.Join(all, ","); r.Header.Get("Location") != want {
		return fmt.Errorf("header Location: got %q, want %q", r.Header.Get("Location"), want)
	}
	delete(d, "resources")
	d["message_ids"] = all
	return nil
}

func undressMessages(queue string, d document) error {
	for _, m := range objects(d["messages"]) {
		if err := undressMessage(queue, m); err != nil {
			return err
		}
	}
	return nil
}

// undressMessage finds the claim on a message in its path.
func undressMessage(queue string, m document) error {
	path, claim, claimed := strings.Cut(fmt.Sprint(m["href"]), "?claim_id=")
	if want := queue + "/messages/" + fmt.Sprint(m["id"]); path != want {
		return fmt.Errorf("href: got %v, want %s", m["href"], want)
	}
	delete(m, "href")
	m["claim_id"] = nil
	if claimed {
		m["claim_id"] = claim
	}
	return nil
}
