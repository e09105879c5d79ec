package ws_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// schemas checks values against the JSON schemas of a document, so much of them
// as that one uses. What a schema does not name, there must not be, unless it says
// so.
type schemas struct {
	document map[string]any
	open     bool // as JSON schema has it: there may be what is not named, unless the schema says no
}

func (s schemas) at(ref string) (any, error) {
	var v any = s.document
	for name := range strings.SplitSeq(strings.TrimPrefix(ref, "#/"), "/") {
		m, _ := v.(map[string]any)
		if v = m[name]; v == nil {
			return nil, fmt.Errorf("%s leads nowhere", ref)
		}
	}
	return v, nil
}

func (s schemas) check(path string, schema, value any) error {
	m, ok := schema.(map[string]any)
	if !ok {
		return fmt.Errorf("%s: no schema", path)
	}
	flat, err := s.flatten(m)
	if err != nil {
		return err
	}
	return errors.Join(keywords(path, flat), s.kind(path, flat, value), s.one(path, flat, value), s.any(path, flat, value),
		s.object(path, flat, value), s.items(path, flat, value))
}

// keywords makes sure that nothing in a schema is passed over.
func keywords(path string, m map[string]any) error {
	known := []string{"type", "const", "enum", "oneOf", "anyOf", "properties", "required", "dependencies", "additionalProperties", "items"}
	for name := range m {
		if !slices.Contains(known, name) {
			return fmt.Errorf("%s: nothing is known of %q in schemas", path, name)
		}
	}
	return nil
}

// flatten follows references and joins what must hold at once.
func (s schemas) flatten(m map[string]any) (map[string]any, error) {
	if ref, ok := m["$ref"].(string); ok {
		v, err := s.at(ref)
		if err != nil {
			return nil, err
		}
		return s.flatten(v.(map[string]any))
	}
	parts, ok := m["allOf"].([]any)
	if !ok {
		return m, nil
	}
	out := map[string]any{}
	for _, p := range parts {
		flat, err := s.flatten(p.(map[string]any))
		if err != nil {
			return nil, err
		}
		join(out, flat)
	}
	return out, nil
}

func join(to, from map[string]any) {
	for name, v := range from {
		old, both := to[name].(map[string]any)
		switch more := v.(type) {
		case map[string]any:
			if both {
				old = maps.Clone(old)
				join(old, more)
				v = old
			}
		case []any:
			if list, ok := to[name].([]any); ok {
				v = append(slices.Clone(list), more...)
			}
		}
		to[name] = v
	}
}

func (s schemas) kind(path string, m map[string]any, value any) error {
	if want, ok := m["const"]; ok && want != value {
		return fmt.Errorf("%s: %v is not %v", path, value, want)
	}
	if some, ok := m["enum"].([]any); ok && !slices.Contains(some, value) {
		return fmt.Errorf("%s: %v is none of %v", path, value, some)
	}
	kinds, ok := m["type"].([]any)
	if !ok && m["type"] != nil {
		kinds = []any{m["type"]}
	}
	for _, k := range kinds {
		if isOf(k, value) {
			return nil
		}
	}
	if kinds != nil {
		return fmt.Errorf("%s: %v is no %v", path, value, m["type"])
	}
	return nil
}

func isOf(kind, value any) bool {
	switch v := value.(type) {
	case nil:
		return kind == "null"
	case bool:
		return kind == "boolean"
	case string:
		return kind == "string"
	case json.Number:
		return kind == "number" || kind == "integer" && !strings.ContainsAny(v.String(), ".eE")
	case []any:
		return kind == "array"
	case map[string]any:
		return kind == "object"
	}
	return false
}

// one wants a value to be of one kind in earnest, and of no other even where names
// are passed over.
func (s schemas) one(path string, m map[string]any, value any) error {
	some, ok := m["oneOf"].([]any)
	if !ok {
		return nil
	}
	for _, how := range []schemas{s, {s.document, true}} {
		if n, err := how.count(path, some, value); n != 1 {
			return fmt.Errorf("%s: it is %d of those it must be one of: %w", path, n, err)
		}
	}
	return nil
}

func (s schemas) any(path string, m map[string]any, value any) error {
	some, ok := m["anyOf"].([]any)
	if !ok {
		return nil
	}
	if n, err := s.count(path, some, value); n == 0 {
		return fmt.Errorf("%s: it is none of those it must be one of: %w", path, err)
	}
	return nil
}

// count is how many of the schemas a value has, and why it has not the others.
func (s schemas) count(path string, some []any, value any) (n int, err error) {
	var errs []error
	for _, o := range some {
		if err := s.check(path, o, value); err != nil {
			errs = append(errs, err)
		}
	}
	return len(some) - len(errs), errors.Join(errs...)
}

func (s schemas) object(path string, m map[string]any, value any) error {
	o, ok := value.(map[string]any)
	if !ok {
		return nil
	}
	errs := []error{missing(path, m["required"], o)}
	dependencies, _ := m["dependencies"].(map[string]any)
	for name, others := range dependencies {
		if _, there := o[name]; there {
			errs = append(errs, missing(path, others, o))
		}
	}
	properties, _ := m["properties"].(map[string]any)
	for name, v := range o {
		switch p, known := properties[name]; {
		case known:
			errs = append(errs, s.check(path+"."+name, p, v))
		case !s.mayHaveMore(m):
			errs = append(errs, fmt.Errorf("%s.%s: not in the schema", path, name))
		}
	}
	return errors.Join(errs...)
}

// mayHaveMore tells whether there may be members that a schema does not name. One
// that is no type of its own only adds to another.
func (s schemas) mayHaveMore(m map[string]any) bool {
	if says, ok := m["additionalProperties"].(bool); ok {
		return says
	}
	return s.open || m["type"] != "object"
}

func missing(path string, names any, o map[string]any) error {
	list, _ := names.([]any)
	for _, name := range list {
		if _, there := o[name.(string)]; !there {
			return fmt.Errorf("%s.%s: missing", path, name)
		}
	}
	return nil
}

func (s schemas) items(path string, m map[string]any, value any) error {
	list, ok := value.([]any)
	if !ok || m["items"] == nil {
		return nil
	}
	for i, v := range list {
		if err := s.check(fmt.Sprintf("%s[%d]", path, i), m["items"], v); err != nil {
			return err
		}
	}
	return nil
}
