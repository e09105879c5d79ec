package api_test

import (
	"bytes"
	"encoding/json"
	"math"
	"math/big"
	"reflect"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
)

const noMax = math.MaxInt32

// packed are JSON texts and what they are in MessagePack, by its specification.
var packed = []struct{ json, msgpack string }{
	{`null`, "\xc0"}, {`true`, "\xc3"}, {`false`, "\xc2"},
	{`0`, "\x00"}, {`127`, "\x7f"}, {`128`, "\xd1\x00\x80"}, {`-1`, "\xff"}, {`-32`, "\xe0"}, {`-33`, "\xd0\xdf"},
	{`65535`, "\xd2\x00\x00\xff\xff"},
	{`9007199254740993`, "\xd3\x00\x20\x00\x00\x00\x00\x00\x01"}, // no float64 is it
	{`9223372036854775807`, "\xd3\x7f\xff\xff\xff\xff\xff\xff\xff"},
	{`-9223372036854775808`, "\xd3\x80\x00\x00\x00\x00\x00\x00\x00"},
	{`18446744073709551615`, "\xcf\xff\xff\xff\xff\xff\xff\xff\xff"},
	{`1.5`, "\xcb\x3f\xf8\x00\x00\x00\x00\x00\x00"},
	{`1.0`, "\xcb\x3f\xf0\x00\x00\x00\x00\x00\x00"}, // a float stays one
	{`""`, "\xa0"}, {`"é"`, "\xa2\xc3\xa9"},
	{`"` + strings.Repeat("x", 32) + `"`, "\xd9\x20" + strings.Repeat("x", 32)},
	{`"` + strings.Repeat("x", 256) + `"`, "\xda\x01\x00" + strings.Repeat("x", 256)},
	{`[]`, "\x90"}, {`{}`, "\x80"}, {`[1,[2]]`, "\x92\x01\x91\x02"},
	{`[` + strings.Repeat("1,", 15) + `1]`, "\xdc\x00\x10" + strings.Repeat("\x01", 16)},
	{`{"b":1,"a":{}}`, "\x82\xa1b\x01\xa1a\x80"},
	{`{"a":1,"a":2}`, "\x82\xa1a\x01\xa1a\x02"},
}

func TestMessagePackIsJSON(t *testing.T) {
	for _, c := range packed {
		got, err := api.ToMessagePack([]byte("before"), []byte(c.json))
		if err != nil || string(got) != "before"+c.msgpack {
			t.Errorf("%s: got %q and error %v, want %q", c.json, got, err, c.msgpack)
		}
		back, err := api.FromMessagePack([]byte("before"), []byte(c.msgpack), noMax)
		if err != nil || string(back) != "before"+c.json {
			t.Errorf("%q: got %s and error %v, want %s", c.msgpack, back, err, c.json)
		}
	}
}

func TestToMessagePack(t *testing.T) {
	for _, c := range []struct{ json, msgpack string }{
		{" [ 1 , {\n\"\\u0061\" : \"\\n\\ud83d\\ude00\" } ] ", "\x92\x01\x81\xa1a\xa5\n\xf0\x9f\x98\x80"},
		{`1e2`, "\xcb\x40\x59\x00\x00\x00\x00\x00\x00"},
		{`18446744073709551616`, "\xcb\x43\xf0\x00\x00\x00\x00\x00\x00"}, // no integer can be it
		{`1e400`, "\xcb\x7f\xf0\x00\x00\x00\x00\x00\x00"},
	} {
		if got, err := api.ToMessagePack(nil, []byte(c.json)); err != nil || string(got) != c.msgpack {
			t.Errorf("%s: got %q and error %v, want %q", c.json, got, err, c.msgpack)
		}
	}
	for _, text := range []string{``, `[`, `[1`, `{"a"`, `{"a":}`, `1 2`, `x`, "\"\xff\""} {
		if got, err := api.ToMessagePack([]byte("kept"), []byte(text)); err == nil || string(got) != "kept" {
			t.Errorf("%q: got %q and no error", text, got)
		}
	}
}

