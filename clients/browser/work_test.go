package browser_test

import (
	"strconv"
	"testing"
	"time"
)

// worker opens a page that takes messages of the queue, says which, and goes on
// when it is released.
func (f *fixture) worker(t *testing.T, b *broker, credit int) *page {
	t.Helper()
	return f.open(t, "work.html", b.http, map[string]string{"queue": "jobs", "project": "shop", "credit": strconv.Itoa(credit)})
}

// left is what is in the queue of the workers.
func left(c *caller) (claimed, total int) {
	c.t.Helper()
	var stats struct{ Messages struct{ Claimed, Total int } }
	c.ask("GET", "/v2/queues/jobs/stats", nil, &stats)
	return stats.Messages.Claimed, stats.Messages.Total
}

// testWork has two pages share the messages of a queue.
func testWork(t *testing.T, f *fixture) {
	const all, credit = 200, 4
	b := f.serve(t, "memory:")
	c := callerOf(t, b, "shop", "")
	one, other := f.worker(t, b, credit), f.worker(t, b, credit)
	for n := 0; n < all; n += 20 {
		c.post("jobs", n, n+20)
	}
	handled := map[int]bool{next[int](one): true, next[int](other): true} // each holds what it took, and leaves the rest
	one.eval("release()", nil)
	other.eval("release()", nil)
	for len(handled) < all {
		n := either(t, one, other)
		if handled[n] {
			t.Fatalf("message %d was handled twice", n)
		}
		handled[n] = true
	}
	one.eval("stop()", nil)
	other.eval("stop()", nil)
	if _, total := left(c); total > 0 || len(one.told)+len(other.told) > 0 {
		t.Errorf("%d messages are left, and %d more were handled", total, len(one.told)+len(other.told))
	}
}

// either is the number that one of the pages tells next.
func either(t *testing.T, one, other *page) int {
	t.Helper()
	var text string
	select {
	case text = <-one.told:
	case text = <-other.told:
	case <-time.After(patience):
		t.Fatalf("%v were not enough for the next message to be handled", patience)
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal(err)
	}
	return n
}

// testLeaving has a page close that holds messages: another gets them long before
// their claim would have ended.
func testLeaving(t *testing.T, f *fixture) {
	const all = 8
	b := f.serve(t, "memory:")
	c := callerOf(t, b, "shop", "")
	first := f.worker(t, b, all)
	c.post("jobs", 0, all)
	if got := next[int](first); got != 0 {
		t.Fatalf("the first page got message %d, want the first", got)
	}
	if claimed, total := left(c); claimed != all || total != all {
		t.Fatalf("the first page holds %d of %d messages, want all %d", claimed, total, all)
	}
	second := f.worker(t, b, all)
	second.eval("release()", nil)
	first.close()
	for want := range all {
		if got := next[int](second); got != want {
			t.Fatalf("the second page got message %d, want %d", got, want)
		}
	}
	second.eval("stop()", nil)
	if _, total := left(c); total > 0 {
		t.Errorf("%d messages are left", total)
	}
}
