package transporttest

import (
	"encoding/json"
	"errors"
	"regexp"
)

// Undress takes off a reply what is of envelopes, as doors send them over WebSocket
// and ZeroMQ: their words for what all doors say, and what they leave out.
func Undress(action string, status int, body []byte) (Response, error) {
	r := Response{Status: status}
	switch {
	case action == "queue_get_stats" && status == 404:
		return Response{Status: 200, Body: body}, nil // of a queue that is not there
	case status >= 400:
		return refusal(status, body)
	case status == 204 || len(body) > 0 && body[0] == '"':
		return r, nil
	}
	var err error
	r.Body, err = plain(action, body)
	return r, err
}

type members = map[string]json.RawMessage

// plain is a result as other doors have it.
func plain(action string, body []byte) ([]byte, error) {
	switch action {
	case "message_get":
		var d members
		err := json.Unmarshal(body, &d)
		return d["messages"], err
	case "subscription_create":
		var d members
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

func refusal(status int, body []byte) (Response, error) {
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
	return Response{Status: status, Refusal: text}, err
}

// usual is metadata that other doors show where envelopes say nothing.
var usual = map[string]string{
	"_max_messages_post_size": "262144", "_default_message_ttl": "3600", "_default_message_delay": "0",
	"_dead_letter_queue": "null", "_dead_letter_queue_messages_ttl": "null", "_max_claim_count": "null",
	"_enable_encrypt_messages": "false",
}

func withDefaults(metadata []byte) ([]byte, error) {
	all := members{}
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

func eachWithDefaults(list []byte) ([]byte, error) {
	var page members
	var queues []members
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