func TestFromMessagePack(t *testing.T) {
	for _, c := range []struct{ msgpack, json string }{
		{"\xcc\x05", `5`}, {"\xcd\x00\x05", `5`}, {"\xce\x00\x00\x00\x05", `5`}, {"\xcf\x00\x00\x00\x00\x00\x00\x00\x05", `5`},
		{"\xd0\xfb", `-5`}, {"\xd1\xff\xfb", `-5`}, {"\xd2\xff\xff\xff\xfb", `-5`},
		{"\xca\x3f\xc0\x00\x00", `1.5`}, {"\xca\x3d\xcc\xcc\xcd", `0.10000000149011612`},
		{"\xcb\x44\xb5\x2d\x02\xc7\xe1\x4a\xf6", `1e+23`},
		{"\xdb\x00\x00\x00\x01\"", `"\""`}, {"\xdd\x00\x00\x00\x01\x01", `[1]`}, {"\xdf\x00\x00\x00\x01\xa1a\x01", `{"a":1}`},
	} {
		if got, err := api.FromMessagePack(nil, []byte(c.msgpack), noMax); err != nil || string(got) != c.json {
			t.Errorf("%q: got %s and error %v, want %s", c.msgpack, got, err, c.json)
		}
	}
}

func TestFromMessagePackRefuses(t *testing.T) {
	deep := strings.Repeat("\x91", api.MaxDepth)
	for _, c := range []struct{ what, msgpack, complaint string }{
		{"nothing", "", "cut short"},
		{"half a number", "\xd2\x00\x00", "cut short"},
		{"half a text", "\xa5four", "cut short"},
		{"half a header", "\xdc\x00", "cut short"},
		{"an array without its items", "\xdd\xff\xff\xff\xff", "cut short"},
		{"a map without its members", "\xdf\xff\xff\xff\xff\xa1a\x01", "cut short"},
		{"a map without a value", "\x81\xa1a", "cut short"},
		{"two documents", "\x01\x01", "follows"},
		{"the byte that is none", "\xc1", "begins no value"},
		{"such a byte inside", "\x91\xc1", "begins no value"},
		{"bin", "\xc4\x01a", "bin"},
		{"bin inside", "\x81\xa1a\xc4\x01a", "bin"},
		{"bin for a name", "\x81\xc4\x01a\x01", "not of type str"},
		{"a number for a name", "\x81\x01\x01", "not of type str"},
		{"an extension", "\xd4\x05\x00", "extension"},
		{"a time", "\xd6\xff\x00\x00\x00\x00", "extension"},
		{"text that is no UTF-8", "\xa1\xff", "UTF-8"},
		{"a surrogate", "\xa3\xed\xa0\x80", "UTF-8"},
		{"a name that is no UTF-8", "\x81\xa1\xff\x01", "UTF-8"},
		{"not a number", "\xcb\x7f\xf8\x00\x00\x00\x00\x00\x01", "finite"},
		{"infinite", "\xca\xff\x80\x00\x00", "finite"},
		{"deep", deep + "\x90", "deeper than 500"},
		{"deep maps", strings.Repeat("\x81\xa1a", api.MaxDepth) + "\x80", "deeper than 500"},
	} {
		got, err := api.FromMessagePack([]byte("kept"), []byte(c.msgpack), noMax)
		if err == nil || !strings.Contains(err.Error(), c.complaint) || string(got) != "kept" {
			t.Errorf("%s: got %q and error %v, want one that says %q", c.what, got, err, c.complaint)
		}
	}
	if _, err := api.FromMessagePack(nil, []byte(deep+"\x01"), noMax); err != nil {
		t.Errorf("as deep as may be: %v", err)
	}
}

func TestFromMessagePackIsBounded(t *testing.T) {
	for _, c := range []struct{ msgpack, json string }{
		{"\x93\x01\x02\x03", `[1,2,3]`}, {"\xa3abc", `"abc"`}, {"\x82\xa1a\xc0\xa1b\xc0", `{"a":null,"b":null}`}, {"\xa1\x00", `"\u0000"`},
	} {
		for max := range len(c.json) + 1 {
			got, err := api.FromMessagePack([]byte("before"), []byte(c.msgpack), max)
			switch {
			case max == len(c.json) && (err != nil || string(got) != "before"+c.json):
				t.Errorf("%q within %d: got %q and error %v", c.msgpack, max, got, err)
			case max < len(c.json) && err == nil:
				t.Errorf("%q within %d: got %q", c.msgpack, max, got)
			}
		}
	}
}

