package zmq

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"sync"

	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/zmtp"
)

// request is one that came and is not yet answered.
type request struct {
	message  *zmtp.Message
	route    [][]byte // what the reply begins with
	envelope api.Envelope
	call     api.Call
	reply    api.Reply
}

// requests are those that were answered, to be used again.
var requests = sync.Pool{New: func() any { return new(request) }}

// free gives back a request that was answered, and what nobody keeps of its message:
// of a post the broker keeps the bodies.
func (r *request) free() {
	if r.keepsOrder() {
		r.message.ReleaseFrame()
	} else {
		r.message.Release()
	}
	r.envelope.Forget()
	r.message, r.route, r.call, r.reply = nil, nil, api.Call{}, api.Reply{}
	requests.Put(r)
}

const (
	actionPost   = "message_post"
	actionStream = "claim_stream"
)

// listening are the actions from which pushes come. What is pushed comes behind
// the answers that name where it comes from.
var listening = []string{"subscription_create", "message_watch", actionStream}

// sessional are the actions that look at the connection.
var sessional = append([]string{"subscription_delete", "stream_delete"}, listening...)

func (r *request) listens() bool { return slices.Contains(listening, r.call.Action) }

// keepsOrder tells whether the request is carried out behind those before it.
func (r *request) keepsOrder() bool { return r.call.Action == actionPost }

// refusal is the answer to who may not, or asks for what cannot be.
func refusal(status int, title, text string) *api.Reply {
	return &api.Reply{Status: status, Result: &api.Problem{Title: title, Description: text}}
}

var (
	unauthenticated = refusal(http.StatusUnauthorized, "Unauthorized", "The connection has not authenticated.")
	unknowable      = refusal(http.StatusServiceUnavailable, "Service temporarily unavailable", "The caller could not be authenticated. Please try again in a few seconds.")
	otherProject    = refusal(http.StatusForbidden, "Not authorized", "This connection is of another project.")
	onlyPosts       = refusal(http.StatusBadRequest, "Invalid request", "Only posts are taken here.")
	longHead        = refusal(http.StatusBadRequest, "Invalid request", "The head is too long.")
	longReply       = refusal(http.StatusInternalServerError, "Internal server error", "The answer is longer than a connection may be told. Ask for less.")
	unwritten       = refusal(http.StatusInternalServerError, "Internal server error", "The answer could not be written.")
)

// codecOf is the encoding of a head, by its first byte.
func codecOf(head []byte) api.Codec {
	if len(head) > 0 && (head[0]&0xf0 == 0x80 || head[0] == 0xde || head[0] == 0xdf) {
		return api.MessagePack
	}
	return api.JSON
}

// parse takes a message's frames for a head and the bodies behind it.
func parse(e *api.Envelope, frames [][]byte, with api.Head, maxHead int) *api.Reply {
	var head []byte
	if len(frames) > 0 {
		head, with.Parts = frames[0], frames[1:]
	}
	if len(head) <= maxHead {
		return e.ReadHead(codecOf(head), head, with)
	}
	_ = e.ReadHead(codecOf(head), nil, with)
	return longHead
}

// newRequest is what a message asks for, or what is wrong with it.
func (c *conn) newRequest(m *zmtp.Message) *request {
	c.count++
	route, frames := m.Split()
	r := requests.Get().(*request)
	r.message, r.route = m, route
	wrong := parse(&r.envelope, frames, api.Head{Headers: c.headers, Before: &c.before}, c.door.config.MaxHead)
	r.envelope.FillCall(&r.call).Early = wrong
	r.call.Transport, r.call.Remote = transport, c.remote
	if wrong != nil {
		return r
	}
	c.headers = inheritable(c.headers, &r.envelope)
	if r.call.ID = c.name; !r.keepsOrder() {
		r.call.ID = c.name + "/" + strconv.FormatUint(c.count, 10)
	}
	if slices.Contains(sessional, r.call.Action) {
		r.call.Session = c.listener(r.call.Action == actionStream)
	}
	return r
}

