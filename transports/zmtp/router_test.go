package zmtp_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stackforge/marconi/transports/zmtp"
)

func TestMessagesOfAllSizes(t *testing.T) {
	r := router(t, zmtp.Config{MaxFrame: 4 << 20, MaxMessage: 8 << 20, Mailbox: 16 << 20}, echo)
	d := dial(t, zmtp.Config{Endpoint: r.Addr(), MaxFrame: 4 << 20, MaxMessage: 8 << 20, Mailbox: 16 << 20})
	for _, size := range []int{0, 1, 255, 256, 4094, 4096, 65535, 65536, 65537, 200_000, 4<<20 - 2} {
		body := strings.Repeat("0123456789abcdef", size/16+1)[:size]
		ask(t, d, "head", body)
		ask(t, d, body, "", body, "tail")
	}
}

// TestOrder has requests of several connections answered, each in its order.
func TestOrder(t *testing.T) {
	r := router(t, zmtp.Config{InFlight: 1}, echo)
	var all sync.WaitGroup
	for range 4 {
		d := dial(t, zmtp.Config{Endpoint: r.Addr()})
		const n = 3000
		ctx := within(t)
		all.Go(func() {
			for i := range n {
				if err := d.Send(ctx, fmt.Append(nil, i), []byte(strings.Repeat("x", i%700))); err != nil {
					t.Error(err)
					return
				}
			}
		})
		all.Go(func() {
			for i := range n {
				m, err := d.Receive(ctx)
				if err != nil || string(m.Parts[0]) != fmt.Sprint(i) || len(m.Parts[1]) != i%700 {
					t.Errorf("%d: %v %v", i, m, err)
					return
				}
				m.Release()
			}
		})
	}
	all.Wait()
}

// TestInFlight wants as many messages of a peer handled at once as there may be, no
// more, and the peer not read from meanwhile.
func TestInFlight(t *testing.T) {
	var busy, most atomic.Int32
	finish := make(chan struct{})
	r := router(t, zmtp.Config{InFlight: 3}, func(ctx context.Context, p *zmtp.Peer, m *zmtp.Message) {
		most.Store(max(most.Load(), busy.Add(1)))
		<-finish
		busy.Add(-1)
		echo(ctx, p, m)
	})
	d := dial(t, zmtp.Config{Endpoint: r.Addr()})
	for i := range 10 {
		if err := d.Send(within(t), fmt.Append(nil, i)); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "three are handled", func() bool { return busy.Load() == 3 })
	other := dial(t, zmtp.Config{Endpoint: r.Addr()})
	if err := other.Send(within(t), texts("not held up")...); err != nil {
		t.Fatal(err)
	}
	eventually(t, "another peer's is handled besides", func() bool { return busy.Load() == 4 })
	close(finish)
	seen := make(map[string]bool)
	for range 10 {
		m, err := d.Receive(within(t))
		if err != nil {
			t.Fatal(err)
		}
		seen[string(m.Parts[0])] = true
	}
	if len(seen) != 10 || most.Load() != 4 {
		t.Errorf("%d answers, %d at once", len(seen), most.Load())
	}
}

// TestInFlightBytes has long messages wait for each other, and short ones not.
func TestInFlightBytes(t *testing.T) {
	var busy atomic.Int32
	finish := make(chan struct{})
	r := router(t, zmtp.Config{InFlightBytes: 1000}, func(ctx context.Context, p *zmtp.Peer, m *zmtp.Message) {
		busy.Add(1)
		<-finish
		busy.Add(-1)
		echo(ctx, p, m)
	})
	long := dial(t, zmtp.Config{Endpoint: r.Addr()})
	for _, size := range []int{2000, 400, 700, 300} {
		if err := long.Send(within(t), make([]byte, size)); err != nil {
			t.Fatal(err)
		}
	}
	eventually(t, "the first is handled, though it is too long", func() bool { return busy.Load() == 1 })
	finish <- struct{}{}
	eventually(t, "the second is handled alone", func() bool { return busy.Load() == 1 })
	finish <- struct{}{}
	eventually(t, "the others are handled together", func() bool { return busy.Load() == 2 })
	close(finish)
	for range 4 {
		if _, err := long.Receive(within(t)); err != nil {
			t.Fatal(err)
		}
	}
}

// TestMessagesAreKept has a handler keep what it was given, while others are released.
func TestMessagesAreKept(t *testing.T) {
	var mu sync.Mutex
	kept := make(map[string][][]byte)
	r := router(t, zmtp.Config{}, func(ctx context.Context, p *zmtp.Peer, m *zmtp.Message) {
		if name := string(m.Parts[0]); len(name)%2 == 0 {
			mu.Lock()
			kept[name] = m.Parts
			mu.Unlock()
			_ = p.Send(m.Parts...)
			return
		}
		echo(ctx, p, m)
	})
	d := dial(t, zmtp.Config{Endpoint: r.Addr()})
	for i := range 200 {
		ask(t, d, strings.Repeat("n", i+1), strings.Repeat(fmt.Sprint(i), 50), "", "3", "4", "5")
	}
	for name, parts := range kept {
		if want := strings.Join([]string{name, strings.Repeat(fmt.Sprint(len(name)-1), 50), "", "3", "4", "5"}, "|"); shown(parts) != want {
			t.Errorf("%.100q has become %.100q", want, shown(parts))
		}
	}
	if len(kept) != 100 {
		t.Errorf("%d were kept", len(kept))
	}
}

