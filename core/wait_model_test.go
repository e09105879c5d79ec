package core_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"pgregory.net/rapid"

	"github.com/stackforge/marconi/core"
)

// waiting is claims that wait, on several brokers.
type waiting struct {
	*hearing
	waits  []*waiter
	claims []string
}

type waiter struct {
	answer
	cancel func()
}

func (w *waiting) wait(limit, span int64) {
	ctx, cancel := context.WithCancel(w.ctx)
	a := &waiter{cancel: cancel}
	b := w.broker()
	r := core.ClaimCreateRequest{Queue: loud.Name, Limit: &limit, TTL: seconds(60), Grace: seconds(60), Wait: &span}
	go a.after(func() { a.claim, a.err = b.CreateClaim(ctx, someone, r) })
	w.waits = append(w.waits, a)
}

// noneSleeps checks, when nothing is going on, that nobody waits for what is
// there.
func (w *waiting) noneSleeps() {
	w.store.follow(well)
	<-time.After(3 * slowest)
	synctest.Wait()
	left := w.waits[:0]
	for _, a := range w.waits {
		if !a.ended() {
			left = append(left, a)
			continue
		}
		a.cancel()
		if a.err != nil && a.err != context.Canceled {
			w.t.Fatal(a.err)
		}
		if a.claim.ID != "" {
			w.claims = append(w.claims, a.claim.ID)
		}
	}
	w.waits = left
	s, err := w.store.below.QueueStats(w.ctx, loud, time.Now().Truncate(time.Millisecond))
	if free := s.Total - s.Claimed - s.Delayed; err == nil && free > 0 && len(left) > 0 {
		w.t.Fatalf("%d wait, and %d messages are free", len(left), free)
	}
}

func (w *waiting) actions() map[string]func() {
	draw := func(lo, hi int, what string) int { return rapid.IntRange(lo, hi).Draw(w.t, what) }
	return map[string]func(){
		"wait":    func() { w.wait(int64(draw(1, 4, "limit")), int64(draw(1, 20, "span"))) },
		"post":    func() { w.post(draw(1, 5, "n"), []int64{0}, 300) },
		"delayed": func() { w.post(1, []int64{int64(draw(1, 30, "delay"))}, 300) },
		"claim": func() {
			made, err := w.broker().CreateClaim(w.ctx, someone, core.ClaimCreateRequest{Queue: loud.Name, TTL: seconds(60), Grace: seconds(60)})
			w.must(err)
			w.claims = append(w.claims, made.ID)
		},
		"release": func() {
			if len(w.claims) > 0 {
				_, err := w.broker().DeleteClaim(w.ctx, someone, core.ClaimDeleteRequest{
					Queue: loud.Name, ID: w.claims[draw(0, len(w.claims)-1, "claim")]})
				w.must(err)
			}
		},
		"cancel": func() {
			if len(w.waits) > 0 {
				w.waits[draw(0, len(w.waits)-1, "waiter")].cancel()
			}
		},
		"delete": func() { w.remove() },
		"end": func() {
			_, err := w.broker().DeleteQueue(w.ctx, someone, core.QueueDeleteRequest{Queue: loud.Name})
			w.must(err)
		},
		"create": func() {
			_, err := w.broker().CreateQueue(w.ctx, someone, core.QueueCreateRequest{
				Queue: loud.Name, Metadata: []byte(`{"_default_message_delay": 1, "_max_claim_count": 2, "_dead_letter_queue": "dead"}`)})
			w.must(err)
		},
		"slow": func() {
			w.slow(draw(1, 5, "calls"), time.Duration(draw(1, int(slowest/time.Millisecond), "ms"))*time.Millisecond)
		},
		"rest": w.noneSleeps,
		"pass": func() { <-time.After(time.Duration(draw(1, 30_000, "ms")) * time.Millisecond) },
	}
}

// Whatever happens, nobody sleeps while there is something to claim.
func TestNobodySleepsOverAMessage(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		rapid.Check(bubble{t}, func(t *rapid.T) {
			w := &waiting{hearing: newHearing(t, 2)}
			defer func() {
				w.stop()
				for _, a := range w.waits {
					a.cancel()
				}
				synctest.Wait()
			}()
			actions := w.actions()
			names := append(sortedKeys(actions), "wait", "wait", "wait", "post", "rest", "cancel")
			actions["create"]()
			for range rapid.IntRange(1, 60).Draw(t, "steps") {
				actions[rapid.SampledFrom(names).Draw(t, "action")]()
			}
			w.noneSleeps()
		})
	})
}
