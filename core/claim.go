package core

import (
	"context"
	"errors"
	"time"

	"github.com/stackforge/marconi/storage"
)

// ClaimCreateRequest claims messages.
type ClaimCreateRequest struct {
	Queue string `json:"queue_name"`
	Limit *int64 `json:"limit"`
	TTL   *int64 `json:"ttl"`   // seconds that the claim lasts
	Grace *int64 `json:"grace"` // seconds that its messages live beyond it, at least
	Wait  *int64 `json:"wait"`  // seconds to wait for a message if there is none, 0 to MaxWait; nil: 0
}

// Claim is a hold on messages.
type Claim struct {
	ID       string    `json:"-"`
	Age      int64     `json:"age"` // seconds since it was made or renewed
	TTL      int64     `json:"ttl"` // seconds
	Messages []Message `json:"messages"`
}

// ClaimCreated is a claim just made. It has no messages if there were none to
// claim, and does not exist then.
type ClaimCreated struct {
	ID       string    `json:"claim_id"`
	Messages []Message `json:"messages"`
}

// CreateClaim claims the first free messages of a queue. Messages that were
// claimed too often move to the dead letters instead. If it is to wait, and there
// is nothing to claim, it waits; who came first is served first.
func (b *Broker) CreateClaim(ctx context.Context, who Caller, r ClaimCreateRequest) (ClaimCreated, error) {
	limit, err := page(r.Limit, b.limits.MaxMessagesPerClaimOrPop, messagePage)
	if err != nil {
		return ClaimCreated{}, err
	}
	var made ClaimCreated
	err = b.wait(ctx, who.queue(r.Queue), r.Wait, limit, func() (seen sight, err error) {
		made, seen, err = b.claim(ctx, who, r, newID(), limit)
		return seen, err
	})
	return made, err
}

// claim claims what is free now, under an ID. The same ID again, after a claim of
// which nobody knows what became, answers that claim if it was made.
func (b *Broker) claim(ctx context.Context, who Caller, r ClaimCreateRequest, claim string, limit int) (ClaimCreated, sight, error) {
	now := b.now()
	expires, keep, err := b.hold(now, r.TTL, r.Grace, MinClaimGrace)
	if err != nil {
		return ClaimCreated{}, sight{}, err
	}
	o := storage.ClaimOrder{ID: claim, Queue: who.queue(r.Queue), Now: now, Expires: expires, Keep: keep, Limit: limit}
	s, err := b.settingsFor(ctx, o.Queue, now)
	var made storage.Claim
	if err == nil {
		o.Bury = burial(who, s, now)
		made, err = b.store.CreateClaim(ctx, o)
	}
	if errors.Is(err, storage.ErrQueueNotFound) {
		return ClaimCreated{}, sight{}, nil
	}
	if err != nil {
		return ClaimCreated{}, sight{}, fault(err, claimNotCreated)
	}
	seen := sight{found: len(made.Messages), more: o.Bury != nil, wake: made.Wake} // more, behind what was buried
	if seen.found == 0 && seen.more && r.Wait != nil {
		seen.more, err = b.anyFree(ctx, o.Queue)
	}
	if err != nil {
		return ClaimCreated{}, sight{}, fault(err, claimNotCreated)
	}
	return ClaimCreated{ID: made.ID, Messages: viewsOf(made.Messages, now)}, seen, nil
}

const claimNotCreated = "Claim could not be created."

// anyFree tells, after a claim that was empty, whether all that it came upon was
// buried: then there may be free messages behind.
func (b *Broker) anyFree(ctx context.Context, q storage.QueueID) (bool, error) {
	s, err := b.store.QueueStats(ctx, q, b.now())
	if errors.Is(err, storage.ErrQueueNotFound) {
		return false, nil
	}
	return s.Total-s.Claimed-s.Delayed > 0, err
}

