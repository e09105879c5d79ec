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
	Action  string   // of a head that names none; "": it must
}

// Headers are those of an envelope, for others that come after it. They are not
// changed any more.
type Headers struct {
	given []header
	found needs
}

// ParseHead is ParseEnvelope for a head. The envelope keeps the parts.
func ParseHead(codec Codec, head []byte, with Head) (*Envelope, *Reply) {
	return parseEnvelope(&Envelope{Codec: codec, head: with, apart: true}, head)
}

// Headers are what Header finds, apart from the frame in which they came.
func (e *Envelope) Headers() *Headers {
	given := make([]header, len(e.given))
	for i, h := range e.given {
		given[i] = header{h.name, bytes.Clone(h.value), h.proper}
	}
	return &Headers{given, e.found}
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
	e.Action = actionOf(e.name)
}

// inherits takes the headers from before if there are none.
func (e *Envelope) inherits() bool {
	if !e.apart || e.headers != nil {
		return false
	}
	if e.head.Headers != nil {
		e.given, e.found = e.head.Headers.given, e.head.Headers.found
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
