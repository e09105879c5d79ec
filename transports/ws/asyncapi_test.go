package ws_test

import (
	"encoding/json"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/transporttest"
	"github.com/stackforge/marconi/transports/ws"
)

// Every example is what its schema says, for those who are strict about names as
// for those who are not.
func TestAsyncAPIExamplesAreValid(t *testing.T) {
	t.Parallel()
	doc := asyncAPI(t)
	messages := doc.messages(t)
	for step, all := range examples(t, messages) {
		for _, e := range all {
			t.Run(step+" "+e.message, func(t *testing.T) {
				doc.valid(t, messages, e.message, e.text)
				schemas{doc.document, true}.valid(t, messages, e.message, e.text)
				if strings.Contains(e.text, `"action":"`+e.message+`"`) { // it is a request
					doc.named(t, messages[e.message], e.text)
				}
			})
		}
	}
}

// named makes sure that a schema has a name for all that the body of an example
// has: requests may have more, but the document does not show it.
func (s schemas) named(t *testing.T, message map[string]any, text string) {
	t.Helper()
	var shown struct{ Body any }
	if err := json.Unmarshal([]byte(text), &shown); err != nil {
		t.Fatal(err)
	}
	flat, err := s.flatten(message["payload"].(map[string]any))
	if err != nil {
		t.Fatal(err)
	}
	fields, _ := shown.Body.(map[string]any)
	for name := range fields {
		if _, err := (schemas{document: flat}).at("#/properties/body/properties/" + name); err != nil {
			t.Errorf("%s\n%v", text, err)
		}
	}
}

// The server and the address together, as AsyncAPI puts them together, are where
// docs/websocket.md connects to.
func TestAsyncAPIAddress(t *testing.T) {
	t.Parallel()
	doc := asyncAPI(t)
	text := func(ref string) string {
		v, err := doc.at(ref)
		if err != nil {
			t.Fatal(err)
		}
		return v.(string)
	}
	path := text("#/channels/connection/address")
	if prefix, err := doc.at("#/servers/broker/pathname"); err == nil {
		path = prefix.(string) + path
	}
	url := text("#/servers/broker/protocol") + "://" + text("#/servers/broker/host") + path
	guide, err := os.ReadFile("../../docs/websocket.md")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(guide), `"`+url+`"`) {
		t.Errorf("nobody connects to %s", url)
	}
}

