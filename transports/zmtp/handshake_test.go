package zmtp_test

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stackforge/marconi/transports/zmtp"
)

func TestSilentConnectionsHoldUpNobody(t *testing.T) {
	r := router(t, zmtp.Config{HandshakeTimeout: 200 * time.Millisecond}, echo)
	var silent []wire
	for range 20 {
		silent = append(silent, connect(t, r.Addr()))
	}
	ask(t, dial(t, zmtp.Config{Endpoint: r.Addr()}), "here I am")
	for _, w := range silent {
		w.ended()
	}
	eventually(t, "20 handshakes have failed", func() bool { return r.Stats().Failed == 20 })
}

// TestHostileHandshakes has each of them end the connection long before the time
// for it is over, and nothing else.
func TestHostileHandshakes(t *testing.T) {
	null := string(greeting(1, "NULL"))
	plain := string(greeting(1, "PLAIN"))
	curve := string(greeting(1, "CURVE"))
	ready := func(properties string) string { return null + string(command("READY", properties)) }
	older := greeting(0, "NULL")
	older[10] = 1
	for _, c := range []struct{ name, security, say string }{
		{"HTTP", "", "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n"},
		{"ZMTP 1", "", "\x01\x00" + strings.Repeat("x", 62)},
		{"ZMTP 2", "", string(older)},
		{"another mechanism", "", plain + "\x04\x05\x04HELL"},
		{"no mechanism", "", string(greeting(1, ""))},
		{"as-server of 7", "", null[:32] + "\x07" + null[33:]},
		{"a message before READY", "", null + string(frame(0, "hello"))},
		{"a command with more to come", "", null + string(frame(5, "\x05READY"))},
		{"unknown flags", "", null + string(frame(0x44, "\x05READY"))},
		{"an empty command", "", null + string(frame(4, ""))},
		{"a name longer than the command", "", null + string(frame(4, "\x20READY"))},
		{"another command", "", null + string(command("STEADY", ""))},
		{"ERROR", "", null + string(command("ERROR", "\x03400"))},
		{"a frame of 2^62", "", null + string(long(4, 1<<62))},
		{"a frame of 2^49", "", null + string(long(4, 1<<49))},
		{"a frame of 2^64-1", "", null + string(long(4, 1<<64-1))},
		{"a frame of 8 GiB", "", null + string(long(4, 8<<30))},
		{"a frame of 64 GiB", "", null + string(long(4, 64<<30))},
		{"a frame of 2^62 before PLAIN", "plain", plain + string(long(4, 1<<62))},
		{"a frame of 64 GiB before PLAIN", "plain", plain + string(long(4, 64<<30))},
		{"a frame of 2^49 before CURVE", "curve", curve + string(long(4, 1<<49))},
		{"a frame of 8 GiB before CURVE", "curve", curve + string(long(4, 8<<30))},
		{"NULL where PLAIN is wanted", "plain", ready(property("Socket-Type", "DEALER"))},
		{"NULL where CURVE is wanted", "curve", ready(property("Socket-Type", "DEALER"))},
		{"READY where HELLO is wanted", "plain", plain + string(command("READY", property("Socket-Type", "DEALER")))},
		{"PLAIN with half a password", "plain", plain + string(command("HELLO", "\x04user\x10pass"))},
		{"PLAIN with more than a password", "plain", plain + string(command("HELLO", "\x04user\x04passand"))},
		{"PLAIN without anything", "plain", plain + string(command("HELLO", ""))},
		{"CURVE with a short HELLO", "curve", curve + string(command("HELLO", "\x01\x00"))},
		{"CURVE with a HELLO of nothing", "curve", curve + string(command("HELLO", "\x01"+strings.Repeat("\x00", 193)))},
		{"a truncated name", "", ready("\x0bSocket")},
		{"a truncated length", "", ready("\x0bSocket-Type\x00\x00")},
		{"a truncated value", "", ready("\x0bSocket-Type\x00\x00\x00\x06DEAL")},
		{"a value of 4 GiB", "", ready("\x0bSocket-Type\xff\xff\xff\xffDEALER")},
		{"a property without a name", "", ready("\x00\x00\x00\x00\x00")},
		{"a property twice", "", ready(property("Socket-Type", "DEALER") + property("socket-type", "REQ"))},
		{"no socket type", "", ready("")},
		{"CLIENT", "", ready(property("Socket-Type", "CLIENT"))},
		{"a socket type of bytes", "", ready(property("Socket-Type", "\xff\x00"))},
		{"SUB to a ROUTER", "", ready(property("Socket-Type", "SUB"))},
		{"an identity of 256 bytes", "", ready(property("Socket-Type", "DEALER") + property("Identity", strings.Repeat("i", 256)))},
		{"33 properties", "", ready(property("Socket-Type", "DEALER") + manyProperties(32))},
		{"metadata without end", "", null + string(frame(4, "\x05READY"+strings.Repeat(property("x", "yyyyyyyy"), 1000)))},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := router(t, zmtp.Config{Security: securityFor(t, c.security)}, echo)
			w := connect(t, r.Addr())
			_, _ = w.Write([]byte(c.say)) // it may be cut off in between
			w.ended()
			eventually(t, "the handshake has failed", func() bool { return r.Stats().Failed == 1 })
			if s := r.Stats(); s.Panics != 0 || s.Cut != 0 {
				t.Errorf("%+v", s)
			}
		})
	}
}

