package storage

import (
	"context"
	"time"
)

// Driver is one open backend. Its methods may be called from many goroutines at
// once. A call whose context is done answers the context's error, and has then
// happened wholly or not at all.
//
// A driver reads no clock but in Now: each operation in which time matters is
// told the instant it happens at. It applies no default, no limit and no policy
// of its own. An error that is none of this package's words means that the
// backend failed.
type Driver interface {
	Queues
	Messages
	Claims
	Subscriptions
	Deliveries
	Feed

	// Sweep removes what time has ended: expired messages, subscriptions and
	// idempotency records, unfinished burials. It looks at about limit records
	// and reports how many it removed; fewer than limit means that there was
	// no more to do. Nothing that anybody can see depends on it.
	Sweep(ctx context.Context, now time.Time, limit int) (int, error)

	// Now is the backend's own clock. Brokers that share a backend share it.
	Now(ctx context.Context) (time.Time, error)

	// Ping reports whether the backend can serve at this moment.
	Ping(ctx context.Context) error

	// Close ends what the driver started and waits for it. Calls after it fail.
	Close() error
}

// Page is part of a listing.
type Page[T any] struct {
	Items []T
	Next  string // the marker that goes on after the last item; "" on an empty page
}
