package client

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"net/http"
	"time"
)

const (
	firstDelay  = 100 * time.Millisecond
	longestWait = 5 * time.Second

	// keyWindow is for how long a request is repeated under one key. Servers
	// know a key for ten minutes.
	keyWindow = 5 * time.Minute
)

// persist sends an idempotent request until it is answered, refused, or tried
// often enough.
func (c *Client) persist(ctx context.Context, r request) (answer, error) {
	began := time.Now()
	for tries := 0; ; tries++ {
		a, err := c.do(ctx, r)
		if err == nil || !mayPass(ctx, err) || tries >= c.retries {
			return a, err
		}
		delay := delayAfter(tries)
		if time.Since(began)+delay > keyWindow {
			return a, err
		}
		if stopped := pause(ctx, delay); stopped != nil {
			return a, fmt.Errorf("%w while waiting to try again: %w", stopped, err)
		}
	}
}

// mayPass reports whether an error can be gone at the next try.
func mayPass(ctx context.Context, err error) bool {
	if ctx.Err() != nil {
		return false
	}
	_, lost := errors.AsType[*lostError](err)
	return lost || StatusOf(err) == http.StatusServiceUnavailable
}

// delayAfter doubles with each try. It is random in its upper half, so that
// clients that were cut off together do not come back together.
func delayAfter(tries int) time.Duration {
	d := min(firstDelay<<min(tries, 10), longestWait)
	return d/2 + rand.N(d/2)
}

// pause waits, unless ctx is done before.
func pause(ctx context.Context, d time.Duration) error {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