// Whatever is refused, and however, is a refusal by the document, and of one kind.
func TestAsyncAPIRefusals(t *testing.T) {
	t.Parallel()
	doc := asyncAPI(t)
	messages := doc.messages(t)
	known := serve(t, ws.Config{Broker: transporttest.Broker(t, core.Options{Subscribers: []string{"http"}})}).dial()
	unknown := serve(t, ws.Config{Authenticator: guarding(0)}).dial()
	subscriber := `{"queue_name":"hooked","ttl":300,"subscriber":"http://127.0.0.1:1/"}`
	var other struct {
		ID string `json:"subscription_id"`
	}
	for _, text := range []string{
		keyedPost(1),
		request("message_watch", `{"queue_name":"watched"}`),
		request("subscription_create", `{"queue_name":"heard","ttl":300}`),
		request("subscription_create", subscriber),
		request("subscription_create", `{"queue_name":"hooked","ttl":300,"subscriber":"http://127.0.0.1:2/"}`),
	} {
		f := known.asked(text)
		if err := json.Unmarshal(f.Body, &other); err != nil || f.Headers.Status != 201 {
			t.Fatalf("%s\nanswered %s", text, f.text)
		}
	}
	double := fmt.Sprintf(`{"queue_name":"hooked","subscription_id":%q,"subscriber":"http://127.0.0.1:1/"}`, other.ID)
	for _, r := range []struct {
		by     *client
		status int
		text   string
		body   string // what it begins with
	}{
		{known, 400, `{"action":`, `{"error":"`},
		{known, 400, `{"action":"no_such","headers":{}}`, `{"error":"`},
		{known, 400, request("message_watch", `{}`), `{"error":"`},
		{known, 400, request("message_post", `{"queue_name":"q","messages":[{"body":1}],"seq":1}`), `{"exception":"`},
		{known, 400, request("message_post", `{"queue_name":"q","messages":[{"body":1,"body_encoding":"hex"}]}`), `{"exception":"`},
		{known, 404, request("claim_get", `{"queue_name":"q","claim_id":"0123456789abcdef0123456789abcdef"}`), `{"exception":"`},
		{known, 404, request("stream_delete", `{"stream_id":"x"}`), `{"exception":"`},
		{known, 409, request("message_post", `{"queue_name":"q","messages":[{"body":1}],"producer":"p","seq":2}`), `{"exception":"`},
		{known, 409, keyedPost(2), `{"exception":"`},
		{known, 409, request("message_watch", `{"queue_name":"watched"}`), `{"exception":"`},
		{known, 409, request("message_watch", `{"queue_name":"heard"}`), `{"exception":"`},
		{known, 409, request("subscription_create", `{"queue_name":"watched"}`), `"Subscription watched not created."`},
		{known, 409, request("subscription_create", `{"queue_name":"heard"}`), `"Subscription heard not created."`},
		{known, 409, request("subscription_create", subscriber), `"Subscription hooked not created."`},
		{known, 409, request("subscription_update", double), `{"exception":"`},
		{unknown, 403, request("queue_list", `{}`), notKnown},
		{unknown, 401, authenticate("wrong"), `{"error":"`},
	} {
		f := r.by.asked(r.text)
		if f.Headers.Status != r.status || !strings.HasPrefix(string(f.Body), r.body) {
			t.Errorf("%s\nanswered %s, want %d and %s", r.text, f.text, r.status, r.body)
		}
		doc.valid(t, messages, "refusal", f.text)
		schemas{doc.document, true}.valid(t, messages, "refusal", f.text)
		if r.status == 409 {
			doc.mentions(t, *f.Request.Action, r.status)
		}
	}
}

// asked sends a request and waits for the answer, past all that is pushed.
func (c *client) asked(text string) frame {
	c.t.Helper()
	c.send(text)
	f := c.receive()
	for f.Request == nil {
		f = c.receive()
	}
	return f
}

// keyedPost has always the same key.
func keyedPost(body int) string {
	return fmt.Sprintf(`{"action":"message_post","headers":{"Client-ID":%q,"X-Project-ID":"project","Idempotency-Key":"k"},`+
		`"body":{"queue_name":"keyed","messages":[{"body":%d}]}}`, alice, body)
}

// mentions makes sure that the summary of an action tells when it has a status.
func (s schemas) mentions(t *testing.T, action string, status int) {
	t.Helper()
	summary, err := s.at("#/operations/" + action + "/summary")
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(summary.(string), fmt.Sprint(status)) {
		t.Errorf("%s may have the status %d, and says only %q", action, status, summary)
	}
}

// A post that is too old to be remembered is answered without its IDs, and the
// document knows that; it does not know an answer that says nothing.
func TestAsyncAPIForgottenPost(t *testing.T) {
	t.Parallel()
	doc := asyncAPI(t)
	messages := doc.messages(t)
	c := documented(t)
	post := func(seq int) string {
		return fmt.Sprintf(`{"queue_name":"q","messages":[{"body":1}],"producer":"p","seq":%d}`, seq)
	}
	for seq := range 65 {
		c.ask(201, "message_post", post(seq+1))
	}
	f := c.ask(200, "message_post", post(1))
	if string(f.Body) != `{"again":true}` {
		t.Errorf("got %s", f.Body)
	}
	doc.valid(t, messages, "message_post_answer", f.text)
	var answer map[string]any
	d := json.NewDecoder(strings.NewReader(strings.Replace(f.text, `"again":true`, "", 1)))
	d.UseNumber()
	if err := d.Decode(&answer); err != nil {
		t.Fatal(err)
	}
	if doc.check("message_post_answer", messages["message_post_answer"]["payload"], answer) == nil {
		t.Error("an answer that says nothing is valid")
	}
}
