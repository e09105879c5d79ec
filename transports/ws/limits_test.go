package ws_test

import (
	"bytes"
	"crypto/rand"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/gorilla/websocket"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/ws"
)

const tooLarge = "A message is too large."

func padded(size int) string {
	text := request("queue_list", `{"marker":""}`)
	return strings.Replace(text, `"marker":"`, `"marker":"`+strings.Repeat("a", size-len(text)), 1)
}

func TestMessageSize(t *testing.T) {
	t.Parallel()
	const limit = 10_000
	for _, compressed := range []bool{false, true} {
		for _, pieces := range []int{1, 10} {
			t.Run(fmt.Sprintf("compressed %t in %d", compressed, pieces), func(t *testing.T) {
				t.Parallel()
				s := serve(t, ws.Config{MaxMessage: limit, Compression: compressed})
				c := s.dialBy(&websocket.Dialer{EnableCompression: compressed, WriteBufferSize: limit / pieces})
				c.send(padded(limit))
				c.answer(200)
				c.send(padded(limit + 1))
				c.closed(websocket.CloseMessageTooBig, tooLarge)
			})
		}
	}
}

// What is small on the wire and large when it is inflated costs no more than the
// limit.
func TestBomb(t *testing.T) {
	t.Parallel()
	s := serve(t, ws.Config{Compression: true})
	c := s.dialBy(&websocket.Dialer{EnableCompression: true})
	if err := c.SetCompressionLevel(9); err != nil {
		t.Fatal(err)
	}
	if err := c.WriteMessage(websocket.TextMessage, make([]byte, 10<<20)); err != nil {
		t.Fatal(err)
	}
	c.closed(websocket.CloseMessageTooBig, tooLarge)
}

// frameOf is a client's frame, with a mask of zeros.
func frameOf(first byte, payload []byte) []byte {
	f := []byte{first, 0x80 | 126, 0, 0, 0, 0, 0, 0}
	binary.BigEndian.PutUint16(f[2:], uint16(len(payload)))
	return append(f, payload...)
}

// closeIn finds the close frame in what a server has sent.
func closeIn(t *testing.T, all []byte) (code int, reason string) {
	t.Helper()
	for len(all) >= 2 {
		kind, size := all[0]&0xf, int(all[1])
		if size > 125 || len(all) < 2+size {
			break
		}
		if kind == websocket.CloseMessage {
			return int(binary.BigEndian.Uint16(all[2:])), string(all[4 : 2+size])
		}
		all = all[2+size:]
	}
	t.Fatalf("there is no close frame in %q", all)
	return 0, ""
}

// flood sends until the server has had enough, and returns what came.
func flood(t *testing.T, c net.Conn, what []byte) []byte {
	t.Helper()
	sent := make(chan struct{})
	go func() {
		defer close(sent)
		for {
			if _, err := c.Write(what); err != nil {
				return
			}
		}
	}()
	all, err := io.ReadAll(c)
	if err != nil && !errors.Is(err, syscall.ECONNRESET) {
		t.Fatal(err)
	}
	c.Close()
	<-sent
	return all
}

// A message that never ends is not paid for: neither one of empty pieces, nor one
// of compressed data from which nothing comes.
func TestEndlessMessage(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name string
		what []byte
	}{
		{"empty pieces", bytes.Repeat(frameOf(0, nil), 1000)},
		{"pings in between", bytes.Repeat(append(frameOf(0, nil), 0x89, 0x80, 0, 0, 0, 0), 1000)},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := serve(t, ws.Config{MaxMessage: 1000, MessageRate: 1_000_000, CloseTimeout: 100 * time.Millisecond})
			raw := s.raw()
			raw.Write(frameOf(websocket.TextMessage, nil))
			flood(t, raw, c.what)
			await(t, "the connection to end", func() bool { return s.server.Connections() == 0 })
		})
	}
}

