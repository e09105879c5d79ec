package pebblestore

import (
	"context"
	"fmt"
	"sync"

	"github.com/cockroachdb/pebble/v2"
)

// groupSize is how many bytes of writes share an fsync, at most. What waits
// behind them shares the next one.
const groupSize = 1 << 20

// group is what one fsync makes durable: the batches of any number of calls, in
// the order of their submission.
type group struct {
	batch *pebble.Batch
	then  []func()      // what becomes visible when the group is durable
	done  chan struct{} // closed when it is, and when it never will be
	err   error         // set before done is closed

	health *health
}

// settled reports whether nothing has to be waited for.
func (g *group) settled() bool {
	if g == nil {
		return true
	}
	select {
	case <-g.done:
		return g.err == nil
	default:
		return false
	}
}

// wait waits until the group is durable and what it did can be seen. A nil group
// is.
func (g *group) wait(ctx context.Context) error {
	if g == nil {
		return nil
	}
	select {
	case <-g.done:
		return g.err
	case <-g.health.failed: // the committer may hang in Pebble
		return g.health.check()
	case <-ctx.Done():
		return ctx.Err()
	}
}

// committer turns batches into groups and groups into fsyncs. One goroutine
// commits, another one finishes what is durable while the next group is under
// way.
type committer struct {
	db     *pebble.DB
	health *health

	mu      sync.Mutex // guards the following; taken behind the lock of a slot
	waiting []*group   // the last one takes what comes
	work    *sync.Cond
	closed  bool

	finished chan *group
	stopped  chan struct{}
}

func newCommitter(db *pebble.DB, h *health) *committer {
	c := &committer{db: db, health: h, finished: make(chan *group, 1), stopped: make(chan struct{})}
	c.work = sync.NewCond(&c.mu)
	go c.commitAll()
	go c.finishAll()
	return c
}

// submit adds a batch, which it uses up, and what is to happen when it is
// durable. Batches are committed in the order of their submission; whoever
// needs an order between two calls holds a lock around both.
func (c *committer) submit(b *pebble.Batch, then func()) *group {
	c.mu.Lock()
	defer c.mu.Unlock()
	g := c.open(b.Len())
	if c.closed {
		g.fail(errClosed)
		return g
	}
	if err := g.batch.Apply(b, nil); err != nil {
		c.health.fail(fmt.Errorf("joining writes: %w", err))
	}
	_ = b.Close() // of a batch that was not committed: it only goes back to its pool
	if then != nil {
		g.then = append(g.then, then)
	}
	return g
}

// open is the group that takes a batch of a size.
func (c *committer) open(size int) *group {
	if n := len(c.waiting); n > 0 && c.waiting[n-1].batch.Len()+size <= groupSize {
		return c.waiting[n-1]
	}
	g := &group{batch: c.db.NewBatch(), done: make(chan struct{}), health: c.health}
	if !c.closed {
		c.waiting = append(c.waiting, g)
		c.work.Signal()
	}
	return g
}

// next is the first group that waits; nil when the committer is closed and there
// is none.
func (c *committer) next() *group {
	c.mu.Lock()
	defer c.mu.Unlock()
	for len(c.waiting) == 0 {
		if c.closed {
			return nil
		}
		c.work.Wait()
	}
	g := c.waiting[0]
	c.waiting[0] = nil
	c.waiting = c.waiting[1:]
	return g
}

func (c *committer) commitAll() {
	defer close(c.finished)
	for g := c.next(); g != nil; g = c.next() {
		g.err = c.commit(g)
		c.finished <- g
	}
}

// commit makes a group durable. Pebble tells of a commit that failed by calling
// Logger.Fatalf or by panicking, never by what Apply returns; either way the
// store is failed from then on.
func (c *committer) commit(g *group) (err error) {
	defer func() {
		if r := recover(); r != nil {
			c.health.wedge(fmt.Errorf("commit: %v", r))
			err = c.health.check()
		}
	}()
	if err := c.health.check(); err != nil {
		return err
	}
	if err := c.db.Apply(g.batch, pebble.Sync); err != nil {
		c.health.fail(fmt.Errorf("commit: %w", err))
	}
	return c.health.check()
}

func (c *committer) finishAll() {
	defer close(c.stopped)
	for g := range c.finished {
		if g.err == nil {
			for _, then := range g.then {
				then()
			}
			_ = g.batch.Close()
		}
		g.batch, g.then = nil, nil
		close(g.done)
	}
}

func (g *group) fail(err error) {
	g.err = err
	close(g.done)
}

// close commits what waits and stops.
func (c *committer) close() {
	c.mu.Lock()
	c.closed = true
	c.work.Broadcast()
	c.mu.Unlock()
	<-c.stopped
}