func TestSplit(t *testing.T) {
	for _, c := range []struct{ parts, envelope, body string }{
		{"|head|body", "1:", "2:head|body"},
		{"head|body", "0:", "2:head|body"},
		{"head||body", "0:", "3:head||body"},
		{"|", "1:", "1:"},
		{"", "1:", "0:"},
	} {
		m := zmtp.Message{Parts: texts(strings.Split(c.parts, "|")...)}
		envelope, body := m.Split()
		show := func(p [][]byte) string { return fmt.Sprintf("%d:%s", len(p), shown(p)) }
		if show(envelope) != c.envelope || show(body) != c.body {
			t.Errorf("%q: %s and %s", c.parts, show(envelope), show(body))
		}
	}
}

// TestReply has a REQ and a DEALER get what each can read.
func TestReply(t *testing.T) {
	r := router(t, zmtp.Config{}, func(_ context.Context, p *zmtp.Peer, m *zmtp.Message) {
		envelope, body := m.Split()
		_ = p.Reply(envelope, append(texts("answer"), body...)...)
	})
	for kind, envelope := range map[string][]byte{"REQ": frame(1, ""), "DEALER": nil} {
		w := greeted(t, r.Addr(), 1, kind, "")
		w.say(envelope, frame(0, "question"))
		want := slicesOf(envelope, frame(1, "answer"), frame(0, "question"))
		if got := w.hearBytes(len(want)); string(got) != string(want) {
			t.Errorf("%s: %q", kind, got)
		}
	}
}

func TestSendRefuses(t *testing.T) {
	peers := make(chan *zmtp.Peer, 1)
	r := router(t, zmtp.Config{Mailbox: 10_000, WriteTimeout: time.Minute, Connected: func(p *zmtp.Peer) { peers <- p }}, echo)
	w := greeted(t, r.Addr(), 1, "DEALER", "")
	p := <-peers
	if err := p.Send(); !errors.Is(err, zmtp.ErrProtocol) {
		t.Errorf("a message without parts: %v", err)
	}
	if err := p.Send(make([]byte, 10_001)); !errors.Is(err, zmtp.ErrTooLong) {
		t.Errorf("a message longer than the mailbox: %v", err)
	}
	part := make([]byte, 6000)
	for last := time.Now(); time.Since(last) < 100*time.Millisecond; { // what lies between us fills slowly
		if p.Send(part) == nil {
			last = time.Now()
		}
	}
	if err := p.Send(part); !errors.Is(err, zmtp.ErrFull) || p.Queued() != 6009 {
		t.Errorf("a full mailbox: %v with %d bytes", err, p.Queued())
	}
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if err := p.Await(ctx, part); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("waiting for one who does not read: %v", err)
	}
	read := make(chan struct{})
	go func() {
		defer close(read)
		_, _ = w.Read(make([]byte, 1))
		w.ended()
	}()
	if err := p.Await(within(t), part); err != nil {
		t.Errorf("waiting for one who reads: %v", err)
	}
	p.Cut(errors.New("enough"))
	<-read
	eventually(t, "the reason is told", func() bool { return fmt.Sprint(p.Send(part)) == "enough" })
}

// TestStop wants what is in progress answered, and then an end.
func TestStop(t *testing.T) {
	r, err := zmtp.ListenRouter(zmtp.Config{Endpoint: loopback})
	if err != nil {
		t.Fatal(err)
	}
	asked, finish := make(chan struct{}), make(chan struct{})
	stop := serving(t, func(ctx context.Context) error {
		return r.Serve(ctx, func(ctx context.Context, p *zmtp.Peer, m *zmtp.Message) {
			close(asked)
			<-finish
			echo(ctx, p, m)
		})
	})
	d := dial(t, zmtp.Config{Endpoint: r.Addr()})
	if err := d.Send(within(t), texts("the last question")...); err != nil {
		t.Fatal(err)
	}
	<-asked
	idle := greeted(t, r.Addr(), 1, "DEALER", "")
	half := connect(t, r.Addr())
	go stop()
	idle.ended()
	half.ended()
	close(finish)
	if m, err := d.Receive(within(t)); err != nil || shown(m.Parts) != "the last question" {
		t.Errorf("%v %v", m, err)
	}
	stop()
	if _, err := zmtp.Dial(within(t), zmtp.Config{Endpoint: r.Addr()}); err == nil {
		t.Error("it still listens")
	}
}

