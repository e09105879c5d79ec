package api_test

import (
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
)

func toldOf() *core.Heard {
	return &core.Heard{Queue: "q", Position: "p", Message: core.Message{ID: "m", TTL: 60, Age: 5, Body: jsontext.Value(`{"k": [1.50, "é"]}`)}}
}

func TestPushes(t *testing.T) {
	claim := &core.ClaimCreated{ID: "c", Messages: []core.Message{{ID: "m", Claim: "c", TTL: 60, Age: 5, Body: jsontext.Value(`1`)}}}
	for _, c := range []struct {
		push     api.Push
		document string
	}{
		{api.Push{Queue: "q", Subscription: "s", News: core.News{Heard: toldOf()}},
			`{"ttl":60,"body":{"k": [1.50, "é"]},"queue_name":"q","Message_Type":"Notification"}`},
		{api.Push{Queue: "q", Subscription: "s", News: core.News{Heard: toldOf()}, Positions: true},
			`{"ttl":60,"body":{"k": [1.50, "é"]},"queue_name":"q","Message_Type":"Notification","id":"m","position":"p"}`},
		{api.Push{Queue: "q", Subscription: "s", News: core.News{Fact: core.Fact{Kind: core.Live, Position: "p"}}},
			`{"queue_name":"q","subscription_id":"s","Message_Type":"Fact","fact":"live","position":"p"}`},
		{api.Push{Queue: "q", Stream: "w", News: core.News{Fact: core.Fact{Kind: core.Gap, Position: "b", From: "a", To: "b"}}},
			`{"queue_name":"q","stream_id":"w","Message_Type":"Fact","fact":"gap","position":"b","from":"a","to":"b"}`},
		{api.Push{Queue: "q", Stream: "w", News: core.News{Fact: core.Fact{Kind: core.End, Reason: "expired"}}},
			`{"queue_name":"q","stream_id":"w","Message_Type":"Fact","fact":"end","reason":"expired"}`},
		{api.Push{Queue: "q", Stream: "w", Claim: claim},
			`{"queue_name":"q","stream_id":"w","Message_Type":"Claim","claim_id":"c","messages":[{"id":"m","ttl":60,"age":5,"body":1,"claim_id":"c"}]}`},
		{api.Push{Queue: "q", Subscription: "s", News: core.News{Heard: rawlyTold()}},
			`{"ttl":60,"body":"/wA=","body_encoding":"base64","queue_name":"q","Message_Type":"Notification"}`},
		{api.Push{Queue: "q", Subscription: "s", News: core.News{Heard: rawlyTold()}, Frames: true},
			`{"ttl":60,"body_encoding":"raw","queue_name":"q","Message_Type":"Notification"}`},
		{api.Push{Queue: "q", Stream: "w", Claim: claim, Frames: true},
			`{"queue_name":"q","stream_id":"w","Message_Type":"Claim","claim_id":"c","messages":[{"id":"m","ttl":60,"age":5,"claim_id":"c"}]}`},
	} {
		got, err := c.push.Append([]byte("before"))
		if err != nil || string(got) != "before"+c.document {
			t.Errorf("got %s and error %v\nwant %s", got, err, c.document)
		}
		c.push.Codec = api.MessagePack
		if got, err = c.push.Append(nil); err == nil {
			got, err = api.FromMessagePack(nil, got, noMax)
		}
		if err != nil || !sameJSON(t, got, []byte(c.document)) {
			t.Errorf("in MessagePack: got %s and error %v\nwant %s", got, err, c.document)
		}
	}
}

func rawlyTold() *core.Heard {
	h := toldOf()
	h.Message.Body, h.Message.Raw = []byte("\xff\x00"), true
	return h
}

func TestPartsOfPushes(t *testing.T) {
	claim := &core.ClaimCreated{ID: "c", Messages: []core.Message{{Body: jsontext.Value(`1`)}, {Body: jsontext.Value(`2`)}}}
	for _, c := range []struct {
		push api.Push
		want []string
	}{
		{api.Push{News: core.News{Heard: rawlyTold()}, Frames: true}, []string{"\xff\x00"}},
		{api.Push{News: core.News{Heard: rawlyTold()}}, nil},
		{api.Push{Claim: claim, Frames: true}, []string{"1", "2"}},
		{api.Push{Claim: claim}, nil},
		{api.Push{News: core.News{Fact: core.Fact{Kind: core.Live}}, Frames: true}, nil},
	} {
		var got []string
		for _, part := range c.push.Parts() {
			got = append(got, string(part))
		}
		sameAll(t, "parts", got, c.want...)
	}
}

// door is the key of a door's forms.
type door struct{}

func TestFormIsMadeOnce(t *testing.T) {
	h, made := toldOf(), 0
	form := func(p api.Push) string {
		return p.Form(door{}, func(document []byte) any { made++; return string(document) }).(string)
	}
	plain := api.Push{Subscription: "s", Codec: api.JSON, News: core.News{Heard: h}}
	other := api.Push{Subscription: "t", Codec: api.JSON, News: core.News{Heard: h}}
	same(t, "form", form(plain), form(other))
	same(t, "made", made, 1)
	other.Frames = true
	if form(plain) == form(other) {
		t.Error("frames make no other document")
	}
	made--
	other.Frames, other.Positions = false, true
	if form(plain) == form(other) {
		t.Error("positions make no other document")
	}
	other.Codec = api.MessagePack
	form(other)
	form(other)
	same(t, "made", made, 3)
	if other.Form("another door", func([]byte) any { return 5 }) != 5 {
		t.Error("doors share their forms")
	}
	fact := api.Push{News: core.News{Fact: core.Fact{Kind: core.Live, Position: "p"}}}
	form(fact)
	form(fact)
	same(t, "made, with facts, which are nobody else's", made, 5)
}
