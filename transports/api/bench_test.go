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
