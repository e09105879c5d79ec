package core_test

import (
	"context"
	"errors"
	"fmt"
	"testing"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/storage"
)

// begin starts a post of messages that ask for nothing in particular.
func (w *world) begin(queue string, bodies ...string) *core.PendingPost {
	return w.beginning(core.MessagePostRequest{Queue: queue, Messages: drafts(bodies...)})
}

func (w *world) beginning(r core.MessagePostRequest) *core.PendingPost {
	return w.beginningIn(w.ctx, r)
}

func (w *world) beginningIn(ctx context.Context, r core.MessagePostRequest) *core.PendingPost {
	var l core.Pipeline
	p := w.StartPost(ctx, &l, w.who, r)
	l.Flush(ctx)
	return &p
}

func (w *world) ended(p *core.PendingPost) core.MessagePosted {
	w.t.Helper()
	posted, err := p.Wait(w.ctx)
	if err != nil {
		w.t.Fatal(err)
	}
	return posted
}

func failure(w *world, p *core.PendingPost) error {
	_, err := p.Wait(w.ctx)
	return err
}

func TestStartedPostsKeepTheirOrder(t *testing.T) {
	w := newWorld(t, core.Options{})
	var under []*core.PendingPost
	var want []string
	for i := range 10 {
		want = append(want, fmt.Sprint(i))
		under = append(under, w.begin("q", want[i]))
	}
	for i := range under {
		ids := w.ended(under[len(under)-1-i]).IDs
		same(t, "position", w.get("q", ids[0]).Position, storage.Position(len(under)-i))
	}
	sameAll(t, "bodies", bodies(w.list("q")), want...)
}

func TestStartedPostsAreChecked(t *testing.T) {
	w := newWorld(t, core.Options{})
	refused(t, failure(w, w.beginning(core.MessagePostRequest{Queue: "q"})), core.Invalid, "", "No messages to enqueu.")
	same(t, "a bad request made the queue", w.exists("q"), false)
	refused(t, failure(w, w.beginning(core.MessagePostRequest{Queue: "q", Messages: drafts(`1`), MustExist: true})),
		core.NotFound, "", "Queue q does not exist for project project")
	first, second := w.begin("q", `1`), w.beginning(core.MessagePostRequest{Queue: "q", Messages: []core.Draft{mortal(`x`, 1)}})
	third := w.begin("q", `2`)
	w.ended(third)
	refused(t, failure(w, second), core.Invalid, "", badMessageTTL)
	w.ended(first)
	sameAll(t, "bodies", bodies(w.list("q")), `1`, `2`)
}

func TestStartedPostsFail(t *testing.T) {
	w := newWorld(t, core.Options{})
	w.create("q", `{}`)
	w.store.fail("StartPost", errBroken)
	refused(t, failure(w, w.begin("q", `1`)), core.Unavailable, "", "Messages could not be enqueued.")
	w.store.fail("StartPost", storage.ErrFull)
	refused(t, failure(w, w.begin("q", `1`)), core.Unavailable, "", "There is no room for more messages.")
	w.store.fail("CreateQueue", errBroken)
	refused(t, failure(w, w.begin("r", `1`)), core.Unavailable, "", "Queue could not be created.")
}

// A queue that another broker deletes is made again for the next post, and not
// for those that are under way.
func TestQueueThatGoesUnderStartedPosts(t *testing.T) {
	w := newWorld(t, core.Options{})
	other := w.beside(core.Options{})
	w.ended(w.begin("q", `1`))
	do(other, other.DeleteQueue, core.QueueDeleteRequest{Queue: "q"})
	refused(t, failure(w, w.begin("q", `2`)), core.Unavailable, "", "The queue was deleted while messages were on their way to it.")
	w.ended(w.begin("q", `3`))
	sameAll(t, "bodies", bodies(w.list("q")), `3`)

	do(other, other.DeleteQueue, core.QueueDeleteRequest{Queue: "q"})
	gone := w.beginning(core.MessagePostRequest{Queue: "q", Messages: drafts(`4`), MustExist: true})
	refused(t, failure(w, gone), core.NotFound, "", "Queue q does not exist for project project")
}

func TestStartedPostOutlivesItsContext(t *testing.T) {
	w := newWorld(t, core.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	w.store.Driver = givesUp{w.store.Driver}
	p := w.beginningIn(ctx, core.MessagePostRequest{Queue: "q", Messages: drafts(`1`)})
	cancel()
	if _, err := p.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a wait that was given up answered %v", err)
	}
	sameAll(t, "bodies", bodies(w.list("q")), `1`)
}

// givesUp knows what became of a post only as long as somebody waits.
type givesUp struct{ storage.Driver }

type givingUp struct{ storage.Pending }

func (s givesUp) StartPost(ctx context.Context, p storage.Post) storage.Pending {
	return storage.Awaited(givingUp{s.Driver.StartPost(ctx, p)})
}

