package core_test

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/memstore"
)

// hearer is a listener that checks what it takes against the log: each position
// is told once, in order, as a message or as part of a gap, and what is told to be
// gone is gone.
type hearer struct {
	*core.Listener
	world *hearing
	on    *core.Broker
	woken atomic.Bool
	empty bool           // the last Take found nothing
	told  storage.Marker // up to here
	known bool           // told is known
}

// hearing is a few brokers on a store, one queue, and who listens to it.
type hearing struct {
	t       *rapid.T
	ctx     context.Context
	store   *tapped
	brokers []*core.Broker
	stop    func()
	hearers []*hearer
	bodies  map[string]string // by ID
	posted  []string          // IDs
	count   int
}

var (
	someone = core.Caller{Project: "project", Client: "alice"}
	loud    = storage.QueueID{Project: "project", Name: "loud"}
)

func newHearing(t *rapid.T, brokers int) *hearing {
	w := &hearing{t: t, store: tap(memstore.New(memstore.Config{})), bodies: map[string]string{}}
	ctx, cancel := context.WithCancel(context.Background())
	w.ctx = ctx
	var ended []chan struct{}
	for range brokers {
		b, err := core.New(ctx, w.store, core.Options{})
		if err != nil {
			t.Fatal(err)
		}
		w.brokers = append(w.brokers, b)
		done := make(chan struct{})
		ended = append(ended, done)
		go func() {
			defer close(done)
			_ = b.Run(ctx)
		}()
	}
	w.stop = func() {
		cancel()
		for _, done := range ended {
			<-done
		}
	}
	return w
}

func (w *hearing) broker() *core.Broker {
	return w.brokers[rapid.IntRange(0, len(w.brokers)-1).Draw(w.t, "broker")]
}

