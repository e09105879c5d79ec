package client_test

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"sync"
	"testing"
	"time"

	"github.com/gorilla/websocket"
	"go.uber.org/goleak"

	"github.com/stackforge/marconi/clients/go"
)

// leavesNothing expects that no goroutine of a test is left at its end. It comes
// first in the test.
func leavesNothing(t *testing.T) {
	t.Helper()
	before := goleak.IgnoreCurrent()
	t.Cleanup(func() { goleak.VerifyNone(t, before) })
}

// peer is the broker's end of a socket.
type peer struct {
	*testing.T
	conn *websocket.Conn
}

// listeningTo makes a client of a broker that plays a part on each connection, in
// their order, and fails the test if one more or less is made. A part that returns
// lets the connection go without a word.
func listeningTo(t *testing.T, c client.Config, parts ...func(*peer)) *client.Client {
	t.Helper()
	var mu sync.Mutex
	at := 0
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		mu.Lock()
		defer mu.Unlock() // one connection at a time
		if at++; at > len(parts) || r.URL.Path != "/ws" {
			t.Errorf("connection %d of %d, to %s", at, len(parts), r.URL.Path)
			w.WriteHeader(http.StatusNotFound)
			return
		}
		p := &peer{T: t}
		if parts[at-1] == nil {
			w.WriteHeader(http.StatusServiceUnavailable)
			return
		}
		var err error
		if p.conn, err = new(websocket.Upgrader).Upgrade(w, r, nil); err != nil {
			t.Error(err)
			return
		}
		defer p.conn.Close()
		_ = p.conn.SetReadDeadline(time.Now().Add(time.Minute))
		parts[at-1](p)
	}))
	c.URL, c.ClientID, c.Retries = server.URL, self, -1
	made, err := client.New(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		made.Close()
		server.Close()
		if at < len(parts) {
			t.Errorf("%d of %d connections were made", at, len(parts))
		}
	})
	return made
}

// asked is a request as the broker sees it.
type asked struct {
	Action  string            `json:"action"`
	Headers map[string]string `json:"headers"`
	Body    json.RawMessage   `json:"body"`
	ID      string            `json:"id"`
}

// hears reads a request, and expects its action and body.
func (p *peer) hears(action, body string) asked {
	p.Helper()
	var a asked
	if err := p.conn.ReadJSON(&a); err != nil {
		p.Errorf("no %s came: %v", action, err)
		return a
	}
	if a.Action != action || !sameJSON(string(a.Body), body) {
		p.Errorf("got %s %s, want %s %s", a.Action, a.Body, action, body)
	}
	return a
}

// says sends frames as they are.
func (p *peer) says(frames ...string) {
	p.Helper()
	for _, f := range frames {
		if err := p.conn.WriteMessage(websocket.TextMessage, []byte(f)); err != nil {
			p.Errorf("%s could not be sent: %v", f, err)
		}
	}
}

// answers answers a request.
func (p *peer) answers(a asked, status int, body string) {
	p.Helper()
	id := ""
	if a.ID != "" {
		id = fmt.Sprintf(`,"id":%q`, a.ID)
	}
	p.says(fmt.Sprintf(`{"request":{"action":%q,"body":{},"headers":{},"api":"v2"},"body":%s,"headers":{"status":%d}%s}`, a.Action, body, status, id))
}

// stays keeps the connection until the other end lets it go, and fails if
// anything else comes.
func (p *peer) stays() {
	p.Helper()
	if _, text, err := p.conn.ReadMessage(); err == nil {
		p.Errorf("got %s, want the end", text)
	}
}

const watching = `{"queue_name":"q","position":"latest"}`

// watches plays a broker that is listened to from a position.
func (p *peer) watches(position string) {
	p.Helper()
	a := p.hears("message_watch", fmt.Sprintf(`{"queue_name":"q","position":%q}`, position))
	p.answers(a, 201, `{"stream_id":"s1"}`)
}

func notification(at string, body string) string {
	return fmt.Sprintf(`{"ttl":60,"body":%s,"queue_name":"q","Message_Type":"Notification","id":%q,"position":%q}`, body, at, at)
}

func live(at string) string {
	return fmt.Sprintf(`{"queue_name":"q","stream_id":"s1","Message_Type":"Fact","fact":"live","position":%q}`, at)
}
