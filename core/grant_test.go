package core_test

import (
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stackforge/marconi/core"
)

// zaqars is a grant that Zaqar signed with the secret "sekrit".
var zaqars = core.Grant{
	Paths: []string{"/v2/queues/sq/messages"}, Methods: []string{"GET"}, Project: "p1", Expires: "2030-01-01T00:00:00",
	Signature: "8a964736e15e7489d80fd750af24314e7e0fcb776b895b344179c47694d2c3c2",
}

func secrets(texts ...string) core.Options {
	var o core.Options
	for _, s := range texts {
		o.Secrets = append(o.Secrets, []byte(s))
	}
	return o
}

func TestGrantOfZaqar(t *testing.T) {
	w := newWorld(t, secrets("sekrit"))
	expires, err := w.CheckGrant(zaqars)
	if want := time.Date(2030, 1, 1, 0, 0, 0, 0, time.UTC); err != nil || !expires.Equal(want) {
		t.Errorf("got %v, %v, want %v", expires, err, want)
	}
	made := do(w.of("p1"), w.ShareQueue, core.QueueShareRequest{Queue: "sq", Share: jsontext.Value(`{"expires": "2030-01-01T00:00:00"}`)})
	same(t, "signature", made.Signature, zaqars.Signature)
}

// TestGrantChanged changes one thing of a grant at a time.
func TestGrantChanged(t *testing.T) {
	w := newWorld(t, secrets("sekrit"))
	const none, unsigned = "The grant is not well-formed.", "The signature is not that of the grant."
	for _, c := range []struct {
		name   string
		change func(*core.Grant)
		text   string // "": it holds as it did
	}{
		{"a zone", func(g *core.Grant) { g.Expires += "Z" }, ""},
		{"another zone", func(g *core.Grant) { g.Expires = "2030-01-01T01:30:00+01:30" }, ""},
		{"a fraction", func(g *core.Grant) { g.Expires += ".999" }, ""},

		{"another path", func(g *core.Grant) { g.Paths = []string{"/v2/queues/sq2/messages"} }, unsigned},
		{"a path more", func(g *core.Grant) { g.Paths = append(g.Paths, "/v2/queues/x/messages") }, unsigned},
		{"a path twice", func(g *core.Grant) { g.Paths = append(g.Paths, g.Paths[0]) }, unsigned},
		{"no path", func(g *core.Grant) { g.Paths = nil }, none},
		{"an empty path", func(g *core.Grant) { g.Paths = []string{""} }, none},
		{"an empty path more", func(g *core.Grant) { g.Paths = append(g.Paths, "") }, none},
		{"two paths in one", func(g *core.Grant) { g.Paths[0] += ",/v2" }, none},
		{"methods in the path", func(g *core.Grant) { g.Paths[0] += `\nGET` }, none},
		{"another method", func(g *core.Grant) { g.Methods = []string{"POST"} }, unsigned},
		{"a method more", func(g *core.Grant) { g.Methods = append(g.Methods, "POST") }, unsigned},
		{"no method", func(g *core.Grant) { g.Methods = nil }, none},
		{"an empty method", func(g *core.Grant) { g.Methods = []string{""} }, none},
		{"a small method", func(g *core.Grant) { g.Methods = []string{"get"} }, unsigned},
		{"the project in the methods", func(g *core.Grant) { g.Methods = []string{`GET\np1`} }, none},
		{"another project", func(g *core.Grant) { g.Project = "p2" }, unsigned},
		{"no project", func(g *core.Grant) { g.Project = "" }, none},
		{"a project with a separator", func(g *core.Grant) { g.Project = `x\np1` }, none},
		{"later", func(g *core.Grant) { g.Expires = "2030-01-01T00:00:01" }, unsigned},
		{"never", func(g *core.Grant) { g.Expires = "" }, none},
		{"a number", func(g *core.Grant) { g.Expires = "1893456000" }, none},
		{"no time", func(g *core.Grant) { g.Expires = "2030-02-30T00:00:00" }, none},
		{"beyond all years", func(g *core.Grant) { g.Expires = "9999-12-31T23:59:59-01:00" }, none},
		{"no signature", func(g *core.Grant) { g.Signature = "" }, unsigned},
		{"half a signature", func(g *core.Grant) { g.Signature = g.Signature[:32] }, unsigned},
		{"large digits", func(g *core.Grant) { g.Signature = strings.ToUpper(g.Signature) }, unsigned},
		{"another signature", func(g *core.Grant) { g.Signature = strings.Repeat("0", 64) }, unsigned},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := zaqars
			g.Paths, g.Methods = []string{g.Paths[0]}, []string{g.Methods[0]}
			c.change(&g)
			_, err := w.CheckGrant(g)
			if c.text == "" {
				if err != nil {
					t.Errorf("got %v", err)
				}
				return
			}
			refused(t, err, core.Forbidden, "", c.text)
		})
	}
}

