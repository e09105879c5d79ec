package main

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/transporttest"
	"github.com/stackforge/marconi/transports/zmq"
)

const benchBody = 1 << 10

// window is how many requests of a connection are under way.
func window(bodies int) int { return min(256, 2048/bodies) }

// BenchmarkZMQPosts posts bodies of 1 KiB: to a store by itself, and over ZeroMQ to
// a broker on the same store, with as many posts under way, from a client that does
// next to nothing and from one in C on libzmq. BENCH_REDIS is the URL of a Redis to
// do it on, too.
func BenchmarkZMQPosts(b *testing.B) {
	stand := []string{"memory", "pebble"}
	redis := os.Getenv("BENCH_REDIS")
	if redis != "" {
		stand = append(stand, "redis")
	}
	for _, store := range stand {
		for _, bodies := range []int{1, 20, 100} {
			for _, conns := range []int{1, 8} {
				url := "memory:"
				b.Run(fmt.Sprintf("%s/%d bodies/%d connections", store, bodies, conns), func(b *testing.B) {
					for name, post := range map[string]func(*testing.B, storage.Driver, int, int){"store": postsDirectly, "zmq": postsOverZMQ, "libzmq": postsOverLibzmq} {
						b.Run(name, func(b *testing.B) {
							switch store {
							case "pebble":
								url = "pebble://" + filepath.Join(b.TempDir(), "data")
							case "redis":
								url = redis
							}
							d, err := stores.Open(b.Context(), url)
							if err != nil {
								b.Fatal(err)
							}
							b.Cleanup(func() { d.Close() })
							b.ReportAllocs()
							post(b, d, bodies, conns)
						})
					}
				})
			}
		}
	}
}

// clocked times posts, and what CPU time they take in this process.
func clocked(b *testing.B, bodies int, post func()) {
	b.ResetTimer()
	before := cpuTime(b)
	post()
	b.StopTimer()
	messages := float64(b.N) * float64(bodies)
	b.ReportMetric(messages/b.Elapsed().Seconds(), "msg/s")
	b.ReportMetric(float64(cpuTime(b)-before)/messages, "cpu-ns/msg")
}

func cpuTime(b *testing.B) time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// shares has each of some goroutines do its share of b.N.
func shares(b *testing.B, n int, do func(i, share int)) {
	var all sync.WaitGroup
	for i := range n {
		share := b.N / n
		if i < b.N%n {
			share++
		}
		all.Go(func() { do(i, share) })
	}
	all.Wait()
}

func postsDirectly(b *testing.B, d storage.Driver, bodies, conns int) {
	ctx := b.Context()
	ids := make([]storage.QueueID, conns)
	for i := range ids {
		ids[i] = storage.QueueID{Project: "p", Name: fmt.Sprint("q", i)}
		if _, err := d.CreateQueue(ctx, storage.Queue{ID: ids[i], Created: time.Now()}); err != nil {
			b.Fatal(err)
		}
	}
	clocked(b, bodies, func() {
		shares(b, conns, func(i, share int) { postShare(b, d, ids[i], share, bodies) })
	})
}

// postShare posts to a store, window by window.
func postShare(b *testing.B, d storage.Driver, id storage.QueueID, share, bodies int) {
	ctx := b.Context()
	under := make([]storage.Pending, 0, window(bodies))
	for n := range share {
		now := time.Now()
		p := storage.Post{Queue: id, ClientID: "c", Now: now, Drafts: make([]storage.Draft, bodies)}
		slab := make([]byte, bodies*benchBody)
		for k := range p.Drafts {
			p.Drafts[k] = storage.Draft{Body: slab[k*benchBody : (k+1)*benchBody : (k+1)*benchBody], Visible: now, Expires: now.Add(time.Hour)}
		}
		under = append(under, d.StartPost(ctx, p))
		if len(under) == cap(under) || n == share-1 {
			for _, w := range under {
				if _, err := w.Wait(ctx); err != nil {
					b.Error(err)
					return
				}
			}
			under = under[:0]
		}
	}
}

func postsOverZMQ(b *testing.B, d storage.Driver, bodies, conns int) {
	endpoint := benchCommands(b, d)
	dealers := make([]*benchDealer, conns)
	for i := range dealers {
		dealers[i] = dialBench(b, endpoint, i, bodies)
	}
	clocked(b, bodies, func() {
		shares(b, conns, func(i, share int) { dealers[i].post(b, share) })
	})
}

