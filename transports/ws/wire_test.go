package ws_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stackforge/marconi/transports/ws"
)

// What waits for a connection is sent together. Frames of all sizes must come whole
// and in their order, and answers in between.
func TestPushesThatAreSentTogether(t *testing.T) {
	t.Parallel()
	s := serve(t, ws.Config{})
	c, poster := s.dial(), s.dial()
	lengths := []int{1, 200, 16 << 10, 3, 40 << 10, 16<<10 - 150, 5, 70 << 10, 1}
	const rounds = 5
	for range rounds {
		var all []string
		for _, n := range lengths {
			all = append(all, fmt.Sprintf(`{"body":%q,"ttl":60}`, strings.Repeat("x", n)))
		}
		poster.ask(201, "message_post", `{"queue_name":"q","messages":[`+strings.Join(all, ",")+`]}`)
	}
	c.send(request("message_watch", `{"queue_name":"q","position":"earliest"}`))
	for range rounds {
		c.send(request("ping_node", `{}`))
	}
	for i, answers := 0, 0; i < rounds*len(lengths) || answers < 1+rounds; {
		f := c.receive()
		switch {
		case f.Type == "Notification":
			if want := lengths[i%len(lengths)]; len(f.Body) != want+len(`""`) {
				t.Fatalf("message %d has %d bytes, want %d", i, len(f.Body), want)
			}
			i++
		case f.Type == "":
			answers++
		}
	}
}
