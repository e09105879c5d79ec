package ws_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/memstore"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/transporttest"
	"github.com/stackforge/marconi/transports/ws"
)

// bySchema are scripts about values of the wrong type and about headers that are
// missing: requests over WebSocket are held against a schema first, which answers
// all of these with the same words. TestSchema has them.
var bySchema = []string{
	"changes that are none",
	"there is nothing else to purge",
	"messages are a list of objects",
	"a client says who it is",
	"a client says whose queues it means",
	"the client is asked for before the project, and that before the queue",
	"a tenant is a project under its older name",
	"everybody can ask whether the broker serves",
	"the bounds of a claim",
	"renewing bounds the ttl and takes any grace",
}

// bySpelling are scripts about numbers that are kept as they are written, which
// MessagePack has no numbers for.
var bySpelling = []string{
	"a body may be any value",
	"integers beyond 64 bits are refused wherever they are",
	"metadata may be anything",
}

func TestScripts(t *testing.T) {
	t.Parallel()
	files, err := transporttest.Files()
	if err != nil {
		t.Fatal(err)
	}
	for _, binary := range []bool{false, true} {
		for _, compressed := range []bool{false, true} {
			t.Run(fmt.Sprintf("binary %t compressed %t", binary, compressed), func(t *testing.T) {
				t.Parallel()
				apart := 0
				for _, f := range files {
					for _, script := range f.Scripts {
						switch {
						case slices.Contains(bySchema, script.Name), binary && slices.Contains(bySpelling, script.Name):
							apart++
						case script.Suits("ws"):
							t.Run(f.Name+"/"+script.Name, func(t *testing.T) { play(t, script, binary, compressed) })
						}
					}
				}
				want := len(bySchema)
				if binary {
					want += len(bySpelling)
				}
				if apart != want {
					t.Errorf("of %d scripts that are not for this door %d were found", want, apart)
				}
			})
		}
	}
}

func play(t *testing.T, script transporttest.Script, binary, compressed bool) {
	store := func(now func() time.Time) storage.Driver { return memstore.New(memstore.Config{Now: now}) }
	script.Play(t, store, func(h api.Handler) transporttest.Door {
		s := serve(t, ws.Config{Handler: h, Compression: compressed})
		return &door{s.dialBy(&websocket.Dialer{EnableCompression: compressed}), binary}
	})
}

// door does over a WebSocket what scripts say.
type door struct {
	*client
	binary bool
}

// Do implements transporttest.Door.
func (d *door) Do(_ context.Context, r transporttest.Request) (transporttest.Response, error) {
	header, err := json.Marshal(r.Header)
	if err != nil {
		return transporttest.Response{}, err
	}
	text := fmt.Sprintf(`{"action":%q,"headers":%s,"body":%s}`, r.Action, header, r.Body)
	if d.binary {
		d.sendBinary(text)
	} else {
		d.send(text)
	}
	f := d.receive()
	switch {
	case d.binary != (f.kind == websocket.BinaryMessage):
		return transporttest.Response{}, errors.New("it was answered in another encoding")
	case f.Request == nil || f.Request.Action == nil || *f.Request.Action != r.Action:
		return transporttest.Response{}, errors.New("the answer is to something else: " + f.text)
	}
	return undress(r.Action, f)
}

// undress takes off what is WebSocket's.
func undress(action string, f frame) (transporttest.Response, error) {
	r := transporttest.Response{Status: f.Headers.Status}
	switch {
	case action == "queue_get_stats" && r.Status == 404:
		return transporttest.Response{Status: 200, Body: f.Body}, nil // of a queue that is not there
	case r.Status >= 400:
		return refusal(r.Status, f.Body)
	case r.Status == 204 || f.Body[0] == '"':
		return r, nil
	}
	r.Body = f.Body
	switch action {
	case "message_get":
		var one struct {
			Messages json.RawMessage `json:"messages"`
		}
		err := json.Unmarshal(f.Body, &one)
		r.Body = one.Messages
		return r, err
	case "subscription_create":
		var made map[string]json.RawMessage
		err := json.Unmarshal(f.Body, &made)
		delete(made, "message")
		body, _ := json.Marshal(made)
		r.Body = body
		return r, err
	case "queue_get":
		body, err := whole(f.Body)
		r.Body = body
		return r, err
	case "queue_list":
		body, err := wholeList(f.Body)
		r.Body = body
		return r, err
	}
	return r, nil
}

