package zmtp_test

import (
	"context"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/go-zeromq/zmq4"

	"github.com/stackforge/marconi/transports/zmtp"
)

// The client sockets of go-zeromq, which others may use to talk to us.

func librarySocket(t *testing.T, make func(context.Context, ...zmq4.Option) zmq4.Socket, endpoint string) zmq4.Socket {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	s := make(ctx, zmq4.WithID(zmq4.SocketIdentity("same for all")))
	t.Cleanup(func() {
		cancel()
		_ = s.Close() // it tells of what it has closed itself
	})
	if err := s.Dial(endpoint); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestLibraryAsks(t *testing.T) {
	r := router(t, zmtp.Config{}, echo)
	for name, make := range map[string]func(context.Context, ...zmq4.Option) zmq4.Socket{"DEALER": zmq4.NewDealer, "REQ": zmq4.NewReq} {
		s := librarySocket(t, make, r.Addr())
		for i := range 100 {
			body := strings.Repeat("x", i*i*7)
			if err := s.Send(zmq4.NewMsgFrom([]byte("head"), []byte(body))); err != nil {
				t.Fatal(err)
			}
			m, err := s.Recv()
			if err != nil || shown(m.Frames) != "head|"+body {
				t.Fatalf("%s: %v %v", name, m, err)
			}
		}
	}
}

func TestLibraryPushes(t *testing.T) {
	var next atomic.Int64
	l := pull(t, zmtp.Config{}, func(_ context.Context, _ *zmtp.Peer, batch []*zmtp.Message) {
		for _, m := range batch {
			if want := fmt.Sprint(next.Load()); shown(m.Parts) != want {
				t.Errorf("%s instead of %s", shown(m.Parts), want)
			}
			next.Add(1)
		}
	})
	s := librarySocket(t, zmq4.NewPush, l.Addr())
	for i := range 2000 {
		if err := s.Send(zmq4.NewMsgString(fmt.Sprint(i))); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "all have come", func() bool { return next.Load() == 2000 })
}

func TestLibrarySubscribes(t *testing.T) {
	var reg register
	p := pub(t, zmtp.Config{}, zmtp.Audience{Subscribed: reg.subscribed})
	s := librarySocket(t, zmq4.NewSub, p.Addr())
	if err := s.SetOption(zmq4.OptionSubscribe, "a/"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it has subscribed", func() bool { return reg.count() == 1 })
	for _, topic := range []string{"b", "a/1"} {
		p.Publish([]byte(topic), []byte("body"))
	}
	if m, err := s.Recv(); err != nil || shown(m.Frames) != "a/1|body" {
		t.Errorf("%v %v", m, err)
	}
}
