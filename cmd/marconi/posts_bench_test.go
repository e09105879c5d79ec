package main_test

import (
	"bufio"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	client "github.com/stackforge/marconi/clients/go"
	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/memstore"
	"github.com/stackforge/marconi/storage/pebblestore"
	"github.com/stackforge/marconi/transports"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/rest"
	"github.com/stackforge/marconi/transports/zmq"
)

const (
	benchProject = "p"
	benchConns   = 8   // over ZeroMQ
	benchWindow  = 256 // posts of one of them under way
	benchCallers = 64  // over HTTP, each with one post under way
)

// benchText is a body of 1 KiB.
var benchText = `"` + strings.Repeat("x", 1022) + `"`

// BenchmarkSinglePosts posts messages one at a time: over HTTP with the client of this
// repository, and over ZeroMQ to both endpoints, as fast as they are taken; then to
// commands again, half as fast as that.
func BenchmarkSinglePosts(b *testing.B) {
	stores := storage.Openers{"memory": memstore.OpenURL, "pebble": pebblestore.OpenURL}
	for _, store := range stores.Schemes() {
		b.Run(store, func(b *testing.B) {
			rate := 0.0
			for _, door := range []struct {
				name string
				post func(*testing.B, api.Handler, *core.Broker)
			}{
				{"http", postHTTP},
				{"push", postPush},
				{"commands", func(b *testing.B, h api.Handler, broker *core.Broker) { rate = postCommands(b, h, broker, 0) }},
				{"half", func(b *testing.B, h api.Handler, broker *core.Broker) { postCommands(b, h, broker, rate/2) }},
			} {
				b.Run(door.name, func(b *testing.B) {
					where := &url.URL{Scheme: store}
					if store != "memory" {
						where.Path = b.TempDir()
					}
					d, err := stores.Open(b.Context(), where.String())
					if err != nil {
						b.Fatal(err)
					}
					defer d.Close()
					broker, err := core.New(b.Context(), d, core.Options{})
					if err != nil {
						b.Fatal(err)
					}
					door.post(b, api.New(broker, api.Options{}, api.Observe(nil, nil)), broker)
				})
			}
		})
	}
}

// told ends the measurement, and is messages a second.
func told(b *testing.B) float64 {
	b.StopTimer()
	rate := float64(b.N) / b.Elapsed().Seconds()
	b.ReportMetric(rate, "msg/s")
	return rate
}

func benchServe(b *testing.B, t transports.Transport, err error) {
	if err != nil {
		b.Fatal(err)
	}
	var group errgroup.Group
	ctx := b.Context()
	group.Go(func() error { return t.Serve(ctx) })
	b.Cleanup(func() { _ = group.Wait() })
}

