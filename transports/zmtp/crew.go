package zmtp

import "sync"

// crew handles messages at once, by goroutines that last as long as there is work.
type crew struct {
	size  int // goroutines at most
	bytes int // in their hands, but that one message may be longer
	do    func(*Message)

	mu    sync.Mutex
	moved sync.Cond // next was taken, or a message is done with
	busy  int
	load  int
	next  *Message // waits for the first who is free
}

func newCrew(size, bytes int, do func(*Message)) *crew {
	c := &crew{size: size, bytes: bytes, do: do}
	c.moved.L = &c.mu
	return c
}

// handle has m handled. It waits while all are busy and another message waits, or
// while too much is being handled.
func (c *crew) handle(m *Message) {
	size := m.Size()
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.next != nil || c.load > 0 && c.load+size > c.bytes {
		c.moved.Wait()
	}
	c.load += size
	if c.busy == c.size {
		c.next = m
		return
	}
	c.busy++
	go c.work(m)
}

func (c *crew) work(m *Message) {
	for m != nil {
		size := m.Size() // it may be released
		c.do(m)
		m = c.done(size)
	}
}

// done takes a message's size off the load, and is the next message for who has
// handled it: nil ends him.
func (c *crew) done(size int) (m *Message) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.load -= size
	if m, c.next = c.next, nil; m == nil {
		c.busy--
	}
	c.moved.Signal()
	return m
}

// wait returns when all is handled.
func (c *crew) wait() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.busy > 0 {
		c.moved.Wait()
	}
}
