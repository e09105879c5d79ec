package memstore

import (
	"context"
	"slices"

	"github.com/stackforge/marconi/storage"
)

type follower struct{ see func(storage.Event) }

// Follow implements storage.Feed. The events are told under the store's lock by
// the call that makes them, the first one by Follow itself. Stop may be called
// more than once.
func (s *Store) Follow(ctx context.Context, id storage.QueueID, see func(storage.Event)) (stop func(), err error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	f := &follower{see}
	s.followers[id] = append(s.followers[id], f)
	see(storage.Event{Lost: true})
	return func() { s.unfollow(id, f) }, nil
}

func (s *Store) unfollow(id storage.QueueID, f *follower) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return
	}
	rest := slices.DeleteFunc(s.followers[id], func(o *follower) bool { return o == f })
	if len(rest) == 0 {
		delete(s.followers, id)
		return
	}
	s.followers[id] = rest
}

func (s *Store) tell(id storage.QueueID, e storage.Event) {
	for _, f := range s.followers[id] {
		f.see(e)
	}
}

// tellEntered tells of the messages that have entered the log since its tail was
// the one given.
func (s *Store) tellEntered(q *queue, before storage.Position) {
	if q.tail > before {
		s.tell(q.ID, storage.Event{Epoch: q.Epoch, First: before + 1, Last: q.tail})
	}
}
