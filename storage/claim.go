package storage

import (
	"context"
	"time"
)

// ClaimOrder asks for a claim on the next free messages.
type ClaimOrder struct {
	ID      string // chosen by the caller and never used twice, so that a retry is recognised
	Queue   QueueID
	Now     time.Time
	Expires time.Time // when the claim ends
	Keep    time.Time // not before Expires: a message that would expire before Expires now expires at Keep
	Limit   int       // at least 1
	Bury    *Bury     // nil: no dead letters, and claims are not counted
}

// Bury sends a message that was claimed Max times to the dead letters instead of
// claiming it once more. There it is the same message (ID, body, client, Created)
// at the end of the log, free at once, with Claims 0. Buried messages count
// against the limit of the order and are not replaced by others.
type Bury struct {
	Max     int
	Queue   QueueID   // of the dead letters; made with no metadata if it is missing
	Epoch   uint32    // for that queue should it have to be made
	Expires time.Time // of the message there; zero keeps its own
}

// Claim is a hold on messages until an instant.
type Claim struct {
	ID       string
	Created  time.Time // or when it was last renewed
	Expires  time.Time
	Messages []Message // in the order of their positions
	Wake     time.Time // if nothing was claimed: as in Stats
}

// Claims hands messages out, each to one claim at a time. Each call is one atomic
// step: no message is ever in two live claims, and none that is delayed, resting
// or gone is in any. Messages are claimed in the order of their positions; what
// came back from a claim keeps its place in that order.
type Claims interface {
	// CreateClaim claims the first free messages, at most o.Limit. With none
	// free, or all of them buried, there is no claim: Claim has no messages. An
	// order whose ID names a live claim answers that claim as it is. It answers
	// ErrQueueNotFound.
	CreateClaim(ctx context.Context, o ClaimOrder) (Claim, error)

	// GetClaim answers ErrClaimNotFound if the claim has ended, was released, or
	// has no message left.
	GetClaim(ctx context.Context, q QueueID, id string, now time.Time) (Claim, error)

	// RenewClaim lets a live claim end at expires, and its messages live as
	// ClaimOrder.Keep says. It answers ErrClaimNotFound.
	RenewClaim(ctx context.Context, q QueueID, id string, now, expires, keep time.Time) error

	// ReleaseClaim ends a live claim. Its messages are free at once if visible
	// is not after now, and rest until visible otherwise. A claim that is not
	// live is no error and changes nothing.
	ReleaseClaim(ctx context.Context, q QueueID, id string, now, visible time.Time) error
}
