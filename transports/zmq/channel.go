package zmq

import (
	"context"
	"strconv"

	"github.com/stackforge/marconi/core"
)

// turn is how much of one channel is published before the next has its turn.
const turn = 64

// attend publishes some of what there is on a channel.
func (l *Publish) attend(ctx context.Context, c *channel, wanted bool) {
	if !wanted {
		if c.listener != nil {
			c.listener.Close()
		}
		return
	}
	if c.listener == nil && !l.listen(ctx, c) {
		return
	}
	var head [256]byte
	news := c.listener.Take(turn)
	for _, n := range news {
		switch {
		case n.Heard != nil:
			l.pub.Publish(c.topic, appendHead(head[:0], n.Heard), n.Heard.Message.Body)
			l.published.Add(1)
		case n.Fact.Kind == core.End:
			c.listener.Close()
			c.listener = nil
			l.later(c)
			return
		}
	}
	if len(news) > 0 {
		l.soon(c) // it is woken only after it was found to have nothing
	}
}

func (l *Publish) soon(c *channel) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.again(c)
}

func (l *Publish) later(c *channel) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.failed = append(l.failed, c)
}

// listen begins to listen to a channel's queue, from now on.
func (l *Publish) listen(ctx context.Context, c *channel) bool {
	var err error
	c.listener, err = l.config.Broker.Listen(ctx, core.Caller{Project: c.project}, core.ListenRequest{Queue: c.queue}, func() { l.soon(c) })
	if err == nil {
		return true
	}
	l.later(c)
	if more, now := l.log.turn(); now {
		l.config.Log.Warn("a queue that is subscribed to could not be listened to", "queue", c.queue, "project", c.project, "error", err, "since_last", more)
	}
	return false
}

// appendHead writes what is told of a message beside its body. IDs and positions
// need no quoting.
func appendHead(dst []byte, h *core.Heard) []byte {
	dst = append(append(dst, `{"id":"`...), h.Message.ID...)
	dst = append(append(dst, `","position":"`...), h.Position...)
	dst = strconv.AppendInt(append(dst, `","ttl":`...), h.Message.TTL, 10)
	dst = strconv.AppendInt(append(dst, `,"age":`...), h.Message.Age, 10)
	if h.Message.Raw {
		dst = append(dst, `,"body_encoding":"raw"`...)
	}
	return append(dst, '}')
}
