package client

import (
	"context"
	"errors"
	"net/http"
)

// errEnough ends a use of sockets without anything being wrong.
var errEnough = errors.New("marconi: enough")

var errNoProject = errors.New("marconi: listening needs the Project in the Config, even with a Token")

// stay opens sockets one after another, until use has had enough, ctx is done, or
// the broker refuses what it will refuse again. Use works with one until that is
// over, and tells whether it came to anything.
func (c *Client) stay(ctx context.Context, lost func(error), use func(*socket) (worked bool, err error)) error {
	if c.header.Get("X-Project-Id") == "" {
		return errNoProject
	}
	for tries := 0; ; tries++ {
		worked, err := c.once(ctx, use)
		switch {
		case errors.Is(err, errEnough):
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case hopeless(err):
			return err
		case worked:
			tries = 0
		}
		if lost != nil {
			lost(err)
		}
		if err := pause(ctx, delayAfter(tries)); err != nil {
			return err
		}
	}
}

func (c *Client) once(ctx context.Context, use func(*socket) (bool, error)) (worked bool, err error) {
	s, err := c.connect(ctx)
	if err != nil {
		return false, err
	}
	defer s.close()
	return use(s)
}

// hopeless reports whether the next try would bring the same. That there is no
// room for one more can change.
func hopeless(err error) bool {
	status := StatusOf(err)
	return status >= 300 && status < 500 && status != http.StatusRequestTimeout && status != http.StatusTooManyRequests
}
