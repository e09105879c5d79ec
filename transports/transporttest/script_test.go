package transporttest_test

import (
	"strings"
	"testing"

	"github.com/stackforge/marconi/transports/transporttest"
)

func TestParseRefuses(t *testing.T) {
	for _, c := range []struct{ name, script, complaint string }{
		{"a word", "jump 5s", `line 1: "jump" means nothing`},
		{"a span", "advance fast", `line 1: "fast" is no time to pass`},
		{"going back", "advance -1s", "no time to pass"},
		{"a header without a value", "with Key", "line 1: a header has a name"},
		{"an option", `broker {"color": "red"}`, `unknown field "color"`},
		{"an option's kind", `broker {"checksum": 1}`, "line 1"},
		{"a request without a document", "> queue_list\n< 200", "line 1: a request has an operation and a JSON object"},
		{"a request that is no object", "> queue_list []\n< 200", "a JSON object"},
		{"a request with half a document", "> queue_list {\n< 200", "a JSON object"},
		{"an answer alone", "# first\n\n< 200", "line 3: an answer follows a request"},
		{"an answer without a status", "> queue_list {}\n< fine", "line 2: an answer begins with a status"},
		{"an answer that is no JSON", "> queue_list {}\n< 200 fine", "line 2: the answer is no JSON"},
		{"no answer at the end", "> queue_list {}", "the last request has no answer"},
		{"no answer in between", "> queue_list {}\nadvance 1s\n< 200", "line 2: the request before has no answer"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := transporttest.Parse([]byte("-- a script --\n" + c.script + "\n"))
			if err == nil || !strings.Contains(err.Error(), c.complaint) || !strings.HasPrefix(err.Error(), "a script: ") {
				t.Errorf("got %v, want a complaint with %s", err, c.complaint)
			}
		})
	}
}

func TestSuits(t *testing.T) {
	for _, c := range []struct {
		script string
		suits  string // dialects of plain, v2, ws, and packed, which is ws msgpack
	}{
		{"", "plain v2 ws packed"},
		{"only v2", "v2"},
		{"only v2 ws", "v2 ws packed"},
		{"unless msgpack", "plain v2 ws"},
		{"unless ws", "plain v2"},
		{"only v2 ws\nunless ws", "v2"},
	} {
		scripts, err := transporttest.Parse([]byte("-- a script --\n" + c.script + "\n"))
		if err != nil {
			t.Fatal(err)
		}
		var suits []string
		for _, dialect := range []string{"plain", "v2", "ws"} {
			if scripts[0].Suits(dialect) {
				suits = append(suits, dialect)
			}
		}
		if scripts[0].Suits(transporttest.Packed) {
			suits = append(suits, "packed")
		}
		if got := strings.Join(suits, " "); got != c.suits {
			t.Errorf("%q suits %q, want %q", c.script, got, c.suits)
		}
	}
}

func TestEveryFileHasScriptsWithNamesOfTheirOwn(t *testing.T) {
	files, err := transporttest.Files()
	if err != nil {
		t.Fatal(err)
	}
	if len(files) == 0 {
		t.Fatal("there are no files")
	}
	for _, file := range files {
		if len(file.Scripts) == 0 {
			t.Errorf("%s has no scripts", file.Name)
		}
		seen := map[string]bool{}
		for _, s := range file.Scripts {
			if seen[s.Name] {
				t.Errorf("%s has two scripts %q", file.Name, s.Name)
			}
			seen[s.Name] = true
		}
	}
}
