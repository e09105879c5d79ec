package core

import (
	"context"
	"sync"
	"time"

	"github.com/stackforge/marconi/storage"
)

// clock is the store's clock, kept between looks at it by the local monotonic
// one. It never goes back. When a look finds it off, it is put right gradually,
// at most slew of the time that passes.
type clock struct {
	local func() time.Time // with a monotonic reading

	mu   sync.Mutex
	seen time.Time     // local, at the last look
	read time.Time     // what this clock showed then
	off  time.Duration // how far the store's was ahead of that
}

const slew = 0.05

// now is the store's time, in whole milliseconds.
func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.at(c.local()).Truncate(time.Millisecond)
}

func (c *clock) at(local time.Time) time.Time {
	passed := local.Sub(c.seen)
	most := time.Duration(slew * float64(passed))
	return c.read.Add(passed + min(max(c.off, -most), most))
}

// look reads the store's clock. The first look sets this one; later ones start
// to put it right. It reports how far it was off.
func (c *clock) look(ctx context.Context, store storage.Driver) (time.Duration, error) {
	before := c.local()
	theirs, err := store.Now(ctx)
	if err != nil {
		return 0, err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	after := c.local()                         // under the lock: nobody has been shown a later instant
	theirs = theirs.Add(after.Sub(before) / 2) // it was read half a round trip ago
	if c.seen.IsZero() {
		c.seen, c.read, c.off = after, theirs, 0
		return 0, nil
	}
	mine := c.at(after)
	c.seen, c.read, c.off = after, mine, theirs.Sub(mine)
	return c.off, nil
}