func manyProperties(n int) (s string) {
	for i := range n {
		s += property("p"+strconv.Itoa(i), "")
	}
	return s
}

// securityFor is a mechanism that lets some in, or NULL.
func securityFor(t *testing.T, name string) zmtp.Security {
	t.Helper()
	switch name {
	case "plain":
		return zmtp.Plain(onlyAda)
	case "curve":
		return zmtp.Curve(newKeys(t), func(context.Context, zmtp.Key) (any, error) { return nil, nil })
	}
	return nil
}

// onlyAda lets in one user by one password.
func onlyAda(_ context.Context, user, password string) (any, error) {
	if user != "ada" || password != "secret" {
		return nil, errors.New("nobody of that name and password")
	}
	return "project of " + user, nil
}

func newKeys(t testing.TB) zmtp.KeyPair {
	t.Helper()
	keys, err := zmtp.NewKeyPair()
	if err != nil {
		t.Fatal(err)
	}
	return keys
}

func TestSlowGreeting(t *testing.T) {
	r := router(t, zmtp.Config{HandshakeTimeout: 150 * time.Millisecond}, echo)
	w := connect(t, r.Addr())
	begun := time.Now()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for _, b := range greeting(1, "NULL") {
		<-tick.C
		if _, err := w.Write([]byte{b}); err != nil {
			break // which is what is wanted
		}
	}
	w.ended()
	if took := time.Since(begun); took < 140*time.Millisecond {
		t.Errorf("cut off after %v already", took)
	}
	eventually(t, "the handshake has failed", func() bool { return r.Stats().Failed == 1 })
}

func TestGreetingTells(t *testing.T) {
	for security, asServer := range map[string]byte{"": 0, "plain": 1, "curve": 1} {
		w := connect(t, router(t, zmtp.Config{Security: securityFor(t, security)}, echo).Addr())
		w.say(greeting(1, "NULL")) // the library waits for nothing before it greets
		g := w.hearBytes(64)
		if g[10] != 3 || g[11] != 1 || g[32] != asServer {
			t.Errorf("%q: version %d.%d, as-server %d", security, g[10], g[11], g[32])
		}
	}
}

func TestPropertiesOfPeer(t *testing.T) {
	peers := make(chan *zmtp.Peer, 1)
	r := router(t, zmtp.Config{Connected: func(p *zmtp.Peer) { peers <- p }}, echo)
	w := connect(t, r.Addr())
	w.say(greeting(1, "NULL"), command("READY",
		property("SOCKET-TYPE", "REQ")+property("identity", "me")+property("X-Client", "marconi")))
	p := <-peers
	if p.SocketType() != "REQ" || p.ClaimedIdentity() != "me" || p.Property("x-CLIENT") != "marconi" || p.Property("y") != "" {
		t.Errorf("%s %q %q %q", p.SocketType(), p.ClaimedIdentity(), p.Property("x-CLIENT"), p.Property("y"))
	}
	if p.ID() == 0 || p.Credentials() != nil || p.RemoteAddr().String() != w.LocalAddr().String() {
		t.Errorf("%d %v %v", p.ID(), p.Credentials(), p.RemoteAddr())
	}
}
