package api

import (
	"errors"
	"fmt"
	"math"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"
	"github.com/tinylib/msgp/msgp"
)

// What can be wrong with MessagePack.
var (
	errCutShort = errors.New("the document is cut short")
	errGoesOn   = errors.New("something follows the document")
	errReserved = errors.New("a byte begins no value")
	errKey      = errors.New("the name of a map's member is not of type str")
	errBinary   = errors.New("bin has no form in JSON; send text as str")
	errExt      = errors.New("extension types have no form in JSON")
	errNotUTF8  = errors.New("a str is not UTF-8")
	errInfinite = errors.New("a float is not a finite number")
	errNested   = fmt.Errorf("values are nested deeper than %d", maxDepth)
	errLong     = errors.New("the document is too large")
)

// FromMessagePack writes one MessagePack document, and nothing must follow it, as
// JSON behind dst: at most max bytes, nested at most 500 deep. Integers keep every
// digit and floats stay floats. What JSON cannot say is refused: numbers that are
// not finite, extension types, names that are no str, text that is no UTF-8, and
// bin. Zaqar takes bin for bytes, which are no text to its rules either; a message
// with bytes in it could not be sent to those who read JSON.
func FromMessagePack(dst, doc []byte, max int) ([]byte, error) {
	u := unpacker{dst: dst, doc: doc, end: len(dst) + max}
	if err := u.value(maxDepth); err != nil {
		return dst, err
	}
	if len(u.doc) > 0 {
		return dst, errGoesOn
	}
	return u.dst, nil
}

// unpacker writes what it takes off a document.
type unpacker struct {
	dst []byte
	doc []byte // what is left of it
	end int    // of dst, at most
}

// value writes the next value, nested at most depth deep.
func (u *unpacker) value(depth int) (err error) {
	if len(u.doc) == 0 {
		return errCutShort
	}
	switch t := msgp.NextType(u.doc); t {
	case msgp.MapType:
		err = u.object(depth)
	case msgp.ArrayType:
		err = u.array(depth)
	case msgp.StrType:
		err = u.text()
	case msgp.BoolType:
		var b bool
		b, u.doc, err = msgp.ReadBoolBytes(u.doc)
		u.dst = strconv.AppendBool(u.dst, b)
	case msgp.NilType:
		u.doc, err = msgp.ReadNilBytes(u.doc)
		u.dst = append(u.dst, "null"...)
	case msgp.IntType, msgp.UintType, msgp.Float64Type, msgp.Float32Type:
		err = u.number(t)
	case msgp.BinType:
		err = errBinary
	case msgp.InvalidType:
		err = errReserved
	default:
		err = errExt
	}
	if errors.Is(err, msgp.ErrShortBytes) {
		return errCutShort
	}
	if err == nil && len(u.dst) > u.end {
		return errLong
	}
	return err
}

func (u *unpacker) object(depth int) error {
	members, rest, err := msgp.ReadMapHeaderBytes(u.doc)
	if err != nil || depth == 0 {
		return either(err, errNested)
	}
	u.doc = rest
	u.dst = append(u.dst, '{')
	for i := range members {
		if i > 0 {
			u.dst = append(u.dst, ',')
		}
		if err := u.name(); err != nil {
			return err
		}
		u.dst = append(u.dst, ':')
		if err := u.value(depth - 1); err != nil {
			return err
		}
	}
	u.dst = append(u.dst, '}')
	return nil
}

func (u *unpacker) name() error {
	switch {
	case len(u.doc) == 0:
		return errCutShort
	case msgp.NextType(u.doc) != msgp.StrType:
		return errKey
	}
	return u.text()
}

func (u *unpacker) array(depth int) error {
	items, rest, err := msgp.ReadArrayHeaderBytes(u.doc)
	if err != nil || depth == 0 {
		return either(err, errNested)
	}
	u.doc = rest
	u.dst = append(u.dst, '[')
	for i := range items {
		if i > 0 {
			u.dst = append(u.dst, ',')
		}
		if err := u.value(depth - 1); err != nil {
			return err
		}
	}
	u.dst = append(u.dst, ']')
	return nil
}

func (u *unpacker) text() error {
	text, rest, err := msgp.ReadStringZC(u.doc)
	if err != nil {
		return err
	}
	if len(u.dst)+len(text) > u.end {
		return errLong
	}
	u.doc = rest
	if u.dst, err = jsontext.AppendQuote(u.dst, text); err != nil {
		return errNotUTF8
	}
	return nil
}

func (u *unpacker) number(t msgp.Type) (err error) {
	var f float64
	switch t {
	case msgp.IntType:
		var n int64
		n, u.doc, err = msgp.ReadInt64Bytes(u.doc)
		u.dst = strconv.AppendInt(u.dst, n, 10)
		return err
	case msgp.UintType:
		var n uint64
		n, u.doc, err = msgp.ReadUint64Bytes(u.doc)
		u.dst = strconv.AppendUint(u.dst, n, 10)
		return err
	case msgp.Float32Type:
		var short float32
		short, u.doc, err = msgp.ReadFloat32Bytes(u.doc)
		f = float64(short)
	default:
		f, u.doc, err = msgp.ReadFloat64Bytes(u.doc)
	}
	if err == nil && (math.IsNaN(f) || math.IsInf(f, 0)) {
		return errInfinite
	}
	u.dst = appendFloat(u.dst, f)
	return err
}

// appendFloat keeps a float from looking like an integer.
func appendFloat(dst []byte, f float64) []byte {
	at := len(dst)
	dst = strconv.AppendFloat(dst, f, 'g', -1, 64)
	for _, c := range dst[at:] {
		if c == '.' || c == 'e' {
			return dst
		}
	}
	return append(dst, ".0"...)
}
