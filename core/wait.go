package core

import (
	"context"
	"time"

	"github.com/stackforge/marconi/storage"
)

// look is one look at the store for somebody who waits.
type look func() (sight, error)

// sight is what a look has seen.
type sight struct {
	found int
	more  bool      // there may be more to find at once, though that was not all that it could take
	wake  time.Time // if nothing was found: when there may be something without anybody's doing
}

const tooManyWait = "Too many requests are waiting already."

// wait looks until something is found, for a span of seconds at most. Who waits
// takes at most so much of what is found, or with 0 only reads. It looks when
// something happens in the queue, or when a look has said; so the store is not
// asked while nothing happens. To have waited in vain is no error, and neither is
// it that the broker stops.
func (b *Broker) wait(ctx context.Context, id storage.QueueID, span *int64, takes int, look look) error {
	if span == nil || *span == 0 {
		_, err := look()
		return err
	}
	if err := checkSpan("wait for messages", *span, 0, MaxWait); err != nil {
		return err
	}
	defer b.waiters.Add(-1)
	if b.waiters.Add(1) > b.limits.MaxWaiters {
		return newError(Unavailable, tooManyWait)
	}
	until, cancel := context.WithTimeout(ctx, seconds(*span))
	defer cancel()
	return b.waitUntil(until, ctx, id, takes, look)
}

// StopWaiting answers all requests that wait for messages, now and from now on,
// as if their time were over. A door calls it when it is told to end.
func (b *Broker) StopWaiting() { b.hub.StopWaiting() }

func (b *Broker) waitUntil(until, ctx context.Context, id storage.QueueID, takes int, look look) error {
	w := b.hub.Wait(id, takes)
	defer w.Leave()
	for {
		w.Look()
		seen, err := look()
		switch {
		case err != nil:
			return err
		case seen.found > 0:
			w.Found(seen.found, seen.more)
			return nil
		case seen.more && !b.inVain(until):
			continue
		case !w.Sleep(until, seen.wake):
			return ctx.Err()
		}
	}
}

// inVain tells whether it is of no use to wait.
func (b *Broker) inVain(ctx context.Context) bool {
	select {
	case <-b.hub.InVain():
		return true
	default:
		return ctx.Err() != nil
	}
}
