package storage

import "context"

// Pending is a post that was started. The zero value is of no post at all.
type Pending struct {
	posted Posted
	err    error
	rest   Waiter
}

// Waiter tells what became of a post that was started. Its method is called once
// at most.
type Waiter interface {
	Wait(ctx context.Context) (Posted, error)
}

// Concluded is a post of which it is known already what became of it.
func Concluded(posted Posted, err error) Pending { return Pending{posted: posted, err: err} }

// Awaited is a post of which a Waiter will know.
func Awaited(w Waiter) Pending { return Pending{rest: w} }

// Wait tells what PostMessages would have answered. When ctx is done before
// that, it answers the context's error, and the post goes on: it is stored wholly
// or not at all. It is called once, from any goroutine; a post that nobody waits
// for goes on as well.
func (p Pending) Wait(ctx context.Context) (Posted, error) {
	if p.rest == nil {
		return p.posted, p.err
	}
	return p.rest.Wait(ctx)
}
