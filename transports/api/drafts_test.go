package api_test

import (
	"testing"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
)

func decodePost(t *testing.T, body string) (core.MessagePostRequest, error) {
	t.Helper()
	return api.Decode[core.MessagePostRequest](decoding(api.V2, "message_post", body))
}

func TestDrafts(t *testing.T) {
	r, err := decodePost(t, `{"messages": [
		{"body": {"a" : [ 1, 2.50 ]} , "ttl": 60, "delay": 5},
		{"ttl":61,"body":"\u0041\/"},
		{"body": null, "extra": {"body": 1}},
		{"body": 1, "body": [ ]}
	]}`)
	if err != nil {
		t.Fatal(err)
	}
	var bodies []string
	for _, d := range r.Messages {
		bodies = append(bodies, string(d.Body))
		same(t, "room behind "+string(d.Body), cap(d.Body), len(d.Body))
	}
	sameAll(t, "bodies", bodies, `{"a" : [ 1, 2.50 ]}`, `"\u0041\/"`, `null`, `[ ]`)
	same(t, "ttl", *r.Messages[0].TTL, 60)
	same(t, "delay", *r.Messages[0].Delay, 5)
	same(t, "another ttl", *r.Messages[1].TTL, 61)
	if r.Messages[1].Delay != nil || r.Messages[2].TTL != nil {
		t.Error("a span was made up")
	}
}

func TestDraftsOfBytes(t *testing.T) {
	r, err := decodePost(t, `{"messages": [
		{"body": "/wA=", "body_encoding": "base64", "ttl": 60},
		{"body_encoding": "base64", "body": "\u0041AAA"},
		{"body": "/wA="}
	]}`)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{"\xff\x00", "\x00\x00\x00", `"/wA="`} {
		same(t, "body", string(r.Messages[i].Body), want)
		same(t, "raw", r.Messages[i].Raw, i < 2)
	}
}

func TestTheLastMessagesCount(t *testing.T) {
	r, err := decodePost(t, `{"messages": [{"body": 1, "ttl": 60}, {"body": 2}], "messages": [{"body": 3}]}`)
	if err != nil || len(r.Messages) != 1 || string(r.Messages[0].Body) != "3" || r.Messages[0].TTL != nil {
		t.Errorf("got %+v and error %v", r.Messages, err)
	}
}

func TestBadDrafts(t *testing.T) {
	for _, c := range []struct{ messages, text string }{
		{`5`, notSuch},
		{`"x"`, notSuch},
		{`{"body": 1}`, notSuch},
		{`[5]`, notSuch},
		{`[null]`, notSuch},
		{`[{"body": 1}, [1]]`, notSuch},
		{`[{}]`, `Missing "body" field.`},
		{`[{"Body": 1}]`, `Missing "body" field.`},
		{`[{"body": 1}, {"ttl": 60}]`, `Missing "body" field.`},
		{`[{"body": 1, "ttl": "60"}]`, `The value of the "ttl" field must be a int.`},
		{`[{"body": 1, "ttl": null}]`, `The value of the "ttl" field must be a int.`},
		{`[{"body": 1, "delay": 1.5}]`, `The value of the "delay" field must be a int.`},
		{`[{"body": 1, "delay": []}]`, `The value of the "delay" field must be a int.`},
		{`[{"body": 1, "ttl": 99999999999999999999}]`, tooBig},
		{`[{"body": 99999999999999999999}]`, tooBig},
		{`[{"body": 1,}]`, notParsed},
		{`[{"body": 1}`, notParsed},
		{`[{"body": }]`, notParsed},
		{`]`, notParsed},
		{`[}`, notParsed},
		{`[{"body": "` + "\xff" + `"}]`, notParsed},
		{`[{"body": ` + deep(496) + `}]`, ""},
		{`[{"body": ` + deep(497) + `}]`, tooDeep},
	} {
		_, err := decodePost(t, `{"messages": `+c.messages+`}`)
		if len(c.messages) > 100 {
			c.messages = c.messages[:100]
		}
		t.Run(c.messages, func(t *testing.T) { refused(t, err, badBody, c.text) })
	}
}

// deep is an object with n arrays in it.
func deep(n int) string {
	b := make([]byte, 2*n)
	for i := range n {
		b[i], b[2*n-1-i] = '[', ']'
	}
	return `{"x": ` + string(b) + `}`
}

func TestChanges(t *testing.T) {
	r, err := api.Decode[core.QueueUpdateRequest](decoding(api.V2, "queue_update",
		`[{"op": "add", "path": "/metadata/a", "value": { "b" : 1.0 }, "from": 5}, {"path": "/x", "op": "remove"}, {}]`))
	if err != nil || len(r.Changes) != 3 {
		t.Fatalf("got %+v and error %v", r.Changes, err)
	}
	same(t, "op", r.Changes[0].Op, "add")
	same(t, "path", r.Changes[0].Path, "/metadata/a")
	same(t, "value", string(r.Changes[0].Value), `{ "b" : 1.0 }`)
	same(t, "another op", r.Changes[1].Op, "remove")
	if r.Changes[1].Value != nil || r.Changes[2].Op != "" {
		t.Errorf("got %+v, want nothing made up", r.Changes)
	}
}
