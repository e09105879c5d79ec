package memstore

import (
	"context"
	"iter"

	"github.com/stackforge/marconi/storage"
)

// ListMessages implements storage.Messages.
func (s *Store) ListMessages(ctx context.Context, f storage.MessageFilter) (storage.MessagePage, error) {
	if err := s.begin(ctx); err != nil {
		return storage.MessagePage{}, err
	}
	defer s.mu.Unlock()
	q, err := s.settled(f.Queue, f.Now)
	if err != nil {
		return storage.MessagePage{}, err
	}
	return q.list(f), nil
}

func (q *queue) list(f storage.MessageFilter) storage.MessagePage {
	page := storage.MessagePage{Epoch: q.Epoch, Tail: q.tail, Wake: q.wake()}
	at, ok := q.start(f.Marker)
	if !ok {
		return page
	}
	for m := range q.read(at, f) {
		if len(page.Items) == f.Limit {
			break
		}
		if f.NotFrom != "" && m.ClientID == f.NotFrom {
			continue
		}
		page.Items = append(page.Items, m.Message)
		at = q.advance(at, m)
	}
	if len(page.Items) > 0 {
		page.Next = at.String()
	}
	return page
}

// read iterates over what lies behind a position or a place: the log, and then
// the delayed if they are wanted.
func (q *queue) read(at storage.Marker, f storage.MessageFilter) iter.Seq[*message] {
	return func(yield func(*message) bool) {
		log := &q.free
		if f.IncludeClaimed {
			log = &q.log
		}
		for m := range log.from(after(at.Position)) {
			if !yield(m) {
				return
			}
		}
		if !f.IncludeDelayed {
			return
		}
		for m := range q.delayed.from(behind(at)) {
			if !yield(m) {
				return
			}
		}
	}
}

// behind tells which of the delayed lie behind a place; all of them if it is a
// position.
func behind(at storage.Marker) func(*message) bool {
	return func(m *message) bool {
		if at.Kind != storage.AmongDelayed {
			return true
		}
		order := m.Visible.Compare(at.Due)
		return order > 0 || order == 0 && m.counter > at.Counter
	}
}

// advance is the marker that goes on after a message that was read from at. A
// place keeps its delayed part while the log is read on from it.
func (q *queue) advance(at storage.Marker, m *message) storage.Marker {
	if m.Position > 0 {
		at.Position = m.Position
		return at
	}
	return storage.Marker{
		Kind:     storage.AmongDelayed,
		Epoch:    q.Epoch,
		Position: q.tail,
		Due:      m.Visible,
		Counter:  m.counter,
	}
}
