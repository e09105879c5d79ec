package core

import (
	"context"
	"errors"

	"github.com/stackforge/marconi/storage"
)

// faults turns the words of the store into answers. What is missing here, a
// queue or a claim, needs its name in the answer: see the operations.
var faults = []struct {
	word  error
	code  Code
	title string
	text  string
}{
	{storage.ErrClaimed, Forbidden, "Unable to delete", "This message is claimed; it cannot be deleted without a valid claim ID."},
	{storage.ErrNotClaimed, Invalid, "Unable to delete", "A claim was specified, but the message is not currently claimed."},
	{storage.ErrClaimNotFound, Invalid, "Unable to delete", "The specified claim does not exist or has expired."},
	{storage.ErrKeyReused, Conflict, "", "This idempotency key was used for other messages."},
	{storage.ErrSubscriberTaken, Conflict, "", subscriberTaken},
	{storage.ErrFull, Unavailable, "", "There is no room for more messages."},
}

// fault is the answer to what the store said. Whatever is not one of its words
// is a failure of the backend, of which the caller is told only what it spoiled.
func fault(err error, spoiled string) error {
	if errors.Is(err, context.Canceled) || errors.Is(err, context.DeadlineExceeded) {
		return err
	}
	var order storage.OutOfOrder
	if errors.As(err, &order) {
		return newError(Conflict, "The sequence number is out of order: %d is expected.", order.Want)
	}
	for _, f := range faults {
		if errors.Is(err, f.word) {
			return &Error{Code: f.code, Title: f.title, Text: f.text}
		}
	}
	return &Error{Code: Unavailable, Text: spoiled, Err: err}
}

func noQueue(who Caller, name string) *Error {
	return notFound("Queue %s does not exist for project %s", name, who.Project)
}