// inheritable are the headers for requests to come that have none: those of the
// first that had some. A key is of one request alone.
func inheritable(headers *api.Headers, e *api.Envelope) *api.Headers {
	if headers != nil {
		return headers
	}
	if _, keyed := e.Header("Idempotency-Key"); keyed {
		return nil
	}
	for _, name := range []string{"Client-ID", "X-Project-ID", headerToken} {
		if _, given := e.Header(name); given {
			return e.Headers()
		}
	}
	return nil
}

// identify gives a request the identity of its connection, or an objection to its
// having none. A token that the request brings is looked at first.
func (c *conn) identify(r *request) {
	if c.door.config.Authenticator == nil {
		r.call.Caller, _ = c.caller()
		return
	}
	if token, given := r.envelope.Header(headerToken); given && !c.shown(token) {
		c.flush() // asking takes its time
		r.call.Early = c.show(token)
	}
	if r.call.Early != nil {
		return
	}
	var known bool
	if r.call.Caller, known = c.caller(); !known {
		r.call.Early = unauthenticated
	}
}

// fieldWait is the field of a request that may wait for something to come.
const fieldWait = "wait"

// carryOut has the answer to a call. One that waits does so until the door is told
// to end, at most, and is answered as if its time were over.
func (c *conn) carryOut(call *api.Call) api.Reply {
	handler, serving := c.door.config.Handler, c.door.serving
	if !bytes.Contains(call.Body, []byte(`"`+fieldWait+`"`)) {
		return handler.Handle(c.ctx, call)
	}
	ctx, cancel := context.WithCancel(c.ctx)
	defer cancel()
	defer context.AfterFunc(serving, cancel)()
	reply := handler.Handle(ctx, call)
	if reply.Status != http.StatusServiceUnavailable || serving.Err() == nil || c.ctx.Err() != nil {
		return reply
	}
	call.Params.Own = append(call.Params.Own, fieldWait) // the body's does not count then
	return handler.Handle(c.ctx, call)
}

// paper is what a reply is written on.
type paper struct {
	text  []byte
	parts [][]byte
}

var papers = sync.Pool{New: func() any { return new(paper) }}

const keptPaper = 64 << 10 // bytes of a text worth keeping

func (p *paper) free() {
	clear(p.parts)
	if cap(p.text) > keptPaper {
		p.text = nil
	}
	papers.Put(p)
}

// answer sends the reply to a request, and is the end of that. It waits until the
// peer has room for it.
func (c *conn) answer(r *request) {
	defer c.done()
	p := papers.Get().(*paper)
	defer p.free()
	err := c.write(p, r)
	if errors.Is(err, zmtp.ErrTooLong) {
		r.reply = *longReply
		err = c.write(p, r)
	}
	if err != nil {
		c.peer.Cut(err) // who misses a reply must hear of that
	}
	r.free()
}

func (c *conn) write(p *paper, r *request) (err error) {
	p.text, err = r.envelope.AppendReply(p.text[:0], r.reply)
	bodies := r.envelope.ReplyParts(r.reply)
	if err != nil {
		c.door.config.Log.Error("an answer could not be written", "action", r.call.Action, "request_id", r.call.ID, "error", err)
		p.text, _ = r.envelope.AppendReply(p.text[:0], *unwritten)
		bodies = nil
	}
	p.parts = append(append(append(p.parts[:0], r.route...), p.text), bodies...)
	return c.send(p.parts)
}

// send puts a message into the peer's mailbox, and waits for room there as long as
// the peer takes anything.
func (c *conn) send(parts [][]byte) error {
	for {
		err := c.peer.Send(parts...)
		if err != zmtp.ErrFull {
			return err
		}
		if err = c.peer.Await(c.ctx, parts...); err != nil {
			return err
		}
	}
}