// benchCommands serves commands on a store until the benchmark ends.
func benchCommands(b *testing.B, d storage.Driver) (endpoint string) {
	broker, err := core.New(b.Context(), d, core.Options{})
	if err != nil {
		b.Fatal(err)
	}
	door, err := zmq.ListenCommands(zmq.Config{Endpoint: "tcp://127.0.0.1:0", Broker: broker, Handler: api.New(broker, api.Options{}, api.Observe(nil, nil))})
	if err != nil {
		b.Fatal(err)
	}
	transporttest.Running(b, door.Serve)
	return door.Addr()
}

// postsOverLibzmq has another process post.
func postsOverLibzmq(b *testing.B, d storage.Driver, bodies, conns int) {
	c := exec.CommandContext(b.Context(), transporttest.Libzmq(b, "testdata/poster.c"), benchCommands(b, d), strconv.Itoa(conns), strconv.Itoa(bodies), strconv.Itoa(benchBody), strconv.Itoa(window(bodies)))
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		b.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		b.Fatal(err)
	}
	if err := c.Start(); err != nil {
		b.Fatal(err)
	}
	done := bufio.NewScanner(out)
	post := func(n int) {
		if fmt.Fprintln(in, n); !done.Scan() {
			b.Fatal("the poster ended")
		}
	}
	post(conns) // which connects
	clocked(b, bodies, func() { post(b.N) })
	in.Close()
	if err := c.Wait(); err != nil {
		b.Fatal(err)
	}
}

// benchDealer is a DEALER that takes no memory of its own: it posts the same again
// and again, and counts what comes back.
type benchDealer struct {
	net.Conn
	in     *bufio.Reader
	out    *bufio.Writer
	head   []byte // up to the ID
	bodies []byte // frames
	window int
	asked  int
}

func dialBench(b *testing.B, endpoint string, i, bodies int) *benchDealer {
	conn, err := net.Dial("tcp", strings.TrimPrefix(endpoint, "tcp://"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { conn.Close() })
	d := &benchDealer{Conn: conn, in: bufio.NewReaderSize(conn, 64<<10), out: bufio.NewWriterSize(conn, 64<<10), window: window(bodies)}
	greeting := make([]byte, 64)
	copy(greeting, "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x00NULL")
	ready := "\x05READY\x0bSocket-Type\x00\x00\x00\x06DEALER"
	d.out.Write(greeting)
	d.out.WriteString("\x04" + string([]byte{byte(len(ready))}) + ready)
	d.out.Flush()
	if _, err = io.ReadFull(d.in, greeting); err != nil {
		b.Fatal(err)
	}
	d.frame(b) // its READY
	body := `"` + strings.Repeat("x", benchBody-2) + `"`
	for k := range bodies {
		flags := byte(2)
		if k < bodies-1 {
			flags |= 1
		}
		d.bodies = append(binary.BigEndian.AppendUint64(append(d.bodies, flags), benchBody), body...)
	}
	d.head = fmt.Appendf(nil, `{"action":"message_post","headers":{"Client-ID":"3381af92-2b9e-11e3-b191-71861300734c","X-Project-ID":"p"},"body":{"queue_name":"q%d"},"id":`, i)
	d.post(b, 1)
	d.head = fmt.Appendf(nil, `{"action":"message_post","body":{"queue_name":"q%d"},"id":`, i)
	return d
}

// frame passes over one, and tells its flags.
func (d *benchDealer) frame(b *testing.B) (flags byte) {
	flags, err := d.in.ReadByte()
	var size [8]byte
	n := size[7:]
	if flags&2 != 0 {
		n = size[:]
	}
	if _, e := io.ReadFull(d.in, n); err == nil {
		err = e
	}
	if _, e := d.in.Discard(int(binary.BigEndian.Uint64(size[:]))); err == nil {
		err = e
	}
	if err != nil {
		b.Error(err)
	}
	return flags
}

// post posts n times, in bursts, and waits until all is answered.
func (d *benchDealer) post(b *testing.B, n int) {
	burst := d.window / 4
	room := make(chan struct{}, d.window/burst)
	var receiver sync.WaitGroup
	receiver.Go(func() {
		for i := range n {
			d.frame(b)
			if i%burst == burst-1 {
				<-room
			}
		}
	})
	var head []byte
	for i := range n {
		if i%burst == 0 {
			d.out.Flush()
			room <- struct{}{}
		}
		d.asked++
		head = append(strconv.AppendInt(append(head[:0], d.head...), int64(d.asked), 10), '}')
		d.out.Write([]byte{3, 0, 0, 0, 0, 0, 0, byte(len(head) >> 8), byte(len(head))})
		d.out.Write(head)
		d.out.Write(d.bodies)
	}
	d.out.Flush()
	receiver.Wait()
}