// plainly has the words of other doors for those of WebSocket.
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

// whole is metadata with the defaults, which other doors show.
func whole(metadata json.RawMessage) (json.RawMessage, error) {
	all := map[string]json.RawMessage{}
	if err := json.Unmarshal(metadata, &all); err != nil {
		return nil, err
	}
	for name, usual := range map[string]string{
		"_max_messages_post_size": "262144", "_default_message_ttl": "3600", "_default_message_delay": "0",
		"_dead_letter_queue": "null", "_dead_letter_queue_messages_ttl": "null", "_max_claim_count": "null",
		"_enable_encrypt_messages": "false",
	} {
		if v, given := all[name]; !given || string(v) == "null" {
			all[name] = json.RawMessage(usual)
		}
	}
	return json.Marshal(all)
}

func wholeList(list json.RawMessage) (json.RawMessage, error) {
	var page map[string]json.RawMessage
	var queues []map[string]json.RawMessage
	if err := errors.Join(json.Unmarshal(list, &page), json.Unmarshal(page["queues"], &queues)); err != nil {
		return nil, err
	}
	for _, q := range queues {
		if q["metadata"] != nil {
			var err error
			if q["metadata"], err = whole(q["metadata"]); err != nil {
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

// Requests are held against Zaqar's schema before anything else is looked at.
func TestSchema(t *testing.T) {
	t.Parallel()
	c := serve(t, ws.Config{}).dial()
	for _, text := range []string{
		request("queue_update", `{"queue_name":"q","changes":{"op":"add"}}`),
		request("queue_purge", `{"queue_name":"q","resource_types":"messages"}`),
		request("message_post", `{"queue_name":"q","messages":{"body":1}}`),
		request("message_post", `{"queue_name":"q"}`),
		request("message_post", `{"messages":[]}`),
		request("message_post", `"x"`),
		request("claim_create", `{"queue_name":"q","ttl":"100"}`),
		request("claim_create", `{"queue_name":"q","ttl":100.0}`),
		request("claim_create", `{"queue_name":"q","ttl":true}`),
		request("claim_update", `{"queue_name":"q","claim_id":"x","ttl":"60"}`),
		`{"action":"queue_list"}`,
		`{"action":"queue_list","headers":[]}`,
		`{"action":"queue_list","headers":{"Client-ID":"x"}}`,
		`{"action":"queue_list","headers":{"X-Project-ID":"project"}}`,
		`{"action":"queue_list","headers":{"client-id":"x","x-project-id":"project"}}`,
		`{"action":"queue_list","headers":{"Client-ID":"x","X-Project-ID":1}}`,
		`{"action":"queue_get","headers":{"Client-ID":"x","X-Tenant-ID":"project"},"body":{"queue_name":"a b"}}`,
	} {
		c.send(text)
		if f := c.answer(400); string(f.Body) != `{"error":"Schema validation failed."}` {
			t.Errorf("%s\nanswered %s", text, f.text)
		}
	}
	c.send(`{"action":"ping_node","headers":{}}`)
	c.answer(204)
	for _, text := range []string{
		request("claim_create", `{"queue_name":"q","ttl":59}`),
		request("claim_update", `{"queue_name":"q","claim_id":"x","ttl":59}`),
		`{"action":"queue_list","headers":{"Client-ID":"x","X-Project-ID":""}}`,
	} {
		c.send(text)
		if f := c.answer(400); !strings.Contains(f.text, `"exception":`) {
			t.Errorf("%s\nanswered %s", text, f.text)
		}
	}
}
