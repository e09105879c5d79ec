package api_test

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
)

// shown are the messages of the queue q.
func shown(t testing.TB, h api.Handler) []core.Message {
	t.Helper()
	return h.Handle(t.Context(), call("message_list", `{"queue_name": "q", "echo": true}`)).Result.(core.MessagePage).Messages
}

func packedText(t testing.TB, text string) string {
	t.Helper()
	b, err := api.ToMessagePack(nil, []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestParts(t *testing.T) {
	h := newHandler(t, api.Options{})
	c := starting(`{"queue_name": "q", "ttl": 100, "encoding": "json",
		"each": [null, {"ttl": 70}, {"encoding": "raw"}, {"encoding": "msgpack", "ttl": 80, "other": 1}, {}]}`,
		`{"a": 1.50}`, ` 2 `, "\x00\xff", packedText(t, `{"b":[1]}`), `"é"`)
	same(t, "status", h.start(t.Context(), c).Pending(t.Context()).Status, 201)
	got := shown(t, h)
	for i, want := range []struct {
		body string
		ttl  int64
		raw  bool
	}{{`{"a": 1.50}`, 100, false}, {`2`, 70, false}, {"\x00\xff", 100, true}, {`{"b":[1]}`, 80, false}, {`"é"`, 100, false}} {
		same(t, "body", string(got[i].Body), want.body)
		same(t, "ttl", got[i].TTL, want.ttl)
		same(t, "raw", got[i].Raw, want.raw)
	}
	if &got[0].Body[0] != &c.Parts[0][0] {
		t.Error("a part was copied")
	}
}

// Frames hold what the head is written in, if it does not say.
func TestPartsAsTheHead(t *testing.T) {
	h := newHandler(t, api.Options{})
	c := starting(`{"queue_name": "q"}`, packedText(t, `{"a":1}`), packedText(t, `null`))
	c.Codec = api.MessagePack
	same(t, "status", h.Handle(t.Context(), c).Status, 201)
	c = starting(`{"queue_name": "q", "encoding": "raw"}`, "")
	c.Codec = api.MessagePack
	same(t, "status", h.Handle(t.Context(), c).Status, 201)
	sameAll(t, "bodies", listed(t, h), `{"a":1}`, `null`, ``)
}

func TestPartsDelay(t *testing.T) {
	h := newHandler(t, api.Options{})
	h.Handle(t.Context(), call("queue_create", `{"queue_name": "q", "metadata": {"_default_message_delay": 1}}`))
	c := starting(`{"queue_name": "q", "delay": 0, "each": [null, {"delay": 5}]}`, `1`, `2`)
	same(t, "status", h.start(t.Context(), c).Pending(t.Context()).Status, 201)
	sameAll(t, "bodies", listed(t, h), `1`)
}

func TestSenselessParts(t *testing.T) {
	const (
		title    = "Invalid request body"
		unparsed = "Request body could not be parsed."
		each     = `The value of the "each" field must be a list with an object or null for each frame.`
		kind     = `The value of the "encoding" field must be "json", "msgpack" or "raw".`
	)
	h := newHandler(t, api.Options{})
	for _, c := range []struct{ body, part, title, text string }{
		{`{}`, ``, title, unparsed},
		{`{}`, `{"a": 1`, title, unparsed},
		{`{}`, `1 2`, title, unparsed},
		{`{}`, "\"\xff\"", title, unparsed},
		{`{}`, `12345678901234567890`, title, "JSON contains integer that is too large."},
		{`{}`, strings.Repeat("[", 501) + strings.Repeat("]", 501), title, "Request body is nested too deeply."},
		{`{"encoding": "msgpack"}`, "\xc1", "Invalid API request", "Can't decode binary (MessagePack) request. FormatError: "},
		{`{"encoding": "msgpack"}`, "\xcf\xff\xff\xff\xff\xff\xff\xff\xff", title, "JSON contains integer that is too large."},
		{`{"encoding": "zip"}`, `1`, title, kind},
		{`{"encoding": 5}`, `1`, title, kind},
		{`{"each": [{"encoding": null}]}`, `1`, title, kind},
		{`{"each": []}`, `1`, title, each},
		{`{"each": [{}, {}]}`, `1`, title, each},
		{`{"each": [1]}`, `1`, title, each},
		{`{"each": {}}`, `1`, title, each},
		{`{"ttl": "1"}`, `1`, title, `The value of the "ttl" field must be a int.`},
		{`{"each": [{"delay": true}]}`, `1`, title, `The value of the "delay" field must be a int.`},
		{`{"messages": [{"body": 1}]}`, `1`, title, "Messages come in the body or in frames, not in both."},
	} {
		c.body = strings.TrimSuffix(`{"queue_name": "q", `+c.body[1:], ", }")
		if !strings.HasSuffix(c.body, "}") {
			c.body += "}"
		}
		reply := h.start(t.Context(), starting(c.body, c.part))
		if reply.Pending != nil {
			t.Errorf("%s %.40q was let pass", c.body, c.part)
			continue
		}
		answered(t, reply, 400, c.title, c.text)
	}
	same(t, "messages", len(shown(t, h)), 0)
}

// The limit counts the bodies in their frames.
func TestSizeOfParts(t *testing.T) {
	h := newHandler(t, api.Options{})
	h.Handle(t.Context(), call("queue_create", `{"queue_name": "q", "metadata": {"_max_messages_post_size": 10}}`))
	for _, c := range []struct {
		body   string
		parts  []string
		status int
	}{
		{`{"queue_name": "q", "padding": "0123456789"}`, []string{`"3456"`, `1234`}, 201},
		{`{"queue_name": "q"}`, []string{`"3456"`, `12345`}, 400},
		{`{"queue_name": "q", "encoding": "raw"}`, []string{"\x00\x01\x02\x03\x04\x05\x06\x07\x08\x09"}, 201},
		{`{"queue_name": "q", "encoding": "raw"}`, []string{"0123456789a"}, 400},
	} {
		same(t, fmt.Sprint(c.parts), h.start(t.Context(), starting(c.body, c.parts...)).Pending(t.Context()).Status, c.status)
	}
}

func FuzzParts(f *testing.F) {
	f.Add(`{"queue_name": "q", "each": [{"encoding": "msgpack"}]}`, []byte{0x81, 0xa1, 'a', 1})
	f.Add(`{"queue_name": "q", "ttl": 70, "encoding": "raw"}`, []byte{0xff})
	f.Add(`{"queue_name": "q"}`, []byte(` {"a": [1, "\u00e9"]} `))
	f.Fuzz(func(t *testing.T, head string, part []byte) {
		h := newHandler(t, api.Options{})
		c := starting(head, string(part))
		if reply := h.start(t.Context(), c); reply.Pending == nil || reply.Pending(t.Context()).Status != 201 {
			return
		}
		for _, m := range shown(t, h) {
			switch {
			case m.Raw && !bytes.Equal(m.Body, part):
				t.Errorf("%q came back as %q", part, m.Body)
			case !m.Raw && !m.Body.IsValid():
				t.Errorf("%q is kept, which is no JSON", m.Body)
			}
		}
	})
}

// BenchmarkParts posts messages of 1 KiB in frames.
func BenchmarkParts(b *testing.B) {
	body := `{"text":"` + strings.Repeat("x", 1024-len(`{"text":""}`)) + `"}`
	head := []byte(`{"action": "message_post", "id": 1, "body": {"queue_name": "q", "ttl": 60}}`)
	opening, wrong := api.ParseEnvelope(api.JSON, []byte(frame("ping_node", "{}")))
	if wrong != nil {
		b.Fatal(wrong.Result)
	}
	with := api.Head{Headers: opening.Headers()}
	for _, n := range []int{1, 20} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			h := newHandler(b, api.Options{}, api.Observe(nil, nil))
			purge := decoding(api.V2, "queue_purge", "")
			with.Parts = make([][]byte, n)
			for i := range with.Parts {
				with.Parts[i] = []byte(body)
			}
			b.ReportAllocs()
			b.SetBytes(int64(n * len(body)))
			var answer []byte
			for i := 0; b.Loop(); i++ {
				e, wrong := api.ParseHead(api.JSON, head, with)
				if wrong != nil {
					b.Fatal(wrong.Result)
				}
				reply := h.start(b.Context(), e.Call()).Pending(b.Context())
				if answer, _ = e.AppendReply(answer[:0], reply); reply.Status != 201 {
					b.Fatalf("got %s", answer)
				}
				if i%1000 == 999 { // the store must not grow without end
					h.Handle(b.Context(), purge)
				}
			}
		})
	}
}
