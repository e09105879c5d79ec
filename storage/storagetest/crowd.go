package storagetest

import (
	"context"
	"errors"
	"sync"
	"time"
)

// raceTime bounds a race that no longer gets anywhere.
const raceTime = 3 * time.Minute

var errStalled = errors.New("the race stalled")

// crowd is callers that begin at once. The first that fails stops them all.
type crowd struct {
	T
	start   chan struct{}
	ctx     context.Context
	fail    context.CancelCauseFunc
	members sync.WaitGroup
}

func newCrowd(t T) *crowd {
	ctx, cancel := context.WithTimeoutCause(t.Context(), raceTime, errStalled)
	t.Cleanup(cancel)
	c := &crowd{T: t, start: make(chan struct{})}
	c.ctx, c.fail = context.WithCancelCause(ctx)
	return c
}

// enter adds that many members, and tells each its number.
func (c *crowd) enter(members int, run func(ctx context.Context, member int) error) {
	for member := range members {
		c.members.Go(func() {
			<-c.start
			if err := run(c.ctx, member); err != nil {
				c.fail(err)
			}
		})
	}
}

// run lets all members begin and waits for them. It ends the case if one has
// failed.
func (c *crowd) run() {
	c.Helper()
	close(c.start)
	c.members.Wait()
	err := context.Cause(c.ctx)
	c.fail(nil)
	if err != nil {
		c.Fatalf("%v", err)
	}
}

// tide lets callers wait until something has happened since they looked.
type tide struct {
	mu   sync.Mutex
	turn chan struct{} // closed when the tide rises; nil if nobody waits
}

// next is closed when the tide rises next.
func (t *tide) next() <-chan struct{} {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.turn == nil {
		t.turn = make(chan struct{})
	}
	return t.turn
}

func (t *tide) rise() {
	t.mu.Lock()
	defer t.mu.Unlock()
	if t.turn != nil {
		close(t.turn)
		t.turn = nil
	}
}

// wait waits for a rise, or says why it no longer does.
func wait(ctx context.Context, rise <-chan struct{}) error {
	select {
	case <-rise:
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}
