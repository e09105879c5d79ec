package api_test

import (
	"bytes"
	"encoding/json"
	"testing"
	"unicode/utf8"

	"github.com/stackforge/marconi/transports/api"
)

// FuzzParseEnvelope answers whatever comes: every frame gets an answer that can be
// read, and that echoes what was sent.
func FuzzParseEnvelope(f *testing.F) {
	for _, s := range schema {
		f.Add(true, []byte(frame(s.action, `{"queue_name": "q", "message_id": "m", "claim_id": "c", "messages": [{"body": 1}], "message_ids": ["a"], "ttl": 60}`)))
	}
	for _, text := range []string{``, `[1]`, `{"action": null, "id": 5}`, `{"action": "ping_node", "headers": {}}`, `{"action":"\ud800"}`} {
		f.Add(true, []byte(text))
		if doc, err := api.ToMessagePack(nil, []byte(text)); err == nil {
			f.Add(false, doc)
		}
	}
	f.Fuzz(func(t *testing.T, text bool, frame []byte) {
		codec := api.JSON
		if !text {
			codec = api.MessagePack
		}
		e, wrong := api.ParseEnvelope(codec, frame)
		if wrong == nil {
			reply := newHandler(t, api.Options{}).Handle(t.Context(), e.Call())
			wrong = &reply
		}
		answer, err := e.AppendReply(nil, *wrong)
		if err == nil && !text {
			answer, err = api.FromMessagePack(nil, answer, noMax)
		}
		if err != nil || !json.Valid(answer) || !utf8.Valid(answer) {
			t.Fatalf("%q is answered by %q, %v", frame, answer, err)
		}
		// Half a character is a text to encoding/json, and none to the rest of the world.
		half := bytes.Contains(frame, []byte(`\u`)) && bytes.Contains(answer, []byte("Can't decode"))
		if text && json.Valid(frame) && utf8.Valid(frame) && !half {
			checkEcho(t, e, frame, answer)
		}
	})
}

func checkEcho(t *testing.T, e *api.Envelope, frame, answer []byte) {
	t.Helper()
	var sent map[string]json.RawMessage
	if json.Unmarshal(frame, &sent) != nil || e.Action == "authenticate" {
		return
	}
	var got struct{ Request map[string]json.RawMessage }
	mustRead(t, answer, &got)
	for name, otherwise := range map[string]string{"action": "null", "body": "{}", "headers": "{}"} {
		want := string(sent[name])
		if want == "" {
			want = otherwise
		}
		if string(got.Request[name]) != want {
			t.Errorf("%q: %s comes back as %s", frame, name, got.Request[name])
		}
	}
}
