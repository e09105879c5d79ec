package api

import (
	"bytes"
	"encoding/binary"
	"math/bits"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// scanner goes over a JSON text once. It takes what jsontext takes, and notes on its
// way what a valid text must not hold all the same: see checkReach.
type scanner struct {
	text   []byte
	at     int
	depth  int
	beyond error // the first that was met
}

// deepest is where jsontext gives up.
const deepest = 10000

// next is the byte behind any blanks; 0: there is none.
func (s *scanner) next() byte {
	for ; s.at < len(s.text); s.at++ {
		switch c := s.text[s.at]; c {
		case ' ', '\t', '\r', '\n':
		default:
			return c
		}
	}
	return 0
}

// take steps over the byte c, if it is what comes next.
func (s *scanner) take(c byte) bool {
	if s.next() != c {
		return false
	}
	s.at++
	return true
}

// value steps over a value. It is false if there is none, or none that is valid.
func (s *scanner) value() bool {
	switch c := s.next(); c {
	case '"':
		return s.string()
	case '{':
		return s.list('}', s.member)
	case '[':
		return s.list(']', s.value)
	case 't':
		return s.literal("true")
	case 'f':
		return s.literal("false")
	case 'n':
		return s.literal("null")
	default:
		return s.number()
	}
}

func (s *scanner) member() bool {
	return s.next() == '"' && s.string() && s.take(':') && s.value()
}

// list steps over an object or an array, of which end is the last byte.
func (s *scanner) list(end byte, item func() bool) bool {
	if !s.open() {
		return false
	}
	if !s.take(end) {
		for {
			if !item() {
				return false
			}
			if s.take(end) {
				break
			}
			if !s.take(',') {
				return false
			}
		}
	}
	s.depth--
	return true
}

// open steps into an object or an array.
func (s *scanner) open() bool {
	s.at++
	if s.depth++; s.depth > maxDepth {
		s.note(errTooDeep)
	}
	return s.depth <= deepest
}

func (s *scanner) note(err error) {
	if s.beyond == nil {
		s.beyond = err
	}
}

func (s *scanner) literal(word string) bool {
	if !bytes.HasPrefix(s.text[s.at:], []byte(word)) {
		return false
	}
	s.at += len(word)
	return true
}

func (s *scanner) number() bool {
	start, whole := s.at, true
	if s.is('-') {
		s.at++
	}
	if s.is('0') {
		s.at++
	} else if !s.digits() {
		return false
	}
	if s.is('.') {
		if s.at++; !s.digits() {
			return false
		}
		whole = false
	}
	if s.is('e') || s.is('E') {
		if s.at++; s.is('+') || s.is('-') {
			s.at++
		}
		if !s.digits() {
			return false
		}
		whole = false
	}
	if whole && !fits(s.text[start:s.at]) {
		s.note(errBigInteger)
	}
	return true
}

func (s *scanner) is(c byte) bool { return s.at < len(s.text) && s.text[s.at] == c }

// digits steps over one digit or more.
func (s *scanner) digits() bool {
	start := s.at
	for s.at < len(s.text) && s.text[s.at] >= '0' && s.text[s.at] <= '9' {
		s.at++
	}
	return s.at > start
}

// string steps over a string. What is escaped in one is rare, and left to jsontext.
func (s *scanner) string() bool {
	start, escaped, ascii := s.at, false, true
	for s.at++; ; s.at++ {
		s.at = afterPlain(s.text, s.at)
		if s.at >= len(s.text) {
			return false
		}
		switch c := s.text[s.at]; {
		case c == '"':
			s.at++
			text := s.text[start:s.at]
			return (ascii || utf8.Valid(text)) && (!escaped || jsontext.Value(text).IsValid())
		case c == '\\':
			escaped = true
			s.at++
		case c < ' ':
			return false
		default:
			ascii = false
		}
	}
}

// afterPlain steps over what stands for itself in a string, if it is ASCII.
func afterPlain(text []byte, i int) int {
	const (
		each = 0x0101010101010101
		high = each << 7
	)
	for ; i+8 <= len(text); i += 8 { // a bit is set too many only behind one that is right
		v := binary.LittleEndian.Uint64(text[i:])
		stop := (v | (v - each*' ') | ((v ^ each*'"') - each) | ((v ^ each*'\\') - each)) & high
		if stop != 0 {
			return i + bits.TrailingZeros64(stop)/8
		}
	}
	for ; i < len(text); i++ {
		if c := text[i]; c < ' ' || c == '"' || c == '\\' || c >= utf8.RuneSelf {
			break
		}
	}
	return i
}
