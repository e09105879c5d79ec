package ws

import "time"

// times are the instants at which something is due; zero: never.
type times struct {
	ping    time.Time
	expires time.Time // the authentication, or the time to authenticate
	recheck time.Time // look whether the authentication still holds
}

func (t *times) next() time.Time {
	next := t.ping
	for _, at := range []time.Time{t.expires, t.recheck} {
		if !at.IsZero() && at.Before(next) {
			next = at
		}
	}
	return next
}

func due(at, now time.Time) bool { return !at.IsZero() && !now.Before(at) }

// tick does what is due. It is the connection's timer.
func (c *conn) tick() {
	if c.tickNow(time.Now()) {
		_ = c.wire.Conn.Close()
	}
}

// tickNow tells whether the connection had its time to close and has not.
func (c *conn) tickNow(now time.Time) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	t := &c.times
	switch {
	case c.over:
		return false
	case c.bye != nil:
		return true
	case due(t.expires, now) && c.who == nil:
		c.closeNow(codeUnauthenticated, reasonUnauthenticated)
		return false
	case due(t.expires, now):
		c.closeNow(codeExpired, reasonExpired)
		return false
	}
	if due(t.recheck, now) {
		t.recheck = now.Add(c.door.config.RecheckInterval)
		c.tasks.Go(c.recheck)
	}
	if due(t.ping, now) {
		t.ping = now.Add(c.door.config.PingInterval)
		c.outbox.ping = true
		c.wakeWriter()
	}
	c.timer.Reset(t.next().Sub(now))
	return false
}

// alive notes that something came from the other end.
func (c *conn) alive() error {
	if err := c.pace.Wait(c.ctx); err != nil {
		return err
	}
	if c.inMessage { // which has its own time and cost
		return nil
	}
	return c.expect(c.door.config.PingInterval + c.door.config.PongTimeout)
}

// expect bounds what comes next: in time, and in bytes.
func (c *conn) expect(within time.Duration) error {
	c.wire.left = 2*c.door.config.MaxMessage + readBuffer + piece
	return c.socket.SetReadDeadline(time.Now().Add(within))
}

// pinged answers a ping. Of several that wait to be answered the last is.
func (c *conn) pinged(payload string) error {
	c.mu.Lock()
	c.outbox.pong = []byte(payload)
	c.outbox.pinged = true
	c.wakeWriter()
	c.mu.Unlock()
	return c.alive()
}
