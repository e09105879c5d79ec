package api

import (
	"slices"
	"strconv"
	"sync"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/tinylib/msgp/msgp"
)

// MessagePack is the Codec of MessagePack: the documents of JSON, each value in
// its shortest form but floats, which are always of 64 bits. Text is str, never
// bin. Integers keep every digit up to 64 bits, those without sign too.
var MessagePack Codec = messagePack{}

type messagePack struct{}

// Append goes by the JSON of a result, so that there is one meaning of it.
func (messagePack) Append(dst []byte, v any) ([]byte, error) {
	text := texts.Get().(*[]byte)
	defer texts.Put(text)
	var err error
	if *text, err = JSON.Append((*text)[:0], v); err != nil {
		return dst, err
	}
	out, err := ToMessagePack(dst, *text)
	if cap(*text) > keptText {
		*text = nil
	}
	return out, err
}

// texts are buffers for JSON on its way to another encoding.
var texts = sync.Pool{New: func() any { return new([]byte) }}

const keptText = 64 << 10 // bytes of a buffer worth keeping

// ToMessagePack writes a JSON text as MessagePack behind dst. An integer of more
// than 64 bits becomes a float, as no integer of MessagePack can hold it.
func ToMessagePack(dst, text []byte) ([]byte, error) {
	r := newReader(text)
	p := packer{dst: dst, reader: r}
	if err := p.value(); err != nil {
		return dst, err
	}
	if err := r.done(); err != nil {
		return dst, err
	}
	return p.dst, nil
}

// packer writes what a reader reads.
type packer struct {
	dst    []byte
	reader *reader
}

func (p *packer) value() error {
	kind, err := p.reader.kind()
	switch {
	case err != nil:
		return err
	case kind == '{':
		return p.object()
	case kind == '[':
		return p.array()
	}
	v, err := p.reader.value()
	if err != nil {
		return err
	}
	switch kind {
	case '"':
		p.text(v)
	case '0':
		p.number(v)
	case 'n':
		p.dst = msgp.AppendNil(p.dst)
	default:
		p.dst = msgp.AppendBool(p.dst, kind == 't')
	}
	return nil
}

func (p *packer) object() error {
	at, members := p.open(), uint32(0)
	err := p.reader.members(func(name []byte) error {
		members++
		p.dst = msgp.AppendStringFromBytes(p.dst, name)
		return p.value()
	})
	var room [5]byte
	p.close(at, msgp.AppendMapHeader(room[:0], members))
	return err
}

func (p *packer) array() error {
	at, items := p.open(), uint32(0)
	err := p.reader.items(func() error {
		items++
		return p.value()
	})
	var room [5]byte
	p.close(at, msgp.AppendArrayHeader(room[:0], items))
	return err
}

// open leaves room for the shortest header, since how many values follow is known
// only behind them.
func (p *packer) open() (at int) {
	p.dst = append(p.dst, 0)
	return len(p.dst) - 1
}

// close puts the header where it belongs.
func (p *packer) close(at int, header []byte) {
	p.dst[at] = header[0]
	if len(header) > 1 {
		p.dst = slices.Insert(p.dst, at+1, header[1:]...)
	}
}

func (p *packer) text(v jsontext.Value) {
	plain := v[1 : len(v)-1]
	if !slices.Contains(plain, '\\') {
		p.dst = msgp.AppendStringFromBytes(p.dst, plain)
		return
	}
	plain, _ = jsontext.AppendUnquote(nil, v) // it was valid when it was read
	p.dst = msgp.AppendStringFromBytes(p.dst, plain)
}

// number tells integers from others by how they are written, as Python does: 1 is
// an integer and 1.0 is none.
func (p *packer) number(v jsontext.Value) {
	text := string(v)
	if n, err := strconv.ParseInt(text, 10, 64); err == nil {
		p.dst = msgp.AppendInt64(p.dst, n)
		return
	}
	if n, err := strconv.ParseUint(text, 10, 64); err == nil {
		p.dst = msgp.AppendUint64(p.dst, n)
		return
	}
	f, _ := strconv.ParseFloat(text, 64) // out of range it is infinite, as in Python
	p.dst = msgp.AppendFloat64(p.dst, f)
}
