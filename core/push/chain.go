package push

import "sync/atomic"

// What lies between a live listener and the end of the log, at most. One item is
// always allowed, however large.
const (
	MaxItems = 512
	MaxBytes = 1 << 20
)

// step is an item or, without one, the news that all up to Place is told or gone.
type step[V any] struct {
	Place
	item  bool
	size  int
	value V
}

// cell is a link of the chain that live listeners share. Each of them holds the
// cell at which it goes on; what all have taken is held by nobody.
type cell[V any] struct {
	step         step[V] // once next is there
	next         atomic.Pointer[cell[V]]
	items, bytes uint64 // in the chain before it
}

// chain is where the news is added.
type chain[V any] struct{ end *cell[V] }

func newChain[V any]() chain[V] { return chain[V]{new(cell[V])} }

func (c *chain[V]) add(s step[V]) {
	next := &cell[V]{items: c.end.items + 1, bytes: c.end.bytes + uint64(s.size)}
	c.end.step = s
	c.end.next.Store(next)
	c.end = next
}

// skip leaves out so much that whoever was live is behind.
func (c *chain[V]) skip() {
	c.end = &cell[V]{items: c.end.items + MaxItems + 1, bytes: c.end.bytes}
}

// far reports whether too much lies between two cells: nothing does if the second
// comes first.
func far[V any](from, to *cell[V]) bool {
	items, bytes := int64(to.items-from.items), int64(to.bytes-from.bytes)
	return items > MaxItems || bytes > MaxBytes && items > 1
}
