package api

import (
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// header is one of a request's headers.
type header struct {
	name   string
	value  jsontext.Value
	proper bool   // spelled as the schema spells it
	text   string // of a value that is a string, if it was read before
}

// takeHeaders tells whether the headers are as the schema wants them. Their names
// are case-sensitive to the schema.
func (e *Envelope) takeHeaders() bool {
	if e.inherits() {
		return e.found&e.row.needs == e.row.needs
	}
	if jsontext.Value(e.headers).Kind() != '{' {
		return false
	}
	r := newReader(e.headers)
	err := r.members(func(name []byte) error {
		v, err := r.value()
		if err != nil {
			return err
		}
		need, proper := schemaHeaders[string(name)]
		if proper && v.Kind() != '"' {
			return errSchema
		}
		e.found |= need
		e.given = append(e.given, header{name: string(name), value: v, proper: proper})
		return nil
	})
	return err == nil && e.found&e.row.needs == e.row.needs
}

// Header finds a header by its name as in HTTP, where case does not matter. One
// that is spelled as in the schema counts before any other. A list is its items
// with commas between them.
func (e *Envelope) Header(name string) (value string, given bool) {
	var found *header
	for i := range e.given {
		h := &e.given[i]
		if strings.EqualFold(h.name, name) && (found == nil || h.proper || !found.proper) {
			found = h
		}
	}
	if found == nil {
		return "", false
	}
	if found.text != "" {
		return found.text, true
	}
	return headerText(found.value)
}

func headerText(v jsontext.Value) (text string, given bool) {
	switch v.Kind() {
	case '"':
		return unquote(v), true
	case 'n':
		return "", false
	case '[':
		var items []string
		r := newReader(v)
		err := r.items(func() error {
			item, err := r.value()
			if err == nil && item.Kind() == '"' {
				items = append(items, unquote(item))
			}
			return err
		})
		return strings.Join(items, ","), err == nil
	}
	return string(v), true
}
