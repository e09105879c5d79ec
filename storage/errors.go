package storage

import (
	"errors"
	"fmt"
)

// The answers a driver may give. They may come wrapped: compare with errors.Is.
var (
	ErrQueueNotFound        = errors.New("storage: queue not found")
	ErrClaimNotFound        = errors.New("storage: claim not found or ended")
	ErrSubscriptionNotFound = errors.New("storage: subscription not found")

	ErrClaimed         = errors.New("storage: message is claimed")
	ErrNotClaimed      = errors.New("storage: message is not claimed")
	ErrChanged         = errors.New("storage: metadata changed in between")
	ErrKeyReused       = errors.New("storage: idempotency key used for another post")
	ErrOutOfOrder      = errors.New("storage: producer sequence out of order") // always as an OutOfOrder
	ErrSubscriberTaken = errors.New("storage: subscriber already subscribed")
	ErrLeaseLost       = errors.New("storage: delivery lease lost")
	ErrFull            = errors.New("storage: no room for more messages") // what takes messages away still works
)

// OutOfOrder is the ErrOutOfOrder that names the number that was expected.
type OutOfOrder struct{ Want uint64 }

func (e OutOfOrder) Error() string {
	return fmt.Sprintf("%v: expected %d", ErrOutOfOrder, e.Want)
}

// Unwrap makes errors.Is(err, ErrOutOfOrder) hold.
func (e OutOfOrder) Unwrap() error { return ErrOutOfOrder }
