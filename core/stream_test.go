package core_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/storage"
)

// telling is how a worker is told: it blocks while there is something to wait for,
// and fails in the end.
type telling struct {
	block chan struct{}
	fails error
}

// worker is who has a claim stream.
type worker struct {
	mu     sync.Mutex
	bodies []string
	claims []core.ClaimCreated
	telling

	stop func()
	err  chan error
}

func (w *world) stream(credit int64, o telling) *worker {
	ctx, cancel := context.WithCancel(w.ctx)
	s := &worker{telling: o, stop: cancel, err: make(chan error, 1)}
	r := core.ClaimStreamRequest{Queue: "q", Credit: &credit, TTL: seconds(60), Grace: seconds(60)}
	go func() { s.err <- w.StreamClaims(ctx, w.who, r, s.tell) }()
	synctest.Wait()
	return s
}

func (s *worker) tell(c core.ClaimCreated) error {
	if s.block != nil {
		<-s.block
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.claims = append(s.claims, c)
	s.bodies = append(s.bodies, bodies(c.Messages)...)
	return s.fails
}

// told are the bodies that were told of since the last time.
func (s *worker) told() []string {
	synctest.Wait()
	s.mu.Lock()
	defer s.mu.Unlock()
	told := s.bodies
	s.bodies = nil
	return told
}

func (s *worker) claim(i int) core.ClaimCreated {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.claims[i]
}

func (s *worker) end(t *testing.T) error {
	t.Helper()
	s.stop()
	return <-s.err
}

func TestStreamClaims(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		w.post("q", make10(3)...)
		s := w.stream(5, telling{})
		sameAll(t, "what is there", s.told(), `0`, `1`, `2`)
		pass(5 * time.Minute)
		w.post("q", make10(9)...)
		sameAll(t, "what comes, up to the credit", s.told(), `0`, `1`)
		same(t, "claimed for good", w.stats("q").Claimed, 5)
		same(t, "it ends", errors.Is(s.end(t), context.Canceled), true)
		same(t, "claimed at the end", w.stats("q").Claimed, 0)
	})
}

// What is finished makes room, by whatever operation it is.
func TestStreamGoesOn(t *testing.T) {
	for name, finish := range map[string]func(w *world, c core.ClaimCreated){
		"deleting": func(w *world, c core.ClaimCreated) {
			for _, m := range c.Messages {
				do(w, w.DeleteMessage, core.MessageDeleteRequest{Queue: "q", ID: m.ID, Claim: c.ID})
			}
		},
		"deleting many": func(w *world, c core.ClaimCreated) {
			var ids []string
			for _, m := range c.Messages {
				ids = append(ids, m.ID)
			}
			do(w, w.RemoveMessages, core.MessageRemoveRequest{Queue: "q", IDs: ids})
		},
		"purging": func(w *world, _ core.ClaimCreated) {
			do(w, w.PurgeQueue, core.QueuePurgeRequest{Queue: "q"})
			w.post("q", `2`, `3`, `4`)
		},
		"deleting the queue": func(w *world, _ core.ClaimCreated) {
			do(w, w.DeleteQueue, core.QueueDeleteRequest{Queue: "q"})
			w.post("q", `2`, `3`, `4`)
		},
	} {
		t.Run(name, func(t *testing.T) {
			runs(t, core.Options{}, func(w *world, _ func()) {
				w.post("q", make10(5)...)
				s := w.stream(2, telling{})
				sameAll(t, "first", s.told(), `0`, `1`)
				pass(time.Second)
				finish(w, s.claim(0))
				sameAll(t, "then", s.told(), `2`, `3`)
				_ = s.end(t)
			})
		})
	}
}

func TestStreamReleased(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		w.post("q", make10(2)...)
		s := w.stream(2, telling{})
		sameAll(t, "first", s.told(), `0`, `1`)
		do(w, w.DeleteClaim, core.ClaimDeleteRequest{Queue: "q", ID: s.claim(0).ID})
		sameAll(t, "again", s.told(), `0`, `1`)
		_ = s.end(t)
	})
}

