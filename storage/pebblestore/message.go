package pebblestore

import (
	"context"
	"slices"
	"time"

	"github.com/stackforge/marconi/storage"
)

// GetMessages implements storage.Messages.
func (s *Store) GetMessages(ctx context.Context, id storage.QueueID, ids []string, now time.Time) ([]storage.Message, error) {
	sl, err := s.settled(ctx, id, ms(now))
	if err != nil {
		return nil, err
	}
	if sl.life == nil {
		return nil, sl.conclude(ctx, nil, sl.remade)
	}
	messages, err := sl.life.getAll(ids, ms(now))
	return messages, sl.conclude(ctx, err, sl.changed)
}

func (l *life) getAll(ids []string, now int64) ([]storage.Message, error) {
	refs, err := l.findAll(ids, now)
	if err != nil {
		return nil, err
	}
	messages := make([]storage.Message, 0, len(refs))
	for _, r := range refs {
		m, there, err := l.read(r)
		if err != nil {
			return nil, err
		}
		if there {
			messages = append(messages, m)
		}
	}
	return messages, nil
}

// DeleteMessage implements storage.Messages.
func (s *Store) DeleteMessage(ctx context.Context, id storage.QueueID, message, claim string, now time.Time) error {
	sl, err := s.settled(ctx, id, ms(now))
	if err != nil {
		return err
	}
	l := sl.life
	if l == nil {
		return sl.conclude(ctx, nil, sl.remade)
	}
	r, there, err := l.find(message, ms(now))
	if err == nil && there {
		err = l.mayDelete(r, claim)
	}
	if err != nil || !there {
		return sl.conclude(ctx, err, sl.changed)
	}
	return sl.discard(ctx, []ref{r})
}

// discard removes messages and concludes the call.
func (sl *slot) discard(ctx context.Context, refs []ref) error {
	t := sl.e.begin()
	err := sl.life.discard(t, refs)
	return sl.conclude(ctx, err, sl.change(t))
}

// holder is the claim on a message, or "".
func (l *life) holder(r ref) string {
	if h := l.held[r.position]; h != nil && r.position > 0 {
		return h.id
	}
	return ""
}

func (l *life) mayDelete(r ref, claim string) error {
	holder := l.holder(r)
	switch {
	case holder == claim:
		return nil
	case claim == "":
		return storage.ErrClaimed
	case l.claims[claim] == nil:
		return storage.ErrClaimNotFound
	case holder == "":
		return storage.ErrNotClaimed
	default:
		return storage.ErrClaimed
	}
}

// DeleteMessages implements storage.Messages.
func (s *Store) DeleteMessages(ctx context.Context, id storage.QueueID, ids, claims []string, now time.Time) error {
	sl, err := s.settled(ctx, id, ms(now))
	if err != nil {
		return err
	}
	l := sl.life
	if l == nil {
		return sl.conclude(ctx, nil, sl.remade)
	}
	refs, err := l.findAll(ids, ms(now))
	if err != nil {
		return sl.conclude(ctx, err)
	}
	for _, r := range refs {
		if holder := l.holder(r); claims != nil && holder != "" && !slices.Contains(claims, holder) {
			return sl.conclude(ctx, storage.ErrClaimed, sl.changed)
		}
	}
	return sl.discard(ctx, refs)
}

// PopMessages implements storage.Messages.
func (s *Store) PopMessages(ctx context.Context, id storage.QueueID, limit int, now time.Time) ([]storage.Message, error) {
	sl, err := s.settled(ctx, id, ms(now))
	if err != nil {
		return nil, err
	}
	l := sl.life
	if l == nil {
		return nil, sl.conclude(ctx, nil, sl.remade)
	}
	messages, cursor, err := l.free(limit)
	if err != nil {
		return nil, sl.conclude(ctx, err)
	}
	t := sl.e.begin()
	l.cursor = cursor
	l.removeAll(t, positionsOf(messages))
	return messages, sl.conclude(ctx, nil, sl.change(t))
}

func positionsOf(messages []storage.Message) []storage.Position {
	ps := make([]storage.Position, len(messages))
	for i := range messages {
		ps[i] = messages[i].Position
	}
	return ps
}