func TestLengthsThatCannotBe(t *testing.T) {
	t.Parallel()
	s := serve(t, ws.Config{MaxMessage: 1000, CloseTimeout: 100 * time.Millisecond})
	for _, length := range []uint64{1 << 20, 1 << 49, 1 << 62, 1<<64 - 1} {
		raw := s.raw()
		head := binary.BigEndian.AppendUint64([]byte{0x81, 0x80 | 127}, length)
		raw.Write(append(head, 0, 0, 0, 0))
		all := flood(t, raw, make([]byte, 1000))
		if length < 1<<63 {
			if code, reason := closeIn(t, all); code != websocket.CloseMessageTooBig || reason != tooLarge {
				t.Errorf("%d: got %d %q", length, code, reason)
			}
		}
	}
}

func TestWhatIsNoWebSocketIsToldSo(t *testing.T) {
	t.Parallel()
	s := serve(t, ws.Config{})
	raw := s.raw()
	raw.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\n\r\n"))
	raw.(*net.TCPConn).CloseWrite()
	all, err := io.ReadAll(raw)
	if err != nil {
		t.Fatal(err)
	}
	if code, _ := closeIn(t, all); code != websocket.CloseProtocolError {
		t.Errorf("got %d", code)
	}
}

func TestMessageTimeout(t *testing.T) {
	t.Parallel()
	s := serve(t, ws.Config{MessageTimeout: 50 * time.Millisecond, CloseTimeout: 100 * time.Millisecond})
	raw := s.raw()
	raw.Write(frameOf(websocket.TextMessage, []byte("begun"))) // FIN is not set
	all, err := io.ReadAll(raw)
	if err != nil {
		t.Fatal(err)
	}
	if code, reason := closeIn(t, all); code != 4008 || reason != "A message did not arrive in time." {
		t.Errorf("got %d %q", code, reason)
	}
}

func TestPongTimeout(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := pipe(t, ws.Config{PingInterval: 20 * time.Second, PongTimeout: 10 * time.Second})
		start, pings := time.Now(), 0
		c.SetPingHandler(func(string) error { pings++; return nil })
		c.closed(4008, "No answer to a ping came in time.")
		if took := time.Since(start); took != 30*time.Second || pings != 1 {
			t.Errorf("it took %s and %d pings", took, pings)
		}
	})
}

// Whoever answers pings may be silent for as long as it likes.
func TestPongsKeepAConnection(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		c := pipe(t, ws.Config{PingInterval: 30 * time.Second, PongTimeout: 30 * time.Second})
		start, pings, answer := time.Now(), 0, c.PingHandler()
		c.SetPingHandler(func(data string) error {
			if pings++; pings == 100 {
				c.send(request("queue_list", `{}`))
			}
			return answer(data)
		})
		c.answer(200)
		if took := time.Since(start); took < 49*time.Minute || took > 50*time.Minute {
			t.Errorf("100 pings came in %s", took)
		}
	})
}

func TestPingsAreAnswered(t *testing.T) {
	t.Parallel()
	c := serve(t, ws.Config{}).dial()
	ponged := ""
	c.SetPongHandler(func(data string) error { ponged = data; return nil })
	if err := c.WriteControl(websocket.PingMessage, []byte("hello"), time.Now().Add(patience)); err != nil {
		t.Fatal(err)
	}
	c.send("nonsense")
	c.answer(400)
	if ponged == "" { // the answer may go first
		c.send("nonsense")
		c.answer(400)
	}
	if ponged != "hello" {
		t.Errorf("got pong %q", ponged)
	}
}

// Whoever sends faster than it may is read more slowly, and loses nothing.
func TestMessageRate(t *testing.T) {
	t.Parallel()
	c := serve(t, ws.Config{MessageRate: 100}).dial()
	start := time.Now()
	const n = 130
	go func() {
		for range n {
			_ = c.WriteMessage(websocket.TextMessage, []byte("nonsense"))
		}
	}()
	for range n {
		c.answer(400)
	}
	if took := time.Since(start); took < 250*time.Millisecond {
		t.Errorf("%d messages were read in %s at 100 a second", n, took)
	}
}

func TestConnections(t *testing.T) {
	t.Parallel()
	s := serve(t, ws.Config{MaxConnections: 2})
	one := s.dial()
	s.dial()
	if status, why := s.refused(); status != 503 || why != "There are too many connections." {
		t.Errorf("got %d %q", status, why)
	}
	await(t, "both to be known", func() bool { return s.server.Connections() == 2 })
	one.Close()
	await(t, "the connection to be forgotten", func() bool { return s.server.Connections() == 1 })
	s.dial().ask(200, "queue_list", `{}`)
}

