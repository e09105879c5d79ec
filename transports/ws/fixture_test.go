package ws_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/gorilla/websocket"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/transporttest"
	"github.com/stackforge/marconi/transports/ws"
)

const alice = "3381af92-2b9e-11e3-b191-71861300734c"

// patience is longer than anything in these tests takes.
const patience = time.Minute

// site is a server that serves, with a broker that runs.
type site struct {
	t      testing.TB
	url    string
	server *ws.Server
	broker *core.Broker
	stop   func() error // once: tells the server to end and waits for that
}

// serve opens a server that ends with the test and without an error. Without a
// handler it has all operations on an empty store.
func serve(t testing.TB, c ws.Config) *site {
	t.Helper()
	s := &site{t: t}
	if c.Broker == nil {
		c.Broker = transporttest.Broker(t, core.Options{})
	}
	s.broker = c.Broker
	if c.Handler == nil {
		c.Handler = api.New(c.Broker, api.Options{AdminMode: true}, api.Observe(nil, nil))
	}
	c.Addr = "127.0.0.1:0"
	server, err := ws.Listen(c)
	if err != nil {
		t.Fatal(err)
	}
	s.url, s.server = server.Addr(), server
	s.stop = transporttest.Running(t, server.Serve)
	return s
}

// client is the other end of a connection.
type client struct {
	t testing.TB
	*websocket.Conn
}

// dial connects; headers are a name, its value, a name …
func (s *site) dial(headers ...string) *client {
	s.t.Helper()
	return s.dialBy(&websocket.Dialer{}, headers...)
}

func (s *site) dialBy(d *websocket.Dialer, headers ...string) *client {
	s.t.Helper()
	c, response, err := d.Dial(s.url, header(headers))
	if err != nil {
		s.t.Fatalf("%v: %v", err, response)
	}
	c.SetReadDeadline(time.Now().Add(patience))
	s.t.Cleanup(func() { c.Close() })
	return &client{s.t, c}
}

func header(pairs []string) http.Header {
	h := http.Header{}
	for i := 0; i < len(pairs); i += 2 {
		h.Set(pairs[i], pairs[i+1])
	}
	return h
}

// refused tries to connect, which must not come about.
func (s *site) refused(headers ...string) (status int, why string) {
	s.t.Helper()
	c, response, err := websocket.DefaultDialer.Dial(s.url, header(headers))
	if err == nil {
		c.Close()
		s.t.Fatal("it connected")
	}
	var text [200]byte
	n, _ := response.Body.Read(text[:])
	return response.StatusCode, strings.TrimSpace(string(text[:n]))
}

// request is alice's, as the text of an envelope. More are members of it.
func request(action, body string, more ...string) string {
	text := fmt.Sprintf(`{"action":%q,"body":%s,"headers":{"Client-ID":%q,"X-Project-ID":"project"}`, action, body, alice)
	for _, m := range more {
		text += "," + m
	}
	return text + "}"
}

// send sends a text.
func (c *client) send(text string) {
	c.t.Helper()
	if err := c.WriteMessage(websocket.TextMessage, []byte(text)); err != nil {
		c.t.Fatal(err)
	}
}

// sendBinary sends a JSON text as MessagePack.
func (c *client) sendBinary(text string) {
	c.t.Helper()
	b, err := api.MessagePack.Append(nil, jsontext.Value(text))
	if err != nil {
		c.t.Fatal(err)
	}
	if err := c.WriteMessage(websocket.BinaryMessage, b); err != nil {
		c.t.Fatal(err)
	}
}

// frame is what came: an answer or a push, in either encoding.
type frame struct {
	kind    int
	text    string // JSON
	Request *struct {
		Action *string `json:"action"`
	} `json:"request"`
	transporttest.Told
}

// receive waits for the next frame.
func (c *client) receive() frame {
	c.t.Helper()
	kind, data, err := c.ReadMessage()
	if err != nil {
		c.t.Fatalf("nothing came: %v", err)
	}
	f, err := read(kind, data)
	if err != nil {
		c.t.Fatalf("%v: %q", err, data)
	}
	return f
}

func read(kind int, data []byte) (f frame, err error) {
	if kind == websocket.BinaryMessage {
		if data, err = api.FromMessagePack(nil, data, 64<<20); err != nil {
			return f, err
		}
	}
	err = json.Unmarshal(data, &f)
	f.kind, f.text = kind, string(data)
	return f, err
}

// ask sends a request and waits for the answer, which must have a status.
func (c *client) ask(status int, action, body string, more ...string) frame {
	c.t.Helper()
	c.send(request(action, body, more...))
	return c.answer(status)
}

// answer waits for an answer, which must have a status.
func (c *client) answer(status int) frame {
	c.t.Helper()
	f := c.receive()
	if f.Headers.Status != status {
		c.t.Fatalf("got %s, want status %d", f.text, status)
	}
	return f
}

// closed waits until the server closes the connection, and checks how.
func (c *client) closed(code int, reason string) {
	c.t.Helper()
	for {
		_, data, err := c.ReadMessage()
		if err == nil {
			c.t.Logf("before the end: %s", data)
			continue
		}
		var e *websocket.CloseError
		if !errors.As(err, &e) || e.Code != code || e.Text != reason {
			c.t.Fatalf("got %v, want %d %q", err, code, reason)
		}
		return
	}
}

// raw is a connection that was upgraded by hand.
func (s *site) raw() net.Conn {
	s.t.Helper()
	_, host, _ := strings.Cut(s.url, "://")
	c, err := net.Dial("tcp", host)
	if err != nil {
		s.t.Fatal(err)
	}
	s.t.Cleanup(func() { c.Close() })
	c.SetDeadline(time.Now().Add(patience))
	fmt.Fprintf(c, "GET / HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"+
		"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n")
	head := make([]byte, 0, 512)
	for !strings.HasSuffix(string(head), "\r\n\r\n") {
		var b [1]byte
		if _, err := c.Read(b[:]); err != nil {
			s.t.Fatal(err)
		}
		head = append(head, b[0])
	}
	if !strings.HasPrefix(string(head), "HTTP/1.1 101 ") {
		s.t.Fatalf("got %s", head)
	}
	return c
}