// What others finish counts at the next renewal.
func TestStreamRenews(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		w.post("q", make10(5)...)
		s := w.stream(2, telling{})
		sameAll(t, "first", s.told(), `0`, `1`)
		w.elsewhere(func(o *world) {
			do(o, o.DeleteMessage, core.MessageDeleteRequest{Queue: "q", ID: s.claim(0).Messages[0].ID, Claim: s.claim(0).ID})
		})
		pass(15 * time.Second)
		same(t, "before", len(s.told()), 0)
		pass(6 * time.Second)
		sameAll(t, "after", s.told(), `2`)
		w.elsewhere(func(o *world) {
			do(o, o.DeleteClaim, core.ClaimDeleteRequest{Queue: "q", ID: s.claim(0).ID})
		})
		pass(21 * time.Second)
		sameAll(t, "released", s.told(), `1`)
		_ = s.end(t)
	})
}

// One who takes his time keeps what he has.
func TestStreamIsBlocked(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		w.post("q", make10(2)...)
		block := make(chan struct{})
		s := w.stream(2, telling{block: block})
		pass(10 * time.Minute)
		same(t, "claimed", w.stats("q").Claimed, 2)
		close(block)
		sameAll(t, "told", s.told(), `0`, `1`)
		_ = s.end(t)
	})
}

func TestStreamEnds(t *testing.T) {
	runs(t, core.Options{}, func(w *world, stop func()) {
		w.post("q", make10(2)...)
		failure := errors.New("gone")
		s := w.stream(2, telling{fails: failure})
		same(t, "as telling fails", <-s.err, failure)
		same(t, "claimed", w.stats("q").Claimed, 0)
		full, waits := w.stream(2, telling{}), w.stream(2, telling{})
		stop()
		for _, s := range []*worker{full, waits} {
			refused(t, <-s.err, core.Unavailable, "", "The broker is stopping.")
		}
		same(t, "claimed at the end", w.stats("q").Claimed, 0)
	})
}

// A store that fails for a while ends nothing.
func TestStreamSurvivesTheStore(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		w.create("q", `{}`)
		s := w.stream(2, telling{})
		w.store.fail("CreateClaim", errBroken)
		w.post("q", `1`)
		pass(3 * time.Second)
		same(t, "told", len(s.told()), 0)
		w.store.ask(func(string) error { return nil })
		pass(time.Second)
		sameAll(t, "told", s.told(), `1`)
		w.store.fail("RenewClaim", errBroken)
		pass(30 * time.Second)
		w.store.ask(func(string) error { return nil })
		pass(time.Minute)
		same(t, "claimed", w.stats("q").Claimed, 1)
		_ = s.end(t)
	})
}

// A claim whose answer was lost is the stream's all the same: it is told of it, or
// gives it back.
func TestStreamLosesAnAnswer(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		w.create("q", `{}`)
		s := w.stream(2, telling{})
		w.store.lose("CreateClaim")
		w.post("q", make10(3)...)
		pass(3 * time.Second)
		same(t, "claimed", w.stats("q").Claimed, 2)
		w.store.lose("")
		pass(2 * time.Second)
		sameAll(t, "told", s.told(), `0`, `1`)
		c := s.claim(0)
		w.store.lose("CreateClaim")
		do(w, w.DeleteMessage, core.MessageDeleteRequest{Queue: "q", ID: c.Messages[0].ID, Claim: c.ID})
		synctest.Wait()
		same(t, "claimed", w.stats("q").Claimed, 2)
		_ = s.end(t)
		same(t, "claimed at the end", w.stats("q").Claimed, 0)
	})
}

// A store that is too slow, or has no room for what is to be noted, ends nothing.
func TestStreamOutlastsTheStore(t *testing.T) {
	for name, trouble := range map[string]func() error{
		"slow": func() error { <-time.After(time.Minute); return nil },
		"full": func() error { return storage.ErrFull },
	} {
		t.Run(name, func(t *testing.T) {
			runs(t, core.Options{}, func(w *world, _ func()) {
				w.create("q", `{}`)
				s := w.stream(2, telling{})
				w.store.ask(func(called string) error {
					if called == "CreateClaim" {
						return trouble()
					}
					return nil
				})
				w.post("q", `1`)
				pass(3 * time.Minute)
				w.store.ask(func(string) error { return nil })
				pass(3 * time.Minute)
				sameAll(t, "told", s.told(), `1`)
				_ = s.end(t)
				same(t, "claimed at the end", w.stats("q").Claimed, 0)
			})
		})
	}
}

