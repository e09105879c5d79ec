package core_test

import (
	"bytes"
	"context"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/memstore"
)

// lines is a log that may be read while it is written.
type lines struct {
	mu   sync.Mutex
	text bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.text.Write(p)
}

// count counts the lines that hold all of the words.
func (l *lines) count(words ...string) (n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
next:
	for line := range strings.Lines(l.text.String()) {
		for _, word := range words {
			if !strings.Contains(line, word) {
				continue next
			}
		}
		n++
	}
	return n
}

func (l *lines) logger() *slog.Logger {
	return slog.New(slog.NewTextHandler(l, &slog.HandlerOptions{Level: slog.LevelDebug}))
}

// run runs a broker on a store for a while of the bubble's time.
func run(t *testing.T, store storage.Driver, o core.Options, while time.Duration) {
	t.Helper()
	b, err := core.New(t.Context(), store, o)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), while)
	defer cancel()
	if err := b.Run(ctx); err != nil {
		t.Errorf("Run: %v", err)
	}
}

// sweeper is a store that has some records to sweep, and notes when it is asked.
type sweeper struct {
	storage.Driver
	left  int
	asked []time.Time
	err   error
}

func (s *sweeper) Sweep(_ context.Context, now time.Time, limit int) (int, error) {
	s.asked = append(s.asked, now)
	n := min(s.left, limit)
	s.left -= n
	return n, s.err
}

func TestSweepsEverySecond(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lines
		store := &sweeper{Driver: memstore.New(memstore.Config{}), left: 1}
		start := time.Now()
		run(t, store, core.Options{Log: log.logger()}, 3500*time.Millisecond)
		same(t, "sweeps", len(store.asked), 3)
		for i, at := range store.asked {
			same(t, "seconds since the start", at.Sub(start), time.Duration(i+1)*time.Second)
		}
		same(t, "lines on it", log.count("swept", "records=1"), 1)
	})
}

func TestSweepsWhileThereIsMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lines
		store := &sweeper{Driver: memstore.New(memstore.Config{}), left: 2500}
		run(t, store, core.Options{Log: log.logger()}, 1500*time.Millisecond)
		same(t, "left", store.left, 0)
		same(t, "sweeps", len(store.asked), 3)
		same(t, "lines on it", log.count("swept", "records=2500"), 1)
	})
}

func TestSweepsAgainAfterAFailure(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var log lines
		store := &sweeper{Driver: memstore.New(memstore.Config{}), left: 5000, err: errors.New("disk on fire")}
		run(t, store, core.Options{Log: log.logger()}, 2500*time.Millisecond)
		same(t, "sweeps", len(store.asked), 2)
		same(t, "warnings", log.count("level=WARN", "disk on fire"), 2)
	})
}

func TestSweepEmptiesTheStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := memstore.New(memstore.Config{})
		b, err := core.New(t.Context(), store, core.Options{})
		if err != nil {
			t.Fatal(err)
		}
		r := core.MessagePostRequest{Queue: "q", Messages: []core.Draft{mortal(`1`, 60)}}
		if _, err := b.PostMessages(t.Context(), core.Caller{}, r); err != nil {
			t.Fatal(err)
		}
		run(t, store, core.Options{}, 2*time.Minute)
		n, err := store.Sweep(t.Context(), time.Now(), 10)
		if n != 0 || err != nil {
			t.Errorf("Run left %d records to sweep (%v)", n, err)
		}
	})
}

// adrift is a store whose clock is off by something that changes at the second
// look at it.
type adrift struct {
	storage.Driver
	off   time.Duration
	err   error
	looks []time.Time
}

func (s *adrift) Now(context.Context) (time.Time, error) {
	s.looks = append(s.looks, time.Now())
	if len(s.looks) == 1 {
		return time.Now(), nil
	}
	return time.Now().Add(s.off), s.err
}

var drifts = []struct {
	off      time.Duration
	err      error
	warnings int
	words    string
}{
	{0, nil, 0, ""},
	{time.Second, nil, 0, ""},
	{-time.Second, nil, 0, ""},
	{1001 * time.Millisecond, nil, 1, "off=1.001s"},
	{-time.Minute, nil, 3, "off=-"}, // it takes longer than three looks
	{0, errors.New("disk on fire"), 3, "disk on fire"},
}

func TestKeepsTime(t *testing.T) {
	for _, d := range drifts {
		synctest.Test(t, func(t *testing.T) {
			var log lines
			store := &adrift{Driver: memstore.New(memstore.Config{}), off: d.off, err: d.err}
			run(t, store, core.Options{Log: log.logger()}, 35*time.Second)
			same(t, "looks", len(store.looks), 4)
			for i, at := range store.looks {
				same(t, "seconds since the first", at.Sub(store.looks[0]), time.Duration(i)*10*time.Second)
			}
			same(t, "warnings", log.count("level=WARN"), d.warnings)
			same(t, "warnings of it", log.count("level=WARN", d.words), d.warnings)
		})
	}
}

func TestOwnClockNeedsNoLooks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		store := &adrift{Driver: memstore.New(memstore.Config{})}
		run(t, store, core.Options{Now: time.Now}, time.Minute)
		same(t, "looks", len(store.looks), 0)
	})
}

// The end of Run is no failure to be warned of.
func TestEndIsNoFailure(t *testing.T) {
	for _, method := range []string{"Sweep", "Now"} {
		synctest.Test(t, func(t *testing.T) {
			var log lines
			store := tap(memstore.New(memstore.Config{}))
			ctx, cancel := context.WithCancel(t.Context())
			b, err := core.New(ctx, store, core.Options{Log: log.logger()})
			if err != nil {
				t.Fatal(err)
			}
			store.before = func(called string) error {
				if called == method {
					cancel()
				}
				return ctx.Err()
			}
			if err := b.Run(ctx); err != nil {
				t.Errorf("Run: %v", err)
			}
			same(t, "lines", log.count(), 0)
		})
	}
}
