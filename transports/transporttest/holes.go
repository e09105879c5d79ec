package transporttest

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"maps"
	"reflect"
	"regexp"
	"slices"
	"strings"
)

// Holes are the names that a script leaves open, with what they have taken.
type Holes map[string]string

var (
	hole = regexp.MustCompile(`\$[a-z][a-z0-9_]*`)
	room = `([^\s"\\/?&,']+)` // what a hole can take
)

const anything = "$any"

// Fill puts what holes have taken in their place. A hole that has taken nothing
// is an error.
func (h Holes) Fill(text string) (string, error) {
	var err error
	filled := hole.ReplaceAllStringFunc(text, func(name string) string {
		value, taken := h[name]
		if !taken {
			err = fmt.Errorf("nothing is known of %s", name)
		}
		return value
	})
	return filled, err
}

// Match compares JSON documents. Holes of want take what got has in their place,
// also after a mismatch.
func (h Holes) Match(want, got []byte) error {
	w, err := parse(want)
	if err != nil {
		return fmt.Errorf("what is wanted is no JSON: %w", err)
	}
	g, err := parse(got)
	if err != nil {
		return fmt.Errorf("got no JSON: %w", err)
	}
	return h.match("", w, g)
}

// parse keeps numbers as they are written.
func parse(document []byte) (value any, err error) {
	d := json.NewDecoder(bytes.NewReader(document))
	d.UseNumber()
	if err := d.Decode(&value); err != nil {
		return nil, err
	}
	if _, err := d.Token(); err != io.EOF {
		return nil, fmt.Errorf("something follows the document: %w", err)
	}
	return value, nil
}

func (h Holes) match(path string, want, got any) error {
	if want == anything {
		return nil
	}
	if reflect.TypeOf(want) != reflect.TypeOf(got) {
		return mismatch(path, want, got)
	}
	switch want := want.(type) {
	case map[string]any:
		return h.matchObject(path, want, got.(map[string]any))
	case []any:
		return h.matchArray(path, want, got.([]any))
	case string:
		if err := h.MatchText(want, got.(string)); err != nil {
			return fmt.Errorf("%s: %w", path, err)
		}
		return nil
	}
	if want != got {
		return mismatch(path, want, got)
	}
	return nil
}

func mismatch(path string, want, got any) error {
	g, _ := json.Marshal(got) // it was read as JSON
	w, _ := json.Marshal(want)
	return fmt.Errorf("%s: got %s, want %s", path, g, w)
}

func (h Holes) matchObject(path string, want, got map[string]any) error {
	for _, name := range slices.Sorted(maps.Keys(want)) {
		value, there := got[name]
		if !there {
			return fmt.Errorf("%s.%s: missing", path, name)
		}
		if err := h.match(path+"."+name, want[name], value); err != nil {
			return err
		}
	}
	for _, name := range slices.Sorted(maps.Keys(got)) {
		if _, wanted := want[name]; !wanted {
			return fmt.Errorf("%s.%s: not wanted", path, name)
		}
	}
	return nil
}

func (h Holes) matchArray(path string, want, got []any) error {
	if len(want) != len(got) {
		return mismatch(path, want, got)
	}
	for i := range want {
		if err := h.match(fmt.Sprintf("%s[%d]", path, i), want[i], got[i]); err != nil {
			return err
		}
	}
	return nil
}

// MatchText compares texts in which there may be holes.
func (h Holes) MatchText(want, got string) error {
	pattern, open := h.pattern(want)
	found := pattern.FindStringSubmatch(got)
	if found == nil {
		filled := hole.ReplaceAllStringFunc(want, func(name string) string {
			if value, taken := h[name]; taken {
				return value
			}
			return name
		})
		return fmt.Errorf("got %q, want %q", got, filled)
	}
	for i, name := range open {
		if err := h.take(name, found[i+1]); err != nil {
			return err
		}
	}
	return nil
}

// pattern is what a text can look like, and the holes that are still open in it.
func (h Holes) pattern(want string) (pattern *regexp.Regexp, open []string) {
	var b strings.Builder
	b.WriteString(`(?s)\A`)
	end := 0
	for _, at := range hole.FindAllStringIndex(want, -1) {
		b.WriteString(regexp.QuoteMeta(want[end:at[0]]))
		end = at[1]
		name := want[at[0]:at[1]]
		switch value, taken := h[name]; {
		case name == anything:
			b.WriteString(`.*`)
		case taken:
			b.WriteString(regexp.QuoteMeta(value))
		default:
			b.WriteString(room)
			open = append(open, name)
		}
	}
	b.WriteString(regexp.QuoteMeta(want[end:]) + `\z`)
	return regexp.MustCompile(b.String()), open
}

func (h Holes) take(name, value string) error {
	for other, taken := range h {
		if taken == value && other != name {
			return fmt.Errorf("%s is the same as %s: %q", name, other, value)
		}
	}
	if taken, again := h[name]; again && taken != value {
		return fmt.Errorf("%s is %q, and %q too", name, taken, value)
	}
	h[name] = value
	return nil
}
