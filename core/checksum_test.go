package core_test

import (
	"bufio"
	"fmt"
	"io"
	"os/exec"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"

	"pgregory.net/rapid"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stackforge/marconi/core"
)

// checksums are of bodies that Zaqar was given.
var checksums = map[string]string{
	`"abc"`:                "MD5:ebd9f4c7b06cb0aaf5d13d80e49d8b90",
	`5`:                    "MD5:e4da3b7fbbce2345d7772b0674a318d5",
	`[1, 2]`:               "MD5:04cd0e0151f352e7fd414d694a604136",
	`[1,2]`:                "MD5:04cd0e0151f352e7fd414d694a604136",
	`true`:                 "MD5:b326b5062b2f0e69046810717534cb09",
	`{"b":1,"a":"é"}`:      "MD5:b9622a81c98224c56eb3afdd8f51b202",
	`{"b":1,"a":"\u00e9"}`: "MD5:b9622a81c98224c56eb3afdd8f51b202",
	`{"x":{"y":[1,null]}}`: "MD5:3651a069eff4a9edae29903eca056142",
	`null`:                 "",
}

func TestChecksums(t *testing.T) {
	w := newWorld(t, core.Options{Checksum: true})
	for body, want := range checksums {
		id := w.post("q", body)[0]
		same(t, body, w.get("q", id).Checksum, want)
	}
	claimed := w.claim("q", 20, 60).Messages
	same(t, "claimed", len(claimed), len(checksums))
	for _, m := range claimed {
		same(t, string(m.Body), m.Checksum, checksums[string(m.Body)])
	}
}

func TestNoChecksumUnlessAskedFor(t *testing.T) {
	w := newWorld(t, core.Options{})
	id := w.post("q", `"abc"`)[0]
	same(t, "checksum", w.get("q", id).Checksum, "")
}

// However deep a body nests, its checksum takes little more memory than the body.
func TestChecksumOfDeepBodies(t *testing.T) {
	const depth = 500
	text := strconv.Quote(strings.Repeat("x", 200<<10))
	for _, body := range []string{
		strings.Repeat(`[`, depth) + text + strings.Repeat(`]`, depth),
		strings.Repeat(`{"a":`, depth) + text + strings.Repeat(`}`, depth),
	} {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		python := core.AppendPython(nil, jsontext.Value(body))
		runtime.ReadMemStats(&after)
		if taken := after.TotalAlloc - before.TotalAlloc; taken > 50*uint64(len(body)) {
			t.Errorf("%d MiB for %d KiB", taken>>20, len(body)>>10)
		}
		same(t, "text", strings.ReplaceAll(string(python), ": ", ":"), body)
	}
}

func TestPythonText(t *testing.T) {
	for given, want := range map[string]string{
		` [ ] `:                    `[]`,
		`{ }`:                      `{}`,
		`{"a":1,"b":[true,false]}`: `{"a": 1, "b": [true, false]}`,
		`{"a":1,"b":2,"a":3}`:      `{"a": 3, "b": 2}`,
		`-0`:                       `0`,
		`-0.0`:                     `-0.0`,
		`1e2`:                      `100.0`,
		`1E16`:                     `1e+16`,
		`0.0001`:                   `0.0001`,
		`0.00001`:                  `1e-05`,
		`-1e999`:                   `-Infinity`,
		`1e999`:                    `Infinity`,
		`9223372036854775807`:      `9223372036854775807`,
		`"\u007f \u2028 / 𝄞"`:      `"\u007f \u2028 / \ud834\udd1e"`,
		`"\/\"\\\b\f\n\r\t\u0001"`: `"/\"\\\b\f\n\r\t\u0001"`,
	} {
		same(t, given, string(core.AppendPython(nil, jsontext.Value(given))), want)
	}
}

// python is a process that writes each line of JSON again.
type python struct {
	in  io.WriteCloser
	out *bufio.Reader
}

const rewrite = `
import json, sys
for line in sys.stdin.buffer:
    print(json.dumps(json.loads(line)), flush=True)
`

