package zmtp_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stackforge/marconi/transports/zmtp"
)

// TestDealerWaitsForRoom has a router read slowly: nothing is lost.
func TestDealerWaitsForRoom(t *testing.T) {
	var taken atomic.Int64
	finish := make(chan struct{})
	r := router(t, zmtp.Config{InFlight: 1}, func(_ context.Context, _ *zmtp.Peer, m *zmtp.Message) {
		if taken.Add(1) == 1 {
			<-finish
		}
		m.Release()
	})
	d := dial(t, zmtp.Config{Endpoint: r.Addr(), Mailbox: 300_000})
	body := make([]byte, 100_000)
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	sent := int64(0)
	var err error
	for ; err == nil; err = d.Send(ctx, body) {
		sent++
	}
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Fatal(err)
	}
	close(finish)
	if err = d.Send(within(t), body); err != nil {
		t.Fatal(err)
	}
	eventually(t, "all have come", func() bool { return taken.Load() == sent })
}

// TestDealerKeepsWhatCame has a router send and end at once.
func TestDealerKeepsWhatCame(t *testing.T) {
	r := router(t, zmtp.Config{}, func(_ context.Context, p *zmtp.Peer, m *zmtp.Message) {
		for i := range 5 {
			_ = p.Send(fmt.Append(nil, i))
		}
		_ = p.Send(m.Parts...)
	})
	d := dial(t, zmtp.Config{Endpoint: r.Addr(), InFlight: 10})
	if err := d.Send(within(t), texts("go")...); err != nil {
		t.Fatal(err)
	}
	if _, err := d.Receive(cancelled()); !errors.Is(err, context.Canceled) {
		t.Errorf("waited in vain: %v", err)
	}
	first, err := d.Receive(within(t))
	if err != nil || shown(first.Parts) != "0" {
		t.Fatal(first, err)
	}
	eventually(t, "the rest has come", func() bool { return d.Waiting() == 5 })
	if err = d.Close(within(t)); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"1", "2", "3", "4", "go"} {
		if m, err := d.Receive(within(t)); err != nil || shown(m.Parts) != want {
			t.Errorf("%v %v, want %s", m, err, want)
		}
	}
	if _, err = d.Receive(within(t)); !errors.Is(err, zmtp.ErrStopped) {
		t.Errorf("%v", err)
	}
}

func TestDealerClose(t *testing.T) {
	var taken atomic.Int64
	r := router(t, zmtp.Config{}, func(_ context.Context, _ *zmtp.Peer, m *zmtp.Message) { taken.Add(int64(m.Size())) })
	d, err := zmtp.Dial(within(t), zmtp.Config{Endpoint: r.Addr()})
	if err != nil {
		t.Fatal(err)
	}
	for range 30 {
		if err = d.Send(within(t), make([]byte, 100_000)); err != nil {
			t.Fatal(err)
		}
	}
	if err = d.Close(within(t)); err != nil {
		t.Error(err)
	}
	if err = d.Send(within(t), texts("late")...); !errors.Is(err, zmtp.ErrStopped) {
		t.Errorf("sent after the end: %v", err)
	}
	if _, err = d.Receive(within(t)); !errors.Is(err, zmtp.ErrStopped) {
		t.Errorf("received after the end: %v", err)
	}
	eventually(t, "what was sent before has come", func() bool { return taken.Load() == 3_000_000 })
	if err = d.Close(within(t)); err != nil {
		t.Errorf("closed twice: %v", err)
	}
}

func TestDealerCloseIsBounded(t *testing.T) {
	d, err := zmtp.Dial(within(t), zmtp.Config{Endpoint: deafRouter(t), WriteTimeout: time.Hour, Mailbox: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	for range 50 {
		if err = d.Send(within(t), make([]byte, 1_000_000)); err != nil {
			t.Fatal(err)
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	if err = d.Close(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}

func TestDealerHearsOfTheEnd(t *testing.T) {
	peers := make(chan *zmtp.Peer, 1)
	r := router(t, zmtp.Config{Connected: func(p *zmtp.Peer) { peers <- p }}, echo)
	d := dial(t, zmtp.Config{Endpoint: r.Addr()})
	(<-peers).Cut(errors.New("enough"))
	if _, err := d.Receive(within(t)); !errors.Is(err, zmtp.ErrGone) {
		t.Errorf("%v", err)
	}
	if err := d.Send(within(t), texts("anybody?")...); !errors.Is(err, zmtp.ErrGone) {
		t.Errorf("%v", err)
	}
}

func TestDialFails(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	silent := silentListener(t)
	for name, c := range map[string]zmtp.Config{
		"nobody there":   {Endpoint: "tcp://127.0.0.1:1"},
		"no endpoint":    {Endpoint: "127.0.0.1"},
		"no greeting":    {Endpoint: silent, HandshakeTimeout: 30 * time.Millisecond},
		"time is up":     {Endpoint: silent},
		"a path too far": {Endpoint: "ipc:///nowhere/" + strings.Repeat("x", 10)},
	} {
		if d, err := zmtp.Dial(ctx, c); err == nil {
			t.Errorf("%s: connected to %v", name, d.Peer().RemoteAddr())
		}
	}
}
