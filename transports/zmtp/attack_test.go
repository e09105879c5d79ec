package zmtp_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stackforge/marconi/transports/zmtp"
)

// gone collects the reasons why peers have ended.
func gone(c zmtp.Config) (zmtp.Config, <-chan error) {
	reasons := make(chan error, 100)
	c.Gone = func(_ *zmtp.Peer, err error) { reasons <- err }
	return c, reasons
}

// wantReason wants the next peer that ends to end for want.
func wantReason(t *testing.T, reasons <-chan error, want error) {
	t.Helper()
	select {
	case err := <-reasons:
		if !errors.Is(err, want) {
			t.Errorf("the peer has ended for %v, want %v", err, want)
		}
	case <-time.After(patience):
		t.Errorf("the peer has not ended for %v", want)
	}
}

// TestHostileFrames has each of them cut its sender off, and nobody else.
func TestHostileFrames(t *testing.T) {
	limits := zmtp.Config{MaxFrame: 1000, MaxMessage: 2000, MaxParts: 4, MaxTopic: 20}
	limits, reasons := gone(limits)
	r := router(t, limits, echo)
	other := dial(t, zmtp.Config{Endpoint: r.Addr()})
	for _, c := range []struct {
		name string
		say  []byte
		want error
	}{
		{"2^62", long(0, 1<<62), zmtp.ErrTooLong},
		{"2^49", long(0, 1<<49), zmtp.ErrTooLong},
		{"2^64-1", long(1, 1<<64-1), zmtp.ErrTooLong},
		{"8 GiB", long(0, 8<<30), zmtp.ErrTooLong},
		{"64 GiB", long(4, 64<<30), zmtp.ErrTooLong},
		{"a byte over the limit of a frame", long(0, 1001), zmtp.ErrTooLong},
		{"a byte over the limit of a message", slicesOf(frame(1, strings.Repeat("x", 1000)), frame(1, strings.Repeat("x", 1000)), frame(0, "x")), zmtp.ErrTooLong},
		{"a part over the limit", slicesOf(frame(1, ""), frame(1, ""), frame(1, ""), frame(1, ""), frame(0, "")), zmtp.ErrTooLong},
		{"parts without end", []byte(strings.Repeat("\x01\x00", 1000)), zmtp.ErrTooLong},
		{"unknown flags", frame(8, "x"), zmtp.ErrProtocol},
		{"a command with more to come", frame(5, "\x04PING\x00\x00"), zmtp.ErrProtocol},
		{"an empty command", frame(4, ""), zmtp.ErrProtocol},
		{"a command without a name", frame(4, "\x00"), zmtp.ErrProtocol},
		{"a command's name longer than it", frame(4, "\x10PING"), zmtp.ErrProtocol},
		{"a long command", command("HUGO", strings.Repeat("x", 100)), zmtp.ErrTooLong},
		{"a PING without a TTL", command("PING", "\x00"), zmtp.ErrProtocol},
		{"a PING with a long context", command("PING", "\x00\x00"+strings.Repeat("c", 17)), zmtp.ErrProtocol},
		{"ERROR", command("ERROR", "\x03400"), zmtp.ErrRefused},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := greeted(t, r.Addr(), 1, "DEALER", "")
			_, _ = w.Write(c.say)
			w.ended()
			wantReason(t, reasons, c.want)
		})
	}
	ask(t, other, "still", "here")
	if s := r.Stats(); s.Panics != 0 || s.Cut != 18 {
		t.Errorf("%+v", s)
	}
}

