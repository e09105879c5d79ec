package api_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
)

// postOf is the body of a post of n messages of 1 KiB.
func postOf(n int) string {
	body := `{"text":"` + strings.Repeat("x", 1024-len(`{"text":""}`)) + `"}`
	return `{"messages":[` + strings.TrimSuffix(strings.Repeat(`{"body":`+body+`,"ttl":60},`, n), ",") + `]}`
}

func BenchmarkPost(b *testing.B) {
	for _, n := range []int{1, 20} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			h := newHandler(b, api.Options{}, api.Observe(nil, nil))
			c := decoding(api.V2, "message_post", postOf(n))
			purge := decoding(api.V2, "queue_purge", "")
			b.ReportAllocs()
			b.SetBytes(int64(len(c.Body)))
			for i := 0; b.Loop(); i++ {
				reply := h.Handle(b.Context(), c)
				if _, ok := reply.Result.(core.MessagePosted); !ok {
					b.Fatalf("got %+v", reply)
				}
				if i%1000 == 999 { // the store must not grow without end
					h.Handle(b.Context(), purge)
				}
			}
		})
	}
}

func BenchmarkList(b *testing.B) {
	h := newHandler(b, api.Options{}, api.Observe(nil, nil))
	h.Handle(b.Context(), decoding(api.V2, "message_post", postOf(20)))
	c := decoding(api.V2, "message_list", "")
	c.Params = given("queue_name", "q", "limit", "20", "echo", "true")
	var document []byte
	b.ReportAllocs()
	for b.Loop() {
		reply := h.Handle(b.Context(), c)
		page, ok := reply.Result.(core.MessagePage)
		if !ok || len(page.Messages) != 20 {
			b.Fatalf("got %+v", reply)
		}
		document, _ = api.JSON.Append(document[:0], page)
	}
	b.SetBytes(int64(len(document)))
}

// BenchmarkEnvelope takes a frame apart, lists 10 messages of 1 KiB, and writes
// the answer.
func BenchmarkEnvelope(b *testing.B) {
	h := newHandler(b, api.Options{})
	body := `"` + strings.Repeat("x", 1022) + `"`
	post := `{"queue_name": "q", "messages": [` + strings.Repeat(`{"body": `+body+`},`, 9) + `{"body": ` + body + `}]}`
	ask(b, h, frame("message_post", post))
	list := []byte(frame("message_list", `{"queue_name": "q", "echo": true}`))
	packed, err := api.ToMessagePack(nil, list)
	if err != nil {
		b.Fatal(err)
	}
	for _, c := range []struct {
		name  string
		codec api.Codec
		frame []byte
	}{{"JSON", api.JSON, list}, {"MessagePack", api.MessagePack, packed}} {
		b.Run(c.name, func(b *testing.B) {
			b.ReportAllocs()
			var answer []byte
			for b.Loop() {
				e, wrong := api.ParseEnvelope(c.codec, c.frame)
				if wrong != nil {
					b.Fatal(wrong.Result)
				}
				if answer, err = e.AppendReply(answer[:0], h.Handle(b.Context(), e.Call())); err != nil || len(answer) < 10<<10 {
					b.Fatalf("%d bytes, error %v", len(answer), err)
				}
			}
		})
	}
}
