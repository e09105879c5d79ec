package storage

import (
	"context"
	"time"
)

// DeliveryOrder asks for work: subscriptions that have something due.
type DeliveryOrder struct {
	Lease         string    // names the holder; chosen by the caller and never used twice
	Now, Until    time.Time // the lease ends at Until
	Subscriptions int       // at most so many, at least 1
	Messages      int       // at most so many of each, at least 1
}

// Delivery is a leased subscription with the next messages for it.
type Delivery struct {
	Subscription Subscription
	Lease        string
	Attempts     int       // how often the first of Letters was tried before
	Letters      []Letter  // at least one, in outbox order
	Until        time.Time // when the lease ends
}

// Letter is a message in an outbox.
type Letter struct {
	Position Position // in the outbox
	Message  Message  // as it was when it entered the log; Claim "" and Claims 0
}

// Settlement says what became of a delivery and ends its lease.
type Settlement struct {
	Queue        QueueID
	Subscription string
	Lease        string
	Now          time.Time

	// Done is the outbox position up to which all was accepted or given up; 0
	// if nothing was. What comes after it is due again at NotBefore (zero: at
	// once), and its first letter has been tried Attempts times.
	Done      Position
	NotBefore time.Time
	Attempts  int
}

// Deliveries is the work of durable subscriptions, those with Deliver set.
//
// While a queue has one, each message that enters its log (by a post, by falling
// due, by burial) also enters its outbox, in the same atomic step. A
// subscription hears of what enters after it was created, or after Deliver was
// last switched on, in order, whether or not the message is still in the queue
// then; a letter that has expired is passed over. The outbox keeps a letter
// until every durable subscription is past it or it expires. DeleteQueue empties
// it; its positions go on all the same.
type Deliveries interface {
	// TakeDeliveries leases live subscriptions that have a letter due and are
	// under no live lease. It returns none if there is no work.
	TakeDeliveries(ctx context.Context, o DeliveryOrder) ([]Delivery, error)

	// SettleDelivery answers ErrLeaseLost, and changes nothing, if the
	// subscription is not under that lease any more, or the lease has ended.
	SettleDelivery(ctx context.Context, s Settlement) error
}
