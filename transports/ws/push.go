package ws

import (
	"errors"

	"github.com/gorilla/websocket"

	"github.com/stackforge/marconi/transports/api"
)

// prepared is a push as a frame, which all who are told of it share.
type prepared struct {
	frame *websocket.PreparedMessage // nil: it cannot be told
	size  int
}

// byUs is the key of what this door makes of a push.
type byUs struct{}

// push sends some of what the session has.
func (c *conn) push() error {
	c.mu.Lock()
	session := c.session
	c.mu.Unlock()
	pushes := session.Take(pushBatch)
	if err := c.tellAll(pushes); err != nil {
		return err
	}
	if len(pushes) == pushBatch {
		c.mu.Lock()
		c.outbox.news = true
		c.mu.Unlock()
	}
	return nil
}

// tellAll sends pushes, more than one of them together.
func (c *conn) tellAll(pushes []api.Push) (err error) {
	if len(pushes) > 1 {
		c.wire.gather()
		defer func() { err = errors.Join(err, c.wire.flush()) }()
	}
	for i := range pushes {
		if err := c.tell(&pushes[i]); err != nil {
			return err
		}
	}
	return nil
}

func (c *conn) tell(p *api.Push) error {
	f := prepare(p)
	if f.frame == nil {
		c.door.config.Log.Error("a push could not be written", "queue", p.Queue)
		return nil
	}
	c.socket.EnableWriteCompression(f.size >= worthwhile)
	return c.socket.WritePreparedMessage(f.frame)
}

// prepare makes a frame of a push, or finds that which was made for another.
func prepare(p *api.Push) prepared {
	return p.Form(byUs{}, func(document []byte) any {
		if document == nil {
			return prepared{}
		}
		frame, err := websocket.NewPreparedMessage(kindOf(p.Codec), document)
		if err != nil {
			return prepared{}
		}
		return prepared{frame, len(document)}
	}).(prepared)
}
