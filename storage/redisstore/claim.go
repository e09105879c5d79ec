package redisstore

import (
	"context"
	"errors"
	"time"

	"github.com/stackforge/marconi/storage"
)

// CreateClaim implements storage.Claims.
func (s *Store) CreateClaim(ctx context.Context, o storage.ClaimOrder) (storage.Claim, error) {
	worn, burial := any(""), any("")
	if o.Bury != nil {
		worn, burial = o.Bury.Max, encodeBurial(o)
	}
	word, r, err := s.claim(ctx, o, worn, burial)
	switch {
	case err != nil:
		return storage.Claim{}, err
	case word == "queue":
		return storage.Claim{}, storage.ErrQueueNotFound
	case word == "known":
		return decodeClaim(o.ID, r)
	case len(r) != 6:
		return storage.Claim{}, errReply
	}
	ms, err := decodeFound(epochOf(r[0]), o.ID, r[1], r[2], r[3])
	if err != nil {
		return storage.Claim{}, err
	}
	if buried := textsOf(r[4]); len(buried) > 0 {
		// Where this fails, the claim stands all the same, and Sweep carries it on.
		_ = s.bury(ctx, o.Queue, buried)
	}
	if len(ms) == 0 {
		return storage.Claim{Wake: instantOf(r[5])}, nil
	}
	return storage.Claim{ID: o.ID, Created: o.Now, Expires: o.Expires, Messages: ms}, nil
}

// claim asks once more when the answer was lost: an order that was carried out is
// known by its ID, and nobody else knows what it holds.
func (s *Store) claim(ctx context.Context, o storage.ClaimOrder, worn, burial any) (word string, r []any, err error) {
	end := time.Now().Add(s.config.Patience)
	for pause := newPause(); ; {
		word, r, err = s.run(ctx, "claim", o.Queue, o.Now, o.ID, o.Expires.UnixMilli(), o.Keep.UnixMilli(), o.Limit, worn, burial)
		if err == nil || !lost(err) || time.Now().After(end) {
			return word, r, err
		}
		if stop := pause.wait(ctx); stop != nil {
			return word, r, errors.Join(stop, err)
		}
	}
}

func textsOf(v any) []string {
	list, _ := v.([]any)
	texts := make([]string, len(list))
	for i, one := range list {
		texts[i] = text(one)
	}
	return texts
}

// decodeClaim reads epoch, created, end, messages.
func decodeClaim(id string, r []any) (storage.Claim, error) {
	if len(r) != 4 {
		return storage.Claim{}, errReply
	}
	ms, err := decodeItems(epochOf(r[0]), r[3])
	return storage.Claim{ID: id, Created: instantOf(r[1]), Expires: instantOf(r[2]), Messages: ms}, err
}

// GetClaim implements storage.Claims.
func (s *Store) GetClaim(ctx context.Context, q storage.QueueID, id string, now time.Time) (storage.Claim, error) {
	word, r, err := s.run(ctx, "getclaim", q, now, id)
	switch {
	case err != nil:
		return storage.Claim{}, err
	case word != "ok":
		return storage.Claim{}, storage.ErrClaimNotFound
	}
	return decodeClaim(id, r)
}

// RenewClaim implements storage.Claims.
func (s *Store) RenewClaim(ctx context.Context, q storage.QueueID, id string, now, expires, keep time.Time) error {
	word, _, err := s.run(ctx, "renew", q, now, id, expires.UnixMilli(), keep.UnixMilli())
	if err == nil && word != "ok" {
		err = storage.ErrClaimNotFound
	}
	return err
}

// ReleaseClaim implements storage.Claims.
func (s *Store) ReleaseClaim(ctx context.Context, q storage.QueueID, id string, now, visible time.Time) error {
	rest := int64(0)
	if visible.After(now) {
		rest = visible.UnixMilli()
	}
	_, _, err := s.run(ctx, "release", q, now, id, rest)
	return err
}
