package api_test

import (
	"fmt"
	"testing"

	"github.com/stackforge/marconi/transports/api"
)

// talk is a connection that speaks in heads and frames.
type talk struct {
	t       *testing.T
	h       api.Handler
	codec   api.Codec
	headers *api.Headers
	action  string
}

func newTalk(t *testing.T) *talk {
	return &talk{t: t, h: newHandler(t, api.Options{}), codec: api.JSON}
}

// ask answers head and frames.
func (k *talk) ask(head string, parts ...string) (string, []string) {
	k.t.Helper()
	with := api.Head{Headers: k.headers, Action: k.action}
	for _, p := range parts {
		with.Parts = append(with.Parts, []byte(p))
	}
	if k.codec == api.MessagePack {
		head = packedText(k.t, head)
	}
	e, reply := api.ParseHead(k.codec, []byte(head), with)
	if reply == nil {
		done := k.h.Handle(k.t.Context(), e.Call())
		reply = &done
	}
	if k.headers == nil {
		k.headers = e.Headers()
	}
	answer, err := e.AppendReply(nil, *reply)
	if err == nil && k.codec == api.MessagePack {
		answer, err = api.FromMessagePack(nil, answer, noMax)
	}
	if err != nil {
		k.t.Fatal(err)
	}
	var bodies []string
	for _, b := range e.ReplyParts(*reply) {
		bodies = append(bodies, string(b))
	}
	return string(answer), bodies
}

// says checks the head of an answer.
func (k *talk) says(want, head string, parts ...string) {
	k.t.Helper()
	if got, _ := k.ask(head, parts...); !sameJSON(k.t, []byte(got), []byte(want)) {
		k.t.Errorf("%s\ngot  %s\nwant %s", head, got, want)
	}
}

func TestHeads(t *testing.T) {
	for _, codec := range []api.Codec{api.JSON, api.MessagePack} {
		k := newTalk(t)
		k.codec = codec
		k.says(`{"id": 1, "headers": {"status": 201}, "body": "Queue q created."}`,
			`{"action": "queue_create", "id": 1, "body": {"queue_name": "q"}, "headers": `+usual+`}`)
		got, _ := k.ask(`{"action": "message_post", "body": {"queue_name": "q", "encoding": "raw"}}`, "a\x00", "b")
		same(t, "posted", len(got), len(`{"body":{"message_ids":["12345678-1234567812345678","12345678-1234567812345678"]},"headers":{"status":201}}`))
		k.says(`{"headers": {"status": 400}, "body": {"error": "Only message_post takes frames."}}`,
			`{"action": "queue_create", "body": {"queue_name": "q"}}`, "1")
		k.says(`{"headers": {"status": 400}, "body": {"error": "Schema validation failed."}, "id": "x"}`,
			`{"action": "message_post", "id": "x", "body": {"queue_name": "q"}}`)
		k.says(`{"headers": {"status": 400}, "body": {"error": "None is not a valid action"}}`, `{"body": {"queue_name": "q"}}`, "1")
	}
}

func TestEcho(t *testing.T) {
	k := newTalk(t)
	const request = `{"action": "queue_create", "body": {"queue_name": "q"}, "headers": ` + usual
	k.says(`{"request": `+request+`, "api": "v2"}, "headers": {"status": 201}, "body": "Queue q created."}`, request+`, "echo": true}`)
	k.says(`{"headers": {"status": 204}, "body": "Queue q created."}`, request+`, "echo": 1}`)
}

// Headers hold for those who come later without any, and for nobody else.
func TestHeadersHold(t *testing.T) {
	k := newTalk(t)
	list := `{"action": "queue_list"}`
	k.says(`{"headers": {"status": 400}, "body": {"error": "Schema validation failed."}}`, list)
	k.headers = nil
	first := []byte(`{"action": "queue_list", "headers": ` + usual + `}`)
	e, wrong := api.ParseHead(api.JSON, first, api.Head{})
	if wrong != nil {
		t.Fatal(wrong.Result)
	}
	k.headers = e.Headers()
	clear(first) // the frame is somebody else's by now
	k.says(`{"headers": {"status": 200}, "body": {"queues": []}}`, list)
	k.says(`{"headers": {"status": 400}, "body": {"error": "Schema validation failed."}}`, `{"action": "queue_list", "headers": {}}`)
	k.says(`{"headers": {"status": 200}, "body": {"queues": []}}`, list)
}

