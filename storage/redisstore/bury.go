package redisstore

import (
	"context"
	"time"

	"github.com/stackforge/marconi/storage"
)

// A dead letter moves from one slot to another, which no script can reach both.
// It leaves the log into the hash g of its queue, in the step that would have
// claimed it; then it is appended to the dead letters, which recognise it by the
// place it left if it comes twice; then it is taken out of g. What a crash leaves
// in g is carried on by Sweep.

// encodeBurial keeps what must be known to carry on: where to, the epoch should
// that queue have to be made, when, and until when the message lives there.
func encodeBurial(o storage.ClaimOrder) []byte {
	expires := time.UnixMilli(0)
	if !o.Bury.Expires.IsZero() {
		expires = o.Bury.Expires
	}
	b := appendInstant(appendInstant(nil, o.Now), expires)
	e := o.Bury.Epoch
	b = append(b, byte(e>>24), byte(e>>16), byte(e>>8), byte(e))
	return append(appendText(b, o.Bury.Queue.Project), o.Bury.Queue.Name...)
}

// leaving is a message on its way.
type leaving struct {
	place, id string
	packed    []byte
	to        storage.QueueID
	epoch     uint32
	now       time.Time
}

func decodeLeaving(place, value string) (leaving, error) {
	r := &record{b: value}
	changed, since := r.number(6), r.number(6)
	l := leaving{place: place, id: r.text()}
	burial := &record{b: r.text()}
	l.now = burial.instant()
	expires := burial.number(6)
	l.epoch = uint32(burial.number(4))
	l.to = storage.QueueID{Project: burial.text(), Name: burial.b}
	switch {
	case expires != 0:
		changed, since = expires, l.now.UnixMilli()
	case changed == 0:
		m, err := decodeMessage(r.b)
		if err != nil {
			return l, err
		}
		changed = m.Expires.UnixMilli()
	}
	l.packed = rewrite(r.b, changed, since)
	if r.bad || burial.bad {
		return l, errRecord
	}
	return l, nil
}

// rewrite is a message with another expiry, since another instant if that is not 0.
func rewrite(packed string, expires, since int64) []byte {
	r := &record{b: packed}
	flags, created := byte(r.number(1)), r.instant()
	r.take(6)
	old := ""
	if flags&hasSince != 0 {
		old = r.take(6)
	}
	b := appendInstant(appendInstant(append(make([]byte, 0, len(packed)+6), flags), created), time.UnixMilli(expires))
	switch {
	case since != 0:
		b[0] |= hasSince
		b = appendInstant(b, time.UnixMilli(since))
	default:
		b = append(b, old...)
	}
	return append(b, r.b...)
}

// bury carries on what left a queue.
func (s *Store) bury(ctx context.Context, from storage.QueueID, names []string) error {
	values, err := s.client.HMGet(ctx, keyOf(from, leavingKey), names...).Result()
	if err != nil {
		return err
	}
	for i, v := range values {
		if v == nil {
			continue // somebody else carried it on
		}
		l, err := decodeLeaving(names[i], text(v))
		if err == nil {
			err = s.arrive(ctx, l)
		}
		if err == nil {
			err = s.client.HDel(ctx, keyOf(from, leavingKey), l.place).Err()
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// arrive appends a message to the dead letters, which are made if need be.
func (s *Store) arrive(ctx context.Context, l leaving) error {
	for {
		word, _, err := s.run(ctx, "bury", l.to, l.now, l.place, l.id, l.packed)
		if err != nil || word != "queue" {
			return err
		}
		if _, err := s.CreateQueue(ctx, storage.Queue{ID: l.to, Epoch: l.epoch, Created: l.now}); err != nil {
			return err
		}
	}
}
