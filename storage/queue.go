package storage

import (
	"context"
	"time"
)

// QueueID names a queue. The same name in two projects is two queues. Both
// parts are any strings: a driver must not let one ID reach another's data,
// whatever characters they hold.
type QueueID struct{ Project, Name string }

// Queue is the record of one life of a queue.
type Queue struct {
	ID       QueueID
	Epoch    uint32 // of this life; random, chosen by the caller, never 0
	Version  uint64 // of Metadata: 1 at creation, and one more with every change
	Metadata []byte // as the caller gave it
	Created  time.Time
}

// Queues keeps the queues themselves.
type Queues interface {
	// CreateQueue makes a queue from ID, Epoch, Metadata and Created. A queue
	// that exists stays as it is, and created is false.
	CreateQueue(ctx context.Context, q Queue) (created bool, err error)

	// GetQueue answers ErrQueueNotFound if there is none.
	GetQueue(ctx context.Context, id QueueID) (Queue, error)

	// SetMetadata replaces the metadata if its version still is the one given.
	// Otherwise it answers ErrChanged; or ErrQueueNotFound.
	SetMetadata(ctx context.Context, id QueueID, metadata []byte, version uint64) error

	// DeleteQueue ends a life: its messages, claims, outbox and idempotency
	// records go with it; its subscriptions stay. A missing queue is no error.
	DeleteQueue(ctx context.Context, id QueueID) error

	// ListQueues lists a project's queues in the byte order of their names.
	ListQueues(ctx context.Context, f QueueFilter) (Page[Queue], error)

	// CountQueues counts a project's queues.
	CountQueues(ctx context.Context, project string) (int, error)

	// QueueStats is exact as of now. It answers ErrQueueNotFound.
	QueueStats(ctx context.Context, id QueueID, now time.Time) (Stats, error)
}

// QueueFilter says which queues to list.
type QueueFilter struct {
	Project string
	Marker  string // a name, of a queue or not: only names after it
	Limit   int    // at least 1
}

// Stats is the state of a queue at an instant.
type Stats struct {
	Total   int // all that is not gone: free, claimed, resting and delayed
	Claimed int // under a live claim, or resting
	Delayed int

	// The first and the last message of the log, claimed ones included, with
	// the delayed behind the log in the order they fall due. Their Body may be
	// nil. Nil if Total is 0.
	Oldest, Newest *Message

	Epoch uint32
	Tail  Position // the last position given; 0 before the first

	// Wake is when the state next changes by itself for a claimer: no later
	// than the first instant at which a delayed message falls due, a claim ends
	// or a rest is over. It is after now, and zero if there is none of these. A
	// delayed message that expires first never falls due.
	Wake time.Time
}
