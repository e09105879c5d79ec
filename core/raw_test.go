package core_test

import (
	"crypto/md5"
	"encoding/hex"
	"testing"

	"github.com/stackforge/marconi/core"
)

const bytesOfNoJSON = "\x00\xff{\"a\":"

func raw(body string) core.Draft { return core.Draft{Body: []byte(body), Raw: true} }

func TestRawBodies(t *testing.T) {
	w := newWorld(t, core.Options{Checksum: true})
	w.postDrafts("q", raw(bytesOfNoJSON), core.Draft{Body: []byte(`{}`)}, raw(`null`), raw(""))
	claimed := w.claim("q", 20, 60).Messages
	for _, shown := range [][]core.Message{w.list("q"), claimed} {
		sameAll(t, "bodies", bodies(shown), bytesOfNoJSON, `{}`, `null`, "")
		for i, isRaw := range []bool{true, false, true, true} {
			same(t, "raw", shown[i].Raw, isRaw)
		}
		sum := md5.Sum([]byte("null"))
		same(t, "checksum", shown[2].Checksum, "MD5:"+hex.EncodeToString(sum[:]))
	}
}

func TestRawBodiesAreOtherContent(t *testing.T) {
	w := newWorld(t, core.Options{})
	do(w, w.PostMessages, keyed("k", raw(`1`)))
	refused(t, try(w, w.PostMessages, keyed("k", drafts(`1`)...)), core.Conflict, "", "This idempotency key was used for other messages.")
	do(w, w.PostMessages, keyed("k", raw(`1`)))
	same(t, "messages", len(w.list("q")), 1)
}

func TestRawBodiesAreHeard(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		w.postDrafts("q", raw("1"))
		c := w.from("q", "earliest")
		w.postDrafts("q", raw("2"))
		news := c.news()
		heard := 0
		for _, n := range news {
			if n.Heard != nil {
				heard++
				same(t, "raw", n.Heard.Message.Raw, true)
			}
		}
		same(t, "messages heard", heard, 2)
	})
}
