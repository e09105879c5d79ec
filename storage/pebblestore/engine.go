package pebblestore

import (
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"syscall"

	"github.com/cockroachdb/pebble/v2"

	"github.com/stackforge/marconi/storage"
)

// What Pebble may keep in memory. Without cgo all of it lies on the Go heap. It
// counts its memtables, of which there mostly are two, as part of the cache: what
// is left to blocks is about 16 MiB.
const (
	memtableBytes = 8 << 20
	cacheBytes    = 16<<20 + 2*memtableBytes
)

// engine is one opening of the store. When it fails the store makes another one
// from what is on disk.
type engine struct {
	store     *Store
	db        *pebble.DB
	health    *health
	committer *committer
	trouble   atomic.Pointer[error] // what Pebble last failed to do in the background

	mu      sync.Mutex // guards the following; taken under a slot's lock
	slots   map[storage.QueueID]*slot
	users   int // calls that may be reading
	closing bool
	unused  chan struct{} // closed when nobody reads any more, or ever will

	abandoned sync.Once

	catalog catalog
	turns   turns
	txs     sync.Pool // of *tx
}

func (s *Store) openEngine() (*engine, error) {
	e := &engine{store: s, health: newHealth(), slots: make(map[storage.QueueID]*slot), unused: make(chan struct{})}
	e.turns.init()
	d := directory{s.fs, s.dir}
	if err := joinErrors(d.breakSeal(), d.checkChunks()); err != nil {
		return nil, fmt.Errorf("pebblestore: %w", err)
	}
	if err := e.openPebble(); err != nil {
		return nil, fmt.Errorf("pebblestore: open %s: %w", s.dir, d.placed(err))
	}
	e.committer = newCommitter(e.db, e.health)
	if err := joinErrors(e.loadCatalog(), e.loadAudiences()); err != nil {
		return nil, joinErrors(fmt.Errorf("pebblestore: open %s: %w", s.dir, err), e.close())
	}
	return e, nil
}

// openPebble opens the database. On a failing disk Pebble may try to write its
// tables for ever; it is left to that, behind its fence.
func (e *engine) openPebble() error {
	var err error
	opened := make(chan struct{})
	go func() {
		defer close(opened)
		e.db, err = pebble.Open(e.store.dir, e.options())
	}()
	select {
	case <-opened:
	case <-e.health.failed:
		go func() {
			if <-opened; err == nil {
				_ = e.db.Close()
			}
		}()
		return e.health.check()
	}
	if failed := e.health.check(); err == nil && failed != nil {
		return joinErrors(failed, e.db.Close())
	}
	return err
}

func (e *engine) options() *pebble.Options {
	o := options(&fence{e.store.fs, e.health}, logger{e.health})
	o.EventListener = &pebble.EventListener{
		BackgroundError: func(err error) { e.trouble.Store(&err) },
		DataCorruption:  toldToTheReader,
		FlushEnd: func(i pebble.FlushInfo) {
			if i.Err == nil {
				e.trouble.Store(nil)
			}
		},
	}
	if tune := e.store.tune; tune != nil {
		tune(o)
	}
	return o
}

// use keeps the database open until done is called.
func (e *engine) use() error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.closing {
		return errClosed
	}
	e.users++
	return nil
}

func (e *engine) done() {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.users--
	if e.closing && e.users == 0 {
		close(e.unused)
	}
}

// retire lets nobody use the database any more, and waits for those who do.
func (e *engine) retire() {
	e.mu.Lock()
	e.closing = true
	if e.users == 0 {
		close(e.unused)
	}
	e.mu.Unlock()
	<-e.unused
}

// close ends the opening. What was submitted is committed first, unless the
// opening has failed.
func (e *engine) close() error {
	e.retire()
	e.committer.close()
	if !e.health.closable() {
		return e.health.check()
	}
	return e.db.Close()
}

// abandon ends an opening that has failed. Its fence sees to it that it does not
// matter when it has ended.
func (e *engine) abandon() {
	e.abandoned.Do(func() { go func() { _ = e.close() }() })
}

// shut ends an opening for good. One that has failed tells so.
func (e *engine) shut() error {
	if err := e.health.check(); err != nil {
		e.abandon()
		return err
	}
	if err := e.close(); err != nil {
		return err
	}
	return directory{e.store.fs, e.store.dir}.seal()
}

// backlog is why nothing more should be written: Pebble fails to write what it
// has in memory.
func (e *engine) backlog() error {
	trouble := e.trouble.Load()
	if trouble == nil {
		return nil
	}
	if errors.Is(*trouble, syscall.ENOSPC) {
		return storage.ErrFull
	}
	return fmt.Errorf("pebblestore: %w", *trouble)
}

// slot finds or makes the slot of a queue's name. Release gives it back.
func (e *engine) slot(id storage.QueueID) *slot {
	e.mu.Lock()
	defer e.mu.Unlock()
	sl := e.slots[id]
	if sl == nil {
		sl = &slot{e: e, id: id}
		e.slots[id] = sl
	}
	sl.refs++
	return sl
}

// release forgets slots of names that nothing has.
func (e *engine) release(sl *slot) {
	e.mu.Lock()
	defer e.mu.Unlock()
	sl.refs--
	if sl.refs == 0 && sl.idle() {
		delete(e.slots, sl.id)
	}
}

// idle is whether nothing would be lost with the slot, to which nobody has a
// reference.
func (sl *slot) idle() bool {
	return sl.life == nil && sl.audience == nil && sl.changed.settled() && sl.remade.settled()
}

func (e *engine) tell(id storage.QueueID, event storage.Event) { e.store.feed.tell(id, event) }
