package core_test

import (
	"context"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/storagetest"
)

func well(string) error { return nil }

// tapped is a store at which a test listens: before each call it is told the
// method's name, and if it answers with an error, the call answers with that and
// does not happen. So it is after some of the calls, which have happened then.
type tapped struct {
	storage.Driver
	below storage.Driver // without the tap

	mu            sync.Mutex
	before, after func(method string) error
}

func tap(d storage.Driver) *tapped {
	s := &tapped{below: d, before: well, after: well}
	s.Driver = storagetest.Faulty(d, func(method string) error { return s.asked()(method) })
	return s
}

func (s *tapped) asked() func(string) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.before
}

// ask lets the test be asked before each call from now on.
func (s *tapped) ask(before func(method string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.before = before
}

// follow lets the test be asked after each call from now on.
func (s *tapped) follow(after func(method string) error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.after = after
}

// lose lets the answers of a method be lost from now on.
func (s *tapped) lose(method string) {
	s.follow(func(called string) error {
		if called == method {
			return errBroken
		}
		return nil
	})
}

// did is the answer of a call that has happened.
func (s *tapped) did(method string, err error) error {
	s.mu.Lock()
	after := s.after
	s.mu.Unlock()
	if err != nil {
		return err
	}
	return after(method)
}

func (s *tapped) CreateClaim(ctx context.Context, o storage.ClaimOrder) (storage.Claim, error) {
	c, err := s.Driver.CreateClaim(ctx, o)
	return c, s.did("CreateClaim", err)
}

func (s *tapped) QueueStats(ctx context.Context, q storage.QueueID, now time.Time) (storage.Stats, error) {
	stats, err := s.Driver.QueueStats(ctx, q, now)
	return stats, s.did("QueueStats", err)
}

func (s *tapped) ListMessages(ctx context.Context, f storage.MessageFilter) (storage.MessagePage, error) {
	page, err := s.Driver.ListMessages(ctx, f)
	return page, s.did("ListMessages", err)
}

func (s *tapped) CreateSubscription(ctx context.Context, r storage.Subscription, now time.Time) (storage.Subscription, bool, error) {
	kept, created, err := s.Driver.CreateSubscription(ctx, r, now)
	return kept, created, s.did("CreateSubscription", err)
}

func (s *tapped) PurgeMessages(ctx context.Context, q storage.QueueID) error {
	return s.did("PurgeMessages", s.Driver.PurgeMessages(ctx, q))
}

func (s *tapped) DeleteQueue(ctx context.Context, q storage.QueueID) error {
	return s.did("DeleteQueue", s.Driver.DeleteQueue(ctx, q))
}

// fail lets calls of a method fail from now on.
func (s *tapped) fail(method string, err error) {
	s.ask(func(called string) error {
		if called == method {
			return err
		}
		return nil
	})
}

// once calls something before the next call of a method, and then no more.
func (s *tapped) once(method string, something func()) {
	s.ask(func(called string) error {
		if called == method {
			s.ask(func(string) error { return nil })
			something()
		}
		return nil
	})
}

// tally counts calls by method, those in the background too.
type tally struct {
	sync.Map
}

func (c *tally) of(method string) int {
	n, ok := c.Load(method)
	if !ok {
		return 0
	}
	return int(n.(*atomic.Int64).Load())
}

func (c *tally) add(method string) {
	n, _ := c.LoadOrStore(method, new(atomic.Int64))
	n.(*atomic.Int64).Add(1)
}

// tally counts calls by method from now on.
func (s *tapped) tally() *tally {
	c := new(tally)
	s.ask(func(called string) error {
		c.add(called)
		return nil
	})
	return c
}

// count counts calls by method from now on, where nothing calls in the background.
func (s *tapped) count() map[string]int {
	counts := map[string]int{}
	s.ask(func(called string) error {
		counts[called]++
		return nil
	})
	return counts
}
