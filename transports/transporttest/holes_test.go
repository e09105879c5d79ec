package transporttest_test

import (
	"strings"
	"testing"

	"github.com/stackforge/marconi/transports/transporttest"
)

func TestMatch(t *testing.T) {
	for _, c := range []struct {
		name, want, got string
		complaint       string // part of it; "": they match
	}{
		{"scalars", `[1, "a", true, null]`, `[1,"a",true,null]`, ""},
		{"order of members", `{"a": 1, "b": 2}`, `{"b": 2, "a": 1}`, ""},
		{"order of items", `[1, 2]`, `[2, 1]`, "[0]: got 2, want 1"},
		{"number of items", `[1, 2]`, `[1]`, "got [1], want [1,2]"},
		{"missing member", `{"a": {"b": 1}}`, `{"a": {}}`, ".a.b: missing"},
		{"other member", `{"a": 1}`, `{"a": 1, "c": 2}`, ".c: not wanted"},
		{"spelling of numbers", `1.0`, `1`, "got 1, want 1.0"},
		{"large numbers", `9007199254740993`, `9007199254740992`, "got 9007199254740992"},
		{"kinds", `{"a": "1"}`, `{"a": 1}`, `.a: got 1, want "1"`},
		{"null is something", `{"a": null}`, `{}`, ".a: missing"},
		{"null is null", `{"a": null}`, `{"a": false}`, ".a: got false, want null"},
		{"texts", `"ab"`, `"abc"`, `got "abc", want "ab"`},
		{"signs of patterns", `"a.c"`, `"abc"`, `got "abc", want "a.c"`},
		{"anything", `{"a": "$any", "b": ["$any"]}`, `{"a": {"x": 1}, "b": [null]}`, ""},
		{"anything is something", `{"a": "$any"}`, `{}`, ".a: missing"},
		{"anything in a text", `"a $any c"`, `"a b\n c"`, ""},
		{"a hole twice", `["$x", "$x"]`, `["1", "1"]`, ""},
		{"a hole twice, otherwise", `["$x", "$x"]`, `["1", "2"]`, `[1]: got "2", want "1"`},
		{"a hole twice in a text", `"$x and $x"`, `"1 and 2"`, `$x is "1", and "2" too`},
		{"two holes alike", `["$x", "$y"]`, `["1", "1"]`, "$y is the same as $x"},
		{"a hole takes no number", `"$x"`, `1`, "got 1"},
		{"a hole takes something", `"$x"`, `""`, `got ""`},
		{"a hole in a path", `"/q/$x?c=$y&d=$z"`, `"/q/1?c=2&d=3"`, ""},
		{"a hole ends with its part", `"/q/$x"`, `"/q/1/2"`, `got "/q/1/2"`},
		{"no document", `{}`, ``, "got no JSON"},
		{"half a document", `{}`, `{"a":`, "got no JSON"},
		{"two documents", `{}`, `{}{}`, "something follows"},
		{"a bad wish", `{`, `{}`, "what is wanted is no JSON"},
	} {
		t.Run(c.name, func(t *testing.T) {
			err := transporttest.Holes{}.Match([]byte(c.want), []byte(c.got))
			switch {
			case c.complaint == "" && err != nil:
				t.Errorf("got %v, want a match", err)
			case c.complaint != "" && (err == nil || !strings.Contains(err.Error(), c.complaint)):
				t.Errorf("got %v, want a complaint with %s", err, c.complaint)
			}
		})
	}
}

func TestHolesKeepWhatTheyTake(t *testing.T) {
	h := transporttest.Holes{}
	if err := h.Match([]byte(`{"id": "$id", "path": "/a/$other"}`), []byte(`{"id": "1", "path": "/a/2"}`)); err != nil {
		t.Fatal(err)
	}
	filled, err := h.Fill(`{"$id": "$other-$id"}`)
	if err != nil || filled != `{"1": "2-1"}` {
		t.Errorf("got %q and error %v", filled, err)
	}
	if err := h.MatchText("no $id in $other", "no 1 in 2"); err != nil {
		t.Error(err)
	}
	if err := h.MatchText("no $id", "no 2"); err == nil {
		t.Error("$id is 1 and matched 2")
	}
}

func TestFillNeedsHolesThatAreTaken(t *testing.T) {
	if got, err := (transporttest.Holes{}).Fill("$5 for $id"); err == nil {
		t.Errorf("got %q, want an error", got)
	}
	if got, err := (transporttest.Holes{}).Fill("$5 for $ID"); err != nil || got != "$5 for $ID" {
		t.Errorf("got %q and error %v", got, err)
	}
}
