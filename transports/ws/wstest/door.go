// Package wstest is the client of a WebSocket door that plays the scripts of package
// transporttest.
package wstest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/gorilla/websocket"

	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/transporttest"
)

// Options say how a client asks.
type Options struct {
	Binary     bool // in MessagePack
	Compressed bool // frames are, if the server will have it
}

// Dialect is what scripts a door with these options can play.
func (o Options) Dialect() string {
	if o.Binary {
		return transporttest.Packed
	}
	return transporttest.Envelopes
}

// Door does over a WebSocket what scripts say. One request is in flight at a time.
type Door struct {
	conn    *websocket.Conn
	options Options
}

// Dial connects to the server at url, which is as "ws://127.0.0.1:9000". Close must
// be called.
func Dial(ctx context.Context, url string, o Options) (*Door, error) {
	conn, response, err := (&websocket.Dialer{EnableCompression: o.Compressed}).DialContext(ctx, url, nil)
	switch {
	case err != nil && response != nil:
		return nil, fmt.Errorf("%w: %s", err, response.Status)
	case err != nil:
		return nil, err
	}
	return &Door{conn, o}, nil
}

// Close ends the connection.
func (d *Door) Close() error { return d.conn.Close() }

// Do implements transporttest.Door.
func (d *Door) Do(ctx context.Context, r transporttest.Request) (transporttest.Response, error) {
	stop := context.AfterFunc(ctx, func() { _ = d.conn.SetReadDeadline(time.Now()) })
	defer stop()
	if err := d.send(r); err != nil {
		return transporttest.Response{}, err
	}
	reply, err := d.receive()
	switch {
	case err != nil:
		return transporttest.Response{}, err
	case reply.Request.Action != r.Action:
		return transporttest.Response{}, fmt.Errorf("the answer is to something else: %q", reply.Request.Action)
	}
	return transporttest.Undress(r.Action, reply.Headers.Status, reply.Body)
}

func (d *Door) send(r transporttest.Request) error {
	text, err := json.Marshal(struct {
		Action  string            `json:"action"`
		Headers map[string]string `json:"headers"`
		Body    json.RawMessage   `json:"body"`
	}{r.Action, r.Header, r.Body})
	kind := websocket.TextMessage
	if err == nil && d.options.Binary {
		kind = websocket.BinaryMessage
		text, err = api.ToMessagePack(nil, text)
	}
	if err != nil {
		return err
	}
	return d.conn.WriteMessage(kind, text)
}

type reply struct {
	Request struct {
		Action string `json:"action"`
	} `json:"request"`
	Headers struct {
		Status int `json:"status"`
	} `json:"headers"`
	Body json.RawMessage `json:"body"`
}

func (d *Door) receive() (r reply, err error) {
	kind, text, err := d.conn.ReadMessage()
	if err != nil {
		return r, err
	}
	if d.options.Binary != (kind == websocket.BinaryMessage) {
		return r, errors.New("it was answered in another encoding")
	}
	if d.options.Binary {
		if text, err = api.FromMessagePack(nil, text, 64<<20); err != nil {
			return r, err
		}
	}
	return r, json.Unmarshal(text, &r)
}
