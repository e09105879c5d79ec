package push

import "sync"

// crowd is who listen to a log.
type crowd[K comparable, V any] struct {
	mu  sync.Mutex // held while a listener is woken, so that none is after it has left
	all []*Listener[K, V]
}

func (c *crowd[K, V]) add(l *Listener[K, V]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	l.index = len(c.all)
	c.all = append(c.all, l)
}

// remove is false if it is not there.
func (c *crowd[K, V]) remove(l *Listener[K, V]) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	if l.index < 0 {
		return false
	}
	last := len(c.all) - 1
	c.all[l.index] = c.all[last]
	c.all[l.index].index = l.index
	c.all[last] = nil
	c.all = c.all[:last]
	l.index = -1
	return true
}

const batch = 256 // listeners woken before others may come and go

// wake wakes those who are live, now that the chain ends at end, and cuts off
// those who are too far behind. It goes from the last to the first, since who
// leaves is replaced by the last.
func (c *crowd[K, V]) wake(end *cell[V]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for i := len(c.all) - 1; i >= 0; i-- {
		c.all[i].notice(end)
		if i%batch == 0 {
			c.mu.Unlock()
			c.mu.Lock()
			i = min(i, len(c.all))
		}
	}
}

// rouse wakes one who waits to be woken.
func (c *crowd[K, V]) rouse(l *Listener[K, V]) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if l.index >= 0 {
		l.rouse()
	}
}

func (c *crowd[K, V]) end(reason string) {
	c.mu.Lock()
	all := append([]*Listener[K, V](nil), c.all...)
	c.mu.Unlock()
	for _, l := range all {
		l.End(reason)
	}
}
