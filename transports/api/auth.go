package api

import (
	"context"
	"errors"

	"github.com/stackforge/marconi/core"
)

// Authenticator finds out who sends a call. It may be used by many goroutines.
type Authenticator interface {
	// Authenticate answers what is proven of the caller: its roles, and its
	// project, or "" to let it name any. It answers ErrUnauthenticated or
	// ErrGrant, or an error of its own if it cannot tell at this moment.
	Authenticate(ctx context.Context, c *Call) (core.Caller, error)

	// Challenge tells a caller how to authenticate: the value of a
	// WWW-Authenticate header, or "".
	Challenge() string
}

// ErrUnauthenticated is the answer to a caller who has not proven who it is.
var ErrUnauthenticated = errors.New("api: not authenticated")

// ErrGrant is the answer to a caller with a grant that is none, or is for
// something else.
var ErrGrant = errors.New("api: no such grant")

// Authenticate lets only calls pass of which a knows the sender.
func Authenticate(a Authenticator) Middleware {
	return func(next Handler) Handler {
		return HandlerFunc(func(ctx context.Context, c *Call) Reply {
			caller, err := a.Authenticate(ctx, c)
			switch {
			case errors.Is(err, ErrUnauthenticated):
				return Reply{Status: 401, Result: &Problem{
					Title:       "Unauthorized",
					Description: "The request you have made requires authentication.",
					Challenge:   a.Challenge(),
				}}
			case errors.Is(err, ErrGrant):
				return ungranted(c, err)
			case err != nil:
				return failed(&core.Error{Code: core.Unavailable, Text: "The caller could not be authenticated.", Err: err})
			}
			c.Caller = caller
			return next.Handle(ctx, c)
		})
	}
}

// ungranted is the answer to a grant that does not hold, as Zaqar gives it: over
// HTTP there is then nothing to be found.
func ungranted(c *Call, err error) Reply {
	if c.Method != "" {
		return Reply{Status: 404, Result: &Problem{Title: "404 Not Found", Err: err}}
	}
	return Reply{Status: 403, Result: &Problem{Title: "Not authentified.", Description: "Not authentified.", Err: err}}
}
