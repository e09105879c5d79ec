package api

import (
	"bytes"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stackforge/marconi/core"
)

// Head is what comes with an envelope whose messages are in frames of their own,
// as over ZeroMQ. Such an envelope may have the members "echo" and "frames", and
// leave out its headers. Its answer does not repeat the request unless it asks for
// that.
type Head struct {
	Parts   [][]byte // the frames behind it: bodies of messages to post
	Headers *Headers // those of a head that has none; nil: there are none
	Before  *Before  // what came over the same connection; nil: nothing is known of that
	Action  string   // of a head that names none; "": it must
}

// Headers are those of an envelope, for others that come after it. They are not
// changed any more.
type Headers struct {
	raw    []byte // as they came
	given  []header
	found  needs
	client string // the UUID of the Client-ID; "": it is none
}

// Before is what the heads of a connection said last, which the next one mostly says
// again: then it takes no memory. One goroutine uses it.
type Before struct{ action, queue string }

func (b *Before) actionOf(v jsontext.Value) string {
	if b == nil || v.Kind() != '"' {
		return actionOf(v)
	}
	b.action = unquoteNear(v, b.action)
	return b.action
}

func (b *Before) queueOf(v jsontext.Value) string {
	if b == nil {
		return unquote(v)
	}
	b.queue = unquoteNear(v, b.queue)
	return b.queue
}

// ParseHead is ParseEnvelope for a head. The envelope keeps the parts.
func ParseHead(codec Codec, head []byte, with Head) (*Envelope, *Reply) {
	e := new(Envelope)
	return e, e.ReadHead(codec, head, with)
}

// ReadHead is ParseHead into an envelope of which nothing is needed any more. One
// that was read into is not copied.
func (e *Envelope) ReadHead(codec Codec, head []byte, with Head) *Reply {
	*e = Envelope{Codec: codec, head: with, apart: true, lookup: e.lookup}
	_, wrong := parseEnvelope(e, head)
	return wrong
}

// Forget lets go of what the envelope keeps.
func (e *Envelope) Forget() { *e = Envelope{lookup: e.lookup} }

// Headers are what Header finds, apart from the frame in which they came. Heads that
// come with the same are spared the reading.
func (e *Envelope) Headers() *Headers {
	h := &Headers{raw: bytes.Clone(e.headers), given: make([]header, len(e.given)), found: e.found}
	for i, g := range e.given {
		g.value = bytes.Clone(g.value)
		if g.value.Kind() == '"' {
			g.text = unquote(g.value)
		}
		h.given[i] = g
	}
	if text, given := e.Header("Client-ID"); given {
		h.client, _ = uuidOf(text)
	}
	return h
}

// ReplyParts are the frames that go behind AppendReply's: the bodies of the
// messages in the reply, in their order, if the request asked for frames.
func (e *Envelope) ReplyParts(r Reply) [][]byte {
	if !e.Frames {
		return nil
	}
	switch v := r.Result.(type) {
	case core.Message:
		return [][]byte{v.Body}
	case core.MessagePage:
		return bodiesOf(v.Messages)
	case core.Messages:
		return bodiesOf(v.Messages)
	case core.MessagesRemoved:
		return bodiesOf(v.Messages)
	case core.ClaimCreated:
		return bodiesOf(v.Messages)
	case core.Claim:
		return bodiesOf(v.Messages)
	}
	return nil
}

func bodiesOf(messages []core.Message) [][]byte {
	bodies := make([][]byte, len(messages))
	for i := range messages {
		bodies[i] = messages[i].Body
	}
	return bodies
}

var errFrames = notUnderstood("Only message_post takes frames.")

// takeFlag takes a member that only a head has.
func (e *Envelope) takeFlag(flag *bool, v jsontext.Value) {
	if e.apart {
		*flag = v.Kind() == 't'
	}
}

// takeAction takes the action that is named, or that goes without saying.
func (e *Envelope) takeAction() {
	if e.name == nil && e.head.Action != "" {
		e.Action = e.head.Action
		return
	}
	e.Action = e.head.Before.actionOf(e.name)
}

// inherits takes the headers from before if there are none, or the same again.
func (e *Envelope) inherits() bool {
	h := e.head.Headers
	if !e.apart || e.headers != nil && (h == nil || !bytes.Equal(e.headers, h.raw)) {
		return false
	}
	if h != nil {
		e.given, e.found, e.client = h.given, h.found, h.client
	}
	return true
}

// required are the fields that the body must have.
func (e *Envelope) required() int {
	if len(e.head.Parts) > 0 {
		return e.row.required() &^ e.row.framed()
	}
	return e.row.required()
}
