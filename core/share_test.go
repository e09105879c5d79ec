package core_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stackforge/marconi/core"
)

func sorted(texts []string) []string { return slices.Sorted(slices.Values(texts)) }

func TestShare(t *testing.T) {
	w := newWorld(t, secrets("sekrit"))
	const tomorrow = "2026-01-03T03:04:05"
	for _, c := range []struct{ share, paths, methods, expires string }{
		{``, "messages", "GET", tomorrow},
		{`{}`, "messages", "GET", tomorrow},
		{`{"paths": null, "methods": null, "expires": null}`, "messages", "GET", tomorrow},
		{`{"paths": [], "methods": []}`, "messages", "GET", tomorrow},
		{`{"paths": "", "methods": false}`, "messages", "GET", tomorrow},
		{`{"paths": ["messages", "subscriptions", "claims"]}`, "claims messages subscriptions", "GET", tomorrow},
		{`{"paths": ["claims"], "methods": ["POST", "DELETE", "get"]}`, "claims", "DELETE POST get", tomorrow},
		{`{"methods": ["PUT"], "methods": ["P\u0041TCH"]}`, "messages", "PATCH", tomorrow},
		{`{"expires": "2030-01-01T00:00:00"}`, "messages", "GET", "2030-01-01T00:00:00"},
		{`{"expires": "2030-01-01T00:00:00.987654"}`, "messages", "GET", "2030-01-01T00:00:00"},
		{`{"expires": "2030-01-01T00:00:00Z"}`, "messages", "GET", "2030-01-01T00:00:00"},
		{`{"expires": "2030-01-01T00:00:00,5+02:00"}`, "messages", "GET", "2029-12-31T22:00:00"},
		{`{"expires": "2030-01-01 00:00-0130"}`, "messages", "GET", "2030-01-01T01:30:00"},
		{`{"expires": "20300101T000000+01"}`, "messages", "GET", "2029-12-31T23:00:00"},
		{`{"expires": "2030-1-2"}`, "messages", "GET", "2030-01-02T00:00:00"},
		{`{"expires": "2026-01-02T03:04:06"}`, "messages", "GET", "2026-01-02T03:04:06"},
		{`{"expires": "9999-12-31T23:59:59"}`, "messages", "GET", "9999-12-31T23:59:59"},
	} {
		g := do(w, w.ShareQueue, core.QueueShareRequest{Queue: "q.2", Share: jsontext.Value(c.share)})
		var paths []string
		for part := range strings.FieldsSeq(c.paths) {
			paths = append(paths, "/v2/queues/q.2/"+part)
		}
		sameAll(t, c.share+": paths", g.Paths, paths...)
		sameAll(t, c.share+": methods", g.Methods, strings.Fields(c.methods)...)
		same(t, c.share+": project", g.Project, "project")
		same(t, c.share+": expires", g.Expires, c.expires)
		if _, err := w.CheckGrant(g); err != nil {
			t.Errorf("%s: it does not hold: %v", c.share, err)
		}
	}
	same(t, "the queue is there", w.exists("q.2"), false)
}

