package zmtp_test

import (
	"context"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stackforge/marconi/transports/zmtp"
)

// TestPush wants all that is pushed, in the order of each peer, in batches that are
// bounded.
func TestPush(t *testing.T) {
	var mu sync.Mutex
	next := make(map[uint64]int)
	largest, total := 0, 0
	l := pull(t, zmtp.Config{Batch: 10}, func(_ context.Context, p *zmtp.Peer, batch []*zmtp.Message) {
		mu.Lock()
		defer mu.Unlock()
		largest = max(largest, len(batch))
		for _, m := range batch {
			if want := fmt.Sprint(next[p.ID()]); string(m.Parts[0]) != want {
				t.Errorf("%s instead of %s", m.Parts[0], want)
			}
			next[p.ID()]++
			total++
			m.Release()
		}
	})
	for range 3 {
		w := greeted(t, l.Addr(), 1, "PUSH", "")
		for i := 0; i < 5000; i += 100 {
			var b []byte
			for j := i; j < i+100; j++ {
				b = append(b, slicesOf(frame(1, fmt.Sprint(j)), frame(0, strings.Repeat("x", j%500)))...)
			}
			w.say(b)
		}
	}
	eventually(t, "all have come", func() bool {
		mu.Lock()
		defer mu.Unlock()
		return total == 15_000
	})
	if largest != 10 {
		t.Errorf("batches of %d, want 10", largest)
	}
}

// TestPullWaitsForNoBatch has half a message follow a whole one.
func TestPullWaitsForNoBatch(t *testing.T) {
	got := make(chan string, 10)
	l := pull(t, zmtp.Config{}, func(_ context.Context, _ *zmtp.Peer, batch []*zmtp.Message) {
		for _, m := range batch {
			got <- shown(m.Parts)
		}
	})
	next := func() string {
		select {
		case m := <-got:
			return m
		case <-time.After(patience):
			return "nothing"
		}
	}
	w := greeted(t, l.Addr(), 1, "PUSH", "")
	w.say(slicesOf(frame(0, "whole"), frame(1, "half"), []byte("\x00\x10rest")))
	if m := next(); m != "whole" {
		t.Errorf("%q", m)
	}
	w.say([]byte(" is to come."), command("PING", "\x00\x00"), slicesOf(frame(0, "last"), []byte(strings.Repeat("\x01\x00", 64)), frame(0, "")))
	if m := next(); m != "half|rest is to come." {
		t.Errorf("%q", m)
	}
	if m := next(); m != "last" { // also before an end
		t.Errorf("%q", m)
	}
}

// TestNotReadingIsFlowControl has a handler wait: the pusher must, too.
func TestNotReadingIsFlowControl(t *testing.T) {
	finish := make(chan struct{})
	var taken atomic.Int64
	l := pull(t, zmtp.Config{}, func(_ context.Context, _ *zmtp.Peer, batch []*zmtp.Message) {
		taken.Add(int64(len(batch)))
		<-finish
	})
	w := greeted(t, l.Addr(), 1, "PUSH", "")
	body := frame(0, strings.Repeat("x", 100_000))
	sent, n := int64(0), 0
	for err := error(nil); err == nil; sent++ {
		_ = w.SetWriteDeadline(time.Now().Add(300 * time.Millisecond))
		n, err = w.Write(body)
	}
	if taken.Load() != 1 {
		t.Errorf("%d were taken while the first was handled", taken.Load())
	}
	close(finish)
	_ = w.SetWriteDeadline(time.Now().Add(patience))
	w.say(body[n:])
	eventually(t, "all have come", func() bool { return taken.Load() == sent })
}

func TestPullPanics(t *testing.T) {
	c, reasons := gone(zmtp.Config{})
	l := pull(t, c, func(context.Context, *zmtp.Peer, []*zmtp.Message) { panic("as was wished") })
	greeted(t, l.Addr(), 1, "PUSH", "").say(frame(0, "x"))
	wantReason(t, reasons, zmtp.ErrPanic)
}

func TestPullGreetsNoSubscriber(t *testing.T) {
	l := pull(t, zmtp.Config{}, func(context.Context, *zmtp.Peer, []*zmtp.Message) {})
	w := connect(t, l.Addr())
	w.say(greeting(1, "NULL"), command("READY", property("Socket-Type", "SUB")))
	w.ended()
	eventually(t, "it has failed", func() bool { return l.Stats().Failed == 1 })
}