func postHTTP(b *testing.B, h api.Handler, _ *core.Broker) {
	door, err := rest.Listen(rest.Config{Addr: "127.0.0.1:0", Handler: h, MaxBody: 256 << 10})
	benchServe(b, door, err)
	c, err := client.New(client.Config{URL: door.Addr(), Project: benchProject, Retries: -1})
	if err != nil {
		b.Fatal(err)
	}
	defer c.Close()
	var left atomic.Int64
	left.Store(int64(b.N))
	b.ResetTimer()
	var all sync.WaitGroup
	for i := range benchCallers {
		queue := fmt.Sprint("q", i%benchConns)
		all.Go(func() {
			for left.Add(-1) >= 0 {
				if _, err := c.Post(b.Context(), queue, client.Draft{Body: json.RawMessage(benchText)}); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
	told(b)
}

func postPush(b *testing.B, h api.Handler, _ *core.Broker) {
	door, err := zmq.ListenIngest(zmq.Config{Endpoint: "tcp://127.0.0.1:0", Handler: h})
	benchServe(b, door, err)
	peers := dialAll(b, door.Addr(), "PUSH")
	b.ResetTimer()
	var all sync.WaitGroup
	for i, p := range peers {
		all.Go(func() {
			for n := i; n < b.N; n += len(peers) {
				p.post(n)
			}
			p.out.Flush()
		})
	}
	all.Wait()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for door.Stats().Stored < int64(b.N) {
		<-look.C
	}
	told(b)
}

// postCommands posts at a rate, or at any if that is 0, and answers at which.
func postCommands(b *testing.B, h api.Handler, broker *core.Broker, rate float64) float64 {
	door, err := zmq.ListenCommands(zmq.Config{Endpoint: "tcp://127.0.0.1:0", Handler: h, Broker: broker})
	benchServe(b, door, err)
	peers := dialAll(b, door.Addr(), "DEALER")
	b.ResetTimer()
	var all sync.WaitGroup
	for i, p := range peers {
		all.Go(func() { p.ask(b, (b.N+len(peers)-1-i)/len(peers), rate/float64(len(peers))) })
	}
	all.Wait()
	if rate > 0 {
		var took []time.Duration
		for _, p := range peers {
			took = append(took, p.took...)
		}
		slices.Sort(took)
		b.ReportMetric(float64(took[len(took)/2].Microseconds()), "p50-µs")
		b.ReportMetric(float64(took[len(took)*99/100].Microseconds()), "p99-µs")
	}
	return told(b)
}

// benchPeer is a socket of ZeroMQ that knows no more than it needs here.
type benchPeer struct {
	in   *bufio.Reader
	out  *bufio.Writer
	head []byte
	text []byte
	took []time.Duration
}

func dialAll(b *testing.B, endpoint, kind string) []*benchPeer {
	peers := make([]*benchPeer, benchConns)
	for i := range peers {
		conn, err := net.Dial("tcp", strings.TrimPrefix(endpoint, "tcp://"))
		if err != nil {
			b.Fatal(err)
		}
		b.Cleanup(func() { conn.Close() })
		p := &benchPeer{in: bufio.NewReaderSize(conn, 64<<10), out: bufio.NewWriterSize(conn, 64<<10)}
		greeting := make([]byte, 64)
		copy(greeting, "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x00NULL")
		ready := "\x05READY\x0bSocket-Type" + string(binary.BigEndian.AppendUint32(nil, uint32(len(kind)))) + kind
		p.out.Write(greeting)
		p.out.WriteString("\x04" + string([]byte{byte(len(ready))}) + ready)
		p.out.Flush()
		if _, err := io.ReadFull(p.in, greeting); err != nil {
			b.Fatal(err)
		}
		p.skip(b)
		p.head = fmt.Appendf(nil, `{"action":"message_post","headers":{"Client-ID":"3381af92-2b9e-11e3-b191-71861300734c","X-Project-ID":"%s"},"body":{"queue_name":"q%d"},"id":`, benchProject, i)
		peers[i] = p
	}
	return peers
}

// post writes one request.
func (p *benchPeer) post(id int) {
	p.text = append(p.text[:0], 3, 0, 0, 0, 0, 0, 0, 0, 0)
	p.text = append(strconv.AppendInt(append(p.text, p.head...), int64(id), 10), '}')
	binary.BigEndian.PutUint64(p.text[1:], uint64(len(p.text)-9))
	p.text = binary.BigEndian.AppendUint64(append(p.text, 2), uint64(len(benchText)))
	p.text = append(p.text, benchText...)
	p.out.Write(p.text)
}

// skip reads a frame, and tells whether there was one.
func (p *benchPeer) skip(b *testing.B) bool {
	flags, err := p.in.ReadByte()
	size := make([]byte, 8)
	n := size[7:]
	if flags&2 != 0 {
		n = size
	}
	if err == nil {
		_, err = io.ReadFull(p.in, n)
	}
	if err == nil {
		_, err = p.in.Discard(int(binary.BigEndian.Uint64(size)))
	}
	if err != nil {
		b.Error(err)
	}
	return err == nil
}

// ask posts n times, in bursts: every millisecond what is due by then, if there is a
// rate. It returns when all is answered.
func (p *benchPeer) ask(b *testing.B, n int, rate float64) {
	sent := make(chan time.Time, benchWindow)
	var answers sync.WaitGroup
	answers.Go(func() {
		for at := range sent {
			if !b.Failed() && p.skip(b) && rate > 0 {
				p.took = append(p.took, time.Since(at))
			}
		}
	})
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	begin := time.Now()
	for i := range n {
		for rate > 0 && time.Since(begin).Seconds()*rate < float64(i) {
			p.out.Flush()
			<-tick.C
		}
		if i%(benchWindow/4) == 0 {
			p.out.Flush()
		}
		p.post(i)
		sent <- time.Now()
	}
	p.out.Flush()
	close(sent)
	answers.Wait()
}
