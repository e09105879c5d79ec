package core_test

import (
	"fmt"
	"strings"
	"testing"

	"golang.org/x/sync/errgroup"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stackforge/marconi/core"
)

func change(op, path, value string) core.Change {
	return core.Change{Op: op, Path: path, Value: jsontext.Value(value)}
}

func remove(path string) core.Change { return core.Change{Op: "remove", Path: path} }

// patches are changes of a queue's metadata and what comes of them.
var patches = []struct {
	before  string
	changes []core.Change
	after   string
}{
	{`{"a":1}`, nil, `{"a":1}`},
	{`{}`, []core.Change{change("add", "/metadata/a", `1`)}, `{"a":1}`},
	{`{"a":1,"b":2}`, []core.Change{change("add", "/metadata/a", `[3]`)}, `{"a":[3],"b":2}`},
	{`{"a":1}`, []core.Change{change("add", "/metadata/a", `null`)}, `{"a":null}`},
	{`{"a":1,"b":2}`, []core.Change{change("replace", "/metadata/a", `"x"`)}, `{"a":"x","b":2}`},
	{`{"a":1,"b":2}`, []core.Change{remove("/metadata/a")}, `{"b":2}`},
	{`{"a":1}`, []core.Change{change("remove", "/metadata/a", `5`)}, `{}`},

	// What is reserved counts as there.
	{`{}`, []core.Change{change("replace", "/metadata/_default_message_ttl", `70`)}, `{"_default_message_ttl":70}`},
	{`{}`, []core.Change{change("replace", "/metadata/_flavor", `"f"`)}, `{"_flavor":"f"}`},
	{`{"a":1}`, []core.Change{remove("/metadata/_max_claim_count"), remove("/metadata/_retry_policy")}, `{"a":1}`},
	{`{"_default_message_ttl":70}`, []core.Change{remove("/metadata/_default_message_ttl")}, `{}`},

	// In order.
	{`{}`, []core.Change{add("a", `1`), change("replace", "/metadata/a", `2`), add("b", `3`), remove("/metadata/a")}, `{"b":3}`},
	{`{}`, []core.Change{add("_default_message_ttl", `1`), add("_default_message_ttl", `60`)}, `{"_default_message_ttl":60}`},

	// Pointers.
	{`{}`, []core.Change{change("add", "/MetaData/Key", `1`)}, `{"Key":1}`},
	{`{}`, []core.Change{change("add", "/metadata/a~1b~0c", `1`)}, `{"a/b~c":1}`},
	{`{}`, []core.Change{change("add", "/metadata/~01", `1`)}, `{"~1":1}`},
	{`{"~1":1}`, []core.Change{remove("/metadata/~01")}, `{}`},
	{`{}`, []core.Change{change("add", "/ metadata / a key ", `1`)}, `{"a key":1}`},
	{`{}`, []core.Change{change("add", "/metadata/größe \"", `1`)}, `{"größe \"":1}`},
	{`{"k":1,"l":2}`, []core.Change{remove("/whatever/k")}, `{"l":2}`},
}

func TestPatches(t *testing.T) {
	for _, p := range patches {
		w := newWorld(t, core.Options{})
		w.create("q", p.before)
		shown := do(w, w.UpdateQueue, core.QueueUpdateRequest{Queue: "q", Changes: p.changes})
		same(t, fmt.Sprint(p.changes), w.stored("q"), p.after)
		same(t, "shown", string(shown.Metadata), string(do(w, w.GetQueue, core.QueueGetRequest{Queue: "q"}).Metadata))
	}
}

const (
	otherOp      = "Invalid operation: `%s`. It must be one of the following: add, remove, replace."
	otherPointer = "Invalid JSON pointer for this resource: '%s, e.g /metadata/key'"
	emptyPart    = "Pointer `%s` has an empty part."
	looseTilde   = "Pointer `%s` contains \"~\" that is not part of \"~0\" or \"~1\"."
)

// badChanges, and the complaints about them.
var badChanges = []struct {
	change core.Change
	text   string
}{
	{change("move", "/metadata/a", `1`), fmt.Sprintf(otherOp, "move")},
	{change("", "/metadata/a", `1`), fmt.Sprintf(otherOp, "")},
	{change("ADD", "/metadata/a", `1`), fmt.Sprintf(otherOp, "ADD")},
	{core.Change{Op: "add", Path: "/metadata/a"}, "Operation `add` must have a value."},
	{core.Change{Op: "replace", Path: "/metadata/a"}, "Operation `replace` must have a value."},
	{change("add", "/k", `1`), fmt.Sprintf(otherPointer, "/k")},
	{change("add", "/metadata", `1`), fmt.Sprintf(otherPointer, "/metadata")},
	{change("add", "/metadata/a/b", `1`), fmt.Sprintf(otherPointer, "/metadata/a/b")},
	{change("add", "/other/a", `1`), fmt.Sprintf(otherPointer, "/other/a")},
	{change("replace", "/other/a", `1`), fmt.Sprintf(otherPointer, "/other/a")},
	{remove("/a"), fmt.Sprintf(otherPointer, "/a")},
	{change("add", "metadata/a", `1`), "Pointer `metadata/a` does not start with \"/\"."},
	{change("add", "", `1`), "Pointer `` does not start with \"/\"."},
	{change("add", "/", `1`), fmt.Sprintf(emptyPart, "/")},
	{change("add", "/metadata/", `1`), fmt.Sprintf(emptyPart, "/metadata/")},
	{change("add", "/metadata/a/", `1`), fmt.Sprintf(emptyPart, "/metadata/a/")},
	{change("add", "/metadata//a", `1`), fmt.Sprintf(emptyPart, "/metadata//a")},
	{change("add", "/metadata/ /a", `1`), fmt.Sprintf(emptyPart, "/metadata/ /a")},
	{change("add", "//a", `1`), fmt.Sprintf(emptyPart, "//a")},
	{change("add", "/metadata/~", `1`), fmt.Sprintf(looseTilde, "/metadata/~")},
	{change("add", "/metadata/~2", `1`), fmt.Sprintf(looseTilde, "/metadata/~2")},
	{change("add", "/metadata/~~01", `1`), fmt.Sprintf(looseTilde, "/metadata/~~01")},
	{remove("/metadata/a~"), fmt.Sprintf(looseTilde, "/metadata/a~")},
}