func TestGrantInAnyOrder(t *testing.T) {
	w := newWorld(t, secrets("sekrit"))
	g := do(w, w.ShareQueue, core.QueueShareRequest{Queue: "q", Share: jsontext.Value(`{"paths": ["messages", "claims"], "methods": ["POST", "GET"]}`)})
	g.Paths = []string{"/v2/queues/q/messages", "/v2/queues/q/claims"}
	g.Methods = []string{"POST", "GET"}
	if _, err := w.CheckGrant(g); err != nil {
		t.Error(err)
	}
	sameAll(t, "paths as they were given", g.Paths, "/v2/queues/q/messages", "/v2/queues/q/claims")
}

func TestGrantExpires(t *testing.T) {
	w := newWorld(t, secrets("sekrit"))
	g := do(w, w.ShareQueue, core.QueueShareRequest{Queue: "q", Share: jsontext.Value(`{"expires": "2026-01-02T03:05:05"}`)})
	for _, span := range []time.Duration{0, 59 * time.Second, 999 * time.Millisecond} {
		w.pass(span)
		if _, err := w.CheckGrant(g); err != nil {
			t.Errorf("at %v: %v", w.now(), err)
		}
	}
	for _, span := range []time.Duration{time.Millisecond, time.Second, time.Hour} {
		w.pass(span)
		_, err := w.CheckGrant(g)
		refused(t, err, core.Forbidden, "", "The grant has expired.")
	}
}

// TestSecretsAreReplaced does it as an operator would: the new one is added, signs
// from then on, and in the end is alone.
func TestSecretsAreReplaced(t *testing.T) {
	first := newWorld(t, secrets("old"))
	both, last := first.beside(secrets("new", "old")), first.beside(secrets("new"))
	none := first.beside(core.Options{})
	share := core.QueueShareRequest{Queue: "q"}
	old, fresh := do(first, first.ShareQueue, share), do(both, both.ShareQueue, share)
	for _, c := range []struct {
		name  string
		w     *world
		g     core.Grant
		holds bool
	}{
		{"old by old", first, old, true}, {"new by old", first, fresh, false},
		{"old by both", both, old, true}, {"new by both", both, fresh, true},
		{"old by new", last, old, false}, {"new by new", last, fresh, true},
		{"old by none", none, old, false}, {"new by none", none, fresh, false},
	} {
		_, err := c.w.CheckGrant(c.g)
		same(t, c.name, err == nil, c.holds)
	}
}

// FuzzGrant looks for a grant that holds although it is not the one that was made.
func FuzzGrant(f *testing.F) {
	f.Add("/v2/queues/q/messages,/v2/queues/q/claims", "GET,POST", "p", "2030-01-01T00:00:00")
	f.Add(`/v2/queues/q/messages\nGET`, "POST", "p", "2030-01-01")
	f.Add("/v2/queues/q/messages", "GET", `GET\np`, "2030-1-1T0:00:0.5Z")
	f.Add("/", "", "", "20300101T000000+0130")
	f.Fuzz(func(t *testing.T, paths, methods, project, expires string) {
		w := newWorld(t, secrets("sekrit"))
		made := do(w.of("p"), w.ShareQueue, core.QueueShareRequest{Queue: "q",
			Share: jsontext.Value(`{"paths": ["messages", "claims"], "methods": ["GET", "POST"], "expires": "2030-01-01T00:00:00"}`)})
		g := core.Grant{Paths: strings.Split(paths, ","), Methods: strings.Split(methods, ","), Project: project, Expires: expires, Signature: made.Signature}
		until, err := w.CheckGrant(g)
		if err != nil {
			return
		}
		sameAll(t, "methods", sorted(g.Methods), made.Methods...)
		sameAll(t, "paths", sorted(g.Paths), made.Paths...)
		same(t, "project", g.Project, made.Project)
		same(t, "expires", until.Format("2006-01-02T15:04:05"), made.Expires)
	})
}
