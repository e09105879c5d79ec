package zmtp_test

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stackforge/marconi/transports/zmtp"
)

// pairs are mechanisms of both sides that fit each other.
func pairs(t testing.TB) map[string][2]zmtp.Security {
	server, client := newKeys(t), newKeys(t)
	return map[string][2]zmtp.Security{
		"NULL":  {nil, nil},
		"PLAIN": {zmtp.Plain(onlyAda), zmtp.PlainClient("ada", "secret")},
		"CURVE": {zmtp.Curve(server, onlyKey(client.Public)), zmtp.CurveClient(client, server.Public)},
	}
}

func TestMechanisms(t *testing.T) {
	for name, pair := range pairs(t) {
		t.Run(name, func(t *testing.T) {
			c := zmtp.Config{Security: pair[0], Heartbeat: 10 * time.Millisecond, PeerTimeout: 3 * time.Second}
			r := router(t, c, echo)
			c.Endpoint, c.Security = r.Addr(), pair[1]
			d := dial(t, c)
			for i := range 200 {
				ask(t, d, "head", strings.Repeat("x", i*i*7), "")
			}
			if p := d.Peer(); p.SocketType() != "ROUTER" {
				t.Errorf("connected to a %q", p.SocketType())
			}
		})
	}
}

func TestRefusals(t *testing.T) {
	server, client, stranger := newKeys(t), newKeys(t), newKeys(t)
	curve := zmtp.Curve(server, onlyKey(client.Public))
	for _, c := range []struct {
		name           string
		server, client zmtp.Security
		want           error // that the client is told
		denied         int64
	}{
		{"a wrong password", zmtp.Plain(onlyAda), zmtp.PlainClient("ada", "guess"), zmtp.ErrRefused, 1},
		{"no password", zmtp.Plain(onlyAda), zmtp.PlainClient("ada", ""), zmtp.ErrRefused, 1},
		{"a long user", zmtp.Plain(onlyAda), zmtp.PlainClient(strings.Repeat("a", 256), ""), zmtp.ErrTooLong, 0},
		{"a key that is not allowed", curve, zmtp.CurveClient(stranger, server.Public), zmtp.ErrRefused, 1},
		{"another server", curve, zmtp.CurveClient(client, stranger.Public), zmtp.ErrHandshake, 0},
		{"somebody else's key", curve, zmtp.CurveClient(zmtp.KeyPair{Public: client.Public, Secret: stranger.Secret}, server.Public), zmtp.ErrHandshake, 0},
		{"another mechanism", curve, nil, zmtp.ErrHandshake, 0},
	} {
		t.Run(c.name, func(t *testing.T) {
			r := router(t, zmtp.Config{Security: c.server}, echo)
			_, err := zmtp.Dial(within(t), zmtp.Config{Endpoint: r.Addr(), Security: c.client})
			if !errors.Is(err, c.want) {
				t.Errorf("%v, want %v", err, c.want)
			}
			eventually(t, "the handshake has failed", func() bool { return r.Stats().Failed == 1 })
			if n := r.Stats().Denied; n != c.denied {
				t.Errorf("%d denied", n)
			}
		})
	}
}

// TestRefusalIsTold in the words of the standard.
func TestRefusalIsTold(t *testing.T) {
	w := connect(t, router(t, zmtp.Config{Security: zmtp.Plain(onlyAda)}, echo).Addr())
	w.say(greeting(1, "PLAIN"), command("HELLO", "\x03ada\x05guess"))
	w.hearBytes(64)
	if flags, body := w.hear(); flags != 4 || body != "\x05ERROR\x03400" {
		t.Errorf("%x %q", flags, body)
	}
	w.ended()
}

// TestSlowCheck has a check of passwords end with the time for the handshake.
func TestSlowCheck(t *testing.T) {
	slow := func(ctx context.Context, _, _ string) (any, error) {
		<-ctx.Done()
		return nil, ctx.Err()
	}
	r := router(t, zmtp.Config{Security: zmtp.Plain(slow), HandshakeTimeout: 100 * time.Millisecond}, echo)
	if _, err := zmtp.Dial(within(t), zmtp.Config{Endpoint: r.Addr(), Security: zmtp.PlainClient("ada", "secret")}); err == nil {
		t.Error("greeted")
	}
}