// hold says when a claim ends and how long its messages live at least.
func (b *Broker) hold(now time.Time, ttl, grace *int64, minGrace int64) (expires, keep time.Time, err error) {
	t, g := b.limits.DefaultClaimTTL, b.limits.DefaultClaimGrace
	if ttl != nil {
		t = *ttl
	}
	if grace != nil {
		g = *grace
	}
	err = firstError(
		checkSpan("TTL for a claim", t, MinClaimTTL, b.limits.MaxClaimTTL),
		checkSpan("grace for a claim", g, minGrace, b.limits.MaxClaimGrace))
	expires = now.Add(seconds(t))
	return expires, expires.Add(seconds(g)), err
}

// burial is nil for a queue that has no dead letters.
func burial(who Caller, s settings, now time.Time) *storage.Bury {
	if !s.countClaims {
		return nil
	}
	bury := &storage.Bury{Max: s.maxClaims, Queue: who.queue(s.dead), Epoch: newEpoch()}
	if s.deadTTL > 0 {
		bury.Expires = now.Add(seconds(s.deadTTL))
	}
	return bury
}

// ClaimGetRequest names a claim.
type ClaimGetRequest struct {
	Queue string `json:"queue_name"`
	ID    string `json:"claim_id"`
}

// GetClaim shows a claim and what is left in it.
func (b *Broker) GetClaim(ctx context.Context, who Caller, r ClaimGetRequest) (Claim, error) {
	now := b.now()
	c, err := b.store.GetClaim(ctx, who.queue(r.Queue), r.ID, now)
	if errors.Is(err, storage.ErrClaimNotFound) {
		return Claim{}, noClaim(who, r.Queue, r.ID)
	}
	if err != nil {
		return Claim{}, fault(err, "Claim could not be queried.")
	}
	return Claim{
		ID:       c.ID,
		Age:      wholeSeconds(now.Sub(c.Created)),
		TTL:      int64(c.Expires.Sub(c.Created) / time.Second),
		Messages: viewsOf(c.Messages, now),
	}, nil
}

func noClaim(who Caller, queue, id string) *Error {
	return notFound("Claim %s does not exist in queue %s for project %s", id, queue, who.Project)
}

// ClaimUpdateRequest renews a claim.
type ClaimUpdateRequest struct {
	Queue string `json:"queue_name"`
	ID    string `json:"claim_id"`
	TTL   *int64 `json:"ttl"`   // seconds from now; nil: the default, not what it was
	Grace *int64 `json:"grace"` // seconds; nil: the default
}

// UpdateClaim lets a claim end a ttl from now. Unlike with a new claim, any grace
// is taken: a negative one for none, one above the limit for the limit.
func (b *Broker) UpdateClaim(ctx context.Context, who Caller, r ClaimUpdateRequest) (None, error) {
	now := b.now()
	if r.Grace != nil {
		r.Grace = new(min(max(0, *r.Grace), b.limits.MaxClaimGrace))
	}
	expires, keep, err := b.hold(now, r.TTL, r.Grace, 0)
	if err != nil {
		return None{}, err
	}
	err = b.store.RenewClaim(ctx, who.queue(r.Queue), r.ID, now, expires, keep)
	if errors.Is(err, storage.ErrClaimNotFound) {
		return None{}, noClaim(who, r.Queue, r.ID)
	}
	if err != nil {
		return None{}, fault(err, "Claim could not be updated.")
	}
	return None{}, nil
}

// ClaimDeleteRequest names a claim to release.
type ClaimDeleteRequest struct {
	Queue string `json:"queue_name"`
	ID    string `json:"claim_id"`
}

// DeleteClaim releases what is left in a claim at once. A claim that is not there
// is no error.
func (b *Broker) DeleteClaim(ctx context.Context, who Caller, r ClaimDeleteRequest) (None, error) {
	now := b.now()
	if err := b.store.ReleaseClaim(ctx, who.queue(r.Queue), r.ID, now, now); err != nil {
		return None{}, fault(err, "Claim could not be deleted.")
	}
	b.leases.finishClaims(who.queue(r.Queue), r.ID)
	return None{}, nil
}
