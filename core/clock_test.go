package core_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/storage"
)

// timed is a store of which only the clock is asked.
type timed struct {
	storage.Driver
	now func() (time.Time, error)
}

func (s timed) Now(context.Context) (time.Time, error) { return s.now() }

// ahead is a store's clock that is ahead of a watch.
func (w *watch) ahead(d time.Duration) timed {
	return timed{now: func() (time.Time, error) { return w.now().Add(d), nil }}
}

func look(t *testing.T, c *core.Clock, store storage.Driver) (off time.Duration) {
	t.Helper()
	off, err := c.Look(t.Context(), store)
	if err != nil {
		t.Fatal(err)
	}
	return off
}

func TestFirstLookSetsTheClock(t *testing.T) {
	for _, off := range []time.Duration{0, time.Hour, -time.Hour, 400 * 24 * time.Hour} {
		w := newWatch()
		c := core.NewClock(w.now)
		same(t, "off at first", look(t, c, w.ahead(off)), 0)
		same(t, "time", c.Now(), w.now().Add(off))
		w.pass(time.Minute)
		same(t, "time a minute later", c.Now(), w.now().Add(off))
	}
}

func TestLookAllowsForTheWay(t *testing.T) {
	w := newWatch()
	theirs := w.now().Add(time.Hour)
	far := timed{now: func() (time.Time, error) {
		w.pass(40 * time.Millisecond)
		return theirs, nil
	}}
	c := core.NewClock(w.now)
	look(t, c, far)
	same(t, "time after a round trip of 40 ms", c.Now(), theirs.Add(20*time.Millisecond))
}

// slews are how a clock is put right: it is off at a look, and so far off a while
// later.
var slews = []struct {
	off, after, left time.Duration
}{
	{0, time.Hour, 0},
	{10 * time.Second, 0, 10 * time.Second},
	{10 * time.Second, time.Second, 9950 * time.Millisecond},
	{10 * time.Second, 100 * time.Second, 5 * time.Second},
	{10 * time.Second, 200 * time.Second, 0},
	{10 * time.Second, time.Hour, 0},
	{-10 * time.Second, 0, -10 * time.Second},
	{-10 * time.Second, time.Second, -9950 * time.Millisecond},
	{-10 * time.Second, 200 * time.Second, 0},
	{-10 * time.Second, time.Hour, 0},
	{100 * time.Millisecond, time.Second, 50 * time.Millisecond},
	{100 * time.Millisecond, 2 * time.Second, 0},
}

func TestClockIsPutRightGradually(t *testing.T) {
	for _, s := range slews {
		w := newWatch()
		c := core.NewClock(w.now)
		look(t, c, w.ahead(0))
		w.pass(time.Minute)
		before := c.Now()
		same(t, "off at the look", look(t, c, w.ahead(s.off)), s.off)
		same(t, "time at the look", c.Now(), before)
		w.pass(s.after)
		same(t, "off later", w.now().Add(s.off).Sub(c.Now()), s.left)
	}
}

func TestClockIsPutRightOverManyLooks(t *testing.T) {
	w := newWatch()
	c := core.NewClock(w.now)
	look(t, c, w.ahead(0))
	for range 30 {
		w.pass(10 * time.Second)
		before := c.Now()
		look(t, c, w.ahead(10*time.Second))
		same(t, "time at a look", c.Now(), before)
	}
	same(t, "off in the end", look(t, c, w.ahead(10*time.Second)), 0)
}

func TestClockShowsWholeMilliseconds(t *testing.T) {
	w := newWatch()
	c := core.NewClock(w.now)
	look(t, c, w.ahead(1234567*time.Nanosecond))
	same(t, "time", c.Now(), w.now().Add(time.Millisecond))
}

func TestClockGoesOnWithoutTheStore(t *testing.T) {
	w := newWatch()
	c := core.NewClock(w.now)
	look(t, c, w.ahead(time.Hour))
	w.pass(time.Second)
	broken := errors.New("broken")
	_, err := c.Look(t.Context(), timed{now: func() (time.Time, error) { return time.Time{}, broken }})
	same(t, "error", err, broken)
	w.pass(time.Second)
	same(t, "time", c.Now(), w.now().Add(time.Hour))
}

// rises calls now until the end and fails if it ever goes back.
func rises(now func() time.Time, end *atomic.Bool) error {
	for last := now(); !end.Load(); {
		next := now()
		if next.Before(last) {
			return errors.New("the clock went back " + last.Sub(next).String())
		}
		last = next
	}
	return nil
}

// The local clock runs so fast here that the time between any two statements
// shows.
func TestClockNeverGoesBack(t *testing.T) {
	start := time.Now()
	local := func() time.Time { return start.Add(time.Since(start) * 100_000) }
	c := core.NewClock(local)
	store := timed{now: func() (time.Time, error) { return local(), nil }}
	look(t, c, store)
	var end atomic.Bool
	var readers errgroup.Group
	for range 3 {
		readers.Go(func() error { return rises(c.Now, &end) })
	}
	for i := range 20_000 {
		off := time.Hour
		if i%2 == 0 {
			off = -off
		}
		look(t, c, timed{now: func() (time.Time, error) { return c.Now().Add(off), nil }})
	}
	end.Store(true)
	if err := readers.Wait(); err != nil {
		t.Error(err)
	}
}
