package transporttest

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/tools/txtar"

	"github.com/stackforge/marconi/core"
)

// Script is a run of requests on an empty store, with the answers to them.
type Script struct {
	Name     string
	Settings Settings

	only, unless []string // dialects
	steps        []step
}

// Settings are the options of a script's broker.
type Settings struct {
	Checksum         bool        `json:"checksum"`
	DeleteNeedsClaim bool        `json:"delete_needs_claim"`
	Limits           core.Limits `json:"limits"`
	Subscribers      []string    `json:"subscribers"`
	Secrets          []string    `json:"secrets"`
}

func (s Settings) secrets() (all [][]byte) {
	for _, secret := range s.Secrets {
		all = append(all, []byte(secret))
	}
	return all
}

// step is a line of a script.
type step struct {
	line int // of its section
	play func(*player) error
}

// Suits tells whether the script is meant for doors with a dialect. What they speak
// besides stands behind it, with blanks between.
func (s Script) Suits(dialect string) bool {
	spoken := strings.Fields(dialect)
	among := func(dialects []string) bool {
		return slices.ContainsFunc(spoken, func(d string) bool { return slices.Contains(dialects, d) })
	}
	return !among(s.unless) && (len(s.only) == 0 || among(s.only))
}

// Parse reads the scripts of a file.
func Parse(file []byte) ([]Script, error) {
	archive := txtar.Parse(file)
	scripts := make([]Script, len(archive.Files))
	for i, section := range archive.Files {
		p := parser{script: Script{Name: section.Name}}
		if err := p.read(section.Data); err != nil {
			return nil, fmt.Errorf("%s: %w", section.Name, err)
		}
		scripts[i] = p.script
	}
	return scripts, nil
}

// parser reads a section.
type parser struct {
	script Script
	next   *exchange // the request that has no answer yet, or what is known of it
}

type line struct {
	number     int
	word, rest string
}

// lines puts together what belongs together.
func lines(text []byte) []line {
	var out []line
	for i, l := range strings.Split(string(text), "\n") {
		switch {
		case strings.TrimSpace(l) == "" || l[0] == '#':
		case (l[0] == ' ' || l[0] == '\t') && len(out) > 0:
			out[len(out)-1].rest += "\n" + l
		default:
			word, rest, _ := strings.Cut(l, " ")
			out = append(out, line{i + 1, word, strings.TrimSpace(rest)})
		}
	}
	return out
}

func (p *parser) read(text []byte) error {
	p.next = newExchange()
	for _, l := range lines(text) {
		if err := p.line(l); err != nil {
			return fmt.Errorf("line %d: %w", l.number, err)
		}
	}
	if p.next.action != "" {
		return errors.New("the last request has no answer")
	}
	return nil
}

func (p *parser) line(l line) error {
	if p.next.action != "" && l.word != "<" {
		return errors.New("the request before has no answer")
	}
	switch l.word {
	case "only":
		p.script.only = strings.Fields(l.rest)
	case "unless":
		p.script.unless = strings.Fields(l.rest)
	case "broker":
		d := json.NewDecoder(strings.NewReader(l.rest))
		d.DisallowUnknownFields()
		return d.Decode(&p.script.Settings)
	case "as":
		p.add(l, func(w *player) error { w.client = l.rest; return nil })
	case "of":
		p.add(l, func(w *player) error { w.project = l.rest; return nil })
	case "advance":
		return p.advance(l)
	case "with":
		name, value, ok := strings.Cut(l.rest, ":")
		if !ok {
			return errors.New("a header has a name, a colon and a value")
		}
		p.next.header[name] = strings.TrimSpace(value)
	case "without":
		p.next.absent = append(p.next.absent, l.rest)
	case ">":
		return p.request(l)
	case "<":
		return p.answer(l)
	default:
		return fmt.Errorf("%q means nothing", l.word)
	}
	return nil
}

func (p *parser) add(l line, play func(*player) error) {
	p.script.steps = append(p.script.steps, step{l.number, play})
}

func (p *parser) advance(l line) error {
	span, err := time.ParseDuration(l.rest)
	if err != nil || span <= 0 {
		return fmt.Errorf("%q is no time to pass", l.rest)
	}
	p.add(l, func(w *player) error { w.clock.pass(span); return nil })
	return nil
}

func (p *parser) request(l line) error {
	action, body, _ := strings.Cut(l.rest, " ")
	if action == "" || !json.Valid([]byte(body)) || body[0] != '{' {
		return errors.New("a request has an operation and a JSON object")
	}
	p.next.action, p.next.body = action, body
	return nil
}

func (p *parser) answer(l line) error {
	if p.next.action == "" {
		return errors.New("an answer follows a request")
	}
	status, rest, _ := strings.Cut(l.rest, " ")
	var err error
	if p.next.status, err = strconv.Atoi(status); err != nil {
		return errors.New("an answer begins with a status")
	}
	p.next.want = strings.TrimSpace(rest)
	if p.next.status < 400 && p.next.want != "" && !json.Valid([]byte(p.next.want)) {
		return errors.New("the answer is no JSON")
	}
	p.add(l, p.next.play)
	p.next = newExchange()
	return nil
}
