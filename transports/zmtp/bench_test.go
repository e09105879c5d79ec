package zmtp_test

import (
	"bufio"
	"context"
	"encoding/binary"
	"fmt"
	"io"
	"log"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/go-zeromq/zmq4"

	"github.com/stackforge/marconi/transports/zmtp"
)

// Every benchmark here runs against our side and against the library's Socket, with
// the same clients.

func BenchmarkRequests(b *testing.B) {
	servers := []struct {
		name  string
		start func(b *testing.B) (endpoint string)
	}{
		{"ours", func(b *testing.B) string { return router(b, zmtp.Config{InFlight: 1}, echo).Addr() }},
		{"ours,at-once", func(b *testing.B) string { return router(b, zmtp.Config{InFlight: 64}, echo).Addr() }},
		{"library", libraryRouter},
	}
	for _, load := range []struct{ conns, inFlight, size int }{{1, 1, 64}, {1, 64, 64}, {8, 32, 64}, {8, 32, 1024}} {
		for _, s := range servers {
			b.Run(fmt.Sprintf("%dx%d,%dB,%s", load.conns, load.inFlight, load.size, s.name), func(b *testing.B) {
				b.SetBytes(int64(load.size))
				requests(b, s.start(b), load.conns, load.inFlight, load.size)
			})
		}
	}
}

func BenchmarkPush(b *testing.B) {
	for _, load := range []struct{ conns, size int }{{1, 64}, {8, 64}, {1, 1024}, {8, 1024}} {
		b.Run(fmt.Sprintf("x%d,%dB,ours", load.conns, load.size), func(b *testing.B) {
			var got counted
			l := pull(b, zmtp.Config{}, func(_ context.Context, _ *zmtp.Peer, batch []*zmtp.Message) {
				for _, m := range batch {
					m.Release()
				}
				got.add(len(batch))
			})
			got.await(b, func() { pushes(b, l.Addr(), load.conns, load.size) })
		})
		b.Run(fmt.Sprintf("x%d,%dB,kept,ours", load.conns, load.size), func(b *testing.B) {
			var got counted
			l := pull(b, zmtp.Config{}, func(_ context.Context, _ *zmtp.Peer, batch []*zmtp.Message) { got.add(len(batch)) })
			got.await(b, func() { pushes(b, l.Addr(), load.conns, load.size) })
		})
		b.Run(fmt.Sprintf("x%d,%dB,library", load.conns, load.size), func(b *testing.B) {
			var got counted
			s := zmq4.NewPull(b.Context())
			endpoint := libraryListen(b, s)
			go libraryReceive(s, func(zmq4.Msg) { got.add(1) })
			got.await(b, func() { pushes(b, endpoint, load.conns, load.size) })
		})
	}
}

// counted says when as many messages have come as the benchmark has rounds.
type counted struct {
	n, want atomic.Int64
	done    chan struct{}
}

func (c *counted) add(n int) {
	if c.n.Add(int64(n)) == c.want.Load() {
		close(c.done)
	}
}

func (c *counted) await(b *testing.B, send func()) {
	c.done = make(chan struct{})
	c.want.Store(int64(b.N))
	b.ReportAllocs()
	b.ResetTimer()
	send()
	<-c.done
	b.StopTimer()
	perSecond(b)
}

func perSecond(b *testing.B) { b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "msg/s") }

func libraryListen(b *testing.B, s zmq4.Socket) string {
	b.Helper()
	if err := s.Listen(loopback); err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { s.Close() })
	return "tcp://" + s.Addr().String()
}

func libraryReceive(s zmq4.Socket, handle func(zmq4.Msg)) {
	for {
		m, err := s.Recv()
		if err != nil {
			return
		}
		handle(m)
	}
}

func libraryRouter(b *testing.B) string {
	s := zmq4.NewRouter(b.Context(), zmq4.WithLogger(log.New(io.Discard, "", 0)))
	go libraryReceive(s, func(m zmq4.Msg) { _ = s.Send(m) })
	return libraryListen(b, s)
}