// TestPanickingCheck costs one handshake.
func TestPanickingCheck(t *testing.T) {
	check := func(context.Context, string, string) (any, error) { panic("as was wished") }
	r := router(t, zmtp.Config{Security: zmtp.Plain(check)}, echo)
	if _, err := zmtp.Dial(within(t), zmtp.Config{Endpoint: r.Addr(), Security: zmtp.PlainClient("ada", "secret")}); err == nil {
		t.Error("greeted")
	}
	eventually(t, "it is counted", func() bool { s := r.Stats(); return s.Panics == 1 && s.Failed == 1 })
}

// middle passes on what a client sends, after the handshake as tamper likes.
func middle(t *testing.T, endpoint string, tamper func(sealed []byte) []byte) (through string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		client, err := l.Accept()
		if err != nil {
			return
		}
		defer client.Close()
		server, err := net.Dial("tcp", host(endpoint))
		if err != nil {
			return
		}
		defer server.Close()
		go func() {
			_, _ = io.Copy(client, server)
			client.Close()
		}()
		pass(client, server, tamper)
	}()
	return "tcp://" + l.Addr().String()
}

func pass(client io.Reader, server io.Writer, tamper func([]byte) []byte) {
	b := make([]byte, 1<<16)
	for {
		n, err := client.Read(b)
		if err != nil {
			return
		}
		out := b[:n]
		if n > 10 && strings.HasPrefix(string(out[2:]), "\x07MESSAGE") {
			out = tamper(append([]byte(nil), out...))
		}
		if _, err = server.Write(out); err != nil {
			return
		}
	}
}

// TestTampering has somebody between client and server of CURVE change a bit, or
// say again what was said.
func TestTampering(t *testing.T) {
	pair := pairs(t)["CURVE"]
	for name, tamper := range map[string]func([]byte) []byte{
		"a bit": func(b []byte) []byte { b[len(b)-1] ^= 1; return b },
		"again": func(b []byte) []byte { return append(b, b...) },
		"name":  func(b []byte) []byte { b[3] = 'm'; return b },
		"empty": func([]byte) []byte { return []byte{0, 0} },
	} {
		t.Run(name, func(t *testing.T) {
			var got atomic.Int32
			c, reasons := gone(zmtp.Config{Security: pair[0]})
			r := router(t, c, func(context.Context, *zmtp.Peer, *zmtp.Message) { got.Add(1) })
			d := dial(t, zmtp.Config{Endpoint: middle(t, r.Addr(), tamper), Security: pair[1]})
			if err := d.Send(within(t), texts("pay ten")...); err != nil {
				t.Fatal(err)
			}
			wantReason(t, reasons, zmtp.ErrProtocol)
			if n := got.Load(); n > 1 || n == 1 && name != "again" {
				t.Errorf("%d were handled", n)
			}
		})
	}
}

// TestFailingLoop has handshakes fail by the hundred and leave nothing.
func TestFailingLoop(t *testing.T) {
	server, stranger := newKeys(t), newKeys(t)
	r := router(t, zmtp.Config{Security: zmtp.Curve(server, onlyKey(server.Public))}, echo)
	knock := func(times int) {
		for range times {
			_, err := zmtp.Dial(within(t), zmtp.Config{Endpoint: r.Addr(), Security: zmtp.CurveClient(stranger, server.Public)})
			if !errors.Is(err, zmtp.ErrRefused) {
				t.Fatal(err)
			}
		}
	}
	knock(20)
	before := heap()
	knock(200)
	eventually(t, "all have gone", func() bool { return r.Stats().Peers == 0 })
	if grown := int64(heap()) - int64(before); grown > 1<<20 {
		t.Errorf("%d kB more are in use", grown>>10)
	}
}
