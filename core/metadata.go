package core

import (
	"bytes"
	"errors"
	"io"
	"slices"

	"github.com/go-json-experiment/json/jsontext"
)

// metadata is a queue's JSON object, its members in the order they were given.
type metadata []attribute

type attribute struct {
	name  string
	value jsontext.Value
}

var errNotObject = errors.New("not a JSON object")

// parseMetadata reads an object. Of a name given twice the last value counts. No
// text is the empty object.
func parseMetadata(text []byte) (metadata, error) {
	if len(text) == 0 {
		return nil, nil
	}
	d := jsontext.NewDecoder(bytes.NewReader(text), jsontext.AllowDuplicateNames(true))
	if t, err := d.ReadToken(); err != nil || t.Kind() != '{' {
		return nil, errNotObject
	}
	var m metadata
	seen := map[string]int{}
	for d.PeekKind() == '"' {
		name, err := d.ReadToken()
		if err != nil {
			return nil, err
		}
		key := name.String()
		value, err := d.ReadValue()
		if err != nil {
			return nil, err
		}
		if i, again := seen[key]; again {
			m[i].value = value.Clone()
			continue
		}
		seen[key] = len(m)
		m = append(m, attribute{key, value.Clone()})
	}
	if _, err := d.ReadToken(); err != nil {
		return nil, err
	}
	if _, err := d.ReadToken(); err != io.EOF {
		return nil, errNotObject // it goes on behind the brace
	}
	return m, nil
}

func (m metadata) index(name string) int {
	return slices.IndexFunc(m, func(a attribute) bool { return a.name == name })
}

// get is nil if there is none.
func (m metadata) get(name string) jsontext.Value {
	if i := m.index(name); i >= 0 {
		return m[i].value
	}
	return nil
}

func (m *metadata) set(name string, value jsontext.Value) {
	if i := m.index(name); i >= 0 {
		(*m)[i].value = value
		return
	}
	*m = append(*m, attribute{name, value})
}

func (m *metadata) remove(name string) {
	if i := m.index(name); i >= 0 {
		*m = slices.Delete(*m, i, i+1)
	}
}

// text is the object as JSON.
func (m metadata) text() jsontext.Value {
	b := []byte{'{'}
	for i, a := range m {
		if i > 0 {
			b = append(b, ',')
		}
		b, _ = jsontext.AppendQuote(b, a.name) // it was valid when it was read
		b = append(append(b, ':'), a.value...)
	}
	return append(b, '}')
}

// falsy tells whether Python would take a value for false: then a reserved
// attribute counts as not set.
func falsy(v jsontext.Value) bool {
	switch v.Kind() {
	case 'n', 'f':
		return true
	case '"':
		return string(v) == `""`
	case '0':
		return !bytes.ContainsAny(bytes.SplitN(bytes.ToLower(v), []byte("e"), 2)[0], "123456789")
	}
	return false
}