// requests has b.N requests answered, inFlight of each connection under way.
func requests(b *testing.B, endpoint string, conns, inFlight, size int) {
	var dealers []*zmtp.Dealer
	for range conns {
		dealers = append(dealers, dial(b, zmtp.Config{Endpoint: endpoint, InFlight: 2 * inFlight}))
	}
	var left atomic.Int64
	left.Store(int64(b.N))
	b.ReportAllocs()
	b.ResetTimer()
	var all sync.WaitGroup
	times := make([][]time.Duration, conns)
	for i, d := range dealers {
		all.Go(func() { times[i] = keepAsking(b, d, make([]byte, size), inFlight, &left) })
	}
	all.Wait()
	b.StopTimer()
	perSecond(b)
	if took := slices.Sorted(slices.Values(slices.Concat(times...))); len(took) > 0 {
		b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
	}
}

// keepAsking times every 16th of its requests, which say when they were sent.
func keepAsking(b *testing.B, d *zmtp.Dealer, body []byte, inFlight int, left *atomic.Int64) (times []time.Duration) {
	ctx, begun, sent := context.Background(), time.Now(), 0
	send := func() bool {
		if left.Add(-1) < 0 {
			return false
		}
		stamp := uint64(0)
		if sent++; sent%16 == 0 {
			stamp = uint64(time.Since(begun))
		}
		binary.LittleEndian.PutUint64(body, stamp)
		if err := d.Send(ctx, body); err != nil {
			b.Error(err)
			return false
		}
		return true
	}
	asked := 0
	for asked < inFlight && send() {
		asked++
	}
	for ; asked > 0; asked-- {
		m, err := d.Receive(ctx)
		if err != nil {
			b.Error(err)
			return nil
		}
		if stamp := binary.LittleEndian.Uint64(m.Parts[0]); stamp > 0 {
			times = append(times, time.Since(begun)-time.Duration(stamp))
		}
		m.Release()
		if send() {
			asked++
		}
	}
	return times
}

// BenchmarkRequestsAmongIdle has 4,000 peers be connected that say nothing.
func BenchmarkRequestsAmongIdle(b *testing.B) {
	r := router(b, zmtp.Config{InFlight: 1}, echo)
	before := heap()
	for range 4000 {
		greeted(b, r.Addr(), 1, "DEALER", "")
	}
	each := float64(heap()-before) / 4000
	requests(b, r.Addr(), 8, 32, 64)
	b.ReportMetric(each, "B/peer")
}

// pushes sends b.N messages, as fast as the connections take them.
func pushes(b *testing.B, endpoint string, conns, size int) {
	frame := make([]byte, 0, size+9)
	if size < 256 {
		frame = append(frame, 0, byte(size))
	} else {
		frame = binary.BigEndian.AppendUint64(append(frame, 2), uint64(size))
	}
	frame = append(frame, make([]byte, size)...)
	var all sync.WaitGroup
	for i := range conns {
		n := b.N / conns
		if i == 0 {
			n += b.N % conns
		}
		all.Go(func() { push(b, endpoint, frame, n) })
	}
	all.Wait()
}

func push(b *testing.B, endpoint string, frame []byte, n int) {
	c, err := net.Dial("tcp", host(endpoint))
	if err != nil {
		b.Error(err)
		return
	}
	b.Cleanup(func() { c.Close() })
	if _, err = zmq4.Open(c, libraryNull{}, zmq4.Push, nil, false, nil); err != nil {
		b.Error(err)
		return
	}
	w := bufio.NewWriterSize(c, 64<<10)
	for range n {
		if _, err = w.Write(frame); err != nil {
			b.Error(err)
			return
		}
	}
	if err = w.Flush(); err != nil {
		b.Error(err)
	}
}

// libraryNull is the mechanism NULL as the library has it, which does not export it
// but in a package of its own.
type libraryNull struct{}

func (libraryNull) Type() zmq4.SecurityType                    { return zmq4.NullSecurity }
func (libraryNull) Encrypt(w io.Writer, b []byte) (int, error) { return w.Write(b) }
func (libraryNull) Decrypt(w io.Writer, b []byte) (int, error) { return w.Write(b) }

func (libraryNull) Handshake(c *zmq4.Conn, _ bool) error {
	metadata, err := c.Meta.MarshalZMTP()
	if err != nil {
		return err
	}
	if err = c.SendCmd(zmq4.CmdReady, metadata); err != nil {
		return err
	}
	cmd, err := c.RecvCmd()
	if err != nil {
		return err
	}
	return c.Peer.Meta.UnmarshalZMTP(cmd.Body)
}
