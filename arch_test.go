// Package marconi_test holds who may look into which package.
package marconi_test

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os/exec"
	"path"
	"slices"
	"strings"
	"testing"
)

const marconi = "github.com/stackforge/marconi"

// room is a package, or several by a pattern of path.Match; "x/..." is x and all
// below it. It may import the rooms that it lists and none else of ours.
type room struct {
	name string
	may  []string
}

// rooms is the import rule. The first that fits a package holds for it.
var rooms = []room{
	{".", nil},
	{"storage", nil},
	{"storage/storagetest", []string{"storage"}},
	{"storage/internal/...", []string{"storage"}},
	{"storage/*store", []string{"storage", "storage/internal/..."}},
	{"compress", nil},
	{"core/push", nil},
	{"core", []string{"storage", "core/push", "compress"}},
	{"transports", nil},
	{"transports/zmtp", nil},
	{"transports/api", []string{"core"}},
	{"transports/auth", []string{"transports/api", "core"}},
	{"transports/transporttest", []string{"transports/api", "core", "storage", "storage/memstore"}}, // scripts are played on any store
	{"transports/rest/resttest", []string{"transports/transporttest"}},
	{"transports/ws/wstest", []string{"transports/transporttest", "transports/api"}},
	{"transports/zmq/zmqtest", []string{"transports/transporttest", "transports/api", "transports/zmtp"}},
	{"transports/zmq", []string{"transports", "transports/api", "transports/zmtp", "core", "compress"}},
	{"transports/*", []string{"transports", "transports/api", "core", "compress"}}, // the other doors and couriers
	{"clients/go", []string{"compress", "transports/zmtp"}},
	{"clients/python", []string{"loadtest/processtest"}},
	{"clients/browser", []string{"loadtest/processtest"}},
	{"loadtest/processtest", nil},
	{"loadtest", []string{"clients/go"}},
	{"cmd/...", []string{"..."}},
}

// tested is what test files may import besides.
var tested = []string{"storage", "storage/memstore", "storage/storagetest", "transports/transporttest", "transports/auth"}

// suites are rooms whose files are tests by nature.
var suites = []string{"storage/storagetest", "transports/transporttest"}

// dependency is a module of others, and the rooms that may import it. A module
// that is not listed may be imported by nobody.
type dependency struct {
	module string
	by     []string
	tests  bool // test files and suites may, wherever they are
}

var dependencies = []dependency{
	{module: "github.com/labstack/echo/v4", by: []string{"transports/rest"}},
	{module: "github.com/gorilla/websocket", by: []string{"transports/ws", "transports/ws/wstest", "clients/go", "clients/browser"}},
	{module: "github.com/go-zeromq/zmq4", by: []string{"transports/zmtp"}, tests: true},
	{module: "github.com/redis/go-redis/v9", by: []string{"storage/redisstore"}},
	{module: "github.com/cockroachdb/pebble/v2", by: []string{"storage/pebblestore"}},
	{module: "github.com/klauspost/compress", by: []string{"compress"}},
	{module: "github.com/go-json-experiment/json", by: []string{"core", "transports/api", "transports/auth"}, tests: true},
	{module: "github.com/tinylib/msgp", by: []string{"transports/api"}},
	{module: "github.com/prometheus/client_golang", by: []string{"cmd/..."}},
	{module: "github.com/spf13/cobra", by: []string{"cmd/..."}},
	{module: "github.com/spf13/pflag", by: []string{"cmd/..."}},
	{module: "github.com/BurntSushi/toml", by: []string{"cmd/..."}},
	{module: "golang.org/x/sync", by: []string{"core/...", "storage/*store", "transports/*", "loadtest", "cmd/..."}, tests: true},
	{module: "golang.org/x/crypto", by: []string{"transports/zmtp"}}, // CURVE
	{module: "golang.org/x/time", by: []string{"transports/ws"}},
	{module: "golang.org/x/tools", tests: true}, // txtar
	{module: "go.uber.org/goleak", tests: true},
	{module: "pgregory.net/rapid", tests: true},
}

// pkg is a package as "go list" tells of it.
type pkg struct {
	ImportPath                         string
	Imports, TestImports, XTestImports []string
}

func TestImports(t *testing.T) {
	packages, err := list(t)
	if err != nil || len(packages) < 10 {
		t.Fatalf("%d packages, %v", len(packages), err)
	}
	for _, p := range packages {
		for _, wrong := range violations(p) {
			t.Error(wrong)
		}
	}
}

func list(t *testing.T) (packages []pkg, err error) {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "go", "list", "-json=ImportPath,Imports,TestImports,XTestImports", "./...").Output()
	if err != nil {
		return nil, err
	}
	for d := json.NewDecoder(bytes.NewReader(out)); ; {
		var p pkg
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			return packages, nil
		} else if err != nil {
			return nil, err
		}
		packages = append(packages, p)
	}
}

// violations are the imports of a package that break the rule, a line each.
func violations(p pkg) (wrong []string) {
	name := ours(p.ImportPath)
	i := slices.IndexFunc(rooms, func(r room) bool { return fits(r.name, name) })
	if i < 0 {
		return []string{name + ": no rule says what it may import"}
	}
	suite := slices.Contains(suites, name)
	for _, imported := range p.Imports {
		wrong = append(wrong, judge(name, imported, rooms[i].may, suite)...)
	}
	for _, imported := range append(p.TestImports, p.XTestImports...) {
		wrong = append(wrong, judge(name, imported, slices.Concat(rooms[i].may, tested, []string{name + "/..."}), true)...)
	}
	slices.Sort(wrong)
	return slices.Compact(wrong)
}

