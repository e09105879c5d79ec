package api

import (
	"fmt"
	"reflect"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stackforge/marconi/core"
)

// plan is how a request type is filled. It is made once, when the table is.
type plan struct {
	fields   []planField
	named    map[string]*planField // by the name in a body and in Params
	size     *planField            // takes the size of the request
	others   *planField            // takes Params.Others
	headers  []*planField
	switches map[string]*planField // what only a dialect sets
}

type planField struct {
	name  string // of the field in a body, of the header, or of the switch
	wrong string // the complaint about a value of another type; "": the usual one
	index int
}

// planOf reads the tags of a request type: json names a field of the body or of
// Params, header one of a header, dialect a switch that a dialect sets; wrong is
// what to say of a value in a body that is of another type. The fields Size and
// Filter take the size of the request and what came under names that mean nothing.
func planOf[Req any]() *plan {
	t := reflect.TypeFor[Req]()
	p := &plan{named: map[string]*planField{}, switches: map[string]*planField{}}
	p.fields = make([]planField, t.NumField())
	for i := range p.fields {
		f, tag := &p.fields[i], t.Field(i)
		f.index = i
		checkKind(t, tag)
		switch {
		case tag.Tag.Get("header") != "":
			f.name = tag.Tag.Get("header")
			p.headers = append(p.headers, f)
		case tag.Tag.Get("dialect") != "":
			f.name = tag.Tag.Get("dialect")
			p.switches[f.name] = f
		case tag.Name == "Size":
			p.size = f
		case tag.Name == "Filter":
			p.others = f
		default:
			f.name, f.wrong = tag.Tag.Get("json"), tag.Tag.Get("wrong")
			p.named[f.name] = f
		}
	}
	return p
}

// checkKind makes a request type with a field that nobody can fill fail when the
// table is made, not when a caller first uses it.
func checkKind(t reflect.Type, f reflect.StructField) {
	switch reflect.New(f.Type).Interface().(type) {
	case *string, **string, *int, *bool, **int64, **bool, *[]string, *jsontext.Value, *anything, *[]core.Draft, *[]core.Change, *map[string]string:
	default:
		panic(fmt.Sprintf("api: no way to decode %s.%s", t, f.Name))
	}
}

// in is a pointer to the field of a request.
func (f *planField) in(request reflect.Value) any {
	return request.Field(f.index).Addr().Interface()
}