func (g givingUp) Wait(ctx context.Context) (storage.Posted, error) {
	posted, err := g.Pending.Wait(ctx)
	return posted, errors.Join(err, ctx.Err())
}

// Whoever listens hears what was started in its order, whichever is waited for
// first, and also what nobody could hand over.
func TestStartedPostsAreHeard(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		c := w.from("q", "")
		sameAll(t, "at first", c.hear(), "live")
		first, second := w.begin("q", `1`), w.begin("q", `2`, `3`)
		w.ended(second)
		w.ended(first)
		sameAll(t, "heard", c.hear(), `1`, `2`, `3`)
		ctx, cancel := context.WithCancel(w.ctx)
		cancel()
		w.store.Driver = givesUp{w.store.Driver}
		third := w.begin("q", `4`)
		if _, err := third.Wait(ctx); !errors.Is(err, context.Canceled) {
			t.Errorf("a wait that was given up answered %v", err)
		}
		sameAll(t, "heard", c.hear(), `4`)
	})
}

func TestStorePanicsAtAStart(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		c := w.from("q", "")
		sameAll(t, "at first", c.hear(), "live")
		w.create("q", `{}`)
		w.store.once("StartPost", func() { panic("as if the store were broken") })
		func() {
			defer func() { same(t, "panicked", recover() != nil, true) }()
			w.ended(w.begin("q", `1`))
		}()
		w.ended(w.begin("q", `2`))
		sameAll(t, "heard", c.hear(), `2`)
	})
}

// numbered is a producer's post.
func numbered(producer string, seq int64, bodies ...string) core.MessagePostRequest {
	return core.MessagePostRequest{Queue: "q", Messages: drafts(bodies...), Producer: producer, Seq: &seq}
}

func TestProducers(t *testing.T) {
	w := newWorld(t, core.Options{})
	var under []*core.PendingPost
	for _, seq := range []int64{1, 2, 4, 3, 2} {
		under = append(under, w.beginning(numbered("p", seq, fmt.Sprint(seq))))
	}
	second := w.ended(under[1])
	same(t, "again", second.Again, false)
	refused(t, failure(w, under[2]), core.Conflict, "", "The sequence number is out of order: 3 is expected.")
	same(t, "again", w.ended(under[3]).Again, false)
	again := w.ended(under[4])
	same(t, "again", again.Again, true)
	sameAll(t, "IDs", again.IDs, second.IDs...)
	sameAll(t, "bodies", bodies(w.list("q")), `1`, `2`, `3`)

	for seq := range int64(storage.ProducerMemory) {
		do(w, w.PostMessages, numbered("p", seq+4, `4`))
	}
	forgotten := do(w, w.PostMessages, numbered("p", 1, `1`))
	same(t, "again", forgotten.Again, true)
	same(t, "IDs remembered", len(forgotten.IDs), 0)
	same(t, "a key's post sent again", do(w, w.PostMessages, keyed("k", drafts(`1`)...)).Again, false)
	same(t, "a key's post sent again", do(w, w.PostMessages, keyed("k", drafts(`1`)...)).Again, false)
}

func TestProducersAreForgotten(t *testing.T) {
	w := newWorld(t, core.Options{Limits: core.Limits{IdempotencyKeyTTL: 5}})
	do(w, w.PostMessages, numbered("p", 1, `1`))
	w.pass(4999 * 1e6)
	do(w, w.PostMessages, numbered("p", 2, `2`))
	w.pass(5000 * 1e6)
	refused(t, try(w, w.PostMessages, numbered("p", 3, `3`)), core.Conflict, "", "The sequence number is out of order: 1 is expected.")
}

func TestSenselessProducers(t *testing.T) {
	const (
		together = `"producer" and "seq" must be given together.`
		badName  = "The name of a producer must be 1 to 255 printable ASCII characters."
		badSeq   = "The sequence number of a post must be at least 1."
	)
	both := numbered("p", 1, `1`)
	both.Key = "k"
	alone := numbered("p", 1, `1`)
	alone.Seq = nil
	long := fmt.Sprintf("%255s", "p")
	for _, c := range []struct {
		request core.MessagePostRequest
		text    string
	}{
		{both, "A post has an idempotency key or a producer, not both."},
		{alone, together}, {numbered("", 1, `1`), together},
		{numbered(long+"p", 1, `1`), badName}, {numbered("p\n", 1, `1`), badName}, {numbered("é", 1, `1`), badName},
		{numbered("p", 0, `1`), badSeq}, {numbered("p", -1, `1`), badSeq},
	} {
		w := newWorld(t, core.Options{})
		refused(t, try(w, w.PostMessages, c.request), core.Invalid, "", c.text)
		same(t, "a bad request made the queue", w.exists("q"), false)
	}
	w := newWorld(t, core.Options{})
	do(w, w.PostMessages, numbered(long, 1, `1`))
}
