package pebblestore

import (
	"context"
	"slices"
	"sync"

	"github.com/stackforge/marconi/storage"
)

// feed is who follows which queue. It outlives the openings of a store.
type feed struct {
	mu        sync.Mutex
	followers map[storage.QueueID][]*follower
}

type follower struct{ see func(storage.Event) }

func newFeed() *feed { return &feed{followers: make(map[storage.QueueID][]*follower)} }

// Follow implements storage.Feed. The events are told when they are durable, the
// first one by Follow itself. Stop may be called more than once.
func (s *Store) Follow(ctx context.Context, id storage.QueueID, see func(storage.Event)) (stop func(), err error) {
	if _, err := s.open(ctx); err != nil {
		return nil, err
	}
	f := &follower{see}
	s.feed.add(id, f)
	return func() { s.feed.remove(id, f) }, nil
}

func (f *feed) add(id storage.QueueID, new *follower) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.followers[id] = append(f.followers[id], new)
	new.see(storage.Event{Lost: true})
}

func (f *feed) remove(id storage.QueueID, old *follower) {
	f.mu.Lock()
	defer f.mu.Unlock()
	rest := slices.DeleteFunc(f.followers[id], func(o *follower) bool { return o == old })
	if len(rest) == 0 {
		delete(f.followers, id)
		return
	}
	f.followers[id] = rest
}

func (f *feed) tell(id storage.QueueID, e storage.Event) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, o := range f.followers[id] {
		o.see(e)
	}
}

// lost tells everybody that events may have been missed.
func (f *feed) lost() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, followers := range f.followers {
		for _, o := range followers {
			o.see(storage.Event{Lost: true})
		}
	}
}

func (f *feed) close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	clear(f.followers)
}
