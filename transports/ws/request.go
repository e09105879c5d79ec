package ws

import (
	"slices"
	"strconv"

	"github.com/stackforge/marconi/transports/api"
)

// request is one that came and is not yet answered.
type request struct {
	envelope *api.Envelope
	call     *api.Call
	signed   bool // it brings its own proof of who sent it
}

const (
	transport          = "ws"
	actionAuthenticate = "authenticate"
	actionStream       = "claim_stream"
	headerSignature    = "URL-Signature"
)

// newRequest is what a frame asks for, or what is wrong with it.
func (c *conn) newRequest(codec api.Codec, frame []byte) *request {
	e, wrong := api.ParseEnvelope(codec, frame)
	r := &request{envelope: e, call: c.newCall(e)}
	r.call.Early = wrong
	return r
}

func (c *conn) newCall(e *api.Envelope) *api.Call {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.session == nil {
		o := &c.door.config
		c.session = api.NewSession(o.Broker, api.SessionOptions{Subscriptions: o.MaxSubscriptions, Streams: o.MaxStreams, Wake: c.news})
	}
	c.requests++
	call := e.Call()
	call.Transport = transport
	call.ID = c.session.ID() + "/" + strconv.FormatUint(c.requests, 10)
	call.Remote = c.remote
	call.Session = c.session
	if e.Action == actionStream && !c.streams && !c.over {
		c.streams = true
		c.tasks.Go(func() { c.runSession(call.Session) })
	}
	return call
}

// runSession carries the session. Only claim streams need that while the
// connection lasts; for the others it is enough to end with it, and a goroutine
// less that waits for that.
func (c *conn) runSession(session *api.Session) {
	if err := session.Run(c.ctx); err != nil {
		c.door.config.Log.Warn("what a websocket listened to could not be ended", "remote", c.remote.String(), "error", err)
	}
}

// endSession ends what the connection listens to. The connection is over.
func (c *conn) endSession() {
	if c.session != nil && !c.streams {
		c.runSession(c.session)
	}
}

// take begins a request. Requests with an ID overlap; the others are carried out
// and answered one by one in their order. Who has to authenticate is let through
// when that is decided, with all that comes behind.
func (c *conn) take(r *request) {
	switch {
	case r.call.Early != nil: // nothing is to be done
	case r.envelope.Action == actionAuthenticate:
		c.awaitLine()
		c.authenticate(r)
		return
	default:
		c.identify(r)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.over:
	case r.envelope.ID != "":
		c.tasks.Go(func() { c.answer(r) })
	default:
		c.line = append(c.line, r)
		if !c.serving {
			c.serving = true
			c.tasks.Go(c.serveLine)
		}
	}
}

// serveLine carries out requests in their order until none is left.
func (c *conn) serveLine() {
	for r := c.first(); r != nil; r = c.first() {
		c.answer(r)
	}
}

func (c *conn) first() *request {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.line) == 0 {
		c.line, c.serving = nil, false
		c.changed.Broadcast()
		return nil
	}
	r := c.line[0]
	c.line[0] = nil
	c.line = c.line[1:]
	return r
}

// awaitLine waits until all requests without an ID were carried out.
func (c *conn) awaitLine() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.serving && !c.over {
		c.changed.Wait()
	}
}

// answer carries out a request. It does not begin while the other end has not
// taken what it asked for before.
func (c *conn) answer(r *request) {
	c.mu.Lock()
	for c.outbox.size > maxUntaken && !c.over {
		c.changed.Wait()
	}
	over := c.over
	c.mu.Unlock()
	if over {
		return
	}
	if r.signed {
		c.checkSignature(r)
	}
	if slices.Contains(listening, r.call.Action) {
		c.hold(1)
		defer c.hold(-1)
	}
	c.reply(r, c.door.config.Handler.Handle(c.ctx, r.call))
}

// listening are the actions from which pushes come. What is pushed comes behind
// the answers that name where it comes from.
var listening = []string{"subscription_create", "message_watch", actionStream}

// hold keeps pushes back while more hold them than let them go.
func (c *conn) hold(more int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.outbox.held += more; c.outbox.held == 0 {
		c.wakeWriter()
	}
}

// reply sends the answer to a request.
func (c *conn) reply(r *request, reply api.Reply) {
	document, err := r.envelope.AppendReply(nil, reply)
	if err != nil {
		c.door.config.Log.Error("an answer could not be written", "action", r.call.Action, "request_id", r.call.ID, "error", err)
		document, _ = r.envelope.AppendReply(nil, unwritten)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.outbox.add(parcel{kind: kindOf(r.envelope.Codec), data: document, answers: true})
	c.wakeWriter()
}
