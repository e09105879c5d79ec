package push

import (
	"context"
	"hash/maphash"
	"sync"
	"time"
)

const (
	workers = 16
	shards  = 64
	linger  = 5 * time.Second // how long a log is followed that nobody listens to any more
	pause   = time.Second     // after a failure
)

// Hub tells listeners of logs what enters them. Its methods may be called from
// many goroutines at once.
type Hub[K comparable, V any] struct {
	source Source[K, V]
	seed   maphash.Seed
	shards [shards]shard[K, V]
	work   work
	agenda *agenda[K, V]
	ctx    context.Context // of what the workers do; set by Run
	ended  chan struct{}   // closed when Run begins to end
	hurry  chan struct{}   // closed when nobody is to wait any more
	once   sync.Once       // closes hurry
}

type shard[K comparable, V any] struct {
	mu    sync.RWMutex
	feeds map[K]*feed[K, V]
}

// New makes a hub. It starts nothing: until Run, nobody is told anything.
func New[K comparable, V any](s Source[K, V]) *Hub[K, V] {
	h := &Hub[K, V]{source: s, seed: maphash.MakeSeed(), agenda: newAgenda[K, V]()}
	h.ended, h.hurry = make(chan struct{}), make(chan struct{})
	h.work.more.L = &h.work.mu
	for i := range h.shards {
		h.shards[i].feeds = make(map[K]*feed[K, V])
	}
	return h
}

// Run tells until ctx is done, once in the life of a hub. When it returns, no
// log is followed, all listeners have been told End, and nobody waits.
func (h *Hub[K, V]) Run(ctx context.Context) {
	h.ctx = ctx
	var all sync.WaitGroup
	for range workers {
		all.Go(h.labour)
	}
	all.Go(func() { h.agenda.keep(ctx, h.source.Now) })
	<-ctx.Done()
	close(h.ended)
	h.StopWaiting()
	h.work.end()
	all.Wait()
	for i := range h.shards {
		for _, f := range h.shards[i].all() {
			f.shut()
		}
	}
}

func (h *Hub[K, V]) labour() {
	for j := h.work.next(); j != nil; j = h.work.next() {
		j.do()
	}
}

// StopWaiting ends all waiting, and what begins later at once. It may be called
// more than once.
func (h *Hub[K, V]) StopWaiting() { h.once.Do(func() { close(h.hurry) }) }

// InVain is closed when nobody is to wait any more.
func (h *Hub[K, V]) InVain() <-chan struct{} { return h.hurry }

// Ended is closed when the hub has begun to end: waiting for anything is in vain.
func (h *Hub[K, V]) Ended() <-chan struct{} { return h.ended }

func (h *Hub[K, V]) stopped() bool {
	select {
	case <-h.ended:
		return true
	default:
		return false
	}
}

func (h *Hub[K, V]) shard(key K) *shard[K, V] {
	return &h.shards[maphash.Comparable(h.seed, key)%shards]
}

// find is the feed of a log if there is one.
func (h *Hub[K, V]) find(key K) *feed[K, V] {
	s := h.shard(key)
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.feeds[key]
}

// enter calls in with the feed of a log, made if need be, under its lock.
func (h *Hub[K, V]) enter(key K, in func(*feed[K, V])) {
	for !h.shard(key).get(h, key).enter(in) {
	}
}

func (s *shard[K, V]) get(h *Hub[K, V], key K) *feed[K, V] {
	s.mu.Lock()
	defer s.mu.Unlock()
	f := s.feeds[key]
	if f == nil {
		f = newFeed(h, key)
		s.feeds[key] = f
	}
	return f
}

func (s *shard[K, V]) drop(f *feed[K, V]) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.feeds[f.key] == f {
		delete(s.feeds, f.key)
	}
}

func (s *shard[K, V]) all() []*feed[K, V] {
	s.mu.RLock()
	defer s.mu.RUnlock()
	out := make([]*feed[K, V], 0, len(s.feeds))
	for _, f := range s.feeds {
		out = append(out, f)
	}
	return out
}