// TestLimitsAreNamed has the reason tell which limit it was.
func TestLimitsAreNamed(t *testing.T) {
	c, reasons := gone(zmtp.Config{MaxFrame: 1000, MaxMessage: 1500, MaxParts: 2, MaxTopic: 20})
	r := router(t, c, echo)
	for says, bytes := range map[string][]byte{
		"a frame has at most 1000 bytes":   long(0, 1001),
		"a message has at most 1500 bytes": slicesOf(frame(1, strings.Repeat("x", 1000)), frame(0, strings.Repeat("x", 501))),
		"a message has at most 2 parts":    slicesOf(frame(1, ""), frame(1, ""), frame(0, "")),
		"a command has at most":            command("HUGO", strings.Repeat("x", 100)),
	} {
		w := greeted(t, r.Addr(), 1, "DEALER", "")
		_, _ = w.Write(bytes)
		w.ended()
		if err := <-reasons; !errors.Is(err, zmtp.ErrTooLong) || !strings.Contains(err.Error(), says) {
			t.Errorf("%v, want %q", err, says)
		}
	}
	var many []byte
	for i := range 40 {
		many = zmtp.AppendProperty(many, fmt.Sprintf("X-%d", i), "")
	}
	if _, err := zmtp.ParseMetadata(many); !errors.Is(err, zmtp.ErrTooLong) || !strings.Contains(err.Error(), "properties") {
		t.Errorf("much metadata: %v", err)
	}
}

func slicesOf(frames ...[]byte) (b []byte) {
	for _, f := range frames {
		b = append(b, f...)
	}
	return b
}

func TestLimitsAreAllowed(t *testing.T) {
	r := router(t, zmtp.Config{MaxFrame: 1000, MaxMessage: 2000, MaxParts: 4}, echo)
	d := dial(t, zmtp.Config{Endpoint: r.Addr()})
	ask(t, d, strings.Repeat("x", 1000), "", strings.Repeat("y", 1000), "")
}

// TestAnnouncedMemory has peers announce much and send nothing of it.
func TestAnnouncedMemory(t *testing.T) {
	r := router(t, zmtp.Config{MaxFrame: 1 << 30, MaxMessage: 1 << 30}, echo)
	before := heap()
	for range 20 {
		greeted(t, r.Addr(), 1, "DEALER", "").say(long(0, 1<<30), []byte("x"))
	}
	ask(t, dial(t, zmtp.Config{Endpoint: r.Addr()}), "there is memory left")
	if grown := int64(heap()) - int64(before); grown > 50<<20 {
		t.Errorf("%d MiB for what was only announced", grown>>20)
	}
}

// TestOneIdentity has two peers claim the same: each gets its own answers.
func TestOneIdentity(t *testing.T) {
	r := router(t, zmtp.Config{}, echo)
	first := greeted(t, r.Addr(), 1, "DEALER", "same")
	second := greeted(t, r.Addr(), 1, "DEALER", "same")
	for range 100 {
		first.say(frame(0, "first"))
		second.say(frame(0, "second"))
		_, a := first.hear()
		_, b := second.hear()
		if a != "first" || b != "second" {
			t.Fatalf("first was told %q, second %q", a, b)
		}
	}
}

// TestReadsNothing has a peer ask and not listen. It is cut off; another is served.
func TestReadsNothing(t *testing.T) {
	for _, inFlight := range []int{1, 8} {
		t.Run(fmt.Sprint(inFlight), func(t *testing.T) {
			c, reasons := gone(zmtp.Config{WriteTimeout: 300 * time.Millisecond, InFlight: inFlight, Mailbox: 4 << 20})
			r := router(t, c, func(_ context.Context, p *zmtp.Peer, m *zmtp.Message) {
				_ = p.Send(m.Parts...) // it is full at some time
			})
			other := dial(t, zmtp.Config{Endpoint: r.Addr()})
			deaf := greeted(t, r.Addr(), 1, "DEALER", "")
			body := frame(0, strings.Repeat("x", 100_000))
			for i := 0; ; i++ {
				if _, err := deaf.Write(body); err != nil {
					break
				}
				if i%50 == 0 {
					ask(t, other, "and I?")
				}
			}
			wantReason(t, reasons, zmtp.ErrStalled)
			ask(t, other, "thank you")
		})
	}
}

