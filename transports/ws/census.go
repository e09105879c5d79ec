package ws

import (
	"net/netip"
	"sync"
	"unicode/utf8"

	"github.com/stackforge/marconi/core"

	"github.com/stackforge/marconi/transports"
)

// census counts connections, and knows how many there may be.
type census struct {
	max, maxPerAddress, maxPerProject int

	open sync.WaitGroup // connections that have arrived and not yet ended

	mu        sync.Mutex
	closed    bool
	all       map[*conn]struct{}
	opening   int // connections that are counted and not yet in all
	addresses map[netip.Prefix]int
	projects  map[string]int
}

// verdict is what comes of a wish to connect.
type verdict uint8

const (
	welcome  verdict = iota
	stopping         // nobody may connect any more
	full             // there are as many connections as there may be
	crowded          // … from this address
)

// longestProject is how many bytes a project can have whose queues can be used.
const longestProject = core.MaxProjectID * utf8.UTFMax

func newCensus(c Config) *census {
	return &census{
		max: c.MaxConnections, maxPerAddress: c.MaxPerAddress, maxPerProject: c.MaxPerProject,
		all: map[*conn]struct{}{}, addresses: map[netip.Prefix]int{}, projects: map[string]int{},
	}
}

// arrive counts a connection that begins, if there may be one more.
func (c *census) arrive(from netip.Prefix) verdict {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case c.closed:
		return stopping
	case reached(len(c.all)+c.opening, c.max):
		return full
	case reached(c.addresses[from], c.maxPerAddress):
		return crowded
	}
	c.open.Add(1)
	c.opening++
	c.addresses[from]++
	return welcome
}

// settle makes a connection that has arrived one of all. It tells whether it may
// stay.
func (c *census) settle(n *conn) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opening--
	c.all[n] = struct{}{}
	return !c.closed
}

// abandon takes back an arrival that came to nothing.
func (c *census) abandon(from netip.Prefix) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.opening--
	drop(c.addresses, from)
	c.open.Done()
}

// join counts a connection for a project, if it does not yet count for one and
// there may be one more.
func (c *census) join(n *conn, project string) bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case n.project != "" || project == "" || len(project) > longestProject:
		return true
	case reached(c.projects[project], c.maxPerProject):
		return false
	}
	n.project = project
	c.projects[project]++
	return true
}

// leave uncounts a connection that has ended.
func (c *census) leave(n *conn) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.all, n)
	drop(c.addresses, transports.Network(n.remote))
	if n.project != "" {
		drop(c.projects, n.project)
	}
	c.open.Done()
}

// close lets nobody in any more: from now on open only goes down.
func (c *census) close() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closed = true
}

// present are the connections there are now.
func (c *census) present() []*conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	all := make([]*conn, 0, len(c.all))
	for n := range c.all {
		all = append(all, n)
	}
	return all
}

func reached(n, limit int) bool { return limit >= 0 && n >= limit }

func drop[K comparable](counts map[K]int, key K) {
	if counts[key]--; counts[key] <= 0 {
		delete(counts, key)
	}
}