// TestStopIsBounded: neither a handler that waits nor a peer that does not read
// holds up the end for longer than StopTimeout.
func TestStopIsBounded(t *testing.T) {
	r, err := zmtp.ListenRouter(zmtp.Config{Endpoint: loopback, StopTimeout: 100 * time.Millisecond, WriteTimeout: time.Hour})
	if err != nil {
		t.Fatal(err)
	}
	var asked sync.WaitGroup
	asked.Add(2)
	stop := serving(t, func(ctx context.Context) error {
		return r.Serve(ctx, func(ctx context.Context, p *zmtp.Peer, m *zmtp.Message) {
			flood := string(m.Parts[0]) == "flood me"
			for flood && p.Send(make([]byte, 500_000)) == nil {
			}
			asked.Done()
			if !flood {
				<-ctx.Done()
			}
		})
	})
	greeted(t, r.Addr(), 1, "DEALER", "").say(frame(0, "flood me"))
	greeted(t, r.Addr(), 1, "DEALER", "").say(frame(0, "wait for me"))
	asked.Wait()
	stop()
}

func TestSocketOfFile(t *testing.T) {
	path := filepath.Join(socketDir(t), "s")
	for range 2 { // the second time where the first has left
		r, err := zmtp.ListenRouter(zmtp.Config{Endpoint: "ipc://" + path, MaxPeersPerAddr: 1})
		if err != nil {
			t.Fatal(err)
		}
		stop := serving(t, func(ctx context.Context) error { return r.Serve(ctx, echo) })
		ask(t, dial(t, zmtp.Config{Endpoint: r.Addr()}), "through a file")
		ask(t, dial(t, zmtp.Config{Endpoint: r.Addr()}), "has no address to count by")
		if _, err = zmtp.ListenRouter(zmtp.Config{Endpoint: "ipc://" + path}); err == nil {
			t.Error("two listen")
		}
		stop()
		abandonSocket(t, path)
	}
}

// What is at the path of a socket and is none stays there, and is named.
func TestSocketRemovesNothingElse(t *testing.T) {
	dir := socketDir(t)
	notes, folder, link := filepath.Join(dir, "notes"), filepath.Join(dir, "folder"), filepath.Join(dir, "link")
	if err := errors.Join(os.WriteFile(notes, []byte("mine"), 0o600), os.Mkdir(folder, 0o700), os.Symlink(notes, link)); err != nil {
		t.Fatal(err)
	}
	for _, path := range []string{notes, folder, link} {
		r, err := zmtp.ListenRouter(zmtp.Config{Endpoint: "ipc://" + path})
		if err == nil {
			t.Fatalf("listens at %s", r.Addr())
		}
		if !strings.Contains(err.Error(), path+": ") || !strings.Contains(err.Error(), "no socket") {
			t.Errorf("%s: %v", path, err)
		}
		if _, err := os.Lstat(path); err != nil {
			t.Error(err)
		}
	}
	if text, err := os.ReadFile(notes); err != nil || string(text) != "mine" {
		t.Errorf("the file holds %q, %v", text, err)
	}
}

func TestEndpoints(t *testing.T) {
	for _, endpoint := range []string{"", "tcp://", "127.0.0.1:5555", "udp://127.0.0.1:1", "tcp://127.0.0.1:notaport"} {
		if r, err := zmtp.ListenRouter(zmtp.Config{Endpoint: endpoint}); err == nil {
			t.Errorf("%q: listens at %s", endpoint, r.Addr())
		}
	}
	r, err := zmtp.ListenPull(zmtp.Config{Endpoint: "tcp://*:0"})
	if err != nil {
		t.Fatal(err)
	}
	if err = r.Close(); err != nil {
		t.Error(err)
	}
}

// TestLastAnswersArrive has a peer be slow to take its last answer, and go on asking
// what is not read any more: the end must not overtake the answer.
func TestLastAnswersArrive(t *testing.T) {
	asked, answer := make(chan struct{}), make(chan struct{})
	r, err := zmtp.ListenRouter(zmtp.Config{Endpoint: loopback, InFlight: 1})
	if err != nil {
		t.Fatal(err)
	}
	stop := serving(t, func(ctx context.Context) error {
		return r.Serve(ctx, func(_ context.Context, p *zmtp.Peer, _ *zmtp.Message) {
			close(asked)
			<-answer
			_ = p.Send(make([]byte, 2<<20))
		})
	})
	w := greeted(t, r.Addr(), 1, "DEALER", "")
	_ = w.Conn.(*net.TCPConn).SetReadBuffer(64 << 10)
	w.say(frame(0, "and?"))
	<-asked
	stopped := make(chan struct{})
	go func() {
		defer close(stopped)
		stop()
	}()
	eventually(t, "it listens no more", func() bool {
		c, err := net.Dial("tcp", host(r.Addr()))
		if err == nil {
			c.Close()
		}
		return err != nil
	})
	w.say(frame(0, "and then?"))
	close(answer)
	if _, body := w.hear(); len(body) != 2<<20 {
		t.Errorf("%d bytes came", len(body))
	}
	w.Close()
	<-stopped
}
