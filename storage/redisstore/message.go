package redisstore

import (
	"context"
	"time"

	"github.com/stackforge/marconi/storage"
)

// plausible leaves out what cannot be the ID of a message.
func plausible(ids []string) []any {
	args := make([]any, 0, len(ids))
	for _, id := range ids {
		m, ok := storage.ParseMarker(id)
		if ok && (m.Kind == storage.AtPosition || m.Kind == storage.AtDelayed) {
			args = append(args, id)
		}
	}
	return args
}

// GetMessages implements storage.Messages.
func (s *Store) GetMessages(ctx context.Context, q storage.QueueID, ids []string, now time.Time) ([]storage.Message, error) {
	word, r, err := s.run(ctx, "get", q, now, plausible(ids)...)
	if err != nil || word == "queue" {
		return nil, err
	}
	return decodeItems(epochOf(r[0]), r[1])
}

// DeleteMessage implements storage.Messages.
func (s *Store) DeleteMessage(ctx context.Context, q storage.QueueID, id, claim string, now time.Time) error {
	return s.delete(ctx, q, now, append([]any{"one", 1, claim}, plausible([]string{id})...))
}

// DeleteMessages implements storage.Messages.
func (s *Store) DeleteMessages(ctx context.Context, q storage.QueueID, ids, claims []string, now time.Time) error {
	args := []any{"all", 0}
	if claims != nil {
		args = []any{"held", len(claims)}
		for _, c := range claims {
			args = append(args, c)
		}
	}
	return s.delete(ctx, q, now, append(args, plausible(ids)...))
}

func (s *Store) delete(ctx context.Context, q storage.QueueID, now time.Time, args []any) error {
	word, _, err := s.run(ctx, "delete", q, now, args...)
	if err != nil {
		return err
	}
	switch word {
	case "claimed":
		return storage.ErrClaimed
	case "noclaim":
		return storage.ErrClaimNotFound
	case "notclaimed":
		return storage.ErrNotClaimed
	}
	return nil
}

// PopMessages implements storage.Messages.
func (s *Store) PopMessages(ctx context.Context, q storage.QueueID, limit int, now time.Time) ([]storage.Message, error) {
	word, r, err := s.run(ctx, "pop", q, now, limit)
	if err != nil || word == "queue" {
		return nil, err
	}
	return decodeFree(epochOf(r[0]), "", r[1])
}

// PurgeMessages implements storage.Messages.
func (s *Store) PurgeMessages(ctx context.Context, q storage.QueueID) error {
	_, _, err := s.run(ctx, "purge", q, time.Time{})
	return err
}
