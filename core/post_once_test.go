package core_test

import (
	"strings"
	"testing"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stackforge/marconi/core"
)

const badKey = "An idempotency key must be 1 to 255 printable ASCII characters."

// keyed is a post that may be sent again.
func keyed(key string, drafts ...core.Draft) core.MessagePostRequest {
	return core.MessagePostRequest{Queue: "q", Messages: drafts, Key: key}
}

func TestPostSentAgain(t *testing.T) {
	w := newWorld(t, core.Options{})
	first := do(w, w.PostMessages, keyed("k", drafts(`1`, `2`)...)).IDs
	do(w, w.DeleteMessage, core.MessageDeleteRequest{Queue: "q", ID: first[0]})
	w.pass(599_999 * time.Millisecond)
	sameAll(t, "IDs sent again", do(w, w.PostMessages, keyed("k", drafts(`1`, `2`)...)).IDs, first...)
	bob := w.as("bob")
	sameAll(t, "IDs sent again by another client", do(bob, bob.PostMessages, keyed("k", drafts(`1`, `2`)...)).IDs, first...)
	sameAll(t, "bodies", bodies(w.list("q")), `2`)

	w.pass(time.Millisecond)
	do(w, w.PostMessages, keyed("k", drafts(`3`)...))
	sameAll(t, "bodies when the key is forgotten", bodies(w.list("q")), `2`, `3`)
}

func TestKeyTTL(t *testing.T) {
	w := newWorld(t, core.Options{Limits: core.Limits{IdempotencyKeyTTL: 5}})
	first := do(w, w.PostMessages, keyed("k", drafts(`1`)...)).IDs
	w.pass(4999 * time.Millisecond)
	sameAll(t, "IDs", do(w, w.PostMessages, keyed("k", drafts(`1`)...)).IDs, first...)
	w.pass(time.Millisecond)
	do(w, w.PostMessages, keyed("k", drafts(`1`)...))
	same(t, "messages", len(w.list("q")), 2)
}

// otherContents are not the post of 12 with a ttl of 60 and of 3.
var otherContents = map[string][]core.Draft{
	"another body":     {mortal(`12`, 60), {Body: jsontext.Value(`4`)}},
	"another spelling": {mortal(`12`, 60), {Body: jsontext.Value(`3.0`)}},
	"another division": {mortal(`1`, 60), {Body: jsontext.Value(`23`)}},
	"another ttl":      {mortal(`12`, 61), {Body: jsontext.Value(`3`)}},
	"another order":    {{Body: jsontext.Value(`3`)}, mortal(`12`, 60)},
	"a message more":   {mortal(`12`, 60), {Body: jsontext.Value(`3`)}, {Body: jsontext.Value(`3`)}},
	"a message less":   {mortal(`12`, 60)},
	"a ttl more":       {mortal(`12`, 60), mortal(`3`, 3600)},
	"a ttl less":       {{Body: jsontext.Value(`12`)}, {Body: jsontext.Value(`3`)}},
	"a delay more":     {mortal(`12`, 60), {Body: jsontext.Value(`3`), Delay: seconds(0)}},
	"a delay, no ttl":  {{Body: jsontext.Value(`12`), Delay: seconds(60)}, {Body: jsontext.Value(`3`)}},
}

func TestKeyOfOtherContent(t *testing.T) {
	w := newWorld(t, core.Options{})
	do(w, w.PostMessages, keyed("k", mortal(`12`, 60), core.Draft{Body: jsontext.Value(`3`)}))
	for what, drafts := range otherContents {
		t.Run(what, func(t *testing.T) {
			refused(t, try(w, w.PostMessages, keyed("k", drafts...)), core.Conflict, "",
				"This idempotency key was used for other messages.")
		})
	}
	same(t, "messages", len(w.list("q")), 2)
}

func TestKeysAreOfAQueue(t *testing.T) {
	w := newWorld(t, core.Options{})
	do(w, w.PostMessages, keyed("k", drafts(`1`)...))
	do(w, w.PostMessages, keyed("K", drafts(`2`)...))
	do(w, w.PostMessages, core.MessagePostRequest{Queue: "r", Messages: drafts(`3`), Key: "k"})
	p := w.of("project2")
	do(p, p.PostMessages, keyed("k", drafts(`4`)...))
	sameAll(t, "bodies", bodies(w.list("q")), `1`, `2`)
	sameAll(t, "bodies in another queue", bodies(w.list("r")), `3`)
	sameAll(t, "bodies in another project", bodies(p.list("q")), `4`)
}

func TestPostsWithoutAKeyAreNotTheSame(t *testing.T) {
	w := newWorld(t, core.Options{})
	do(w, w.PostMessages, keyed("", drafts(`1`)...))
	do(w, w.PostMessages, keyed("", drafts(`1`)...))
	same(t, "messages", len(w.list("q")), 2)
}

func TestKeyIsPrintable(t *testing.T) {
	w := newWorld(t, core.Options{})
	for _, key := range []string{strings.Repeat("k", 256), "a\tb", "\x00", "\x7f", "é", " k\n", "\xff"} {
		refused(t, try(w, w.PostMessages, keyed(key, drafts(`1`)...)), core.Invalid, "", badKey)
	}
	for _, key := range []string{strings.Repeat("k", 255), " ", "~", "a b"} {
		do(w, w.PostMessages, keyed(key, drafts(`1`)...))
	}
	same(t, "messages", len(w.list("q")), 4)
}