func judge(name, imported string, may []string, test bool) []string {
	if room := ours(imported); room != "" {
		if fitsAny(may, room) {
			return nil
		}
		return []string{fmt.Sprintf("%s imports %s: of ours it may import %s", name, room, among(may))}
	}
	if first, _, _ := strings.Cut(imported, "/"); !strings.Contains(first, ".") {
		return nil // the standard library
	}
	for _, d := range dependencies {
		switch {
		case imported != d.module && !strings.HasPrefix(imported, d.module+"/"):
		case fitsAny(d.by, name), test && d.tests:
			return nil
		default:
			return []string{fmt.Sprintf("%s imports %s: that is for %s", name, imported, d.users())}
		}
	}
	return []string{fmt.Sprintf("%s imports %s: no rule knows that module", name, imported)}
}

// ours is the name of a package of this module, "." for the module itself, and ""
// for a package of others.
func ours(importPath string) string {
	if importPath == marconi {
		return "."
	}
	name, found := strings.CutPrefix(importPath, marconi+"/")
	if !found {
		return ""
	}
	return name
}

func (d dependency) users() string {
	if d.tests {
		return strings.Join(append(slices.Clone(d.by), "tests"), ", ")
	}
	return among(d.by)
}

func among(names []string) string {
	if len(names) == 0 {
		return "nothing"
	}
	return strings.Join(names, ", ")
}

func fitsAny(patterns []string, name string) bool {
	return slices.ContainsFunc(patterns, func(p string) bool { return fits(p, name) })
}

func fits(pattern, name string) bool {
	if above, found := strings.CutSuffix(pattern, "..."); found {
		return strings.HasPrefix(name+"/", above)
	}
	matched, err := path.Match(pattern, name)
	return matched && err == nil
}

func TestForbiddenImports(t *testing.T) {
	const core, echo, rapid = marconi + "/core", "github.com/labstack/echo/v4", "pgregory.net/rapid"
	for _, c := range []struct {
		name string
		p    pkg
		want string // "": nothing is wrong
	}{
		{"down the stairs", pkg{ImportPath: core, Imports: []string{"context", marconi + "/storage"}}, ""},
		{"past the core", pkg{ImportPath: marconi + "/transports/api", Imports: []string{marconi + "/storage"}},
			"transports/api imports storage: of ours it may import core"},
		{"up the stairs", pkg{ImportPath: marconi + "/storage", Imports: []string{core}},
			"storage imports core: of ours it may import nothing"},
		{"from a door into another", pkg{ImportPath: marconi + "/transports/ws", Imports: []string{marconi + "/transports/rest"}},
			"transports/ws imports transports/rest: of ours it may import transports, transports/api, core, compress"},
		{"into the program", pkg{ImportPath: marconi + "/loadtest", Imports: []string{marconi + "/cmd/marconi"}},
			"loadtest imports cmd/marconi: of ours it may import clients/go"},
		{"from the program", pkg{ImportPath: marconi + "/cmd/marconi", Imports: []string{core, marconi + "/storage/redisstore"}}, ""},
		{"a driver into another", pkg{ImportPath: marconi + "/storage/redisstore", Imports: []string{marconi + "/storage/memstore"}},
			"storage/redisstore imports storage/memstore: of ours it may import storage, storage/internal/..."},
		{"the reference in a test", pkg{ImportPath: core, XTestImports: []string{core, marconi + "/storage/memstore", rapid}}, ""},
		{"a door in a test of the core", pkg{ImportPath: core, TestImports: []string{marconi + "/transports/rest"}},
			"core imports transports/rest: of ours it may import storage, core/push, compress, storage, storage/memstore, storage/storagetest, transports/transporttest, transports/auth, core/..."},
		{"a client of a door in its tests", pkg{ImportPath: marconi + "/transports/rest", XTestImports: []string{marconi + "/transports/rest/resttest"}}, ""},
		{"a client of a door in another's", pkg{ImportPath: marconi + "/transports/ws", XTestImports: []string{marconi + "/transports/rest/resttest"}},
			"transports/ws imports transports/rest/resttest: of ours it may import transports, transports/api, core, compress, " +
				"storage, storage/memstore, storage/storagetest, transports/transporttest, transports/auth, transports/ws/..."},
		{"echo at its place", pkg{ImportPath: marconi + "/transports/rest", Imports: []string{echo, echo + "/middleware"}}, ""},
		{"echo elsewhere", pkg{ImportPath: marconi + "/transports/ws", Imports: []string{echo}},
			"transports/ws imports github.com/labstack/echo/v4: that is for transports/rest"},
		{"a longer name is another module", pkg{ImportPath: marconi + "/transports/rest", Imports: []string{echo + "x"}},
			"transports/rest imports github.com/labstack/echo/v4x: no rule knows that module"},
		{"a tool of tests outside of them", pkg{ImportPath: core, Imports: []string{rapid}},
			"core imports pgregory.net/rapid: that is for tests"},
		{"a tool of tests in a suite", pkg{ImportPath: marconi + "/storage/storagetest", Imports: []string{rapid}}, ""},
		{"a module nobody has heard of", pkg{ImportPath: marconi + "/cmd/marconi", Imports: []string{"example.com/leftpad"}},
			"cmd/marconi imports example.com/leftpad: no rule knows that module"},
		{"a room without a rule", pkg{ImportPath: marconi + "/util"}, "util: no rule says what it may import"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if got := strings.Join(violations(c.p), "\n"); got != c.want {
				t.Errorf("got  %s\nwant %s", got, c.want)
			}
		})
	}
}
