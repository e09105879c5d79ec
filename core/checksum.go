package core

import (
	"bytes"
	"crypto/md5" // the checksum is Zaqar's: it guards against accidents, not enemies
	"encoding/hex"
	"math"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"
)

// checksum is "MD5:" and the sum of a body as Python's json.dumps writes it, or
// "" for null.
func checksum(body jsontext.Value) string {
	if body.Kind() == 'n' {
		return ""
	}
	sum := md5.Sum(appendPython(nil, body))
	return "MD5:" + hex.EncodeToString(sum[:])
}

// rawChecksum is that of a body that is not JSON: of its bytes.
func rawChecksum(body []byte) string {
	sum := md5.Sum(body)
	return "MD5:" + hex.EncodeToString(sum[:])
}

// appendPython writes a valid JSON value as json.dumps does by default: spaces
// after ',' and ':', ASCII only, numbers as Python prints them, and of a name
// given twice its first place and last value.
func appendPython(b []byte, v jsontext.Value) []byte {
	b, _ = appendPythonNext(b, jsontext.NewDecoder(bytes.NewReader(v), jsontext.AllowDuplicateNames(true)))
	return b
}

// appendPythonNext reads once what it writes, however deep it nests.
func appendPythonNext(b []byte, d *jsontext.Decoder) ([]byte, error) {
	switch d.PeekKind() {
	case '{':
		return appendPythonObject(b, d)
	case '[':
		return appendPythonList(b, d)
	}
	v, err := d.ReadValue()
	switch v.Kind() {
	case '"':
		text, _ := jsontext.AppendUnquote(nil, v)
		return appendPythonString(b, string(text)), err
	case '0':
		return appendPythonNumber(b, string(v)), err
	}
	return append(b, v...), err
}

func appendPythonList(b []byte, d *jsontext.Decoder) ([]byte, error) {
	_, err := d.ReadToken()
	b = append(b, '[')
	for i := 0; err == nil && d.PeekKind() != ']'; i++ {
		b, err = appendPythonNext(appendComma(b, i), d)
	}
	if err == nil {
		_, err = d.ReadToken()
	}
	return append(b, ']'), err
}

// pythonMember is a member of an object, and where its value was written.
type pythonMember struct {
	name     string
	from, to int
}

func appendPythonObject(b []byte, d *jsontext.Decoder) ([]byte, error) {
	_, err := d.ReadToken()
	start, read := len(b), 0
	b = append(b, '{')
	var members []pythonMember
	places := map[string]int{}
	for ; err == nil && d.PeekKind() == '"'; read++ {
		name, _ := d.ReadToken()
		m := pythonMember{name: name.String()}
		b = appendPythonName(appendComma(b, read), m.name)
		m.from = len(b)
		b, err = appendPythonNext(b, d)
		m.to = len(b)
		if i, again := places[m.name]; again {
			members[i] = m
		} else {
			places[m.name] = len(members)
			members = append(members, m)
		}
	}
	if read > len(members) {
		b = append(b[:start], pythonMembers(b, members)...)
	}
	if err == nil {
		_, err = d.ReadToken()
	}
	return append(b, '}'), err
}

// pythonMembers writes members again whose values are written already.
func pythonMembers(written []byte, members []pythonMember) []byte {
	b := []byte{'{'}
	for i, m := range members {
		b = append(appendPythonName(appendComma(b, i), m.name), written[m.from:m.to]...)
	}
	return b
}

func appendPythonName(b []byte, name string) []byte {
	return append(appendPythonString(b, name), ": "...)
}

func appendComma(b []byte, i int) []byte {
	if i > 0 {
		b = append(b, ", "...)
	}
	return b
}

func appendPythonString(b []byte, s string) []byte {
	b = append(b, '"')
	for _, r := range s {
		switch {
		case r == '"', r == '\\':
			b = append(b, '\\', byte(r))
		case strings.ContainsRune("\n\r\t\b\f", r):
			b = append(b, '\\', "nrtbf"[strings.IndexRune("\n\r\t\b\f", r)])
		case r >= ' ' && r < utf8.RuneSelf-1:
			b = append(b, byte(r))
		case r > 0xffff:
			hi, lo := utf16.EncodeRune(r)
			b = appendEscape(appendEscape(b, hi), lo)
		default:
			b = appendEscape(b, r)
		}
	}
	return append(b, '"')
}

func appendEscape(b []byte, r rune) []byte {
	const hexDigits = "0123456789abcdef"
	return append(b, '\\', 'u', hexDigits[r>>12&0xf], hexDigits[r>>8&0xf], hexDigits[r>>4&0xf], hexDigits[r&0xf])
}

func appendPythonNumber(b []byte, text string) []byte {
	if !strings.ContainsAny(text, ".eE") {
		if text == "-0" {
			text = "0"
		}
		return append(b, text...)
	}
	f, _ := strconv.ParseFloat(text, 64)
	switch {
	case math.IsInf(f, 1):
		return append(b, "Infinity"...)
	case math.IsInf(f, -1):
		return append(b, "-Infinity"...)
	}
	return appendPythonFloat(b, f)
}

// appendPythonFloat writes the shortest digits that read back as f, with an
// exponent if it is below -4 or above 15.
func appendPythonFloat(b []byte, f float64) []byte {
	if a := math.Abs(f); a != 0 && (a < 1e-4 || a >= 1e16) {
		return strconv.AppendFloat(b, f, 'e', -1, 64)
	}
	start := len(b)
	b = strconv.AppendFloat(b, f, 'f', -1, 64)
	if !bytes.ContainsRune(b[start:], '.') {
		b = append(b, ".0"...)
	}
	return b
}
