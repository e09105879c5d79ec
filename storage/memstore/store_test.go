package memstore_test

import (
	"context"
	"errors"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/memstore"
)

func TestOpenURL(t *testing.T) {
	t.Parallel()
	openers := storage.Openers{"memory": memstore.OpenURL}
	for _, c := range []struct{ url, refused string }{
		{"memory:", ""},
		{"memory://", ""},
		{"memory:here", "path"},
		{"memory:/here", "path"},
		{"memory:///", "path"},
		{"memory://host", "host"},
		{"memory://:7000", "host"},
		{"memory://somebody:secret@", "user"},
		{"memory://somebody@host/here?a=b#c", "user"},
		{"memory:?size=10", "parameters"},
		{"memory://?size", "parameters"},
		{"memory:#part", "fragment"},
	} {
		if _, err := openers.Parse(c.url); (err == nil) != (c.refused == "") {
			t.Errorf("%s: Parse answered %v", c.url, err)
		}
		d, err := openers.Open(t.Context(), c.url)
		switch {
		case c.refused == "" && err != nil:
			t.Errorf("%s: %v", c.url, err)
		case c.refused == "":
			if err := d.Close(); err != nil {
				t.Errorf("%s: Close: %v", c.url, err)
			}
		case err == nil:
			t.Errorf("%s: opened", c.url)
		case !strings.Contains(err.Error(), c.refused):
			t.Errorf("%s: %q does not name the %s", c.url, err, c.refused)
		case strings.Contains(err.Error(), "secret"):
			t.Errorf("%s: %q tells the password", c.url, err)
		}
	}
}

func TestOpenURLContext(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	open, err := memstore.OpenURL(&url.URL{Scheme: "memory"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := open(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("opened with a context that is done: %v", err)
	}
}

func TestOpenURLTwice(t *testing.T) {
	t.Parallel()
	open, err := memstore.OpenURL(&url.URL{Scheme: "memory"})
	if err != nil {
		t.Fatal(err)
	}
	a, errA := open(t.Context())
	b, errB := open(t.Context())
	if err := errors.Join(errA, errB); err != nil {
		t.Fatal(err)
	}
	newQueue(t, a, "jobs")
	if n, err := b.CountQueues(t.Context(), "p"); n != 0 || err != nil {
		t.Errorf("the second store has %d queues of the first, %v", n, err)
	}
}

func TestNow(t *testing.T) {
	t.Parallel()
	clock := at(7).Add(999 * time.Microsecond)
	s := memstore.New(memstore.Config{Now: func() time.Time { return clock }})
	if now, err := s.Now(t.Context()); err != nil || !now.Equal(at(7)) {
		t.Errorf("Now = %v, %v; want what Config says, in milliseconds", now, err)
	}
	before := time.Now().Add(-time.Millisecond)
	if now, err := memstore.New(memstore.Config{}).Now(t.Context()); err != nil || now.Before(before) {
		t.Errorf("Now = %v, %v; want the time", now, err)
	}
}

func TestClose(t *testing.T) {
	t.Parallel()
	s := memstore.New(memstore.Config{})
	q := newQueue(t, s, "jobs")
	told := 0
	stop, err := s.Follow(t.Context(), q, func(storage.Event) { told++ })
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatalf("Close: %v", err)
	}
	stop()
	if _, err := s.PostMessages(t.Context(), storage.Post{Queue: q, Now: at(0)}); err == nil || errors.Is(err, storage.ErrQueueNotFound) {
		t.Errorf("PostMessages after Close: %v; want an error of the store", err)
	}
	if err := s.Close(); err == nil {
		t.Error("the second Close: no error")
	}
	if told != 1 {
		t.Errorf("told of %d events; want only the first", told)
	}
}

// at is the instant that many seconds into a test.
func at(seconds int) time.Time {
	return time.Date(2030, time.January, 1, 0, 0, seconds, 0, time.UTC)
}

func newQueue(t testing.TB, d storage.Driver, name string) storage.QueueID {
	t.Helper()
	id := storage.QueueID{Project: "p", Name: name}
	if _, err := d.CreateQueue(t.Context(), storage.Queue{ID: id, Epoch: 0xbeef, Created: at(0)}); err != nil {
		t.Fatalf("CreateQueue: %v", err)
	}
	return id
}
