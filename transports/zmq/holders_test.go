package zmq_test

import (
	"bytes"
	"encoding/binary"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/stackforge/marconi/transports/zmq"
)

// stream is a claim stream whose claims would last for longer than any test.
func stream(queue string) string {
	return `{"queue_name":"` + queue + `","credit":100,"ttl":3600}`
}

// free waits until so many messages of a queue are anybody's.
func (c *client) free(queue, n string) {
	c.t.Helper()
	eventually(c.t, n+" are free", func() bool {
		return strings.Contains(string(c.ask(200, "queue_get_stats", `{"queue_name":"`+queue+`"}`).Body), `"free":`+n+`,`)
	})
}

// What a peer holds that takes nothing more is free as soon as it is cut off.
func TestDeafPeersHoldNothing(t *testing.T) {
	t.Parallel()
	s := commands(t, zmq.Config{WriteTimeout: 200 * time.Millisecond})
	body := `"` + strings.Repeat("x", 250_000) + `"`
	for range 100 {
		post(t, s.broker, "q", body)
	}
	deaf := s.byHand(request("claim_stream", stream("q")))
	awaitText(t, deaf, `"Message_Type":"Claim"`)
	eventually(t, "it is cut off", func() bool { return s.door.Stats().Cut == 1 })
	s.dial().free("q", "100")
}

// What a peer holds is free when it has not said a word for too long, and as soon as
// its connection is reset.
func TestPeersThatVanishHoldNothing(t *testing.T) {
	t.Parallel()
	s := commands(t, zmq.Config{Heartbeat: time.Second})
	other := s.dial()
	for queue, vanish := range map[string]func(*net.TCPConn){
		"silent": func(*net.TCPConn) {},
		"reset": func(c *net.TCPConn) {
			_ = c.SetLinger(0)
			_ = c.Close()
		},
	} {
		post(t, s.broker, queue, `1`, `2`, `3`)
		holder := s.byHand(request("claim_stream", stream(queue)))
		awaitText(t, holder, `"Message_Type":"Claim"`)
		vanish(holder)
		other.free(queue, "3")
	}
	eventually(t, "only one is left", func() bool { return s.door.Stats().Peers == 1 })
}

// byHand is a connection over which nothing is said but what is said here: not even
// that it is alive.
func (s *site) byHand(heads ...string) *net.TCPConn {
	s.t.Helper()
	ready := command("READY", "\x0bSocket-Type\x00\x00\x00\x06DEALER")
	return s.saying("NULL", ready+string(framed(heads...)))
}

// saying is a connection over which a greeting is said, and then what comes after it.
func (s *site) saying(mechanism, text string) *net.TCPConn {
	s.t.Helper()
	conn, err := net.Dial("tcp", strings.TrimPrefix(s.addr, "tcp://"))
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { conn.Close() })
	_ = conn.(*net.TCPConn).SetReadBuffer(64 << 10) // which would grow otherwise, beyond all that is sent
	said := make([]byte, 64)
	copy(said, "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x01"+mechanism)
	say(s.t, conn, append(said, text...))
	return conn.(*net.TCPConn)
}

// command is a short command of ZMTP.
func command(name, body string) string {
	text := string(rune(len(name))) + name + body
	return "\x04" + string(rune(len(text))) + text
}

// framed are messages of a frame each.
func framed(messages ...string) (b []byte) {
	for _, m := range messages {
		b = append(binary.BigEndian.AppendUint64(append(b, 2), uint64(len(m))), m...)
	}
	return b
}

// awaitText reads until there was a text, and answers all that was read.
func awaitText(t *testing.T, conn net.Conn, text string) string {
	t.Helper()
	_ = conn.SetReadDeadline(time.Now().Add(patience))
	var all []byte
	for part := make([]byte, 4096); !bytes.Contains(all, []byte(text)); {
		n, err := conn.Read(part)
		if err != nil {
			t.Fatalf("%v after %q", err, all)
		}
		all = append(all, part[:n]...)
	}
	return string(all)
}
