package redisstore

import (
	"context"
	"errors"
	"net"
	"time"

	"github.com/redis/go-redis/v9"
)

// heartbeat is after how long a silent line is asked for a sign of life. After as
// long again it is given up.
const heartbeat = 3 * time.Second

// line is a connection over which a server tells of its channels. When it breaks,
// its channels look for another one.
type line struct {
	feed     *feed
	addr     string
	sub      *redis.PubSub
	channels map[string]*channel // guarded by the feed's mutex
	heard    bool                // something came over it
}

// newLine is called under the feed's mutex.
func (f *feed) newLine(c *redis.Client) *line {
	l := &line{feed: f, addr: c.Options().Addr, sub: c.SSubscribe(f.ctx), channels: map[string]*channel{}}
	f.lines[l.addr] = l
	f.ended.Go(l.run)
	return l
}

func (l *line) run() {
	err := l.listen()
	_ = l.sub.Close()
	f := l.feed
	f.mu.Lock()
	delete(f.lines, l.addr)
	var left []*channel
	for _, ch := range l.channels {
		left = append(left, ch)
	}
	f.mu.Unlock()
	var refusal redis.Error
	if errors.As(err, &refusal) || !l.heard { // the slot has moved, and our map of slots is old; or the server is away
		f.store.reload(f.ctx)
		_ = (&pause{100 * time.Millisecond}).wait(f.ctx)
	}
	if len(left) > 0 {
		f.connect(left)
	}
}

// listen returns when the line is broken, or when nobody needs it.
func (l *line) listen() error {
	asked := false
	for {
		m, err := l.sub.ReceiveTimeout(l.feed.ctx, heartbeat)
		var late net.Error
		switch {
		case errors.As(err, &late) && late.Timeout() && !asked && l.needed():
			if err := l.sub.Ping(l.feed.ctx); err != nil {
				return err
			}
			asked = true
			continue
		case err != nil:
			return err
		}
		asked, l.heard = false, true
		l.hear(m)
	}
}

func (l *line) needed() bool {
	l.feed.mu.Lock()
	defer l.feed.mu.Unlock()
	return len(l.channels) > 0
}

func (l *line) hear(m any) {
	switch m := m.(type) {
	case *redis.Message:
		l.feed.tell(l, m.Channel, decodeEvent(m.Payload))
	case *redis.Subscription:
		if m.Kind == "ssubscribe" {
			l.feed.subscribed(l, m.Channel)
		} else {
			l.dropped(m.Channel)
		}
	}
}

// dropped connects a channel again from which the server has taken us off, since
// its slot moves away, or since somebody left it just before somebody came.
func (l *line) dropped(name string) {
	f := l.feed
	f.mu.Lock()
	defer f.mu.Unlock()
	ch := l.channels[name]
	if ch == nil || f.closed {
		return
	}
	delete(l.channels, name)
	ch.line = nil
	f.ended.Go(func() {
		f.store.reload(f.ctx)
		f.connect([]*channel{ch})
	})
}

// subscribe asks for a channel. The answer comes over the line.
func (l *line) subscribe(ctx context.Context, name string) {
	if err := l.sub.SSubscribe(ctx, name); err != nil {
		_ = l.sub.Close() // which ends listen
	}
}
