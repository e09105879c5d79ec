package main

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/memstore"
	"github.com/stackforge/marconi/transports"
)

// diary keeps what happened, in order.
type diary struct {
	mu     sync.Mutex
	lines  []string
	sweeps int // the broker is at work as long as there are more
}

func (d *diary) swept() int {
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.sweeps
}

// pass lets time pass, which in a bubble takes none.
func pass(d time.Duration) { <-time.After(d) }

func (d *diary) note(line string) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lines = append(d.lines, line)
}

// door is one that takes a while to end after it is told to, unless it fails.
type door struct {
	*diary
	store    storage.Driver
	lingers  time.Duration
	failWith error
	failAt   time.Duration // after the start
}

func (d *door) Addr() string { return "test://" }

func (d *door) Serve(ctx context.Context) error {
	if d.failWith != nil {
		pass(d.failAt)
		return d.failWith
	}
	<-ctx.Done()
	d.note("a door is told to end")
	before := d.swept()
	pass(d.lingers)
	if d.lingers > 2*time.Second && d.swept() == before {
		d.note("the broker has ended while a door still works")
	}
	if err := d.store.Ping(context.WithoutCancel(ctx)); err != nil {
		d.note("the store is closed while a door still works")
	}
	d.note("a door has ended")
	return nil
}

type notedStore struct {
	storage.Driver
	*diary
	failWith error
}

func (s notedStore) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	s.mu.Lock()
	s.sweeps++
	s.mu.Unlock()
	return s.Driver.Sweep(ctx, now, limit)
}

func (s notedStore) Close() error {
	s.note("the store closes")
	return errors.Join(s.Driver.Close(), s.failWith)
}

// bubble runs a service with doors in a bubble of time.
func bubble(t *testing.T, closeError error, doors []*door, do func(s *service, d *diary)) {
	synctest.Test(t, func(t *testing.T) {
		d := &diary{}
		store := notedStore{memstore.New(memstore.Config{}), d, closeError}
		broker, err := core.New(t.Context(), store, core.Options{})
		if err != nil {
			t.Fatal(err)
		}
		s := &service{config: defaults(), log: slog.New(slog.DiscardHandler), store: store, broker: broker}
		for _, one := range doors {
			one.diary, one.store = d, store
			s.doors = append(s.doors, transports.Transport(one))
		}
		do(s, d)
		synctest.Wait()
	})
}

func codeOf(err error) int {
	var e *exitError
	switch {
	case err == nil:
		return 0
	case errors.As(err, &e):
		return e.code
	}
	return exitFailed
}

func TestAStopIsInOrder(t *testing.T) {
	bubble(t, nil, []*door{{lingers: time.Second}, {lingers: 3 * time.Second}}, func(s *service, d *diary) {
		signals := make(chan os.Signal, 2)
		time.AfterFunc(time.Minute, func() { signals <- syscall.SIGTERM })
		start := time.Now()
		if err := s.run(signals); err != nil {
			t.Error(err)
		}
		if took := time.Since(start); took != time.Minute+3*time.Second {
			t.Errorf("it took %s", took)
		}
		want := []string{"a door is told to end", "a door is told to end", "a door has ended", "a door has ended", "the store closes"}
		if !slices.Equal(d.lines, want) {
			t.Errorf("got %q", d.lines)
		}
	})
}

func TestWhatFailsEndsTheRest(t *testing.T) {
	broken := errors.New("broken")
	bubble(t, nil, []*door{{lingers: time.Second}, {failWith: broken, failAt: time.Minute}}, func(s *service, d *diary) {
		if err := s.run(nil); !errors.Is(err, broken) || codeOf(err) != exitFailed {
			t.Errorf("got %v", err)
		}
		if want := []string{"a door is told to end", "a door has ended", "the store closes"}; !slices.Equal(d.lines, want) {
			t.Errorf("got %q", d.lines)
		}
	})
}

func TestAStoreThatCannotCloseIsAFailure(t *testing.T) {
	broken := errors.New("broken")
	bubble(t, broken, []*door{{}}, func(s *service, _ *diary) {
		signals := make(chan os.Signal, 1)
		signals <- syscall.SIGTERM
		if err := s.run(signals); !errors.Is(err, broken) || codeOf(err) != exitFailed {
			t.Errorf("got %v", err)
		}
	})
}

func TestStopsThatTakeTooLong(t *testing.T) {
	for _, c := range []struct {
		name          string
		lingers, took time.Duration
		code          int
		says          string
	}{
		{"just in time", 10*time.Second - 1, 10*time.Second - 1, 0, ""},
		{"late", 10 * time.Second, 10 * time.Second, exitCut, "stopping took 10s and stop_timeout is 10s"},
		{"hopeless", time.Hour, 15 * time.Second, exitCut, "did not come to an end within stop_timeout (10s)"},
	} {
		t.Run(c.name, func(t *testing.T) {
			bubble(t, nil, []*door{{lingers: c.lingers}}, func(s *service, _ *diary) {
				signals := make(chan os.Signal, 1)
				signals <- syscall.SIGTERM
				start := time.Now()
				err := s.run(signals)
				if took := time.Since(start); took != c.took || codeOf(err) != c.code {
					t.Errorf("it took %s and ended with %d: %v", took, codeOf(err), err)
				}
				if err != nil && !strings.Contains(err.Error(), c.says) {
					t.Errorf("got %v", err)
				}
				pass(time.Hour) // so that the door has ended before the bubble does
			})
		})
	}
}

func TestASecondSignal(t *testing.T) {
	bubble(t, nil, []*door{{lingers: 5 * time.Second}}, func(s *service, _ *diary) {
		signals := make(chan os.Signal, 2)
		signals <- syscall.SIGTERM
		time.AfterFunc(time.Second, func() { signals <- syscall.SIGINT })
		start := time.Now()
		err := s.run(signals)
		if took := time.Since(start); took != time.Second || codeOf(err) != exitCut || !strings.Contains(err.Error(), "interrupt") {
			t.Errorf("it took %s: %v", took, err)
		}
		pass(time.Minute)
	})
}
