package zmq

import "github.com/stackforge/marconi/transports/api"

// pushBatch is how many pushes are taken from the session at a time.
const pushBatch = 16

// listener is the session of the connection, which is made when it is first asked
// for.
func (c *conn) listener(streams bool) *api.Session {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session == nil {
		o := &c.door.config
		c.session = api.NewSession(o.Broker, api.SessionOptions{Subscriptions: o.MaxSubscriptions, Streams: o.MaxStreams, Wake: c.wake})
	}
	if streams && !c.streams {
		c.streams = true
		session := c.session
		c.tasks.Go(func() { c.runSession(session) })
	}
	return c.session
}

// runSession carries the session. Only claim streams need that while the
// connection lasts; for the others it is enough to end with it.
func (c *conn) runSession(session *api.Session) {
	if err := session.Run(c.ctx); err != nil {
		c.door.config.Log.Warn("what a zmq peer listened to could not be ended", "peer", c.remote, "error", err)
	}
}

// endSession ends what the connection listens to. The connection is over.
func (c *conn) endSession() {
	if c.session != nil && !c.streams {
		c.runSession(c.session)
	}
}

// hold keeps pushes back while more hold them than let them go.
func (c *conn) hold(more int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.held += more
	c.push()
}

// wake is told by the session that it has something.
func (c *conn) wake() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.news = true
	c.push()
}

// push sees to it that somebody pushes. The caller holds mu.
func (c *conn) push() {
	if c.news && c.held == 0 && !c.pushing && !c.over {
		c.pushing = true
		c.tasks.Go(c.pushAll)
	}
}

// pushAll sends what the session has, until it has nothing. A peer that is slow is
// told at its pace: what it has no room for stays in the log, and most of the room is
// left to replies.
func (c *conn) pushAll() {
	for c.mayPush() {
		if err := c.peer.Await(c.ctx, c.door.ballast...); err != nil {
			c.peer.Cut(err)
			continue
		}
		pushes := c.session.Take(pushBatch)
		for i := range pushes {
			if err := c.tell(&pushes[i]); err != nil {
				c.peer.Cut(err) // and nothing more can be sent
			}
		}
		if len(pushes) == pushBatch {
			c.mu.Lock()
			c.news = true
			c.mu.Unlock()
		}
	}
}

// mayPush takes the note that there is news. It is false if there is none, and then
// the goroutine has ended for all others.
func (c *conn) mayPush() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.news || c.held > 0 || c.over {
		c.pushing = false
		return false
	}
	c.news = false
	return true
}

// byUs is the key of what this door makes of a push: its document.
type byUs struct{}

func (c *conn) tell(p *api.Push) error {
	document, _ := p.Form(byUs{}, func(document []byte) any { return document }).([]byte)
	if document == nil {
		c.door.config.Log.Error("a push could not be written", "queue", p.Queue)
		return nil
	}
	return c.send(append([][]byte{document}, p.Parts()...))
}

// ballastOf is what has room in a mailbox only while most of it is empty.
func ballastOf(mailbox int) (parts [][]byte) {
	block := make([]byte, 64<<10)
	for room := mailbox / 4 * 3; room > 0; room -= len(block) {
		parts = append(parts, block[:min(room, len(block))])
	}
	return parts
}
