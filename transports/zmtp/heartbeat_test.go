package zmtp_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stackforge/marconi/transports/zmtp"
)

func TestPong(t *testing.T) {
	r := router(t, zmtp.Config{}, echo)
	w := greeted(t, r.Addr(), 1, "DEALER", "")
	w.say(command("PING", "\x00\x00"), command("PING", "\x01\x00sixteen bytes it"))
	for _, want := range []string{"\x04PONG", "\x04PONGsixteen bytes it"} {
		if flags, body := w.hear(); flags != 4 || body != want {
			t.Errorf("%x %q", flags, body)
		}
	}
}

// TestOldPeersAreLeftAlone: ZMTP 3.0 knows no PING, so its silence means nothing.
func TestOldPeersAreLeftAlone(t *testing.T) {
	r := router(t, zmtp.Config{Heartbeat: 20 * time.Millisecond, PeerTimeout: 60 * time.Millisecond}, echo)
	old := greeted(t, r.Addr(), 0, "DEALER", "")
	young := greeted(t, r.Addr(), 1, "DEALER", "")
	young.ended() // by then old was as silent
	old.say(frame(0, "good morning"))
	if _, body := old.hear(); body != "good morning" {
		t.Errorf("%q", body)
	}
}

// TestBusyHandlerIsNoSilence has a handler take longer than a peer may be silent.
func TestBusyHandlerIsNoSilence(t *testing.T) {
	finish := make(chan struct{})
	c := zmtp.Config{Heartbeat: 10 * time.Millisecond, PeerTimeout: 50 * time.Millisecond, InFlight: 1}
	r := router(t, c, func(ctx context.Context, p *zmtp.Peer, m *zmtp.Message) {
		<-finish
		echo(ctx, p, m)
	})
	w := greeted(t, r.Addr(), 1, "DEALER", "")
	w.say(frame(0, "this takes long"))
	for range 20 { // and all the time we are told that it is being worked at
		if flags, _ := w.hear(); flags != 4 {
			t.Fatalf("%x", flags)
		}
	}
	close(finish)
	for flags, body := w.hear(); ; flags, body = w.hear() {
		if flags == 0 {
			if body != "this takes long" {
				t.Errorf("%q", body)
			}
			return
		}
	}
}

// TestDealerHeartbeats has both sides say nothing for many heartbeats.
func TestDealerHeartbeats(t *testing.T) {
	c := zmtp.Config{Heartbeat: 20 * time.Millisecond, PeerTimeout: 2 * time.Second}
	r := router(t, c, echo)
	c.Endpoint = r.Addr()
	d := dial(t, c)
	timer := time.NewTimer(2500 * time.Millisecond)
	defer timer.Stop()
	select {
	case <-timer.C:
	case <-d.Peer().Context().Done():
		t.Fatal(context.Cause(d.Peer().Context()))
	}
	ask(t, d, "still there?")
}

// TestDealerGivesUp on a router that greets and is then silent.
func TestDealerGivesUp(t *testing.T) {
	d := dial(t, zmtp.Config{Endpoint: deafRouter(t), Heartbeat: 20 * time.Millisecond})
	if _, err := d.Receive(within(t)); !errors.Is(err, zmtp.ErrSilent) {
		t.Errorf("%v", err)
	}
	if err := d.Send(within(t), texts("hello?")...); !errors.Is(err, zmtp.ErrSilent) {
		t.Errorf("%v", err)
	}
}