func startPython(t *testing.T) *python {
	t.Helper()
	cmd := exec.Command("python3", "-c", rewrite)
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatalf("this test compares with Python: install python3 (%v)", err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		if err := cmd.Wait(); err != nil {
			t.Errorf("python3: %v", err)
		}
	})
	return &python{in, bufio.NewReader(out)}
}

func (p *python) dumps(t *rapid.T, value string) string {
	if _, err := fmt.Fprintln(p.in, value); err != nil {
		t.Fatal(err)
	}
	line, err := p.out.ReadString('\n')
	if err != nil {
		t.Fatal(err)
	}
	return strings.TrimSuffix(line, "\n")
}

func TestPythonTextIsPythons(t *testing.T) {
	p := startPython(t)
	values := rapid.SliceOfN(jsonValues(), 1, 20)
	rapid.Check(t, func(t *rapid.T) {
		for _, value := range values.Draw(t, "values") {
			got := string(core.AppendPython(nil, jsontext.Value(value)))
			if want := p.dumps(t, value); got != want {
				t.Fatalf("%s\ngot  %s\nwant %s", value, got, want)
			}
		}
	})
}

// jsonValues are texts of JSON values on one line, in all the spellings that JSON
// has for them.
func jsonValues() *rapid.Generator[string] {
	return rapid.Deferred(func() *rapid.Generator[string] {
		return rapid.OneOf(
			rapid.SampledFrom([]string{`null`, `true`, `false`, `[]`, `{}`}),
			jsonNumbers(),
			jsonStrings(),
			rapid.Custom(drawList),
			rapid.Custom(drawObject),
		)
	})
}

func drawList(t *rapid.T) string {
	items := rapid.SliceOfN(jsonValues(), 0, 3).Draw(t, "items")
	return "[" + strings.Join(items, drawComma(t)) + "]"
}

func drawObject(t *rapid.T) string {
	values := rapid.SliceOfN(jsonValues(), 0, 4).Draw(t, "values")
	names := rapid.OneOf(rapid.SampledFrom([]string{`"a"`, `"\u0061"`, `"b"`, `""`}), jsonStrings())
	for i, v := range values {
		values[i] = names.Draw(t, "name") + ":" + v
	}
	return "{" + strings.Join(values, drawComma(t)) + "}"
}

func drawComma(t *rapid.T) string {
	return rapid.SampledFrom([]string{",", " , ", ",\t"}).Draw(t, "comma")
}

func jsonNumbers() *rapid.Generator[string] {
	return rapid.OneOf(
		rapid.Map(rapid.Int64(), func(n int64) string { return strconv.FormatInt(n, 10) }),
		rapid.Map(rapid.Float64(), func(f float64) string { return strconv.FormatFloat(f, 'g', -1, 64) }),
		rapid.Map(rapid.Float64Range(-1e17, 1e17), func(f float64) string { return strconv.FormatFloat(f, 'f', -1, 64) }),
		rapid.StringMatching(`-?(0|[1-9][0-9]{0,17})(\.[0-9]{1,20})?([eE][+-]?[0-9]{1,3})?`),
	)
}

// jsonStrings spell each character as itself or as an escape.
func jsonStrings() *rapid.Generator[string] {
	runes := rapid.OneOf(rapid.Rune(), rapid.RuneFrom([]rune("\x00\x1f\x7f\"\\/\b\f\n\r\té\u2028\uffff\U0001d11e")))
	return rapid.Custom(func(t *rapid.T) string {
		var s strings.Builder
		for _, r := range rapid.SliceOfN(runes, 0, 5).Draw(t, "runes") {
			s.WriteString(spell(r, rapid.Bool().Draw(t, "escaped")))
		}
		return `"` + s.String() + `"`
	})
}

func spell(r rune, escaped bool) string {
	switch {
	case !escaped && r >= ' ' && r != '"' && r != '\\':
		return string(r)
	case r > 0xffff:
		hi, lo := utf16.EncodeRune(r)
		return fmt.Sprintf(`\u%04x\u%04X`, hi, lo)
	}
	return fmt.Sprintf(`\u%04x`, r)
}
