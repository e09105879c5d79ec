package zmqtest

import (
	"encoding/json"
	"errors"
	"regexp"

	"github.com/stackforge/marconi/transports/transporttest"
)

// undress takes off what is of envelopes.
func undress(action string, r reply) (transporttest.Response, error) {
	out := transporttest.Response{Status: r.Headers.Status}
	switch {
	case action == "queue_get_stats" && out.Status == 404:
		return transporttest.Response{Status: 200, Body: r.Body}, nil // of a queue that is not there
	case out.Status >= 400:
		return refusal(out.Status, r.Body)
	case out.Status == 204 || len(r.Body) > 0 && r.Body[0] == '"':
		return out, nil
	}
	var err error
	out.Body, err = plain(action, r.Body)
	return out, err
}

// plain is a result as other doors have it.
func plain(action string, body json.RawMessage) (json.RawMessage, error) {
	var d document
	switch action {
	case "message_get":
		err := json.Unmarshal(body, &d)
		return d["messages"], err
	case "subscription_create":
		err := json.Unmarshal(body, &d)
		delete(d, "message")
		made, _ := json.Marshal(d)
		return made, err
	case "queue_get":
		return withDefaults(body)
	case "queue_list":
		return eachWithDefaults(body)
	}
	return body, nil
}

// plainly has the words of other doors for those of envelopes.
var plainly = []struct {
	said  *regexp.Regexp
	means string
}{
	{regexp.MustCompile(`^Bad request\. `), ""},
	{regexp.MustCompile(`^(Queue names may|Project ids may) .*`), "The format of the submitted queue name or project id is not valid."},
	{regexp.MustCompile(`^Message \S+ is claimed$`), "This message is claimed; it cannot be deleted without a valid claim ID."},
	{regexp.MustCompile(`^Subscription \S+ not created\.$`), "Such subscription already exists.Subscriptions are unique by project + queue + subscriber URI."},
	{regexp.MustCompile(`^badly formed hexadecimal UUID string$`), "Malformed hexadecimal UUID."},
}

func refusal(status int, body []byte) (transporttest.Response, error) {
	var said struct {
		Exception string  `json:"exception"`
		Error     *string `json:"error"`
	}
	var text string
	err := json.Unmarshal(body, &text)
	if err != nil {
		err = json.Unmarshal(body, &said)
		text = said.Exception
	}
	if text == "" && said.Error != nil {
		text = *said.Error
	}
	for _, p := range plainly {
		text = p.said.ReplaceAllString(text, p.means)
	}
	return transporttest.Response{Status: status, Refusal: text}, err
}

// usual is metadata that other doors show where envelopes say nothing.
var usual = map[string]string{
	"_max_messages_post_size": "262144", "_default_message_ttl": "3600", "_default_message_delay": "0",
	"_dead_letter_queue": "null", "_dead_letter_queue_messages_ttl": "null", "_max_claim_count": "null",
	"_enable_encrypt_messages": "false",
}

func withDefaults(metadata json.RawMessage) (json.RawMessage, error) {
	all := document{}
	if err := json.Unmarshal(metadata, &all); err != nil {
		return nil, err
	}
	for name, value := range usual {
		if v, given := all[name]; !given || string(v) == "null" {
			all[name] = json.RawMessage(value)
		}
	}
	return json.Marshal(all)
}

func eachWithDefaults(list json.RawMessage) (json.RawMessage, error) {
	var page document
	var queues []document
	if err := errors.Join(json.Unmarshal(list, &page), json.Unmarshal(page["queues"], &queues)); err != nil {
		return nil, err
	}
	for _, q := range queues {
		if q["metadata"] != nil {
			var err error
			if q["metadata"], err = withDefaults(q["metadata"]); err != nil {
				return nil, err
			}
		}
	}
	var err error
	if page["queues"], err = json.Marshal(queues); err != nil {
		return nil, err
	}
	return json.Marshal(page)
}
