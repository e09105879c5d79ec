package storage

import (
	"context"
	"time"
)

// Feed tells of what happens in queues, whichever process did it. It tells only
// that there is something to read: the log is the truth.
type Feed interface {
	// Follow calls see for each event of a queue, there or not, until stop. The
	// first event has Lost set. See does not block and calls neither the driver
	// nor stop; it is called by one goroutine at a time and not after stop has
	// returned. The context bounds Follow itself, not what follows.
	Follow(ctx context.Context, q QueueID, see func(Event)) (stop func(), err error)
}

// Event is something that happened in a queue. Several may be told as one.
type Event struct {
	// Epoch is of the life in which it happened. It is 0 if the queue was
	// deleted, and in an event that tells nothing but Lost.
	Epoch       uint32
	First, Last Position  // became visible; 0 if nothing did
	Freed       bool      // a claim was released: there may be something to claim
	Due         time.Time // a message was posted delayed until then
	Lost        bool      // events may have been missed: read the log. Set after every (re)connection of the feed
}
