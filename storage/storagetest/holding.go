package storagetest

import (
	"time"

	"github.com/stackforge/marconi/storage"
)

// The usual length of a claim, and how long it keeps its messages.
const (
	holdTime = 30 * time.Second
	keepTime = 40 * time.Second
)

// order is the usual claim: it ends after 30 s and keeps messages 10 s longer.
func (q queue) order(id string, now time.Time, limit int) storage.ClaimOrder {
	return storage.ClaimOrder{
		ID:      id,
		Queue:   q.id,
		Now:     now,
		Expires: now.Add(holdTime),
		Keep:    now.Add(keepTime),
		Limit:   limit,
	}
}

func (q queue) take(o storage.ClaimOrder) storage.Claim {
	q.Helper()
	c, err := q.d.CreateClaim(q.Context(), o)
	if err != nil {
		q.Fatalf("CreateClaim %q: %v", o.ID, err)
	}
	return c
}

func (q queue) claim(id string, now time.Time, limit int) storage.Claim {
	q.Helper()
	return q.take(q.order(id, now, limit))
}

// claimed looks a live claim up.
func (q queue) claimed(id string, now time.Time) storage.Claim {
	q.Helper()
	c, err := q.d.GetClaim(q.Context(), q.id, id, now)
	if err != nil {
		q.Fatalf("GetClaim %q: %v", id, err)
	}
	return c
}

// unclaimed checks that there is no such claim.
func (q queue) unclaimed(id string, now time.Time) {
	q.Helper()
	_, err := q.d.GetClaim(q.Context(), q.id, id, now)
	answers(q, "GetClaim "+id, err, storage.ErrClaimNotFound)
}

// renew is RenewClaim as it answers.
func (q queue) renew(id string, now, expires, keep time.Time) error {
	return q.d.RenewClaim(q.Context(), q.id, id, now, expires, keep)
}

// release ends a claim; a zero rest frees at once.
func (q queue) release(id string, now time.Time, rest time.Duration) {
	q.Helper()
	visible := now
	if rest > 0 {
		visible = now.Add(rest)
	}
	if err := q.d.ReleaseClaim(q.Context(), q.id, id, now, visible); err != nil {
		q.Fatalf("ReleaseClaim %q: %v", id, err)
	}
}