// However long nobody knows what became of a claim, no other is made beside it.
func TestStreamIsUnsureForLong(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		w.create("q", `{}`)
		s := w.stream(2, telling{})
		w.store.fail("CreateClaim", errBroken)
		w.post("q", make10(5)...)
		pass(50 * time.Second)
		w.store.ask(func(string) error { return nil })
		w.store.lose("CreateClaim")
		for range 120 {
			pass(time.Second)
			if n := w.stats("q").Claimed; n > 2 {
				t.Fatalf("%d are claimed", n)
			}
		}
		w.store.lose("")
		pass(2 * time.Second)
		sameAll(t, "told", s.told(), `0`, `1`)
		_ = s.end(t)
		same(t, "claimed at the end", w.stats("q").Claimed, 0)
	})
}

// While doors close nothing more is claimed, nor asked for; what is claimed stays
// so until its connection ends.
func TestStreamWhileDoorsClose(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		w.post("q", `0`)
		s := w.stream(5, telling{})
		sameAll(t, "first", s.told(), `0`)
		looks := 0
		w.store.ask(func(called string) error {
			if called == "CreateClaim" {
				if looks++; looks == 100 {
					s.stop() // or it would go on for ever
				}
			}
			return nil
		})
		w.StopWaiting()
		w.post("q", `1`)
		pass(5 * time.Minute)
		same(t, "looks", looks <= 1, true)
		sameAll(t, "told", s.told())
		same(t, "claimed", w.stats("q").Claimed, 1)
		_ = s.end(t)
		same(t, "claimed at the end", w.stats("q").Claimed, 0)
	})
}

// However many claims there are, and however slow the store is, all are renewed
// in time and released at the end.
func TestStreamOfManyClaims(t *testing.T) {
	const n = 1000
	runs(t, core.Options{}, func(w *world, _ func()) {
		s := w.stream(n, telling{})
		for i := range n {
			w.post("q", make10(1)...)
			synctest.Wait()
			same(t, "told", len(s.told()), 1)
			if t.Failed() {
				t.Fatal(i)
			}
		}
		w.store.ask(func(called string) error {
			if called == "ReleaseClaim" || called == "RenewClaim" || called == "GetClaim" {
				<-time.After(50 * time.Millisecond)
			}
			return nil
		})
		pass(5 * time.Minute)
		same(t, "claimed", w.stats("q").Claimed, n)
		_ = s.end(t)
		same(t, "claimed at the end", w.stats("q").Claimed, 0)
	})
}

// Streams share a queue, and nobody gets what another has.
func TestStreamsShare(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		a, b := w.stream(3, telling{}), w.stream(3, telling{})
		w.post("q", make10(8)...)
		all := append(a.told(), b.told()...)
		slices.Sort(all)
		sameAll(t, "told", all, make10(6)...)
		same(t, "claimed", w.stats("q").Claimed, 6)
		_ = a.end(t)
		sameAll(t, "what one gave back is not beyond another's credit", b.told())
		_ = b.end(t)
	})
}

func TestStreamRefuses(t *testing.T) {
	w := newWorld(t, core.Options{Limits: core.Limits{MaxWaiters: 1}})
	tell := func(core.ClaimCreated) error { return nil }
	for _, c := range []struct {
		request core.ClaimStreamRequest
		text    string
	}{
		{core.ClaimStreamRequest{Credit: seconds(0)}, "The credit of a claim stream must be at least 1 and may not be greater than 1000."},
		{core.ClaimStreamRequest{Credit: seconds(1001)}, "The credit of a claim stream must be at least 1 and may not be greater than 1000."},
		{core.ClaimStreamRequest{TTL: seconds(59)}, "The TTL for a claim may not exceed 43200 seconds, and must be at least 60 seconds long."},
		{core.ClaimStreamRequest{Grace: seconds(59)}, "The grace for a claim may not exceed 43200 seconds, and must be at least 60 seconds long."},
	} {
		refused(t, w.StreamClaims(w.ctx, w.who, c.request, tell), core.Invalid, "", c.text)
	}
	ctx, cancel := context.WithCancel(w.ctx)
	cancel()
	same(t, "a done context", w.StreamClaims(ctx, w.who, core.ClaimStreamRequest{Queue: "q"}, tell), context.Canceled)
}
