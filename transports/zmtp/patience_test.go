package zmtp_test

import (
	"context"
	"errors"
	"net"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackforge/marconi/transports/zmtp"
)

// withinMemory is where a router listens in a time of its own: no machine is too
// slow for it.
type withinMemory struct {
	conns  chan net.Conn
	closed chan struct{}
	once   sync.Once
}

func (l *withinMemory) Accept() (net.Conn, error) {
	select {
	case c := <-l.conns:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}

func (l *withinMemory) Close() error {
	l.once.Do(func() { close(l.closed) })
	return nil
}

func (l *withinMemory) Addr() net.Addr { return &net.UnixAddr{Name: "memory", Net: "unix"} }

// timed runs a test against a router that echoes, in a time that passes while all
// wait.
func timed(t *testing.T, c zmtp.Config, test func(t *testing.T, peer func(minor byte) wire, reasons <-chan error)) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		c, reasons := gone(c)
		l := &withinMemory{conns: make(chan net.Conn), closed: make(chan struct{})}
		r := zmtp.RouterAt(l, c)
		serving(t, func(ctx context.Context) error { return r.Serve(ctx, echo) })
		test(t, func(minor byte) wire { return l.greeted(t, minor) }, reasons)
	})
}

// greeted is a DEALER after the handshake.
func (l *withinMemory) greeted(t *testing.T, minor byte) wire {
	t.Helper()
	ours, theirs := net.Pipe()
	t.Cleanup(func() { ours.Close() })
	l.conns <- theirs
	w := wire{ours, t}
	go w.Write(append(greeting(minor, "NULL"), command("READY", property("Socket-Type", "DEALER"))...)) // both begin
	w.hearBytes(64)
	w.hear()
	return w
}

// after waits.
func after(d time.Duration) { <-time.After(d) }

// lasted wants to be cut off for silence after a while, and no later than it takes
// to notice.
func (w wire) lasted(reasons <-chan error, want time.Duration) {
	w.t.Helper()
	from := time.Now()
	w.ended()
	if took := time.Since(from); took < want || took > want*9/8 {
		w.t.Errorf("cut off after %v, want %v", took, want)
	}
	if err := <-reasons; !errors.Is(err, zmtp.ErrSilent) {
		w.t.Error(err)
	}
}

// TestSilentPeerIsAskedThenCut is a peer that takes part, until it does not.
func TestSilentPeerIsAskedThenCut(t *testing.T) {
	timed(t, zmtp.Config{Heartbeat: 30 * time.Second, PeerTimeout: time.Minute}, func(t *testing.T, peer func(byte) wire, reasons <-chan error) {
		w := peer(1)
		for range 15 { // which is longer than it may be silent
			if flags, body := w.hear(); flags != 4 || body != "\x04PING\x00\x00" {
				t.Fatalf("%x %q", flags, body)
			}
			w.say(command("PONG", ""))
		}
		w.lasted(reasons, time.Minute)
	})
}

// TestSilence has peers be silent for as long as they may be, by our limit or by the
// TTL of their own, once it is a while since they came and said something before.
func TestSilence(t *testing.T) {
	ping := command("PING", "\x00\x32") // 5 s
	for _, c := range []struct {
		name  string
		minor byte
		word  []byte
		want  time.Duration
	}{
		{"ours", 1, command("PONG", ""), 20 * time.Second},
		{"its own", 1, ping, 5 * time.Second},
		{"its own, of an old peer", 0, ping, 5 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			timed(t, zmtp.Config{Heartbeat: time.Hour, PeerTimeout: 20 * time.Second}, func(_ *testing.T, peer func(byte) wire, reasons <-chan error) {
				w := peer(c.minor)
				for range 3 {
					w.say(c.word)
					after(c.want / 10)
				}
				w.say(c.word)
				w.lasted(reasons, c.want)
			})
		})
	}
}

// TestMessageAfterMessage has every message end in the bytes that the next one begins
// in: each has its own time.
func TestMessageAfterMessage(t *testing.T) {
	timed(t, zmtp.Config{MessageTimeout: time.Minute, Heartbeat: time.Hour}, func(t *testing.T, peer func(byte) wire, reasons <-chan error) {
		w := peer(1)
		whole := frame(0, "a message")
		w.say(whole[:4])
		for range 20 {
			after(10 * time.Second)
			w.say(slicesOf(whole[4:], whole[:4]))
			if _, body := w.hear(); body != "a message" {
				t.Fatalf("%q", body)
			}
		}
		after(10 * time.Second) // and a command within counts for the message
		w.say(slicesOf(whole[4:], command("PING", "\x00\x00"), frame(1, "half")))
		w.hear()
		w.lasted(reasons, time.Minute)
	})
}

// TestAllWhoWaitHearOfTheEnd has several wait for room that never comes.
func TestAllWhoWaitHearOfTheEnd(t *testing.T) {
	peers := make(chan *zmtp.Peer, 1)
	c := zmtp.Config{Mailbox: 1000, Connected: func(p *zmtp.Peer) { peers <- p }}
	timed(t, c, func(t *testing.T, peer func(byte) wire, _ <-chan error) {
		peer(1) // which reads nothing
		p := <-peers
		if err := p.Send(make([]byte, 900)); err != nil {
			t.Fatal(err)
		}
		ctx := within(t)
		const senders = 3
		ended := make(chan error, senders)
		for range senders {
			go func() { ended <- p.Await(ctx, make([]byte, 900)) }()
		}
		synctest.Wait()
		p.Cut(zmtp.ErrStalled)
		for range senders {
			if err := <-ended; !errors.Is(err, zmtp.ErrStalled) {
				t.Error(err)
			}
		}
	})
}
