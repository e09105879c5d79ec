package memstore

import (
	"context"
	"errors"
	"net/url"
	"sync"
	"time"

	"github.com/stackforge/marconi/storage"
)

var _ storage.Driver = (*Store)(nil)

var errClosed = errors.New("memstore: the store is closed")

// Config says how a store is made. The zero value is ready to use.
type Config struct {
	Now func() time.Time // the clock that Store.Now reads; nil: time.Now
}

// Store is a storage.Driver in memory. It takes as many messages as the process
// has memory for and never answers storage.ErrFull.
type Store struct {
	now func() time.Time

	mu        sync.Mutex // guards all that follows, and what can be reached from it
	closed    bool
	queues    map[storage.QueueID]*queue
	projects  map[string]*sorted[*queue] // by name; none is empty
	audiences map[storage.QueueID]*audience
	turns     sorted[*subscription] // the durable ones: whose turn it is to be delivered to
	followers map[storage.QueueID][]*follower
	numbers   uint64
}

// New makes an empty store.
func New(c Config) *Store {
	if c.Now == nil {
		c.Now = time.Now
	}
	return &Store{
		now:       c.Now,
		queues:    make(map[storage.QueueID]*queue),
		projects:  make(map[string]*sorted[*queue]),
		audiences: make(map[storage.QueueID]*audience),
		turns:     newSorted(byTurn),
		followers: make(map[storage.QueueID][]*follower),
	}
}

// OpenURL is the storage.Opener of "memory:". Each opening makes a store of its
// own, and there is nothing about it that a URL could say.
func OpenURL(u *url.URL) (storage.Open, error) {
	switch {
	case u.User != nil:
		return nil, errors.New("memstore: the URL names a user, and memory has none")
	case u.Host != "":
		return nil, errors.New("memstore: the URL names a host, and memory has none")
	case u.Path != "" || u.Opaque != "":
		return nil, errors.New("memstore: the URL names a path, and memory has none")
	case u.RawQuery != "":
		return nil, errors.New("memstore: the URL has parameters, and memory knows none")
	case u.Fragment != "":
		return nil, errors.New("memstore: the URL has a fragment, and memory knows none")
	}
	return func(ctx context.Context) (storage.Driver, error) {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		return New(Config{}), nil
	}, nil
}

// begin takes the lock for a call, or says why the call must not happen.
func (s *Store) begin(ctx context.Context) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return errClosed
	}
	return nil
}

// Now is the clock of Config, cut to milliseconds.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	if err := s.Ping(ctx); err != nil {
		return time.Time{}, err
	}
	return s.now().Truncate(time.Millisecond), nil
}

// Ping fails only when the store is closed.
func (s *Store) Ping(ctx context.Context) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	s.mu.Unlock()
	return nil
}

// Close lets go of all that was stored. No follower is told anything after it.
func (s *Store) Close() error {
	if err := s.begin(context.Background()); err != nil {
		return err
	}
	defer s.mu.Unlock()
	s.closed = true
	s.queues, s.projects, s.audiences, s.followers = nil, nil, nil, nil
	s.turns.clear()
	return nil
}

// number is a new number, greater than all before it.
func (s *Store) number() uint64 {
	s.numbers++
	return s.numbers
}
