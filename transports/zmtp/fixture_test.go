package zmtp_test

import (
	"context"
	"net"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stackforge/marconi/transports/zmtp"
)

// patience is how long something may take that must come.
const patience = 20 * time.Second

// loopback takes a free port.
const loopback = "tcp://127.0.0.1:0"

func withEndpoint(c zmtp.Config) zmtp.Config {
	if c.Endpoint == "" {
		c.Endpoint = loopback
	}
	return c
}

// serving runs serve until the test ends, or stop is called, and wants no error.
func serving(t testing.TB, serve func(context.Context) error) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- serve(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		select {
		case err := <-ended:
			if err != nil {
				t.Errorf("Serve: %v", err)
			}
		case <-time.After(patience):
			t.Error("Serve does not end")
		}
	})
	t.Cleanup(stop)
	return stop
}

// router serves with handle.
func router(t testing.TB, c zmtp.Config, handle func(context.Context, *zmtp.Peer, *zmtp.Message)) *zmtp.Router {
	t.Helper()
	r, err := zmtp.ListenRouter(withEndpoint(c))
	if err != nil {
		t.Fatal(err)
	}
	serving(t, func(ctx context.Context) error { return r.Serve(ctx, handle) })
	return r
}

// echo answers with what it was sent.
func echo(_ context.Context, p *zmtp.Peer, m *zmtp.Message) {
	_ = p.Send(m.Parts...)
	m.Release()
}

func pull(t testing.TB, c zmtp.Config, handle func(context.Context, *zmtp.Peer, []*zmtp.Message)) *zmtp.Pull {
	t.Helper()
	l, err := zmtp.ListenPull(withEndpoint(c))
	if err != nil {
		t.Fatal(err)
	}
	serving(t, func(ctx context.Context) error { return l.Serve(ctx, handle) })
	return l
}

func pub(t testing.TB, c zmtp.Config, a zmtp.Audience) *zmtp.Pub {
	t.Helper()
	l, err := zmtp.ListenPub(withEndpoint(c), a)
	if err != nil {
		t.Fatal(err)
	}
	serving(t, l.Serve)
	return l
}

// dial connects a DEALER that is closed with the test.
func dial(t testing.TB, c zmtp.Config) *zmtp.Dealer {
	t.Helper()
	d, err := zmtp.Dial(within(t), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.Close(cancelled()) })
	return d
}

// within is a context that lasts as long as things may take.
func within(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	t.Cleanup(cancel)
	return ctx
}

func cancelled() context.Context {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	return ctx
}

// texts are parts.
func texts(parts ...string) (b [][]byte) {
	for _, part := range parts {
		b = append(b, []byte(part))
	}
	return b
}

// shown is a message for comparing.
func shown(parts [][]byte) string {
	var s []string
	for _, part := range parts {
		s = append(s, string(part))
	}
	return strings.Join(s, "|")
}

// ask sends a message and wants the same back.
func ask(t testing.TB, d *zmtp.Dealer, parts ...string) {
	t.Helper()
	ctx := within(t)
	if err := d.Send(ctx, texts(parts...)...); err != nil {
		t.Fatal(err)
	}
	m, err := d.Receive(ctx)
	if err != nil {
		t.Fatal(err)
	}
	if got, want := shown(m.Parts), strings.Join(parts, "|"); got != want {
		t.Fatalf("got %.80q, want %.80q", got, want)
	}
}

// eventually waits until something holds.
func eventually(t testing.TB, what string, holds func() bool) {
	t.Helper()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for until := time.Now().Add(patience); !holds(); <-tick.C {
		if time.Now().After(until) {
			t.Fatalf("in vain: %s", what)
		}
	}
}

// host is what package net dials of an endpoint.
func host(endpoint string) string { return strings.TrimPrefix(endpoint, "tcp://") }

// socketDir is a folder with a path short enough for a socket.
func socketDir(t testing.TB) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "zmtp")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(dir) })
	return dir
}

// abandonSocket leaves a socket there that nobody listens at, as a kill does.
func abandonSocket(t testing.TB, path string) {
	t.Helper()
	l, err := net.ListenUnix("unix", &net.UnixAddr{Name: path, Net: "unix"})
	if err != nil {
		t.Fatal(err)
	}
	l.SetUnlinkOnClose(false)
	l.Close()
}