func TestShareRefuses(t *testing.T) {
	w := newWorld(t, secrets("sekrit"))
	const (
		whole  = "`expires` should be date format, for example 2016-01-01T00:00:00, not integer value: "
		past   = "`expires` is lower than the current time"
		list   = "`methods` should be a list"
		method = "`methods` should be a list of the names of methods"
	)
	for _, c := range []struct{ share, text string }{
		{`{"dummy": "meh"}`, "Unknown keys: {'dummy'}"},
		{`{"z": 1, "project_id": "x", "paths": ["nope"]}`, "Unknown keys: {'project_id', 'z'}"},
		{`{"paths": ["nope"]}`, "Invalid paths: {'nope'}"},
		{`{"paths": ["z", "messages", "", "a", "a"], "methods": "GET"}`, "Invalid paths: {'', 'a', 'z'}"},
		{`{"paths": ["../q2/messages"]}`, "Invalid paths: {'../q2/messages'}"},
		{`{"paths": "messages"}`, "`paths` should be a list"},
		{`{"paths": [1]}`, "`paths` should be a list"},
		{`{"paths": ["messages", null]}`, "`paths` should be a list"},
		{`{"paths": {}}`, "`paths` should be a list"},
		{`{"methods": "GET", "expires": "junk"}`, list},
		{`{"methods": {"GET": 1}}`, list},
		{`{"methods": ["GET", 1]}`, list},
		{`{"methods": ["GET,POST"]}`, method},
		{`{"methods": ["GET", ""]}`, method},
		{`{"methods": ["GET\\nvictim"]}`, method},
		{`{"methods": ["\n"]}`, method},
		{`{"expires": "junk"}`, "Unable to parse date string 'junk'"},
		{`{"expires": ""}`, "Unable to parse date string ''"},
		{`{"expires": "0"}`, "Unable to parse date string '0'"},
		{`{"expires": 0}`, "Unable to parse date string '0'"},
		{`{"expires": true}`, "Unable to parse date string 'true'"},
		{`{"expires": ["2030-01-01"]}`, `Unable to parse date string '["2030-01-01"]'`},
		{`{"expires": "2030-02-30T00:00:00"}`, "Unable to parse date string '2030-02-30T00:00:00'"},
		{`{"expires": "2030-01-01T24:00:00"}`, "Unable to parse date string '2030-01-01T24:00:00'"},
		{`{"expires": "9999-12-31T23:59:59-00:01"}`, "Unable to parse date string '9999-12-31T23:59:59-00:01'"},
		{`{"expires": "` + strings.Repeat("9", 65) + `"}`, "Unable to parse date string '" + strings.Repeat("9", 65) + "'"},
		{`{"expires": 1893456000}`, whole + "1893456000"},
		{`{"expires": "2030"}`, whole + "2030"},
		{`{"expires": "-1"}`, whole + "-1"},
		{`{"expires": "` + strings.Repeat("9", 64) + `"}`, whole + strings.Repeat("9", 64)},
		{`{"expires": "2015-01-01T00:00:00"}`, past},
		{`{"expires": "2026-01-02T03:04:05"}`, past},
		{`{"expires": "2026-01-02T04:04:05+01:00"}`, past},
	} {
		t.Run(c.share, func(t *testing.T) {
			refused(t, try(w, w.ShareQueue, core.QueueShareRequest{Queue: "q", Share: jsontext.Value(c.share)}), core.Invalid, "", c.text)
		})
	}
}

// TestShareWithoutASecret is of a broker that has none: what is wrong before that
// is told before.
func TestShareWithoutASecret(t *testing.T) {
	w := newWorld(t, core.Options{})
	for share, text := range map[string]string{
		`{}`:                                  "The `key` can't be None",
		`{"methods": "GET", "expires": "no"}`: "The `key` can't be None",
		`{"paths": ["nope"]}`:                 "Invalid paths: {'nope'}",
		`{"dummy": 1}`:                        "Unknown keys: {'dummy'}",
	} {
		refused(t, try(w, w.ShareQueue, core.QueueShareRequest{Queue: "q", Share: jsontext.Value(share)}), core.Invalid, "", text)
	}
}

// A project whose name looks like a part of what is signed could have something
// signed that reads as another's.
func TestShareOfAProjectThatCouldBeTwo(t *testing.T) {
	w := newWorld(t, secrets("sekrit")).of(`GET\nvictim`)
	refused(t, try(w, w.ShareQueue, core.QueueShareRequest{Queue: "q"}), core.Invalid, "", `A project with a \ in its name can share nothing.`)
}

func TestShareOfWhatIsNoObject(t *testing.T) {
	w := newWorld(t, secrets("sekrit"))
	for _, share := range []string{`[]`, `1`, `{`} {
		refused(t, try(w, w.ShareQueue, core.QueueShareRequest{Queue: "q", Share: jsontext.Value(share)}), core.Invalid,
			"Invalid request body", "What to share must be an object.")
	}
}

// FuzzShare makes grants of whatever is asked for: those that are made hold.
func FuzzShare(f *testing.F) {
	for _, share := range []string{`{}`, `{"paths": ["claims"], "methods": ["GET"], "expires": "2030-01-01T00:00:00+01:00"}`, `{"expires": 5}`, `{"a": 1}`, `[]`} {
		f.Add(share, "project")
	}
	f.Fuzz(func(t *testing.T, share, project string) {
		if !jsontext.Value(share).IsValid() {
			return // the door refuses it
		}
		w := newWorld(t, secrets("sekrit")).of(project)
		g, err := w.ShareQueue(w.ctx, w.who, core.QueueShareRequest{Queue: "q", Share: jsontext.Value(share)})
		if err != nil {
			same(t, fmt.Sprint(err), core.CodeOf(err), core.Invalid)
			return
		}
		if _, err := w.CheckGrant(g); err != nil {
			t.Errorf("%+v does not hold: %v", g, err)
		}
	})
}
