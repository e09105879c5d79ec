package api

import (
	"github.com/go-json-experiment/json/jsontext"

	"github.com/stackforge/marconi/core"
)

// takeParts makes messages of the parts of a call. Its body may say how each is to
// be posted. Their size is that of their bodies. They lie in room, if they fit.
func takeParts(c *Call, r *core.MessagePostRequest, room []core.Draft) error {
	if len(c.Parts) == 0 {
		return nil
	}
	if r.Messages != nil {
		return newInvalid(titleBody, "Messages come in the body or in frames, not in both.")
	}
	h, err := howOf(c)
	if err != nil {
		return err
	}
	if len(c.Parts) > len(room) {
		room = make([]core.Draft, len(c.Parts))
	}
	r.Messages, r.Size = room[:len(c.Parts)], 0
	for i, part := range c.Parts {
		if err := h.draft(&r.Messages[i], i, part); err != nil {
			return err
		}
		r.Size += len(r.Messages[i].Body)
	}
	return nil
}

// how is what a body says of messages that come in parts.
type how struct {
	all  manner
	each []manner // nil, or one a part
}

// manner is how a message is to be posted.
type manner struct {
	ttl, delay *int64
	encoding   encoding
}

// encoding is what a part holds.
type encoding uint8

const (
	asOthers encoding = iota // as all of them
	asJSON
	asMessagePack
	asBytes
)

var (
	errEncoding = newInvalid(titleBody, `The value of the "encoding" field must be "json", "msgpack" or "raw".`)
	errEach     = newInvalid(titleBody, `The value of the "each" field must be a list with an object or null for each frame.`)
)

func howOf(c *Call) (how, error) {
	h := how{all: manner{encoding: asJSON}}
	if c.Codec == MessagePack {
		h.all.encoding = asMessagePack
	}
	if len(c.Body) == 0 {
		return h, nil
	}
	r := newReader(c.Body)
	err := r.members(func(name []byte) error {
		if string(name) == "each" {
			return r.manners(&h.each)
		}
		return r.manner(&h.all, name)
	})
	if err == nil && h.each != nil && len(h.each) != len(c.Parts) {
		err = errEach
	}
	return h, err
}

func (r *reader) manners(p *[]manner) error {
	if k, err := r.kind(); err != nil || k != '[' {
		return either(err, errEach)
	}
	*p = []manner{}
	return r.items(func() error {
		var m manner
		k, err := r.kind()
		switch {
		case err != nil:
		case k == '{':
			err = r.members(func(name []byte) error { return r.manner(&m, name) })
		case k == 'n':
			err = r.skip()
		default:
			err = errEach
		}
		*p = append(*p, m)
		return err
	})
}

// manner reads the member of a name, if it is one of a manner.
func (r *reader) manner(m *manner, name []byte) error {
	switch string(name) {
	case "ttl", "delay", "encoding":
	default:
		return r.skip()
	}
	v, err := r.value()
	if err != nil {
		return err
	}
	switch name[0] {
	case 't':
		return setInteger("ttl", &m.ttl, v)
	case 'd':
		return setInteger("delay", &m.delay, v)
	}
	return m.takeEncoding(v)
}

func (m *manner) takeEncoding(v jsontext.Value) error {
	switch string(v) {
	case `"json"`:
		m.encoding = asJSON
	case `"msgpack"`:
		m.encoding = asMessagePack
	case `"raw"`:
		m.encoding = asBytes
	default:
		return errEncoding
	}
	return nil
}

// draft makes a message of a part.
func (h *how) draft(d *core.Draft, i int, part []byte) (err error) {
	m := h.all
	if h.each != nil {
		m = h.each[i].over(m)
	}
	d.TTL, d.Delay = m.ttl, m.delay
	switch m.encoding {
	case asBytes:
		d.Raw, d.Body = true, part
	case asMessagePack:
		d.Body, err = unpacked(part)
	default:
		d.Body, err = document(part)
	}
	return err
}

// over is the manner of one, with that of all where it says nothing.
func (m manner) over(all manner) manner {
	if m.ttl != nil {
		all.ttl = m.ttl
	}
	if m.delay != nil {
		all.delay = m.delay
	}
	if m.encoding != asOthers {
		all.encoding = m.encoding
	}
	return all
}

// document is the JSON value that is all of a part.
func document(part []byte) ([]byte, error) {
	r := newReader(part)
	v, err := r.value()
	if err != nil {
		return nil, err
	}
	return v, r.end()
}

// unpacked is a part in MessagePack as the JSON that it means.
func unpacked(part []byte) ([]byte, error) {
	text, err := jsonOf(MessagePack, part)
	if err != nil {
		return nil, err
	}
	return text, checkReach(text)
}
