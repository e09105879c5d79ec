package ws_test

import (
	"bufio"
	"errors"
	"net"
	"net/http"
	"testing"

	"github.com/gorilla/websocket"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/transporttest"
	"github.com/stackforge/marconi/transports/ws"
)

// pipe connects to a door without a network: in a bubble of time, what happens then
// takes exactly as long as it is meant to.
func pipe(t *testing.T, c ws.Config) *client {
	t.Helper()
	c.Broker = transporttest.Broker(t, core.Options{})
	c.Handler = api.New(c.Broker, api.Options{})
	door := ws.NewDoor(c)
	transporttest.Running(t, door.Serve)
	near, far := net.Pipe()
	go upgrade(door, far)
	dialer := &websocket.Dialer{NetDial: func(string, string) (net.Conn, error) { return near, nil }}
	socket, _, err := dialer.Dial("ws://x/", nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { socket.Close() })
	return &client{t, socket}
}

// upgrade hands the first request of a connection to a door.
func upgrade(door http.Handler, c net.Conn) {
	from := bufio.NewReader(c)
	if r, err := http.ReadRequest(from); err == nil {
		door.ServeHTTP(piped{c, bufio.NewReadWriter(from, bufio.NewWriter(c))}, r)
	}
}

// piped is a response whose connection may be taken over, and nothing else.
type piped struct {
	conn   net.Conn
	buffer *bufio.ReadWriter
}

func (p piped) Hijack() (net.Conn, *bufio.ReadWriter, error) { return p.conn, p.buffer, nil }
func (p piped) Header() http.Header                          { return http.Header{} }
func (p piped) WriteHeader(int)                              {}
func (p piped) Write([]byte) (int, error)                    { return 0, errors.New("it was to be taken over") }