// TestHandlerCutsTheFull is a handler that does not wait for the timeout.
func TestHandlerCutsTheFull(t *testing.T) {
	c, reasons := gone(zmtp.Config{Mailbox: 1 << 20})
	r := router(t, c, func(_ context.Context, p *zmtp.Peer, m *zmtp.Message) {
		if err := p.Send(m.Parts...); err != nil {
			p.Cut(err)
		}
	})
	deaf := greeted(t, r.Addr(), 1, "DEALER", "")
	for body := frame(0, strings.Repeat("x", 100_000)); ; {
		if _, err := deaf.Write(body); err != nil {
			break
		}
	}
	wantReason(t, reasons, zmtp.ErrFull)
}

func TestSlowMessage(t *testing.T) {
	c, reasons := gone(zmtp.Config{MessageTimeout: 200 * time.Millisecond})
	r := router(t, c, echo)
	idle := greeted(t, r.Addr(), 1, "DEALER", "")
	slow := greeted(t, r.Addr(), 1, "DEALER", "")
	slow.say(frame(1, "head"), long(0, 10_000))
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		if _, err := slow.Write([]byte("x")); err != nil {
			break
		}
	}
	wantReason(t, reasons, zmtp.ErrSilent)
	idle.say(frame(0, "between messages there is time"))
	idle.hear()
}

// TestPingFlood has a peer ask for more answers than it reads.
func TestPingFlood(t *testing.T) {
	c, reasons := gone(zmtp.Config{WriteTimeout: 200 * time.Millisecond, Mailbox: 64 << 10})
	r := router(t, c, echo)
	w := greeted(t, r.Addr(), 1, "DEALER", "")
	flood := []byte(strings.Repeat(string(command("PING", "\x00\x00abcdefghijklmnop")), 1000))
	for {
		if _, err := w.Write(flood); err != nil {
			break
		}
	}
	wantReason(t, reasons, zmtp.ErrStalled)
}

func TestUnknownCommandsAreIgnored(t *testing.T) {
	r := router(t, zmtp.Config{}, echo)
	w := greeted(t, r.Addr(), 1, "DEALER", "")
	w.say(command("HUGO", "x"), frame(1, "head"), command("SUBSCRIBE", "x"), command("PONG", ""), frame(0, "body"))
	if flags, head := w.hear(); flags != 1 || head != "head" {
		t.Errorf("%x %q", flags, head)
	}
	if flags, body := w.hear(); flags != 0 || body != "body" {
		t.Errorf("%x %q", flags, body)
	}
}

func TestPanics(t *testing.T) {
	for _, inFlight := range []int{1, 8} {
		c, reasons := gone(zmtp.Config{InFlight: inFlight})
		r := router(t, c, func(ctx context.Context, p *zmtp.Peer, m *zmtp.Message) {
			if string(m.Parts[0]) == "panic" {
				panic("as was wished")
			}
			echo(ctx, p, m)
		})
		other := dial(t, zmtp.Config{Endpoint: r.Addr()})
		w := greeted(t, r.Addr(), 1, "DEALER", "")
		w.say(frame(0, "panic"))
		w.ended()
		wantReason(t, reasons, zmtp.ErrPanic)
		ask(t, other, "nothing has happened to me")
		if n := r.Stats().Panics; n != 1 {
			t.Errorf("%d panics counted", n)
		}
	}
}

func TestCaps(t *testing.T) {
	r := router(t, zmtp.Config{MaxPeers: 3, MaxPeersPerAddr: 2}, echo)
	first := greeted(t, r.Addr(), 1, "DEALER", "")
	greeted(t, r.Addr(), 1, "DEALER", "")
	connect(t, r.Addr()).ended()
	if s := r.Stats(); s.Peers != 2 || s.Refused != 1 || s.Accepted != 3 {
		t.Errorf("%+v", s)
	}
	first.Close()
	eventually(t, "it is counted out", func() bool { return r.Stats().Peers == 1 })
	greeted(t, r.Addr(), 1, "DEALER", "")

	all := router(t, zmtp.Config{MaxPeers: 1, MaxPeersPerAddr: 2}, echo)
	greeted(t, all.Addr(), 1, "DEALER", "")
	connect(t, all.Addr()).ended()
	if s := all.Stats(); s.Peers != 1 || s.Refused != 1 {
		t.Errorf("%+v", s)
	}
}
