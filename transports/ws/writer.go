package ws

import (
	"errors"

	"github.com/gorilla/websocket"

	"github.com/stackforge/marconi/transports/api"
)

const (
	// maxUntaken is how many bytes of answers may wait for the other end to take
	// them before further requests wait too.
	maxUntaken = 1 << 20
	// pushBatch is how many pushes go out before answers have their turn again.
	pushBatch = 16
	// worthwhile is how many bytes are worth compressing.
	worthwhile = 1 << 10
)

// parcel is a message to be sent.
type parcel struct {
	kind    int
	data    []byte
	answers bool // it is the answer to a request
	news    bool // it is what the session has, instead
}

// outbox is what waits to be sent.
type outbox struct {
	answers []parcel
	size    int // bytes of answers
	ping    bool
	pinged  bool
	pong    []byte
	news    bool // the session may have something
	held    int  // requests whose answers go before any news
	writing bool // a goroutine sends
}

func (o *outbox) add(p parcel) {
	o.answers = append(o.answers, p)
	o.size += len(p.data)
}

// kindOf is the kind of frame that holds documents of an encoding.
func kindOf(codec api.Codec) int {
	if codec == api.MessagePack {
		return websocket.BinaryMessage
	}
	return websocket.TextMessage
}

// news is told by the session that it has something.
func (c *conn) news() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.outbox.news = true
	c.wakeWriter()
}

// wakeWriter sees to it that somebody writes. The caller holds mu.
func (c *conn) wakeWriter() {
	if c.outbox.writing || c.over {
		return
	}
	c.outbox.writing = true
	c.tasks.Go(c.write)
}

// write sends what waits, until nothing does.
func (c *conn) write() {
	for {
		p, some := c.nextParcel()
		if !some {
			return
		}
		if err := c.send(p); err != nil {
			c.broken(err)
			return
		}
		c.sent(p)
	}
}

// nextParcel is what is sent next. Having none ends the goroutine that asks.
func (c *conn) nextParcel() (p parcel, some bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	o := &c.outbox
	switch {
	case c.over || c.bye != nil && c.bye.said:
	case o.pinged:
		p = parcel{kind: websocket.PongMessage, data: o.pong}
		o.pinged, o.pong = false, nil
		return p, true
	case o.ping:
		o.ping = false
		return parcel{kind: websocket.PingMessage}, true
	case len(o.answers) > 0:
		p, o.answers[0] = o.answers[0], parcel{}
		if o.answers = o.answers[1:]; len(o.answers) == 0 {
			o.answers = nil
		}
		return p, true
	case c.bye != nil:
		return parcel{kind: websocket.CloseMessage, data: websocket.FormatCloseMessage(c.bye.code, c.bye.reason)}, true
	case o.news && o.held == 0:
		o.news = false
		return parcel{news: true}, true
	}
	o.writing = false
	return parcel{}, false
}

func (c *conn) send(p parcel) error {
	if p.news {
		return c.push()
	}
	c.socket.EnableWriteCompression(len(p.data) >= worthwhile)
	return c.socket.WriteMessage(p.kind, p.data)
}

// sent notes that a parcel was taken.
func (c *conn) sent(p parcel) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case p.answers:
		c.outbox.size -= len(p.data)
		c.inFlight--
		c.leaveIfDone()
	case p.kind == websocket.CloseMessage:
		c.bye.said = true
	default:
		return
	}
	c.changed.Broadcast()
}

// broken notes that nothing more will be taken.
func (c *conn) broken(err error) {
	if !errors.Is(err, websocket.ErrCloseSent) { // by the library, to what is no WebSocket
		_ = c.wire.Conn.Close() // whoever reads is let go
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	c.changed.Broadcast()
}