func TestMessagePackCodec(t *testing.T) {
	results := []any{
		core.None{}, core.MessagePosted{IDs: []string{"a", "b"}},
		core.ClaimCreated{ID: "c", Messages: []core.Message{{ID: "m", Claim: "c", TTL: 60, Body: jsontext.Value(`{"k": [1, 2.5, null, "é"]}`)}}},
		core.Stats{Messages: core.MessageStats{Free: 3, Total: 3, Oldest: &core.MessageAge{ID: "m", Age: 1}}},
	}
	for _, v := range results {
		text, err := api.JSON.Append(nil, v)
		if err != nil {
			t.Fatal(err)
		}
		doc, err := api.MessagePack.Append([]byte("before"), v)
		if err != nil || !bytes.HasPrefix(doc, []byte("before")) {
			t.Fatalf("%T: got %q and error %v", v, doc, err)
		}
		back, err := api.FromMessagePack(nil, doc[len("before"):], noMax)
		if err != nil || !sameJSON(t, text, back) {
			t.Errorf("%T: got %s and error %v, want %s", v, back, err, text)
		}
	}
}

// sameJSON compares values: integers by their digits, other numbers as float64.
func sameJSON(t testing.TB, a, b []byte) bool {
	t.Helper()
	return reflect.DeepEqual(valueOf(t, a), valueOf(t, b))
}

func valueOf(t testing.TB, text []byte) (v any) {
	t.Helper()
	d := json.NewDecoder(bytes.NewReader(text))
	d.UseNumber()
	if err := d.Decode(&v); err != nil {
		t.Fatalf("%v: %q", err, text)
	}
	return plainNumbers(v)
}

func plainNumbers(v any) any {
	switch v := v.(type) {
	case json.Number:
		if n, ok := new(big.Int).SetString(v.String(), 10); ok && n.BitLen() <= 64 && (n.IsInt64() || n.IsUint64()) {
			return n.String()
		}
		f, _ := v.Float64()
		return f
	case []any:
		for i := range v {
			v[i] = plainNumbers(v[i])
		}
	case map[string]any:
		for name := range v {
			v[name] = plainNumbers(v[name])
		}
	}
	return v
}

// FuzzToMessagePack packs JSON and unpacks it: it means the same, and a second
// time it is the same to the byte.
func FuzzToMessagePack(f *testing.F) {
	for _, c := range packed {
		f.Add([]byte(c.json))
	}
	f.Add([]byte(`{"messages": [{"body": "\u0000\ud83d\ude00", "ttl": 60}, {"body": -0.0}], "x": 1e-7}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		doc, err := api.ToMessagePack(nil, text)
		if err != nil {
			return
		}
		back, err := api.FromMessagePack(nil, doc, noMax)
		if err != nil {
			if !strings.Contains(err.Error(), "deeper") && !strings.Contains(err.Error(), "finite") {
				t.Fatalf("%q: what was packed cannot be unpacked: %v", text, err)
			}
			return
		}
		if !sameJSON(t, text, back) {
			t.Fatalf("%q came back as %q", text, back)
		}
		if again, err := api.ToMessagePack(nil, back); err != nil || !bytes.Equal(again, doc) {
			t.Errorf("%q: packed again it is %q, not %q; error %v", text, again, doc, err)
		}
	})
}

// FuzzFromMessagePack unpacks whatever comes: what is taken is JSON within the
// bound, and packed again and unpacked it is the same to the byte.
func FuzzFromMessagePack(f *testing.F) {
	for _, c := range packed {
		f.Add([]byte(c.msgpack), 100)
	}
	f.Add([]byte("\x81\xa1a\xc4\x01a"), 10)
	f.Add([]byte("\xdf\xff\xff\xff\xff\xa1a\x01"), 10)
	f.Fuzz(func(t *testing.T, doc []byte, max int) {
		max &= 1<<20 - 1
		text, err := api.FromMessagePack(nil, doc, max)
		if err != nil {
			return
		}
		if len(text) > max || !json.Valid(text) || !utf8.Valid(text) {
			t.Fatalf("%q within %d: got %q", doc, max, text)
		}
		packed, err := api.ToMessagePack(nil, text)
		if err != nil {
			t.Fatalf("%q: %v", text, err)
		}
		if again, err := api.FromMessagePack(nil, packed, noMax); err != nil || !bytes.Equal(again, text) {
			t.Errorf("%q came back as %q with error %v", text, again, err)
		}
	})
}
