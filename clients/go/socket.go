package client

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync"
	"time"

	"github.com/gorilla/websocket"
)

const (
	// silence is how long a socket may bring nothing. Brokers ping every 30
	// seconds.
	silence = 90 * time.Second

	handshakeTimeout = 15 * time.Second
	writeTimeout     = 15 * time.Second
	goodbye          = time.Second // for telling the other end that the socket is closed
)

// socket is a WebSocket to the broker. One goroutine reads and one writes.
type socket struct {
	conn    *websocket.Conn
	headers map[string]string // of each request
	release func()            // ends what waits for the context's end
	closing sync.Once
}

// connect opens a socket that lasts until ctx is done, and proves who calls.
// Close must be called.
func (c *Client) connect(ctx context.Context) (*socket, error) {
	address := "ws" + strings.TrimPrefix(c.base, "http") + "/ws"
	conn, resp, err := c.dialer().DialContext(ctx, address, http.Header{"User-Agent": c.header["User-Agent"]})
	switch {
	case errors.Is(err, websocket.ErrBadHandshake):
		body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorText)) // what there is of it
		return nil, newError(resp, body)
	case err != nil:
		return nil, &lostError{err}
	}
	s := &socket{conn: conn, headers: map[string]string{"Client-ID": c.id, "X-Project-ID": c.header.Get("X-Project-Id")}}
	s.release = closeAfter(ctx, conn)
	conn.SetReadLimit(maxAnswer)
	conn.SetPingHandler(s.pinged)
	if token := c.header.Get("X-Auth-Token"); token != "" {
		if err := s.authenticate(token); err != nil {
			s.close()
			return nil, err
		}
	}
	return s, nil
}

// dialer reaches the broker in the way that the requests do, as far as that is
// known.
func (c *Client) dialer() *websocket.Dialer {
	d := &websocket.Dialer{Proxy: http.ProxyFromEnvironment, HandshakeTimeout: handshakeTimeout}
	if t, ok := c.http.Transport.(*http.Transport); ok {
		t = t.Clone() // the first request may be changing it at this moment
		d.NetDialContext, d.Proxy = t.DialContext, t.Proxy
		if d.TLSClientConfig = t.TLSClientConfig; d.TLSClientConfig != nil {
			d.TLSClientConfig.NextProtos = nil // a WebSocket begins in HTTP/1.1
		}
	}
	return d
}

// closeAfter cuts a connection off when ctx is done. The function that it returns
// ends that, and waits until it has.
func closeAfter(ctx context.Context, conn *websocket.Conn) (release func()) {
	cut := make(chan struct{})
	stop := context.AfterFunc(ctx, func() {
		defer close(cut)
		_ = conn.NetConn().Close() // whoever reads is told
	})
	return func() {
		if !stop() {
			<-cut
		}
	}
}

// close says good-bye, if there is somebody to hear it, and ends the socket. It
// may be called more than once.
func (s *socket) close() {
	s.closing.Do(func() {
		s.release()
		farewell := websocket.FormatCloseMessage(websocket.CloseNormalClosure, "")
		_ = s.conn.WriteControl(websocket.CloseMessage, farewell, time.Now().Add(goodbye))
		_ = s.conn.Close()
	})
}

// pinged answers a ping.
func (s *socket) pinged(text string) error {
	if err := s.conn.SetReadDeadline(time.Now().Add(silence)); err != nil {
		return err
	}
	return s.conn.WriteControl(websocket.PongMessage, []byte(text), time.Now().Add(writeTimeout))
}

// authenticate proves who calls, before anything else is asked.
func (s *socket) authenticate(token string) error {
	proof := map[string]string{"X-Auth-Token": token, "X-Project-ID": s.headers["X-Project-ID"]}
	if err := s.write(ask{Action: "authenticate", Headers: proof}); err != nil {
		return err
	}
	f, err := s.next()
	if err != nil {
		return err
	}
	return f.refusal()
}

// ask is a request. With an ID it overlaps with others.
type ask struct {
	Action  string            `json:"action"`
	Headers map[string]string `json:"headers"`
	Body    any               `json:"body,omitempty"`
	ID      string            `json:"id,omitempty"`
}

// send sends a request.
func (s *socket) send(action, id string, body any) error {
	return s.write(ask{Action: action, Headers: s.headers, Body: body, ID: id})
}

func (s *socket) write(a ask) error {
	text, err := encode(a)
	if err != nil {
		return err
	}
	err = errors.Join(s.conn.SetWriteDeadline(time.Now().Add(writeTimeout)), s.conn.WriteMessage(websocket.TextMessage, text))
	if err != nil {
		return &lostError{err}
	}
	return nil
}

// next is the next frame, whatever it is.
func (s *socket) next() (*frame, error) {
	if err := s.conn.SetReadDeadline(time.Now().Add(silence)); err != nil {
		return nil, &lostError{err}
	}
	_, text, err := s.conn.ReadMessage()
	if err != nil {
		return nil, &lostError{err}
	}
	f := new(frame)
	if err := json.Unmarshal(text, f); err != nil {
		return nil, fmt.Errorf("marconi: the broker sent what it should not: %w", err)
	}
	return f, nil
}

// frame is what comes over a socket: the answer to a request, which has Request,
// or a push, which has a Kind.
type frame struct {
	wireMessage
	wireMessages
	Kind     string `json:"Message_Type"`
	Position string `json:"position"`
	Fact     string `json:"fact"`
	From     string `json:"from"`
	To       string `json:"to"`
	Reason   string `json:"reason"`

	Request json.RawMessage `json:"request"`
	Headers struct {
		Status int `json:"status"`
	} `json:"headers"`
}

// The kinds of pushes.
const (
	kindMessage = "Notification"
	kindFact    = "Fact"
	kindClaim   = "Claim"
)

// refusal is what is wrong, if the frame is an answer that says so.
func (f *frame) refusal() error {
	if f.Request == nil || f.Headers.Status < 400 {
		return nil
	}
	e := &Error{Status: f.Headers.Status, Title: http.StatusText(f.Headers.Status)}
	var said struct{ Exception, Error string }
	if json.Unmarshal(f.Body, &said) == nil {
		e.Description = cmp.Or(said.Exception, said.Error)
	} else {
		_ = json.Unmarshal(f.Body, &e.Description) // a few are a text
	}
	return e
}