func TestActionThatGoesWithoutSaying(t *testing.T) {
	k := newTalk(t)
	k.action = "message_post"
	k.ask(`{"headers": `+usual+`, "body": {"queue_name": "q"}}`, "1", "2")
	k.says(`{"headers": {"status": 200}, "body": {"queues": [{"name": "q"}]}}`, `{"action": "queue_list"}`)
	sameAll(t, "bodies", listed(t, k.h), "1", "2")
}

// Each kind of reply with messages shows them without their bodies, which come
// behind it in their order.
func TestReplyParts(t *testing.T) {
	k := newTalk(t)
	const each = `"each": [null, {"encoding": "raw"}, null]`
	k.ask(`{"action": "message_post", "headers": `+usual+`, "body": {"queue_name": "q", `+each+`}}`, `{"a": 1}`, "\xff", `2`)
	ids := make([]string, 0, 3)
	for _, m := range shown(t, k.h) {
		ids = append(ids, m.ID)
	}
	message := func(i int, claim, more string) string {
		return fmt.Sprintf(`{"id": %q, "ttl": 3600, "age": 0, "claim_id": %s%s}`, ids[i], claim, more)
	}
	const raw = `, "body_encoding": "raw"`
	all := message(0, "null", "") + "," + message(1, "null", raw) + "," + message(2, "null", "")
	for _, c := range []struct{ action, body, want string }{
		{"message_list", `"echo": true`, `{"messages": [` + all + `]}`},
		{"message_get_many", `"message_ids": ["` + ids[0] + `", "` + ids[1] + `", "` + ids[2] + `"]`, `{"messages": [` + all + `]}`},
		{"message_get", `"message_id": "` + ids[1] + `"`, `{"messages": ` + message(1, "null", raw) + `}`},
	} {
		got, bodies := k.ask(`{"action": "` + c.action + `", "frames": true, "body": {"queue_name": "q", ` + c.body + `}}`)
		if want := `{"body": ` + c.want + `, "headers": {"status": 200}}`; !sameJSON(t, []byte(got), []byte(want)) {
			t.Errorf("%s: got %s\nwant %s", c.action, got, want)
		}
		if c.action == "message_get" {
			sameAll(t, c.action, bodies, "\xff")
		} else {
			sameAll(t, c.action, bodies, `{"a": 1}`, "\xff", `2`)
		}
	}
	_, bodies := k.ask(`{"action": "claim_create", "frames": true, "body": {"queue_name": "q", "limit": 2}}`)
	sameAll(t, "claimed", bodies, `{"a": 1}`, "\xff")
	answer, bodies := k.ask(`{"action": "message_delete_many", "frames": true, "body": {"queue_name": "q", "pop": 2}}`)
	sameAll(t, "popped", bodies, `2`)
	if want := `{"body": {"messages": [` + message(2, "null", `, "claim_count": 0`) + `]}, "headers": {"status": 200}}`; !sameJSON(t, []byte(answer), []byte(want)) {
		t.Errorf("popped: got %s\nwant %s", answer, want)
	}
	_, bodies = k.ask(`{"action": "message_list", "body": {"queue_name": "q"}}`)
	same(t, "frames that nobody asked for", len(bodies), 0)
}

// Over WebSocket what only a head has is let pass, and means nothing.
func TestEnvelopeHasNoHead(t *testing.T) {
	h := newHandler(t, api.Options{})
	e, wrong := api.ParseEnvelope(api.JSON, []byte(`{"action": "queue_list", "headers": `+usual+`, "echo": false, "frames": true}`))
	if wrong != nil || e.Frames || e.Echo {
		t.Fatalf("got %+v, %+v", e, wrong)
	}
	answer, err := e.AppendReply(nil, h.Handle(t.Context(), e.Call()))
	want := `{"request": {"action": "queue_list", "body": {}, "headers": ` + usual + `, "api": "v2"}, "headers": {"status": 200}, "body": {"queues": []}}`
	if err != nil || !sameJSON(t, answer, []byte(want)) {
		t.Errorf("got %s, %v", answer, err)
	}
}
