package pebblestore

import (
	"context"
	"errors"
	"io"
	"sync"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/stackforge/marconi/storage"
)

var _ storage.Driver = (*Store)(nil)

// Store is a storage.Driver that keeps queues in a directory.
//
// What it has answered, listed, handed out or told survives the process and the
// machine. When the disk fails the store fails: calls answer errors, and so does
// Ping. It opens itself again, from what is on disk, when the disk is well.
type Store struct {
	dir  string
	fs   vfs.FS
	now  func() time.Time
	lock io.Closer
	room *room
	feed *feed
	tune func(*pebble.Options) // nil but in tests
	quit chan struct{}         // ends the keeper
	kept chan struct{}         // closed when it has ended

	reopening sync.Mutex // held while the store is opened again

	mu     sync.Mutex // guards the following
	engine *engine
	closed bool
}

// open is the present opening, for a call that has just begun.
func (s *Store) open(ctx context.Context) (*engine, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	s.mu.Lock()
	e, closed := s.engine, s.closed
	s.mu.Unlock()
	if closed {
		return nil, errClosed
	}
	return e, e.health.check()
}

// Now is the clock of Config, in whole milliseconds.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	if _, err := s.open(ctx); err != nil {
		return time.Time{}, err
	}
	return s.now().Truncate(time.Millisecond), nil
}

// Ping fails when the store is closed or has failed, and while Pebble cannot
// write its files. It opens a failed store again if it can.
func (s *Store) Ping(ctx context.Context) error {
	e, err := s.open(ctx)
	if errors.Is(err, errFailed) {
		e, err = s.reopen()
	}
	if err != nil {
		return err
	}
	if trouble := e.trouble.Load(); trouble != nil {
		return *trouble
	}
	return nil
}

// Close waits for what is under way and gives the directory free.
func (s *Store) Close() error {
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		return errClosed
	}
	s.closed = true
	s.mu.Unlock()
	close(s.quit)
	<-s.kept
	s.reopening.Lock() // whoever reopens it has seen that it is closed, or has finished
	defer s.reopening.Unlock()
	s.feed.close()
	return errors.Join(s.engine.shut(), s.lock.Close())
}
