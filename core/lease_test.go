package core_test

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackforge/marconi/core"
)

// A claim that ended because it could not be renewed is over; its messages are not,
// once the stream has claimed them again.
func TestLeasesOfAClaimThatEnded(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		w.post("q", make10(2)...)
		s := w.stream(5, telling{})
		sameAll(t, "first", s.told(), `0`, `1`)
		w.store.fail("RenewClaim", errBroken)
		pass(65 * time.Second)
		sameAll(t, "when the claim has ended", s.told(), `0`, `1`)
		w.store.ask(func(string) error { return nil })
		pass(10 * time.Minute)
		sameAll(t, "then", s.told())
		same(t, "claimed", w.stats("q").Claimed, 2)
		_ = s.end(t)
		same(t, "claimed at the end", w.stats("q").Claimed, 0)
	})
}

// What is claimed right after a queue was emptied is not gone with the rest.
func TestLeasesOfAnEmptiedQueue(t *testing.T) {
	for method, empty := range map[string]func(w *world){
		"PurgeMessages": func(w *world) { do(w, w.PurgeQueue, core.QueuePurgeRequest{Queue: "q"}) },
		"DeleteQueue":   func(w *world) { do(w, w.DeleteQueue, core.QueueDeleteRequest{Queue: "q"}) },
	} {
		t.Run(method, func(t *testing.T) {
			runs(t, core.Options{}, func(w *world, _ func()) {
				w.post("q", make10(2)...)
				s := w.stream(5, telling{})
				sameAll(t, "first", s.told(), `0`, `1`)
				w.store.follow(func(called string) error {
					if called == method {
						w.post("q", `2`)
						synctest.Wait()
					}
					return nil
				})
				empty(w)
				sameAll(t, "then", s.told(), `2`)
				pass(10 * time.Minute)
				same(t, "claimed", w.stats("q").Claimed, 1)
				w.post("q", make10(9)...)
				sameAll(t, "up to the credit", s.told(), `0`, `1`, `2`, `3`)
				_ = s.end(t)
				same(t, "claimed at the end", w.stats("q").Claimed, 0)
			})
		})
	}
}
