package api

import (
	"math"
	"reflect"
	"slices"
)

// titleBody is of complaints about what a body looks like, not what it asks for.
const titleBody = "Invalid request body"

// decode fills a request, given as a pointer to it: first from the parameters,
// then from the body.
func (p *plan) decode(c *Call, request any) error {
	v := reflect.ValueOf(request).Elem()
	rule := c.Dialect.rule(c.Action)
	if err := p.fromParams(c, v); err != nil {
		return err
	}
	for _, f := range p.headers {
		*f.in(v).(*string), _ = c.Header(f.name)
	}
	for _, name := range rule.Set {
		if f := p.switches[name]; f != nil {
			*f.in(v).(*bool) = true
		}
	}
	if p.size != nil {
		*p.size.in(v).(*int) = c.Size
	}
	if c.Cut {
		return p.tooLarge(v)
	}
	if err := p.fromBody(c, rule, v); err != nil {
		return err
	}
	return p.checkQueue(c, v)
}

// tooLarge leaves it to an operation that limits the size to say so: whatever its
// limit is, this is more.
func (p *plan) tooLarge(v reflect.Value) error {
	if p.size == nil {
		return newInvalid("", "The request is too large.")
	}
	*p.size.in(v).(*int) = math.MaxInt
	return nil
}

// checkQueue refuses queues that cannot be. Those that a path names were looked
// at when the caller was identified.
func (p *plan) checkQueue(c *Call, v reflect.Value) error {
	f := p.named[fieldQueue]
	if f == nil || slices.Contains(c.Params.Own, fieldQueue) {
		return nil
	}
	return checkQueue(c, *f.in(v).(*string))
}

func (p *plan) fromParams(c *Call, v reflect.Value) error {
	var wrong error // about the field before, unless its next value is right
	for i, given := range c.Params.Given {
		if wrong != nil && given.Field != c.Params.Given[i-1].Field {
			return wrong
		}
		if f := p.named[given.Field]; f != nil && given.Value != "" {
			wrong = setText(f.in(v), given)
		}
	}
	if p.others != nil {
		*p.others.in(v).(*map[string]string) = c.Params.Others
	}
	return wrong
}

func (p *plan) fromBody(c *Call, rule Rule, v reflect.Value) error {
	switch {
	case len(c.Body) == 0 && rule.Empty != "":
		return newInvalid(titleBody, rule.Empty)
	case len(c.Body) == 0 || p.ignoresBody(c, rule):
		return nil
	}
	r := newReader(c.Body)
	r.likely = c.queue
	if err := p.document(r, c, rule, v); err != nil {
		return err
	}
	return r.end()
}

// ignoresBody tells whether all that a request can say comes from elsewhere.
func (p *plan) ignoresBody(c *Call, rule Rule) bool {
	if rule.Whole != "" || len(c.Params.Own) == 0 && len(p.named) > 0 {
		return false
	}
	for name := range p.named {
		if !slices.Contains(c.Params.Own, name) {
			return false
		}
	}
	return true
}

// document reads the whole body.
func (p *plan) document(r *reader, c *Call, rule Rule, v reflect.Value) error {
	if f := p.named[rule.Whole]; f != nil {
		return r.into(f, v)
	}
	kind, err := r.kind()
	switch {
	case err != nil:
		return err
	case kind != '{' && rule.NoObject != "":
		return newInvalid("", rule.NoObject)
	case kind == '[' && rule.ListIsEmpty:
		return missing(rule, nil)
	case kind == '[':
		return errDocumentType
	case kind != '{':
		return errNotParsed
	}
	var have []string
	err = r.members(func(name []byte) error {
		f := p.named[string(name)]
		if f == nil || slices.Contains(c.Params.Own, f.name) {
			return r.skip()
		}
		if len(rule.Require) > 0 {
			have = append(have, f.name)
		}
		return r.into(f, v)
	})
	if err != nil {
		return err
	}
	return missing(rule, have)
}

// missing complains of the first required field that is not there.
func missing(rule Rule, have []string) error {
	for _, need := range rule.Require {
		switch {
		case slices.Contains(have, need.Field):
		case need.Complaint != "":
			return newInvalid("", need.Complaint)
		default:
			return newInvalid(titleBody, `Missing "`+need.Field+`" field.`)
		}
	}
	return nil
}
