package api

import (
	"bytes"
	"errors"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stackforge/marconi/core"
)

// Envelope is a request in a document of its own: an object with the members
// "action", "headers" and "body". Zaqar speaks so over WebSocket. A member "id",
// which Zaqar does not know, comes back with the answer.
type Envelope struct {
	Action string
	Queue  string // that the body names, or ""
	Body   []byte // JSON, or nil
	ID     string // the JSON of the member "id" if it is a string or a number of at most 256 bytes, or ""
	Codec  Codec  // of the request, and of its answer

	// Of a head: see ParseHead.
	Echo   bool // the answer repeats the request
	Frames bool // bodies of messages go beside the answer

	head    Head
	apart   bool         // it is a head
	row     *envelopeRow // nil: there is no such action
	name    []byte       // JSON of the action; nil: none was understood
	headers []byte       // JSON as it came, or nil
	given   []header
	found   needs  // among them
	item    string // what else the body names, as the row wants it
	size    int    // bytes of what the limits count
	refused bool   // no call came of it
	client  string // the Client-ID's UUID, if it was read before
	lookup  func(name string) (value string, given bool)
}

const maxEnvelopeID = 256 // bytes

// errNotUnderstood is behind complaints about the envelope itself.
var errNotUnderstood = errors.New("api: not a request")

// ParseEnvelope takes a frame apart and checks it by Zaqar's schema, which knows
// nothing of values. If something is wrong, the reply says what. The envelope is
// there in any case, for AppendReply; it keeps the frame.
func ParseEnvelope(codec Codec, frame []byte) (*Envelope, *Reply) {
	return parseEnvelope(&Envelope{Codec: codec}, frame)
}

func parseEnvelope(e *Envelope, frame []byte) (*Envelope, *Reply) {
	if e.Codec == nil {
		e.Codec = JSON
	}
	if e.lookup == nil {
		e.lookup = e.Header
	}
	if err := e.read(frame); err != nil {
		e.refused = true
		reply := failed(err)
		return e, &reply
	}
	return e, nil
}

var (
	errNoObject = notUnderstood("Unexpected body type. Expected dict or dict like.")
	errSchema   = notUnderstood("Schema validation failed.")
)

func notUnderstood(complaint string) error {
	return &core.Error{Code: core.Invalid, Text: complaint, Err: errNotUnderstood}
}

// read understands the frame, so far as it can be understood.
func (e *Envelope) read(frame []byte) error {
	text, err := jsonOf(e.Codec, frame)
	if err != nil {
		return err
	}
	r := newReader(text)
	if kind, err := r.kind(); err != nil || kind != '{' {
		if err != nil || r.skip() != nil || r.done() != nil {
			return notJSON(text)
		}
		return errNoObject
	}
	if r.members(func(name []byte) error { return e.member(r, string(name)) }) != nil || r.done() != nil {
		*e = Envelope{Codec: e.Codec, head: e.head, apart: e.apart, lookup: e.lookup}
		return notJSON(text)
	}
	return e.check()
}

// member takes a member of the envelope. The last of a name counts.
func (e *Envelope) member(r *reader, name string) error {
	v, err := r.value()
	if err != nil {
		return err
	}
	switch name {
	case "action":
		e.name = v
	case "headers":
		e.headers = v
	case "body":
		e.Body = v
	case "id":
		if k := v.Kind(); (k == '"' || k == '0') && len(v) <= maxEnvelopeID {
			e.ID = string(v)
		}
	case "echo":
		e.takeFlag(&e.Echo, v)
	case "frames":
		e.takeFlag(&e.Frames, v)
	}
	return nil
}

// check holds the envelope against the schema of its action.
func (e *Envelope) check() error {
	e.takeAction()
	row, known := envelopeRows[e.Action]
	if !known || e.name != nil && jsontext.Value(e.name).Kind() != '"' {
		return notUnderstood(e.Action + " is not a valid action")
	}
	e.row = row
	if len(e.head.Parts) > 0 && row.framed() == 0 {
		return errFrames
	}
	if !e.takeHeaders() || !e.takeBody() {
		return errSchema
	}
	return nil
}

// actionOf is an action as Python shows it where it is none.
func actionOf(v jsontext.Value) string {
	switch v.Kind() {
	case '"':
		return unquote(v)
	case 'n', 0:
		return "None"
	case 't':
		return "True"
	case 'f':
		return "False"
	}
	return string(v)
}

// takeBody tells whether the body is as the schema wants it.
func (e *Envelope) takeBody() bool {
	if e.Body == nil {
		return e.row.bodiless
	}
	if jsontext.Value(e.Body).Kind() != '{' {
		return e.row.fields == nil // such an action does not look at it
	}
	r := newReader(e.Body)
	found := 0
	err := r.members(func(name []byte) error {
		v, err := r.value()
		if err != nil {
			return err
		}
		for i, f := range e.row.fields {
			if f.name != string(name) {
				continue
			}
			if !f.kind.fits(v) {
				return errSchema
			}
			found |= 1 << i
			e.note(f, v)
		}
		return nil
	})
	return err == nil && e.required()&^found == 0
}

// note keeps what the answer or the limits will ask for.
func (e *Envelope) note(f field, v jsontext.Value) {
	switch f.name {
	case fieldQueue:
		e.Queue = e.head.Before.queueOf(v)
	case e.row.item:
		e.item = unquote(v)
	case e.row.sized:
		e.size = len(v)
	}
}

// Call is the request as a call. The door adds Transport, ID, Remote and Session.
// Its headers are there as long as the envelope is.
func (e *Envelope) Call() *Call { return e.FillCall(new(Call)) }

// FillCall is Call with memory that is there.
func (e *Envelope) FillCall(c *Call) *Call {
	*c = Call{Action: e.Action, Dialect: WebSocket, Header: e.lookup, Codec: e.Codec, Size: e.size, Parts: e.head.Parts, Frames: e.Frames,
		client: e.client, queue: e.Queue}
	if bytes.HasPrefix(e.Body, []byte{'{'}) {
		c.Body = e.Body
	}
	return c
}
