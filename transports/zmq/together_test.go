package zmq_test

import (
	"fmt"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/stackforge/marconi/transports/zmq"
)

// posting posts one message under an ID.
func posting(id int) string {
	return request("message_post", fmt.Sprintf(`{"queue_name":"q","messages":[{"body":"message %d"}]}`, id), fmt.Sprintf(`"id":%d`, id))
}

func postings(n int) (all []string) {
	for id := range n {
		all = append(all, posting(id))
	}
	return all
}

func say(t testing.TB, conn net.Conn, b []byte) {
	t.Helper()
	if _, err := conn.Write(b); err != nil {
		t.Fatal(err)
	}
}

// What has come is stored, however much of the next message is missing.
func TestPostsBeforeAPartOfOne(t *testing.T) {
	t.Parallel()
	s := commands(t, zmq.Config{})
	conn := s.byHand()
	all := framed(postings(4)...)
	cut := len(all) - 10
	say(t, conn, all[:cut])
	awaitText(t, conn, `"id":2`)
	say(t, conn, all[cut:])
	awaitText(t, conn, `"id":3`)
	s.dial().free("q", "4")
}

// Posts that come together are more than may be in flight.
func TestMorePostsThanMayBeInFlight(t *testing.T) {
	t.Parallel()
	s := commands(t, zmq.Config{MaxInFlight: 3})
	awaitText(t, s.byHand(postings(20)...), `"id":19`)
}

// A request that is carried out alone comes together with posts, and sees them.
func TestPostsBeforeOneAlone(t *testing.T) {
	t.Parallel()
	s := commands(t, zmq.Config{})
	alone := request("message_list", `{"queue_name":"q","echo":true}`)
	conn := s.byHand(append(postings(3), alone, posting(3))...)
	if got := awaitText(t, conn, `"id":3`); !strings.Contains(got, `"message 2"`) || strings.Contains(got, `"message 3"`) {
		t.Errorf("listed %q", got)
	}
}

// Other requests do not wait for posts that came with them, nor these for others.
func TestPostsAmongOthers(t *testing.T) {
	t.Parallel()
	g, config := gatedHandler(t, "queue_get")
	s := commands(t, config)
	get := request("queue_get", `{"queue_name":"q"}`, `"id":"get"`)
	conn := s.byHand(posting(0), get, posting(1), posting(2))
	awaitText(t, conn, `"id":2`)
	close(g.open)
	awaitText(t, conn, `"id":"get"`)
}

// Posts that were read, and what comes behind them ends the connection, keep nobody
// else waiting.
func TestPostsBeforeNonsense(t *testing.T) {
	t.Parallel()
	for name, nonsense := range map[string]string{
		"no end in sight": "\x02\x00\x00\x7f\xff\xff\xff\xff\xff",
		"too many frames": strings.Repeat("\x01\x00", 1025) + "\x00\x00",
	} {
		t.Run(name, func(t *testing.T) {
			s := commands(t, zmq.Config{})
			watch := s.dial()
			watch.ask(201, "message_watch", `{"queue_name":"q"}`)
			watch.receive() // it is live
			conn := s.byHand()
			say(t, conn, append(framed(postings(2)...), nonsense...))
			_, _ = io.Copy(io.Discard, conn) // until it is cut off
			post(t, s.broker, "q", `"after"`)
			for m := watch.receive(); string(m.Body) != `"after"`; m = watch.receive() {
				if !strings.HasPrefix(string(m.Body), `"message `) {
					t.Errorf("heard %s", m.text)
				}
			}
		})
	}
}
