package core_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/storage"
)

func TestKnownQueueCostsOneCall(t *testing.T) {
	w := newWorld(t, core.Options{})
	w.create("q", `{}`)
	w.post("q", `1`)
	counts := w.store.count()
	for range 3 {
		w.post("q", `1`)
	}
	w.list("q")
	w.claim("q", 1, 60)
	same(t, "calls", fmt.Sprint(counts), fmt.Sprint(map[string]int{"PostMessages": 3, "ListMessages": 1, "CreateClaim": 1}))
}

// ttlOfAPost is what a broker takes for the queue's default.
func (w *world) ttlOfAPost() int64 {
	w.t.Helper()
	return w.get("q", w.post("q", `1`)[0]).TTL
}

func TestOwnChangesAreSeenAtOnce(t *testing.T) {
	w := newWorld(t, core.Options{})
	same(t, "ttl at first", w.ttlOfAPost(), 3600)
	w.patch("q", add("_default_message_ttl", `70`))
	same(t, "ttl after a patch", w.ttlOfAPost(), 70)
	do(w, w.DeleteQueue, core.QueueDeleteRequest{Queue: "q"})
	same(t, "ttl after a deletion", w.ttlOfAPost(), 3600)
	do(w, w.DeleteQueue, core.QueueDeleteRequest{Queue: "q"})
	w.create("q", `{"_default_message_ttl":80}`)
	same(t, "ttl after it was made again", w.ttlOfAPost(), 80)
}

func TestOwnDeletionIsSeenAtOnce(t *testing.T) {
	w := newWorld(t, core.Options{})
	w.create("q", `{"_enable_encrypt_messages":true}`)
	same(t, "messages", len(w.list("q")), 0) // now it is known
	do(w, w.DeleteQueue, core.QueueDeleteRequest{Queue: "q"})
	w.post("q", `1`)
}

func TestOthersChangesAreSeenInASecond(t *testing.T) {
	w := newWorld(t, core.Options{})
	other := w.beside(core.Options{})
	w.create("q", `{"_default_message_ttl":60}`)
	same(t, "ttl at first", w.ttlOfAPost(), 60)
	other.patch("q", add("_default_message_ttl", `70`), add("_default_message_delay", `0`))
	same(t, "ttl there", other.ttlOfAPost(), 70)
	w.pass(time.Second - time.Millisecond)
	same(t, "ttl here", w.ttlOfAPost(), 60) // so it is not read each time
	w.pass(time.Millisecond)
	same(t, "ttl here a second later", w.ttlOfAPost(), 70)
}

func TestQueueDeletedBehindTheCache(t *testing.T) {
	w := newWorld(t, core.Options{})
	other := w.beside(core.Options{})
	w.create("q", `{"_default_message_ttl":60,"_default_message_delay":30}`)
	w.post("q", `1`)
	do(other, other.DeleteQueue, core.QueueDeleteRequest{Queue: "q"})

	same(t, "messages", len(w.list("q")), 0)
	same(t, "claim", w.claim("q", 1, 60).ID, "")
	strict := core.MessagePostRequest{Queue: "q", Messages: drafts(`1`), MustExist: true}
	refused(t, try(w, w.PostMessages, strict), core.NotFound, "", noQueue)
	same(t, "the queue is there", w.exists("q"), false)

	same(t, "ttl of the post that makes it again", w.ttlOfAPost(), 3600)
	same(t, "metadata", w.stored("q"), `{}`)
	same(t, "claimed at once", len(w.claim("q", 1, 60).Messages), 1)
}

func TestBadPostBehindTheCacheMakesNoQueue(t *testing.T) {
	w := newWorld(t, core.Options{})
	other := w.beside(core.Options{})
	w.create("q", `{}`)
	w.post("q", `1`)
	do(other, other.DeleteQueue, core.QueueDeleteRequest{Queue: "q"})
	r := core.MessagePostRequest{Queue: "q", Messages: []core.Draft{mortal(`1`, 59)}}
	refused(t, try(w, w.PostMessages, r), core.Invalid, "", badMessageTTL)
	same(t, "the queue is there", w.exists("q"), false)
}

func TestQueueMadeByAnotherMeanwhile(t *testing.T) {
	w := newWorld(t, core.Options{})
	other := w.beside(core.Options{})
	w.store.once("CreateQueue", func() { other.create("q", `{"_default_message_ttl":60}`) })
	same(t, "ttl", w.ttlOfAPost(), 60)
}

func TestQueueThatGoesWhileItIsPostedTo(t *testing.T) {
	w := newWorld(t, core.Options{})
	other := w.beside(core.Options{})
	w.create("q", `{"_default_message_ttl":60}`)
	w.store.once("PostMessages", func() { do(other, other.DeleteQueue, core.QueueDeleteRequest{Queue: "q"}) })
	same(t, "ttl", w.ttlOfAPost(), 3600)
}

func TestFailedPatchIsForgottenToo(t *testing.T) {
	w := newWorld(t, core.Options{})
	w.create("q", `{"_default_message_ttl":60}`)
	w.post("q", `1`)
	w.store.Driver = lostAnswer{w.store.Driver}
	err := try(w, w.UpdateQueue, core.QueueUpdateRequest{Queue: "q", Changes: []core.Change{add("_default_message_ttl", `70`)}})
	refused(t, err, core.Unavailable, "", "Queue could not be updated.")
	same(t, "ttl", w.ttlOfAPost(), 70)
}

// lostAnswer sets metadata and says that it failed.
type lostAnswer struct{ storage.Driver }

func (s lostAnswer) SetMetadata(ctx context.Context, id storage.QueueID, metadata []byte, version uint64) error {
	return errors.Join(s.Driver.SetMetadata(ctx, id, metadata, version), errors.New("connection lost"))
}

// slowReader lets something happen between a read of a queue and its answer.
type slowReader struct {
	storage.Driver
	meanwhile func()
}

func (s *slowReader) GetQueue(ctx context.Context, id storage.QueueID) (storage.Queue, error) {
	q, err := s.Driver.GetQueue(ctx, id)
	if f := s.meanwhile; f != nil {
		s.meanwhile = nil
		f()
	}
	return q, err
}

func TestStaleReadIsNotKept(t *testing.T) {
	w := newWorld(t, core.Options{})
	slow := &slowReader{Driver: w.store.Driver}
	w.store.Driver = slow
	w.create("q", `{"_default_message_ttl":60}`)
	slow.meanwhile = func() { w.patch("q", add("_default_message_ttl", `70`)) }
	w.post("q", `1`) // reads 60, and the patch comes before it can keep that
	same(t, "ttl", w.ttlOfAPost(), 70)
}

func TestSettingsKnownAreBounded(t *testing.T) {
	w := newWorld(t, core.Options{})
	for i := range core.SettingsMost + 10 {
		id := storage.QueueID{Project: w.who.Project, Name: fmt.Sprint(i)}
		if _, err := w.store.CreateQueue(t.Context(), storage.Queue{ID: id, Epoch: 1, Created: w.now()}); err != nil {
			t.Fatal(err)
		}
		w.claim(id.Name, 1, 60)
		if n := core.SettingsKnown(w.Broker); n < 1 || n > core.SettingsMost {
			t.Fatalf("after %d queues the settings of %d are known", i+1, n)
		}
	}
}