func TestConnectionsOfAnAddress(t *testing.T) {
	t.Parallel()
	s := serve(t, ws.Config{MaxPerAddress: 1})
	s.dial()
	if status, why := s.refused(); status != 429 || why != "There are too many connections from this address." {
		t.Errorf("got %d %q", status, why)
	}
	s.dialBy(&websocket.Dialer{NetDial: func(_, addr string) (net.Conn, error) {
		return (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.IPv4(127, 0, 0, 2)}}).Dial("tcp", addr)
	}})
}

func TestConnectionsOfAProject(t *testing.T) {
	t.Parallel()
	s := serve(t, ws.Config{MaxPerProject: 1})
	one := s.dial()
	one.ask(200, "queue_list", `{}`)
	two := s.dial()
	two.ask(503, "queue_list", `{}`)
	two.closed(4029, "There are too many connections of this project.")
	one.ask(200, "queue_list", `{}`)
	three := s.dial()
	three.send(strings.Replace(request("queue_list", `{}`), `"project"`, `"another"`, 1))
	three.answer(200)
	one.Close()
	await(t, "the connection to be forgotten", func() bool { return s.server.Connections() == 1 })
	s.dial().ask(200, "queue_list", `{}`)
}

func TestAnyNumberOfConnections(t *testing.T) {
	t.Parallel()
	s := serve(t, ws.Config{MaxConnections: -1, MaxPerAddress: -1, MaxPerProject: -1})
	for range 20 {
		s.dial().ask(200, "queue_list", `{}`)
	}
}

// A connection that takes nothing is closed, however much it asks for; its
// answers do not pile up before.
func TestWriteTimeout(t *testing.T) {
	t.Parallel()
	const size = 100 << 10
	big := make([]byte, size)
	_, _ = rand.Read(big)
	metadata := []byte(fmt.Sprintf(`{"x":"%x"}`, big))
	handled := make(chan struct{}, 10_000)
	h := api.HandlerFunc(func(ctx ctx, c *api.Call) api.Reply {
		handled <- struct{}{}
		return api.Reply{Status: 200, Result: core.Queue{Metadata: metadata}}
	})
	s := serve(t, ws.Config{Handler: h, WriteTimeout: 200 * time.Millisecond})
	c := s.dial()
	for i := range 1000 {
		if c.WriteMessage(websocket.TextMessage, []byte(request("queue_get", numbered(i)))) != nil {
			break
		}
	}
	await(t, "the connection to be given up", func() bool { return s.server.Connections() == 0 })
	if n := len(handled); n > 200 {
		t.Errorf("%d requests of %d bytes each were carried out for nobody", n, 2*size)
	}
}

// A slow connection is not cut off while it takes something.
func TestSlowReader(t *testing.T) {
	t.Parallel()
	metadata := []byte(`{"x":"` + strings.Repeat("x", 8<<20) + `"}`)
	h := api.HandlerFunc(func(ctx ctx, c *api.Call) api.Reply {
		return api.Reply{Status: 200, Result: core.Queue{Metadata: metadata}}
	})
	s := serve(t, ws.Config{Handler: h, WriteTimeout: time.Second})
	slow := s.dialBy(&websocket.Dialer{NetDial: func(_, addr string) (net.Conn, error) {
		c, err := net.Dial("tcp", addr)
		return &sipping{Conn: c, every: time.NewTicker(time.Millisecond)}, err
	}})
	start := time.Now()
	slow.ask(200, "queue_get", numbered(0))
	if took := time.Since(start); took < 1200*time.Millisecond {
		t.Errorf("it took only %s", took)
	}
}

// sipping is a connection that takes little at a time.
type sipping struct {
	net.Conn
	every *time.Ticker
}

func (s *sipping) Read(p []byte) (int, error) {
	<-s.every.C
	return s.Conn.Read(p[:min(len(p), 4<<10)])
}
