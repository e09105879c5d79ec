package ws

import (
	"bytes"
	"io"
	"slices"
	"sync"

	"github.com/gorilla/websocket"

	"github.com/stackforge/marconi/transports/api"
)

// read takes requests until the connection fails or is closed.
func (c *conn) read() error {
	for {
		kind, frame, err := c.next()
		if err != nil {
			return err
		}
		if !c.admit() {
			continue // it is being closed: what still comes means nothing
		}
		codec := api.JSON
		if kind == websocket.BinaryMessage {
			codec = api.MessagePack
		}
		c.take(c.newRequest(codec, frame))
	}
}

// next is the next message.
func (c *conn) next() (kind int, frame []byte, err error) {
	config := &c.door.config
	if err := c.expect(config.PingInterval + config.PongTimeout); err != nil {
		return 0, nil, err
	}
	kind, r, err := c.socket.NextReader()
	if err != nil {
		return 0, nil, err
	}
	c.inMessage = true
	if err := c.expect(config.MessageTimeout); err != nil {
		return 0, nil, err
	}
	frame, err = readAll(r, config.MaxMessage)
	if err != nil {
		return 0, nil, err
	}
	c.inMessage = false
	return kind, frame, c.pace.Wait(c.ctx)
}

var buffers = sync.Pool{New: func() any { return new(bytes.Buffer) }}

// readAll reads to the end what may be max bytes long. The limit is on what comes
// out of r, whatever it was compressed to. The result has no bytes to spare,
// since the broker may keep it.
func readAll(r io.Reader, max int) ([]byte, error) {
	b := buffers.Get().(*bytes.Buffer)
	defer buffers.Put(b)
	b.Reset()
	n, err := b.ReadFrom(io.LimitReader(r, int64(max)+1))
	switch {
	case err != nil:
		return nil, err
	case n > int64(max):
		return nil, errTooLarge
	}
	return slices.Clip(bytes.Clone(b.Bytes())), nil
}

// admit waits until one more request may be in flight and makes room for it. It
// is false if none is taken any more.
func (c *conn) admit() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.inFlight >= c.door.config.MaxInFlight && c.takes() {
		c.changed.Wait()
	}
	if !c.takes() {
		return false
	}
	c.inFlight++
	return true
}

// takes tells whether requests are begun.
func (c *conn) takes() bool { return c.leaving == nil && c.bye == nil && !c.over }