func (w *hearing) must(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func (w *hearing) create() {
	_, err := w.broker().CreateQueue(w.ctx, someone, core.QueueCreateRequest{
		Queue: loud.Name, Metadata: []byte(`{"_default_message_delay": 1}`),
	})
	w.must(err)
}

// post posts n messages, some of them delayed.
func (w *hearing) post(n int, delays []int64, ttl int64) {
	r := core.MessagePostRequest{Queue: loud.Name}
	for i := range n {
		w.count++
		delay := delays[i%len(delays)]
		r.Messages = append(r.Messages, core.Draft{Body: fmt.Append(nil, w.count), TTL: &ttl, Delay: &delay})
	}
	posted, err := w.broker().PostMessages(w.ctx, someone, r)
	w.must(err)
	for i, id := range posted.IDs {
		w.bodies[id] = string(r.Messages[i].Body)
	}
	w.posted = append(w.posted, posted.IDs...)
}

func (w *hearing) remove() {
	if len(w.posted) == 0 {
		return
	}
	n := rapid.IntRange(1, min(20, len(w.posted))).Draw(w.t, "deleted")
	from := rapid.IntRange(0, len(w.posted)-n).Draw(w.t, "from")
	_, err := w.broker().RemoveMessages(w.ctx, someone, core.MessageRemoveRequest{Queue: loud.Name, IDs: w.posted[from : from+n]})
	w.must(err)
}

func (w *hearing) listen(from string) {
	h := &hearer{world: w, on: w.broker()}
	w.hearers = append(w.hearers, h)
	h.listen(from)
}

func (h *hearer) listen(from string) {
	h.woken.Store(true)
	h.empty = false
	h.world.store.follow(well) // or nobody would know where it begins
	request := core.ListenRequest{Queue: loud.Name, From: from}
	wake := func() { h.woken.Store(true) }
	var err error
	for h.Listener, err = h.on.Listen(h.world.ctx, someone, request, wake); errors.Is(err, errBroken); {
		h.Listener, err = h.on.Listen(h.world.ctx, someone, request, wake)
	}
	h.world.must(err)
	switch h.known = from != core.FromEarliest; from {
	case core.FromEarliest:
	case "":
		h.told = h.world.end()
	default:
		h.told = h.marker(from)
	}
}

func (h *hearer) marker(text string) storage.Marker {
	m, ok := storage.ParseMarker(text)
	if !ok || m.Kind != storage.AtPosition {
		h.world.t.Fatalf("%q is no position", text)
	}
	return m
}

// take takes and checks. It reports how much there was.
func (h *hearer) take(max int) int {
	h.woken.Store(false)
	news := h.Take(max)
	h.empty = len(news) == 0
	if len(news) > max {
		h.world.t.Fatalf("%d news, where at most %d were asked for", len(news), max)
	}
	for _, n := range news {
		h.check(n)
	}
	return len(news)
}

// isAt reports whether that is where the hearer is. When a life begins of which
// there is nothing to tell yet, it is there without having been told.
func (h *hearer) isAt(at storage.Marker) bool {
	return at == h.told || h.told.Epoch == 0 && at.Position == 0
}

func (h *hearer) check(n core.News) {
	t := h.world.t
	switch {
	case n.Heard != nil:
		h.checkMessage(n.Heard)
	case n.Fact.Kind == core.Gap:
		h.checkGap(h.marker(n.Fact.From), h.marker(n.Fact.To))
	case n.Fact.Kind == core.Live:
		at := h.marker(n.Fact.Position)
		if h.known && !h.isAt(at) {
			t.Fatalf("live at %v after %v", at, h.told)
		}
		h.told, h.known = h.marker(n.Fact.Position), true
	default:
		t.Fatalf("unexpected fact %+v", n.Fact)
	}
}

func (h *hearer) checkMessage(m *core.Heard) {
	at := h.marker(m.Position)
	first := h.told.Epoch == 0 && at.Position == 1
	next := at.Epoch == h.told.Epoch && at.Position == h.told.Position+1
	if h.known && !first && !next {
		h.world.t.Fatalf("told of %v after %v", at, h.told)
	}
	if at.Position != m.Message.Position || string(m.Message.Body) != h.world.bodies[m.Message.ID] {
		h.world.t.Fatalf("told %s of %s at %v", m.Message.Body, m.Message.ID, at)
	}
	h.told, h.known = at, true
}

func (h *hearer) checkGap(from, to storage.Marker) {
	t := h.world.t
	if !h.known { // the queue was empty
		h.told, h.known = from, true
		h.told.Position--
	}
	next := h.told
	next.Position++
	switch {
	case h.told.Epoch == 0:
		if from.Position != 1 { // of a life of which nothing was told, or of this
			t.Fatalf("a gap from %v to %v at the beginning", from, to)
		}
	case from != next, from.Epoch == to.Epoch && to.Position < from.Position:
		t.Fatalf("a gap from %v to %v after %v", from, to, h.told)
	}
	if from.Epoch != to.Epoch {
		from = storage.Marker{Epoch: to.Epoch, Position: 1}
	}
	h.gone(to.Epoch, from.Position, to.Position)
	h.told = to
}

// gone checks that nothing of a life is left from one position to another.
func (h *hearer) gone(epoch uint32, from, to storage.Position) {
	page, err := h.world.store.below.ListMessages(h.world.ctx, storage.MessageFilter{
		Queue: loud, Now: time.Now().Truncate(time.Millisecond), Marker: storage.PositionText(epoch, from-1), Limit: 1, IncludeClaimed: true,
	})
	if err == nil && page.Epoch == epoch && len(page.Items) > 0 && page.Items[0].Position <= to {
		h.world.t.Fatalf("%v is there, and was told to be gone with %d to %d", page.Items[0].Position, from, to)
	}
}

// caughtUp checks that a listener that has taken all there is was told of all
// there was.
func (h *hearer) caughtUp() {
	if end := h.world.end(); end.Position > 0 && h.told != end {
		h.world.t.Fatalf("told up to %v of %v", h.told, end)
	}
}

// end is where the log ends.
func (w *hearing) end() storage.Marker {
	s, err := w.store.below.QueueStats(w.ctx, loud, time.Now().Truncate(time.Millisecond))
	if err != nil && !errors.Is(err, storage.ErrQueueNotFound) {
		w.t.Fatal(err)
	}
	return storage.Marker{Kind: storage.AtPosition, Epoch: s.Epoch, Position: s.Tail}
}

// rest lets all that is going on come to an end. Then there is nothing to take
// for those who have not been woken.
func (w *hearing) rest() {
	<-time.After(3 * slowest)
	synctest.Wait()
	for _, h := range w.hearers {
		if h.empty && !h.woken.Load() && h.take(1) > 0 {
			w.t.Fatalf("there was news before %v, and nobody woke", h.told)
		}
	}
}

// settle lets all take all. What has failed is tried again in between.
func (w *hearing) settle() {
	w.store.ask(well)
	w.store.follow(well)
	<-time.After(3 * time.Second)
	for busy := true; busy; {
		busy = false
		w.rest()
		for _, h := range w.hearers {
			for h.take(100) > 0 {
				busy = true
			}
			synctest.Wait()
			busy = busy || h.woken.Load()
		}
	}
}

func (w *hearing) actions() map[string]func(*rapid.T) {
	draw := func(lo, hi int, what string) int { return rapid.IntRange(lo, hi).Draw(w.t, what) }
	some := func(do func(*hearer)) func(*rapid.T) {
		return func(*rapid.T) {
			if len(w.hearers) > 0 {
				do(w.hearers[draw(0, len(w.hearers)-1, "hearer")])
			}
		}
	}
	return map[string]func(*rapid.T){
		"post": func(*rapid.T) { w.post(draw(1, 5, "n"), []int64{0}, int64(draw(60, 90, "ttl"))) },
		"delayed": func(*rapid.T) {
			w.post(draw(1, 5, "n"), []int64{0, int64(draw(1, 30, "delay"))}, int64(draw(60, 90, "ttl")))
		},
		"flood":  func(*rapid.T) { w.post(draw(100, 700, "n"), []int64{0}, int64(draw(60, 90, "ttl"))) },
		"delete": func(*rapid.T) { w.remove() },
		"purge": func(*rapid.T) {
			_, err := w.broker().PurgeQueue(w.ctx, someone, core.QueuePurgeRequest{Queue: loud.Name})
			w.must(err)
		},
		"end": func(*rapid.T) {
			_, err := w.broker().DeleteQueue(w.ctx, someone, core.QueueDeleteRequest{Queue: loud.Name})
			w.must(err)
		},
		"create":   func(*rapid.T) { w.create() },
		"latest":   func(*rapid.T) { w.listen("") },
		"earliest": func(*rapid.T) { w.listen(core.FromEarliest) },
		"reconnect": some(func(h *hearer) {
			if !h.known {
				return
			}
			h.Close()
			h.on = w.broker()
			h.listen(h.told.String())
		}),
		"take": some(func(h *hearer) { h.take(draw(1, 50, "max")) }),
		"rest": func(*rapid.T) { w.rest() },
		"wait": func(*rapid.T) { <-time.After(time.Duration(draw(1, 40_000, "ms")) * time.Millisecond) },
		"fail": func(*rapid.T) { w.fail(draw(1, 3, "calls")) },
		"slow": func(*rapid.T) {
			w.slow(draw(1, 3, "calls"), time.Duration(draw(1, int(slowest/time.Millisecond), "ms"))*time.Millisecond)
		},
	}
}

var errBroken = errors.New("broken")

// fail lets the next calls by which the hub follows a queue fail.
func (w *hearing) fail(n int) {
	var left atomic.Int64
	left.Store(int64(n))
	w.store.ask(func(method string) error {
		if (method == "Follow" || method == "QueueStats" || method == "ListMessages") && left.Add(-1) >= 0 {
			return errBroken
		}
		return nil
	})
}

const slowest = 50 * time.Millisecond

// slow lets the next answers by which the hub knows a queue be late, as is what
// they say by then.
func (w *hearing) slow(n int, by time.Duration) {
	var left atomic.Int64
	left.Store(int64(n))
	w.store.follow(func(method string) error {
		if (method == "QueueStats" || method == "ListMessages" || method == "CreateClaim") && left.Add(-1) >= 0 {
			<-time.After(by)
		}
		return nil
	})
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }

// bubble is a test whose time passes when there is nothing else to do.
type bubble struct{ *testing.T }

func TestListenersAreToldTheLog(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(bubble{t}, func(t *rapid.T) {
			w := newHearing(t, 2)
			defer w.stop()
			w.create()
			actions := w.actions()
			// What makes news, and who takes it, come more often.
			names := append(sortedKeys(actions), "post", "post", "delayed", "take", "take", "take", "rest", "wait")
			for range rapid.IntRange(1, 60).Draw(t, "steps") {
				actions[rapid.SampledFrom(names).Draw(t, "action")](t)
			}
			w.settle()
			for _, h := range w.hearers {
				h.caughtUp()
				h.Close()
			}
		})
	})
}
