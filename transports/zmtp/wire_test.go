package zmtp_test

import (
	"encoding/binary"
	"io"
	"net"
	"testing"
	"time"
)

// wire is a connection on which a test says what it wants, byte by byte.
type wire struct {
	net.Conn
	t testing.TB
}

func connect(t testing.TB, endpoint string) wire {
	t.Helper()
	c, err := net.DialTimeout("tcp", host(endpoint), patience)
	if err != nil {
		t.Fatal(err)
	}
	_ = c.SetDeadline(time.Now().Add(patience))
	t.Cleanup(func() { c.Close() })
	return wire{c, t}
}

// greeting is that of ZMTP 3.minor.
func greeting(minor byte, mechanism string) []byte {
	g := make([]byte, 64)
	g[0], g[9], g[10], g[11] = 0xff, 0x7f, 3, minor
	copy(g[12:], mechanism)
	return g
}

func frame(flags byte, body string) []byte {
	if len(body) < 256 {
		return append([]byte{flags, byte(len(body))}, body...)
	}
	return append(long(flags, uint64(len(body))), body...)
}

// long is the header of a frame that says it is size bytes long.
func long(flags byte, size uint64) []byte {
	return binary.BigEndian.AppendUint64([]byte{flags | 2}, size)
}

func command(name, body string) []byte {
	return frame(4, string(rune(len(name)))+name+body)
}

func property(name, value string) string {
	size := binary.BigEndian.AppendUint32(nil, uint32(len(value)))
	return string(rune(len(name))) + name + string(size) + value
}

// say sends bytes.
func (w wire) say(b ...[]byte) {
	w.t.Helper()
	for _, b := range b {
		if _, err := w.Write(b); err != nil {
			w.t.Fatalf("not heard: %v", err)
		}
	}
}

// hear receives one frame.
func (w wire) hear() (flags byte, body string) {
	w.t.Helper()
	h := w.hearBytes(2)
	size := uint64(h[1])
	if h[0]&2 != 0 {
		size = binary.BigEndian.Uint64(append(h[1:], w.hearBytes(7)...))
	}
	return h[0], string(w.hearBytes(int(size)))
}

func (w wire) hearBytes(n int) []byte {
	w.t.Helper()
	b := make([]byte, n)
	if _, err := io.ReadFull(w, b); err != nil {
		w.t.Fatalf("nothing to hear: %v", err)
	}
	return b
}

// ended wants the other side to close, whatever it says before.
func (w wire) ended() {
	w.t.Helper()
	_, err := io.Copy(io.Discard, w)
	if e, ok := err.(net.Error); ok && e.Timeout() {
		w.t.Fatal("the connection is still open")
	}
}

// greeted is a connection after the handshake of NULL, as a socket of a type.
func greeted(t testing.TB, endpoint string, minor byte, kind, identity string) wire {
	t.Helper()
	w := connect(t, endpoint)
	w.say(greeting(minor, "NULL"), command("READY", property("Socket-Type", kind)+property("Identity", identity)))
	w.hearBytes(64)
	if flags, body := w.hear(); flags != 4 || len(body) < 6 || body[:6] != "\x05READY" {
		t.Fatalf("instead of READY: %x %q", flags, body)
	}
	return w
}

// deafRouter greets whoever connects, and neither says nor takes anything more.
func deafRouter(t testing.TB) (endpoint string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			t.Cleanup(func() { c.Close() })
			_, _ = c.Write(append(greeting(1, "NULL"), command("READY", property("Socket-Type", "ROUTER"))...))
		}
	}()
	return "tcp://" + l.Addr().String()
}

// silentListener accepts and says nothing.
func silentListener(t testing.TB) (endpoint string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	return "tcp://" + l.Addr().String()
}
