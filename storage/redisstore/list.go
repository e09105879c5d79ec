package redisstore

import (
	"context"

	"github.com/stackforge/marconi/storage"
)

// scan is how many records are read at once where nobody can say how many are
// wanted.
const scan = 200

// ListMessages implements storage.Messages. A script reads a bounded part of the
// log; the rest of the page comes from others, and nothing enters the log behind
// what was read.
func (s *Store) ListMessages(ctx context.Context, f storage.MessageFilter) (page storage.MessagePage, err error) {
	at, ok := storage.ParseMarker(f.Marker)
	marker := f.Marker
	if !ok {
		marker, at = "", storage.Marker{} // the queue is asked all the same
	}
	for {
		limit := f.Limit - len(page.Items)
		if f.NotFrom != "" {
			limit = max(limit, scan)
		}
		word, r, err := s.run(ctx, "list", f.Queue, f.Now, listArguments(marker, at, limit, f)...)
		switch {
		case err != nil:
			return storage.MessagePage{}, err
		case word == "queue":
			return storage.MessagePage{}, storage.ErrQueueNotFound
		case len(r) != 5:
			return storage.MessagePage{}, errReply
		}
		page.Epoch, page.Tail, page.Wake = epochOf(r[0]), storage.Position(number(r[1])), instantOf(r[2])
		if !ok {
			return page, nil
		}
		items, err := decodeItems(page.Epoch, r[4])
		if err != nil {
			return storage.MessagePage{}, err
		}
		at = resolved(at, marker, page.Epoch)
		read := len(items)
		for i := range items {
			at = advance(at, &items[i], page.Epoch, page.Tail)
			if f.NotFrom != "" && items[i].ClientID == f.NotFrom {
				continue
			}
			page.Items = append(page.Items, items[i])
			page.Next = at.String()
			if len(page.Items) == f.Limit {
				return page, nil
			}
		}
		switch {
		case word == "part":
			at = reach(at, page.Epoch, storage.Position(number(r[3])))
		case read < limit:
			return page, nil
		}
		marker = at.String()
	}
}

// resolved is where a marker goes on of which the script knew the place.
func resolved(at storage.Marker, marker string, epoch uint32) storage.Marker {
	if at.Epoch != epoch || at.Kind == storage.AtDelayed || marker == "" {
		return storage.Marker{Kind: storage.AtPosition, Epoch: epoch}
	}
	return at
}

// advance is the marker that goes on after a message that was read from at.
func advance(at storage.Marker, m *storage.Message, epoch uint32, tail storage.Position) storage.Marker {
	if m.Position > 0 {
		return reach(at, epoch, m.Position)
	}
	id, _ := storage.ParseMarker(m.ID)
	return storage.Marker{Kind: storage.AmongDelayed, Epoch: epoch, Position: tail, Due: m.Visible, Counter: id.Counter}
}

// reach keeps the delayed part of a place while the log is read on.
func reach(at storage.Marker, epoch uint32, p storage.Position) storage.Marker {
	if at.Kind != storage.AmongDelayed {
		at = storage.Marker{Kind: storage.AtPosition}
	}
	at.Epoch, at.Position = epoch, p
	return at
}

func listArguments(marker string, at storage.Marker, limit int, f storage.MessageFilter) []any {
	kinds := map[storage.MarkerKind]string{storage.AtPosition: "p", storage.AtDelayed: "d", storage.AmongDelayed: "m"}
	counter := storage.DelayedID(0, at.Counter)[10:]
	due := int64(0)
	if at.Kind == storage.AmongDelayed {
		due = at.Due.UnixMilli()
	}
	return []any{marker, kinds[at.Kind], epochText(at.Epoch), uint64(at.Position), due, counter, limit, flag(f.IncludeClaimed), flag(f.IncludeDelayed)}
}

func flag(b bool) string {
	if b {
		return "1"
	}
	return "0"
}
