package pebblestore

import (
	"encoding/binary"
	"errors"
	"sync"

	"github.com/stackforge/marconi/storage"
)

// catalog is what is known of all queues together.
type catalog struct {
	mu     sync.Mutex     // guards the following; taken under the lock of a slot
	counts map[string]int // queues, by project
	next   uint64         // the next free number of a life or an outbox
	last   *group         // the last one in which a queue was made, changed or deleted
}

// loadCatalog counts the queues.
func (e *engine) loadCatalog() error {
	c := &e.catalog
	c.counts = make(map[string]int)
	c.next = 1
	value, err := e.value([]byte{familyNumber})
	if err != nil {
		return err
	}
	if value != nil {
		s := scan(value)
		c.next = s.uvarint()
		if err := s.end(); err != nil {
			return err
		}
	}
	return e.each([]byte{familyQueue}, func(key, value []byte) error {
		project, name, ok := cutText(key[1:])
		if !ok {
			return errRecord
		}
		r, err := readQueue(storage.QueueID{Project: project, Name: string(name)}, value)
		if err != nil {
			return errors.Join(err, errRecord)
		}
		c.counts[project]++
		c.reserve(r.life)
		return nil
	})
}

// reserve keeps a number that is in use from being given.
func (c *catalog) reserve(n uint64) { c.next = max(c.next, n+1) }

// number gives a number that was never given before.
func (c *catalog) number() uint64 {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := c.next
	c.next++
	return n
}

// numbers is the record of the next free number.
func (c *catalog) numbers() []byte {
	return binary.AppendUvarint([]byte{recordVersion}, c.next)
}

// submit completes a tx that makes, changes or deletes a queue or an audience.
func (c *catalog) submit(sl *slot, t *tx, project string, more int) *group {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.count(project, more)
	t.set([]byte{familyNumber}, c.numbers())
	c.last = sl.submit(t)
	return c.last
}

func (c *catalog) count(project string, more int) {
	if c.counts[project] += more; c.counts[project] == 0 {
		delete(c.counts, project)
	}
}

// size is how many queues a project has, and what that depends on.
func (c *catalog) size(project string) (int, *group) {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.counts[project], c.last
}

func (c *catalog) latest() *group {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.last
}
