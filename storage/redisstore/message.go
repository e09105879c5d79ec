package redisstore

import (
	"context"
	"time"

	"github.com/stackforge/marconi/storage"
)

// plausible leaves out what cannot be the ID of a message.
func plausible(ids []string) []storage.Marker {
	ms := make([]storage.Marker, 0, len(ids))
	for _, id := range ids {
		m, ok := storage.ParseMarker(id)
		if ok && (m.Kind == storage.AtPosition || m.Kind == storage.AtDelayed) {
			ms = append(ms, m)
		}
	}
	return ms
}

func appendIDs(args []any, ids []storage.Marker) []any {
	for _, m := range ids {
		args = append(args, m.String())
	}
	return args
}

// maxExact is up to where Lua's numbers are exact.
const maxExact = 1 << 53

// appendPlaces adds IDs as positions if these are what they all spell, in one
// epoch: the epoch, the last of them, all of them packed, and each. Otherwise it
// adds the IDs as they are behind an epoch of "".
func appendPlaces(args []any, ids []storage.Marker) []any {
	last := storage.Position(0)
	for _, m := range ids {
		if m.Kind != storage.AtPosition || m.Epoch != ids[0].Epoch || m.Position > maxExact {
			return appendIDs(append(args, "", 0, ""), ids)
		}
		last = max(last, m.Position)
	}
	if len(ids) == 0 {
		return append(args, "", 0, "")
	}
	packed := make([]byte, 0, 7*len(ids))
	for _, m := range ids {
		p := m.Position
		packed = append(packed, byte(p>>48), byte(p>>40), byte(p>>32), byte(p>>24), byte(p>>16), byte(p>>8), byte(p))
	}
	args = append(args, epochText(ids[0].Epoch), uint64(last), packed)
	for _, m := range ids {
		args = append(args, uint64(m.Position))
	}
	return args
}

// GetMessages implements storage.Messages.
func (s *Store) GetMessages(ctx context.Context, q storage.QueueID, ids []string, now time.Time) ([]storage.Message, error) {
	word, r, err := s.run(ctx, "get", q, now, appendIDs(nil, plausible(ids))...)
	if err != nil || word == "queue" {
		return nil, err
	}
	return decodeItems(epochOf(r[0]), r[1])
}

// DeleteMessage implements storage.Messages.
func (s *Store) DeleteMessage(ctx context.Context, q storage.QueueID, id, claim string, now time.Time) error {
	return s.delete(ctx, q, now, "one", []string{claim}, []string{id})
}

// DeleteMessages implements storage.Messages.
func (s *Store) DeleteMessages(ctx context.Context, q storage.QueueID, ids, claims []string, now time.Time) error {
	how := "held"
	if claims == nil {
		how = "all"
	}
	return s.delete(ctx, q, now, how, claims, ids)
}

func (s *Store) delete(ctx context.Context, q storage.QueueID, now time.Time, how string, claims, ids []string) error {
	args := append(make([]any, 0, 5+len(claims)+len(ids)), how, len(claims))
	for _, c := range claims {
		args = append(args, c)
	}
	args = appendPlaces(args, plausible(ids))
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
	if len(r) != 4 {
		return nil, errReply
	}
	return decodeFound(epochOf(r[0]), "", r[1], r[2], r[3])
}

// PurgeMessages implements storage.Messages.
func (s *Store) PurgeMessages(ctx context.Context, q storage.QueueID) error {
	_, _, err := s.run(ctx, "purge", q, time.Time{})
	return err
}
