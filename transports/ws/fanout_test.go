package ws_test

import (
	"bufio"
	"encoding/binary"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/stackforge/marconi/transports/ws"
)

// BenchmarkFanOut posts messages to a queue that many listen to, over real
// sockets, and has beside it the bare pattern of prepared messages, a bounded
// queue and a writer a connection, without a broker. An operation is a post that
// has been told to all; as many as the window are under way.
func BenchmarkFanOut(b *testing.B) {
	for _, size := range []int{256, 1024} {
		for _, listeners := range []int{100, 1000} {
			for _, window := range []int{1, 16} {
				name := fmt.Sprintf("%dB/%d/window %d/", size, listeners, window)
				b.Run(name+"marconi", func(b *testing.B) { fanOut(b, newBrokerFan(b, listeners), size, window) })
				b.Run(name+"bare", func(b *testing.B) { fanOut(b, newBareFan(b, listeners), size, window) })
			}
		}
	}
}

// fan is something that tells all listeners what is posted.
type fan struct {
	ends []net.Conn
	post func(body string)
	stop func()
}

// fanOut posts b.N messages, each with the instant of its post.
func fanOut(b *testing.B, f fan, size, window int) {
	start := time.Now()
	padding := strings.Repeat("x", size-len(`{"at":"0123456789012345678","x":""}`))
	told := make(chan []time.Duration, len(f.ends))
	arrived := make(chan struct{}, len(f.ends)*window*2)
	for _, end := range f.ends {
		go func() { told <- listen(end, start, arrived) }()
	}
	free := make(chan struct{}, window)
	done := make(chan struct{})
	go func() { // counts what has arrived into whole posts
		defer close(done)
		n := 0
		for range arrived {
			if n++; n%len(f.ends) == 0 {
				free <- struct{}{}
			}
		}
	}()
	for range window {
		free <- struct{}{}
	}
	before := cpu(b)
	b.ResetTimer()
	for range b.N {
		<-free
		f.post(fmt.Sprintf(`{"at":"%019d","x":"%s"}`, time.Since(start), padding))
	}
	for range window {
		<-free
	}
	b.StopTimer()
	spent := cpu(b) - before
	f.stop()
	var all []time.Duration
	for range f.ends {
		all = append(all, <-told...)
	}
	close(arrived)
	<-done
	slices.Sort(all)
	b.ReportMetric(float64(len(all))/b.Elapsed().Seconds(), "deliveries/s")
	b.ReportMetric(float64(spent.Nanoseconds())/1e3/float64(len(all)), "cpu-µs/delivery")
	b.ReportMetric(float64(all[len(all)/2].Microseconds()), "p50-µs")
	b.ReportMetric(float64(all[len(all)*99/100].Microseconds()), "p99-µs")
}

// cpu is the time that all of this process has computed: what others do on the
// machine is not in it.
func cpu(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// listen reads frames until the connection ends, and returns how long each took.
func listen(c net.Conn, start time.Time, arrived chan<- struct{}) (took []time.Duration) {
	r := bufio.NewReaderSize(c, 4<<10)
	buffer := make([]byte, 16<<10)
	for {
		payload, err := nextFrame(r, buffer)
		if err != nil {
			return took
		}
		_, at, is := strings.Cut(string(payload), `{"at":"`)
		if !is {
			continue
		}
		ns, err := strconv.ParseInt(at[:19], 10, 64)
		if err != nil {
			panic(err)
		}
		took = append(took, time.Since(start)-time.Duration(ns))
		arrived <- struct{}{}
	}
}

// nextFrame reads a server's frame.
func nextFrame(r *bufio.Reader, buffer []byte) ([]byte, error) {
	head, err := r.Peek(2)
	if err != nil {
		return nil, err
	}
	size, skip := int(head[1]), 2
	if size == 126 {
		if head, err = r.Peek(4); err != nil {
			return nil, err
		}
		size, skip = int(binary.BigEndian.Uint16(head[2:])), 4
	}
	if _, err := r.Discard(skip); err != nil {
		return nil, err
	}
	_, err = io.ReadFull(r, buffer[:size])
	return buffer[:size], err
}

func newBrokerFan(b *testing.B, listeners int) fan {
	s := serve(b, ws.Config{MaxPerAddress: -1, MessageRate: 1_000_000})
	var f fan
	for range listeners {
		c := s.raw()
		ask(b, c, []string{request("message_watch", `{"queue_name":"q"}`)})
		_ = c.SetDeadline(time.Time{})
		f.ends = append(f.ends, c)
	}
	poster := s.dial()
	poster.SetReadDeadline(time.Time{})
	posted := make(chan struct{})
	go func() { // answers are of no interest
		defer close(posted)
		for {
			if _, _, err := poster.ReadMessage(); err != nil {
				return
			}
		}
	}()
	f.post = func(body string) {
		poster.send(request("message_post", `{"queue_name":"q","messages":[{"ttl":60,"body":`+body+`}]}`))
	}
	f.stop = func() {
		if err := s.stop(); err != nil {
			b.Error(err)
		}
		<-posted
	}
	return f
}

func newBareFan(b *testing.B, listeners int) fan {
	var writers sync.WaitGroup
	var queues []chan *websocket.PreparedMessage
	up := websocket.Upgrader{ReadBufferSize: 1 << 10, WriteBufferSize: 1 << 10, WriteBufferPool: new(sync.Pool)}
	joined := make(chan struct{})
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		c, err := up.Upgrade(w, r, nil)
		if err != nil {
			b.Error(err)
			return
		}
		queue := make(chan *websocket.PreparedMessage, 64)
		queues = append(queues, queue)
		writers.Go(func() {
			defer c.Close()
			for m := range queue {
				_ = c.SetWriteDeadline(time.Now().Add(patience))
				if c.WritePreparedMessage(m) != nil {
					return
				}
			}
		})
		joined <- struct{}{}
	}))
	var f fan
	s := &site{t: b, url: "ws" + strings.TrimPrefix(server.URL, "http")}
	for range listeners {
		c := s.raw()
		<-joined
		_ = c.SetDeadline(time.Time{})
		f.ends = append(f.ends, c)
	}
	f.post = func(body string) {
		m, err := websocket.NewPreparedMessage(websocket.TextMessage, []byte(`{"ttl":60,"body":`+body+`,"queue_name":"q","Message_Type":"Notification"}`))
		if err != nil {
			b.Fatal(err)
		}
		for _, q := range queues {
			q <- m
		}
	}
	f.stop = func() {
		for _, q := range queues {
			close(q)
		}
		writers.Wait()
		server.Close()
	}
	return f
}
