// Package transports names what every door to the broker has in common.
package transports

import "context"

// Transport is one open door. It is made listening: a constructor that fails, as
// on a port in use, fails before anything is served.
type Transport interface {
	// Addr is where it listens, as a URL.
	Addr() string

	// Serve serves until ctx is done, lets what is in progress finish within
	// the door's own deadline, and returns when all it started has ended. It is
	// called once. Being told to end is no error.
	Serve(ctx context.Context) error
}
