package zmq

import (
	"sync"
	"time"
)

// paced lets something be said once a second at most.
type paced struct {
	mu   sync.Mutex
	last time.Time
	more int // since then
}

// turn tells whether it may be said now, and how often it came up since it last was.
func (p *paced) turn() (since int, now bool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.more++
	if at := time.Now(); at.Sub(p.last) >= time.Second {
		since, p.more, p.last = p.more, 0, at
		return since, true
	}
	return 0, false
}
