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
	txs   []*tx         // which are finished when the group is durable
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

// committer turns batches into groups and groups into fsyncs. One goroutine writes
// them, another one waits until they are durable and finishes them: a group is
// written while the one before it is synced.
type committer struct {
	db     *pebble.DB
	health *health

	mu      sync.Mutex // guards the following; taken behind the lock of a slot
	waiting []*group   // the last one takes what comes
	spare   []*pebble.Batch
	work    *sync.Cond
	closed  bool

	written chan *group
	stopped chan struct{}
}

func newCommitter(db *pebble.DB, h *health) *committer {
	c := &committer{db: db, health: h, written: make(chan *group, 1), stopped: make(chan struct{})}
	c.work = sync.NewCond(&c.mu)
	go c.writeAll()
	go c.finishAll()
	return c
}

// submit adds a tx, which is finished when it is durable. They are committed in
// the order of their submission; whoever needs an order between two calls holds a
// lock around both. Nobody submits once the committer is to close: who does, uses
// the engine.
func (c *committer) submit(t *tx) *group {
	c.mu.Lock()
	defer c.mu.Unlock()
	g := c.open(t.batch.Len())
	if err := g.batch.Apply(t.batch, nil); err != nil {
		c.health.fail(fmt.Errorf("joining writes: %w", err))
	}
	_ = t.batch.Close() // which was not committed: it only goes back to its pool
	g.txs = append(g.txs, t)
	return g
}

// open is the group that takes a batch of a size.
func (c *committer) open(size int) *group {
	if n := len(c.waiting); n > 0 && c.waiting[n-1].batch.Len()+size <= groupSize {
		return c.waiting[n-1]
	}
	g := &group{batch: c.newBatch(), done: make(chan struct{}), health: c.health}
	c.waiting = append(c.waiting, g)
	c.work.Signal()
	return g
}

// maxSpare is how many batches are kept for the groups to come: as many as are
// filled, written, synced and finished at once.
const maxSpare = 4

func (c *committer) newBatch() *pebble.Batch {
	n := len(c.spare)
	if n == 0 {
		return c.db.NewBatch(pebble.WithMaxRetainedSizeBytes(2 * groupSize))
	}
	b := c.spare[n-1]
	c.spare = c.spare[:n-1]
	return b
}

// keep makes a batch that is over ready for another group: with the memory that it
// took, unless that is of a single large call.
func (c *committer) keep(b *pebble.Batch) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.spare) == maxSpare {
		_ = b.Close()
		return
	}
	b.Reset()
	c.spare = append(c.spare, b)
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

func (c *committer) writeAll() {
	defer close(c.written)
	for g := c.next(); g != nil; g = c.next() {
		g.err = c.write(g)
		c.written <- g
	}
}

// write writes a group, which is durable when sync has returned. Pebble tells of a
// commit that failed by calling Logger.Fatalf or by panicking, never by what Apply
// returns; either way the store is failed from then on.
func (c *committer) write(g *group) (err error) {
	defer func() {
		if r := recover(); r != nil {
			c.health.wedge(fmt.Errorf("commit: %v", r))
			err = c.health.check()
		}
	}()
	if err := c.health.check(); err != nil {
		return err
	}
	if err := c.db.ApplyNoSyncWait(g.batch, pebble.Sync); err != nil {
		c.health.fail(fmt.Errorf("commit: %w", err))
	}
	return c.health.check()
}

// sync waits until a group that was written is durable.
func (c *committer) sync(g *group) error {
	if g.err != nil {
		return g.err
	}
	if err := g.batch.SyncWait(); err != nil {
		c.health.fail(fmt.Errorf("sync: %w", err))
	}
	return c.health.check()
}

func (c *committer) finishAll() {
	defer close(c.stopped)
	for g := range c.written {
		if g.err = c.sync(g); g.err == nil {
			for _, t := range g.txs {
				t.finish()
			}
			c.keep(g.batch)
		}
		g.batch, g.txs = nil, nil
		close(g.done)
	}
}

// close commits what waits and stops.
func (c *committer) close() {
	c.mu.Lock()
	c.closed = true
	c.work.Broadcast()
	c.mu.Unlock()
	<-c.stopped
}
