package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/stackforge/marconi/storage/redisstore"
)

// crowd is calls that are made at once, and what came of them.
type crowd struct {
	errs  []error
	spans []time.Duration
}

// crowding makes calls at once, and waits for all.
func crowding(calls int, call func(i int) error) *crowd {
	c := &crowd{errs: make([]error, calls), spans: make([]time.Duration, calls)}
	var done sync.WaitGroup
	for i := range calls {
		done.Go(func() {
			began := time.Now()
			c.errs[i] = call(i)
			c.spans[i] = time.Since(began)
		})
	}
	done.Wait()
	return c
}

// failed counts calls that came to that error.
func (c *crowd) failed(err error) (n int) {
	for _, e := range c.errs {
		if errors.Is(e, err) {
			n++
		}
	}
	return n
}

func (c *crowd) slowest() (d time.Duration) {
	for _, s := range c.spans {
		d = max(d, s)
	}
	return d
}

const callers = 40

// TestPoolSlow has many more callers than connections to a slow server. All are
// served that can be in the time that one may wait for a connection.
func TestPoolSlow(t *testing.T) {
	t.Parallel()
	s := stage(t, "pool_size=2&socket_timeout=1", callers)
	s.proxy.set(func(p *proxy) { p.delay = 150 * time.Millisecond })
	c := crowding(callers, func(int) error {
		_, err := s.d.PopMessages(t.Context(), s.id, 1, s.now)
		return err
	})
	turned, served := c.failed(redis.ErrPoolTimeout), c.failed(nil)
	if turned == 0 || served == 0 || turned+served != callers {
		t.Errorf("%d were served and %d turned away of %d", served, turned, callers)
	}
	if c.slowest() > 3*time.Second {
		t.Errorf("a call took %v", c.slowest())
	}
	if n := s.total(t); n != callers-served {
		t.Errorf("%d of %d messages were answered, and %d are left", served, callers, n)
	}
	s.proxy.set(func(p *proxy) { p.delay = 0 })
	s.poolRecovers(t, 2)
}

// TestPoolSilent has the same before a server that does not answer at all, and
// before one that cannot be connected to. Some callers give up early.
func TestPoolSilent(t *testing.T) {
	for _, c := range []struct {
		name       string
		away, back func(*proxy)
	}{
		{"silent", func(p *proxy) { p.deaf = true }, func(p *proxy) { p.deaf = false }},
		{"gone", func(p *proxy) { p.down = true }, func(p *proxy) { p.down = false }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			s := stage(t, "pool_size=2&socket_timeout=0.5&patience=0.5", 0)
			for range 2 {
				s.proxy.set(c.away)
				if c.name == "gone" {
					s.proxy.breaks()
				}
				away := crowding(callers, func(i int) error {
					ctx := t.Context()
					if i%2 == 0 {
						ctx = shortly(t)
					}
					if i%3 == 0 {
						_, err := s.d.PostMessages(ctx, postOf(s.id, s.now, "a"))
						return err
					}
					_, err := s.d.CreateClaim(ctx, s.order(fmt.Sprint(i)))
					return err
				})
				if away.failed(nil) > 0 || away.slowest() > 5*time.Second {
					t.Errorf("%d calls were answered; the slowest took %v", away.failed(nil), away.slowest())
				}
				for i := 0; i < callers; i += 2 {
					err, took := away.errs[i], away.spans[i]
					if took > time.Second || took > 100*time.Millisecond && !errors.Is(err, context.DeadlineExceeded) {
						t.Errorf("a call with a deadline answered %v after %v", err, took)
					}
				}
				s.proxy.set(c.back)
				s.proxy.breaks()
				s.poolRecovers(t, 2)
			}
		})
	}
}

// poolRecovers holds that as many calls are served at once as ever, that none has
// kept a connection, and that there are no more of these than there may be.
func (s *scene) poolRecovers(t *testing.T, size int) {
	t.Helper()
	s.works(t)
	c := crowding(callers, func(i int) error {
		_, err := s.d.QueueStats(t.Context(), s.id, s.now)
		return err
	})
	if n := c.failed(nil); n != callers {
		t.Errorf("%d calls of %d are served again: %v", n, callers, errors.Join(c.errs...))
	}
	eventually(t, "no connection is in use", func() bool {
		p := redisstore.Pool(s.d.(*redisstore.Store))
		return p.IdleConns == p.TotalConns && int(p.TotalConns) <= size
	})
	s.usesAll(t, size)
}

// usesAll holds that none of the connections that there may be is kept for a call
// that has ended long ago: so many calls can have one at the same time.
func (s *scene) usesAll(t *testing.T, size int) {
	t.Helper()
	c := s.client(t)
	must(t, c.Do(t.Context(), "client", "pause", 60_000, "write").Err())
	var done sync.WaitGroup
	for range size {
		done.Go(func() { _, _ = s.d.PopMessages(t.Context(), s.id, 1, s.now) })
	}
	eventually(t, "all connections are in use", func() bool {
		p := redisstore.Pool(s.d.(*redisstore.Store))
		return int(p.TotalConns-p.IdleConns) == size
	})
	must(t, c.Do(t.Context(), "client", "unpause").Err())
	done.Wait()
}
