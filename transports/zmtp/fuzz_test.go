package zmtp_test

import (
	"context"
	"errors"
	"io"
	"net"
	"reflect"
	"slices"
	"testing"
	"time"

	"github.com/stackforge/marconi/transports/zmtp"
)

// FuzzGreeting has a peer say anything in place of a handshake: it must not take
// longer than it may, panic, or be greeted without its due.
func FuzzGreeting(f *testing.F) {
	ready := command("READY", property("Socket-Type", "DEALER")+property("Identity", "me"))
	f.Add(uint8(0), append(greeting(1, "NULL"), ready...))
	f.Add(uint8(0), append(greeting(0, "NULL"), long(4, 1<<62)...))
	f.Add(uint8(1), slicesOf(greeting(1, "PLAIN"), command("HELLO", "\x03ada\x06secret"), command("INITIATE", property("Socket-Type", "REQ"))))
	f.Add(uint8(1), slicesOf(greeting(1, "PLAIN"), command("HELLO", "\x03ada\x05wrong"), ready))
	f.Add(uint8(2), slicesOf(greeting(1, "CURVE"), command("HELLO", "\x01\x00"+string(make([]byte, 192))), ready))
	keys := newKeys(f)
	f.Fuzz(func(t *testing.T, kind uint8, said []byte) {
		c := zmtp.Config{HandshakeTimeout: time.Second, MaxMetadata: 1000}
		switch kind % 3 {
		case 1:
			c.Security = zmtp.Plain(onlyAda)
		case 2:
			c.Security = zmtp.Curve(keys, func(context.Context, zmtp.Key) (any, error) { return nil, nil })
		}
		us, them := net.Pipe()
		heard := make(chan struct{})
		go func() {
			defer close(heard)
			_, _ = io.Copy(io.Discard, them)
		}()
		go func() {
			_, _ = them.Write(said)
			them.Close()
		}()
		p, err := zmtp.Greet(us, c)
		us.Close()
		<-heard
		if err == nil {
			mustHaveMerit(t, p, kind%3)
		} else if errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("it has taken too long: %v", err)
		}
	})
}

func mustHaveMerit(t *testing.T, p *zmtp.Peer, kind uint8) {
	t.Helper()
	switch {
	case !slices.Contains([]string{"DEALER", "REQ", "ROUTER"}, p.SocketType()):
		t.Errorf("a %q was greeted by a ROUTER", p.SocketType())
	case kind == 1 && p.Credentials() != "project of ada":
		t.Errorf("greeted as %v", p.Credentials())
	case kind == 2:
		t.Error("greeted without the keys")
	}
}

// FuzzMetadata has properties be refused, or be what they say in any notation.
func FuzzMetadata(f *testing.F) {
	f.Add([]byte(property("Socket-Type", "DEALER")))
	f.Add([]byte(property("socket-TYPE", "SUB") + property("Identity", "") + property("X-a", "\x00")))
	f.Add([]byte("\x0bSocket-Type\x00\x00\x00\x06DEAL"))
	f.Add([]byte("\x0bSocket-Type\xff\xff\xff\xff"))
	f.Fuzz(func(t *testing.T, b []byte) {
		m, err := zmtp.ParseMetadata(b)
		if err != nil {
			return
		}
		var again []byte
		for name, value := range m {
			again = zmtp.AppendProperty(again, name, value)
		}
		if len(again) != len(b) {
			t.Fatalf("%d bytes have become %d", len(b), len(again))
		}
		if m2, err := zmtp.ParseMetadata(again); err != nil || !reflect.DeepEqual(m, m2) {
			t.Errorf("%v has become %v, %v", m, m2, err)
		}
	})
}

// FuzzFrames has a peer send anything, sealed or not: what is read keeps within the
// limits, and what was promised to be whole was.
func FuzzFrames(f *testing.F) {
	key := [32]byte{1, 2, 3}
	f.Add(false, slicesOf(frame(1, "head"), command("PING", "\x00\x00"), frame(0, "body")))
	f.Add(false, long(0, 1<<62))
	f.Add(false, long(0, 150))
	f.Add(false, slicesOf(frame(1, ""), frame(1, ""), frame(1, ""), frame(1, ""), frame(0, "")))
	sealed, err := zmtp.Frames(&key, texts("head", "body"), texts(""))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(true, sealed)
	f.Fuzz(func(t *testing.T, seal bool, sent []byte) {
		var k *[32]byte
		if seal {
			k = &key
		}
		messages, promised, err := zmtp.Read(sent, zmtp.Config{MaxFrame: 200, MaxMessage: 300, MaxParts: 4}, k)
		if err == nil {
			t.Fatal("no end")
		}
		if !seal && len(sent) <= 4096 && promised != len(messages) {
			t.Errorf("of %d messages in one piece %d were known to be whole", len(messages), promised)
		}
		for _, parts := range messages {
			withinLimits(t, parts)
		}
	})
}

func withinLimits(t *testing.T, parts [][]byte) {
	t.Helper()
	size := 0
	for _, part := range parts {
		if size += len(part); len(part) > 200 {
			t.Errorf("a part of %d bytes", len(part))
		}
	}
	if size > 300 || len(parts) > 4 || len(parts) == 0 {
		t.Errorf("%d bytes in %d parts", size, len(parts))
	}
}

// FuzzParts has parts arrive as they were sent, sealed or not.
func FuzzParts(f *testing.F) {
	f.Add(false, []byte("head"), []byte("body"), 3)
	f.Add(true, []byte(""), make([]byte, 300), 1)
	f.Add(true, []byte{}, make([]byte, 255), 2)
	f.Fuzz(func(t *testing.T, seal bool, one, two []byte, times int) {
		var key *[32]byte
		if seal {
			key = &[32]byte{9}
		}
		var want [][][]byte
		for range times & 7 {
			want = append(want, [][]byte{one, two}, [][]byte{two}, [][]byte{{}, one, {}, {}, two, one})
		}
		sent, err := zmtp.Frames(key, want...)
		if err != nil {
			t.Fatal(err)
		}
		got, _, err := zmtp.Read(sent, zmtp.Config{}, key)
		if !errors.Is(err, zmtp.ErrGone) || !sameMessages(got, want) {
			t.Errorf("%d messages have become %d, %v", len(want), len(got), err)
		}
	})
}

func sameMessages(a, b [][][]byte) bool {
	return slices.EqualFunc(a, b, func(a, b [][]byte) bool {
		return slices.EqualFunc(a, b, slices.Equal[[]byte])
	})
}
