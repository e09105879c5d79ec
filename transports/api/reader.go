package api

import (
	"bytes"
	"errors"
	"reflect"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stackforge/marconi/core"
)

// Complaints about bodies, in Zaqar's words where it has some.
var (
	errNotParsed    = newInvalid(titleBody, "Request body could not be parsed.")
	errDocumentType = newInvalid(titleBody, "Document type not supported.")
	errBigInteger   = newInvalid(titleBody, "JSON contains integer that is too large.")
	errTooDeep      = newInvalid(titleBody, "Request body is nested too deeply.")
)

// maxDepth is how deep values may nest: far below what any reader of a message
// can take.
const maxDepth = 500

// reader takes a JSON text apart, with its values as they stand in the text.
type reader struct {
	scanner
	likely string // a text that is expected again; "": none
}

func newReader(text []byte) *reader { return &reader{scanner: scanner{text: text}} }

// kind is of the value that comes next.
func (r *reader) kind() (jsontext.Kind, error) {
	switch c := r.next(); {
	case c == '-', c >= '0' && c <= '9':
		return '0', nil
	case c == '"', c == '{', c == '[', c == 't', c == 'f', c == 'n':
		return jsontext.Kind(c), nil
	}
	return 0, errNotParsed
}

// value is the text of the next value. It has no room behind it to append to.
func (r *reader) value() (jsontext.Value, error) {
	r.next()
	start := r.at
	if !r.scanner.value() {
		return nil, errNotParsed
	}
	return r.text[start:r.at:r.at], nil
}

func (r *reader) skip() error {
	_, err := r.value()
	return err
}

// members calls do for each member of the object that comes next, with its name;
// do reads the value.
func (r *reader) members(do func(name []byte) error) error {
	return r.each('{', '}', func() error {
		if r.next() != '"' {
			return errNotParsed
		}
		quoted, err := r.value()
		if err != nil || !r.take(':') {
			return errNotParsed
		}
		name := quoted[1 : len(quoted)-1]
		if bytes.IndexByte(name, '\\') >= 0 {
			name, _ = jsontext.AppendUnquote(nil, quoted)
		}
		return do(name)
	})
}

// items calls do for each item of the array that comes next; do reads it.
func (r *reader) items(do func() error) error {
	return r.each('[', ']', func() error {
		if _, err := r.kind(); err != nil {
			return err
		}
		return do()
	})
}

func (r *reader) each(begin, end byte, do func() error) error {
	if r.next() != begin || !r.open() {
		return errNotParsed
	}
	for more := !r.take(end); more; more = !r.take(end) {
		if err := do(); err != nil {
			return err
		}
		if r.next() != end && !r.comma(end) {
			return errNotParsed
		}
	}
	r.depth--
	return nil
}

// comma steps over a comma behind which there is more.
func (r *reader) comma(end byte) bool { return r.take(',') && r.next() != end }

// end makes sure that nothing follows, and that all of the text is within what
// other readers of JSON can take.
func (r *reader) end() error {
	if err := r.done(); err != nil {
		return err
	}
	return r.beyond
}

// done makes sure that nothing follows.
func (r *reader) done() error {
	if r.next(); r.at < len(r.text) {
		return errNotParsed
	}
	return nil
}

// into reads the next value into a field of a request.
func (r *reader) into(f *planField, request reflect.Value) error {
	switch p := f.in(request).(type) {
	case *[]core.Draft:
		return r.drafts(p)
	case *[]core.Change:
		return r.changes(p)
	case *jsontext.Value:
		return r.object(p)
	case *[]string:
		return r.texts(f.name, p)
	case *anything:
		v, err := r.value()
		*p = anything(v)
		return err
	default:
		v, err := r.value()
		if err != nil {
			return err
		}
		if text, ok := p.(*string); ok && v.Kind() == '"' {
			*text = unquoteNear(v, r.likely)
			return nil
		}
		err = setValue(f.name, p, v)
		if f.wrong != "" && err != nil && !errors.Is(err, errBigInteger) {
			return newInvalid("", f.wrong)
		}
		return err
	}
}

// anything is a value of which only the operation knows what it must be.
type anything jsontext.Value

func (r *reader) object(p *jsontext.Value) error {
	v, err := r.value()
	switch {
	case err != nil:
		return err
	case v.Kind() == '[':
		return errDocumentType
	case v.Kind() != '{':
		return errNotParsed
	}
	*p = v
	return nil
}

func (r *reader) texts(name string, p *[]string) error {
	if k, err := r.kind(); err != nil || k != '[' {
		return either(err, badField(name, "list"))
	}
	*p = []string{}
	return r.items(func() error {
		v, err := r.value()
		if err != nil || v.Kind() != '"' {
			return either(err, badField(name, "list of str"))
		}
		*p = append(*p, unquote(v))
		return nil
	})
}

// setValue sets a field that holds one plain value.
func setValue(name string, field any, v jsontext.Value) error {
	switch p := field.(type) {
	case *string:
		if v.Kind() != '"' {
			return badField(name, "str")
		}
		*p = unquote(v)
	case **string:
		*p = new(string)
		return setValue(name, *p, v)
	case **int64:
		return setInteger(name, p, v)
	case *bool:
		if v.Kind() != 't' && v.Kind() != 'f' {
			return badField(name, "bool")
		}
		*p = v.Kind() == 't'
	case **bool:
		*p = new(bool)
		return setValue(name, *p, v)
	}
	return nil
}

func setInteger(name string, p **int64, v jsontext.Value) error {
	n, err := strconv.ParseInt(string(v), 10, 64)
	switch {
	case v.Kind() == '0' && !fits(v):
		return errBigInteger
	case err != nil:
		return badField(name, "int")
	}
	*p = &n
	return nil
}

func badField(name, kind string) error {
	return newInvalid(titleBody, `The value of the "`+name+`" field must be a `+kind+`.`)
}

func unquote(v jsontext.Value) string {
	if bytes.IndexByte(v, '\\') < 0 {
		return string(v[1 : len(v)-1])
	}
	text, _ := jsontext.AppendUnquote(nil, v) // it was valid when it was read
	return string(text)
}

// unquoteNear is unquote, and takes no memory for the text that is likely.
func unquoteNear(v jsontext.Value, likely string) string {
	if string(v[1:len(v)-1]) == likely && bytes.IndexByte(v, '\\') < 0 {
		return likely
	}
	return unquote(v)
}

func either(err, otherwise error) error {
	if err != nil {
		return err
	}
	return otherwise
}
