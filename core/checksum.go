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
	switch v.Kind() {
	case '"':
		text, _ := jsontext.AppendUnquote(nil, v)
		return appendPythonString(b, string(text))
	case '0':
		return appendPythonNumber(b, strings.TrimSpace(string(v)))
	case '{':
		m, _ := parseMetadata(v)
		b = append(b, '{')
		for i, a := range m {
			b = appendComma(b, i)
			b = append(appendPythonString(b, a.name), ": "...)
			b = appendPython(b, a.value)
		}
		return append(b, '}')
	case '[':
		return appendPythonList(b, v)
	}
	return append(b, bytes.TrimSpace(v)...)
}

func appendComma(b []byte, i int) []byte {
	if i > 0 {
		b = append(b, ", "...)
	}
	return b
}

func appendPythonList(b []byte, v jsontext.Value) []byte {
	d := jsontext.NewDecoder(bytes.NewReader(v), jsontext.AllowDuplicateNames(true))
	_, _ = d.ReadToken() // the bracket: the value is valid
	b = append(b, '[')
	for i := 0; d.PeekKind() != ']'; i++ {
		item, err := d.ReadValue()
		if err != nil {
			break
		}
		b = appendPython(appendComma(b, i), item.Clone())
	}
	return append(b, ']')
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
