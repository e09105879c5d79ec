package pebblestore

import (
	"fmt"
	"time"
)

// How long the keeper waits before it tries to open a failed store again.
const (
	firstRetry = 100 * time.Millisecond
	lastRetry  = 10 * time.Second
)

// start starts the keeper, which opens the store again after it has failed. It
// ends when the store is closed.
func (s *Store) start() {
	s.quit, s.kept = make(chan struct{}), make(chan struct{})
	go s.keep()
}

func (s *Store) keep() {
	defer close(s.kept)
	for {
		s.mu.Lock()
		e := s.engine
		s.mu.Unlock()
		select {
		case <-s.quit:
			return
		case <-e.health.failed:
		}
		if !s.revive() {
			return
		}
	}
}

// revive opens the store again, as often as it takes. It is false when the
// store was closed instead.
func (s *Store) revive() bool {
	for wait := firstRetry; ; wait = min(2*wait, lastRetry) {
		timer := time.NewTimer(wait)
		select {
		case <-s.quit:
			timer.Stop()
			return false
		case <-timer.C:
		}
		if _, err := s.reopen(); err == nil {
			return true
		}
	}
}

// reopen replaces an opening that has failed by a new one. What was not durable
// is gone, which is why its calls have answered errors.
func (s *Store) reopen() (*engine, error) {
	s.reopening.Lock()
	defer s.reopening.Unlock()
	s.mu.Lock()
	old, closed := s.engine, s.closed
	s.mu.Unlock()
	if closed {
		return nil, errClosed
	}
	if old.health.check() == nil {
		return old, nil
	}
	old.abandon()
	if err := (directory{s.fs, s.dir}).probe(); err != nil {
		return nil, fmt.Errorf("pebblestore: %s: %w", s.dir, err)
	}
	e, err := s.openEngine()
	if err != nil {
		return nil, err
	}
	s.mu.Lock()
	s.engine = e
	s.mu.Unlock()
	s.feed.lost()
	return e, nil
}
