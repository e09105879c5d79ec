package ws_test

import (
	"encoding/json"
	"fmt"
	"strings"
)

// parseYAML reads as much YAML as docs/asyncapi.yaml is written in: mappings and
// lists by their indentation, one name a line, and values that are JSON or plain
// text.
func parseYAML(text string) (value any, err error) {
	p := &yamlParser{}
	for i, l := range strings.Split(text, "\n") {
		if trimmed := strings.TrimLeft(l, " "); trimmed != "" && trimmed[0] != '#' {
			p.lines = append(p.lines, yamlLine{i + 1, len(l) - len(trimmed), trimmed})
		}
	}
	value, err = p.block()
	if err == nil && len(p.lines) > 0 {
		err = fmt.Errorf("line %d: it is indented differently", p.lines[0].number)
	}
	return value, err
}

type yamlLine struct {
	number, indent int
	text           string
}

type yamlParser struct{ lines []yamlLine }

// block is the value that is indented as the next line is.
func (p *yamlParser) block() (any, error) {
	if len(p.lines) == 0 {
		return nil, fmt.Errorf("a value is missing at the end")
	}
	indent := p.lines[0].indent
	if strings.HasPrefix(p.lines[0].text, "- ") {
		return p.list(indent)
	}
	return p.mapping(indent)
}

func (p *yamlParser) list(indent int) (any, error) {
	var all []any
	for len(p.lines) > 0 && p.lines[0].indent == indent && strings.HasPrefix(p.lines[0].text, "- ") {
		l := &p.lines[0]
		l.text, l.indent = l.text[2:], l.indent+2
		var item any
		var err error
		if l.text[0] == '{' || !strings.Contains(l.text, ": ") {
			item, err = scalar(*l)
			p.lines = p.lines[1:]
		} else {
			item, err = p.mapping(l.indent)
		}
		if err != nil {
			return nil, err
		}
		all = append(all, item)
	}
	return all, nil
}

func (p *yamlParser) mapping(indent int) (any, error) {
	all := map[string]any{}
	for len(p.lines) > 0 && p.lines[0].indent == indent {
		l := p.lines[0]
		name, rest, ok := strings.Cut(l.text, ":")
		if _, twice := all[name]; !ok || twice {
			return nil, fmt.Errorf("line %d: no name, or one for the second time", l.number)
		}
		p.lines = p.lines[1:]
		var err error
		if rest = strings.TrimSpace(rest); rest == "" {
			all[name], err = p.block()
		} else {
			all[name], err = scalar(yamlLine{l.number, 0, rest})
		}
		if err != nil {
			return nil, err
		}
	}
	return all, nil
}

func scalar(l yamlLine) (value any, err error) {
	if !strings.ContainsAny(l.text[:1], `{["`) {
		return l.text, nil
	}
	d := json.NewDecoder(strings.NewReader(l.text))
	d.UseNumber()
	if err = d.Decode(&value); err == nil && d.More() {
		err = fmt.Errorf("something follows the value")
	}
	if err != nil {
		err = fmt.Errorf("line %d: %w", l.number, err)
	}
	return value, err
}