func TestBadChanges(t *testing.T) {
	for _, b := range badChanges {
		w := newWorld(t, core.Options{})
		r := core.QueueUpdateRequest{Queue: "q", Changes: []core.Change{remove("/metadata/none"), b.change}}
		refused(t, try(w, w.UpdateQueue, r), core.Invalid, "Invalid request body", b.text) // before the queue is looked for
		w.create("q", `{"a":1}`)
		refused(t, try(w, w.UpdateQueue, r), core.Invalid, "Invalid request body", b.text)
		same(t, "metadata", w.stored("q"), `{"a":1}`)
	}
}

func TestPatchNeedsWhatItChanges(t *testing.T) {
	for _, c := range []struct {
		change core.Change
		text   string
	}{
		{remove("/metadata/zzz"), "Can't remove non-existent object zzz."},
		{change("replace", "/metadata/zzz", `1`), "Can't replace non-existent object zzz."},
		{remove("/metadata/~1"), "Can't remove non-existent object /."},
		{remove("/metadata/_max_claims"), "Can't remove non-existent object _max_claims."},
	} {
		w := newWorld(t, core.Options{})
		w.create("q", `{"a":1}`)
		r := core.QueueUpdateRequest{Queue: "q", Changes: []core.Change{add("b", `2`), c.change, add("c", `3`)}}
		refused(t, try(w, w.UpdateQueue, r), core.Conflict, "", c.text)
		same(t, "metadata", w.stored("q"), `{"a":1}`)
	}
}

func TestPatchesAtOnceLoseNothing(t *testing.T) {
	const patchers, each = 8, 10
	w := newWorld(t, core.Options{})
	w.create("q", `{}`)
	var all errgroup.Group
	for p := range patchers {
		all.Go(func() error {
			for i := range each {
				r := core.QueueUpdateRequest{Queue: "q", Changes: []core.Change{add(fmt.Sprintf("%d-%d", p, i), `1`)}}
				if err := try(w, w.UpdateQueue, r); err != nil {
					return err
				}
			}
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	same(t, "attributes", strings.Count(w.stored("q"), ":1"), patchers*each)
}

func TestPatchGoesOnTopOfAnother(t *testing.T) {
	w := newWorld(t, core.Options{})
	w.create("q", `{"a":1}`)
	w.store.once("SetMetadata", func() { w.patch("q", add("b", `2`), remove("/metadata/a")) })
	w.patch("q", add("c", `3`))
	same(t, "metadata", w.stored("q"), `{"b":2,"c":3}`)

	w.store.once("SetMetadata", func() { w.patch("q", remove("/metadata/b")) })
	err := try(w, w.UpdateQueue, core.QueueUpdateRequest{Queue: "q", Changes: []core.Change{remove("/metadata/b")}})
	refused(t, err, core.Conflict, "", "Can't remove non-existent object b.")
}

func TestPatchOfAQueueThatGoes(t *testing.T) {
	w := newWorld(t, core.Options{})
	w.create("q", `{}`)
	w.store.once("SetMetadata", func() { do(w, w.DeleteQueue, core.QueueDeleteRequest{Queue: "q"}) })
	err := try(w, w.UpdateQueue, core.QueueUpdateRequest{Queue: "q", Changes: []core.Change{add("a", `1`)}})
	refused(t, err, core.NotFound, "", noQueue)
	same(t, "the queue is there", w.exists("q"), false)
}

func TestMetadataIsBounded(t *testing.T) {
	const text = "Queue metadata is too large. Max size: 64"
	w := newWorld(t, core.Options{Limits: core.Limits{MaxQueueMetadata: 64}})
	big := core.QueueCreateRequest{Queue: "q", Size: 65}
	refused(t, try(w, w.CreateQueue, big), core.Invalid, "", text)
	do(w, w.CreateQueue, core.QueueCreateRequest{Queue: "q", Size: 64})

	refused(t, try(w, w.UpdateQueue, core.QueueUpdateRequest{Queue: "q", Size: 65}), core.Invalid, "", text)
	for i := range 6 { // 2 braces, 5 commas, and 6 times 9 characters
		w.patch("q", add(fmt.Sprint("name", i), `1`))
	}
	err := try(w, w.UpdateQueue, core.QueueUpdateRequest{Queue: "q", Changes: []core.Change{add("n", `1`)}})
	refused(t, err, core.Invalid, "", text)
	w.patch("q", remove("/metadata/name0"), add("n", `1`))
	same(t, "length", len(w.stored("q")) <= 64, true)
}
