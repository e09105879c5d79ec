package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/redisstore"
)

// scene is a store behind a proxy, and one that talks to the server itself.
type scene struct {
	*server
	proxy     *proxy
	d, direct storage.Driver
	id        storage.QueueID
	now       time.Time
}

// stage opens a store on a queue with that many messages.
func stage(t *testing.T, parameters string, messages int) *scene {
	t.Helper()
	s := &scene{server: startServer(t), id: storage.QueueID{Project: "p", Name: "jobs"}, now: time.UnixMilli(1_000_000)}
	s.proxy = startProxy(t, s.addr)
	s.direct = open(t, "redis://"+s.addr)
	t.Cleanup(func() { must(t, s.direct.Close()) })
	s.d = open(t, "redis://"+s.proxy.addr()+"?"+parameters)
	t.Cleanup(func() { must(t, s.d.Close()) })
	createAndPost(t, s.direct, s.id, s.now)
	for i := range messages {
		_, err := s.direct.PostMessages(t.Context(), postOf(s.id, s.now, fmt.Sprint(i)))
		must(t, err)
	}
	// So that the scripts are known and a connection is open.
	_, err := s.d.QueueStats(t.Context(), s.id, s.now)
	must(t, err)
	return s
}

func (s *scene) total(t *testing.T) int {
	t.Helper()
	stats, err := s.direct.QueueStats(t.Context(), s.id, s.now)
	must(t, err)
	return stats.Total
}

func (s *scene) order(id string) storage.ClaimOrder {
	return storage.ClaimOrder{ID: id, Queue: s.id, Now: s.now, Expires: s.now.Add(time.Minute), Keep: s.now.Add(time.Hour), Limit: 2}
}

// shortly is a context that is done soon.
func shortly(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	t.Cleanup(cancel)
	return ctx
}

// works waits until the store answers again.
func (s *scene) works(t *testing.T) {
	t.Helper()
	eventually(t, "the store answers again", func() bool { return s.d.Ping(t.Context()) == nil })
	_, err := s.d.QueueStats(t.Context(), s.id, s.now)
	must(t, err)
}

// TestPostReplyLost cuts the answer to a post at several places. The post was
// carried out: once, however the store tries to find out.
func TestPostReplyLost(t *testing.T) {
	for _, cut := range []int{1, 5, 40} {
		t.Run(fmt.Sprint(cut), func(t *testing.T) {
			t.Parallel()
			s := stage(t, "socket_timeout=1", 0)
			_, err := s.d.PostMessages(t.Context(), postOf(s.id, s.now, "warm")) // the script is known
			must(t, err)
			s.proxy.set(func(p *proxy) { p.cut = cut })
			p := postOf(s.id, s.now, "a", "b")
			if posted, err := s.d.PostMessages(t.Context(), p); err == nil {
				t.Errorf("the post answered %v", posted)
			}
			if n := s.total(t); n != 3 {
				t.Errorf("%d messages, want 3", n)
			}
			s.works(t)
		})
	}
}

// TestKeyedPostReplyLost posts again with the same key.
func TestKeyedPostReplyLost(t *testing.T) {
	t.Parallel()
	s := stage(t, "socket_timeout=1", 0)
	p := postOf(s.id, s.now, "a", "b")
	p.Once = storage.Once{Key: "k", Until: s.now.Add(time.Hour)}
	_, err := s.d.PostMessages(t.Context(), postOf(s.id, s.now, "warm"))
	must(t, err)
	s.proxy.set(func(p *proxy) { p.cut = 3 })
	if _, err := s.d.PostMessages(t.Context(), p); err == nil {
		t.Error("a post answered although its answer was cut")
	}
	again, err := s.d.PostMessages(t.Context(), p)
	must(t, err)
	if !again.Again || len(again.IDs) != 2 || s.total(t) != 3 {
		t.Errorf("posted again: %v; %d messages", again, s.total(t))
	}
}

// TestClaimReplyLost cuts the answer to a claim. The store asks again under the
// same ID, and so the claim is not lost for as long as it holds.
func TestClaimReplyLost(t *testing.T) {
	for _, cut := range []int{1, 30, 90} {
		t.Run(fmt.Sprint(cut), func(t *testing.T) {
			t.Parallel()
			s := stage(t, "socket_timeout=1", 3)
			_, err := s.d.CreateClaim(t.Context(), storage.ClaimOrder{ID: "warm", Queue: s.id, Now: s.now, Expires: s.now.Add(time.Minute), Keep: s.now.Add(time.Hour), Limit: 1})
			must(t, err)
			s.proxy.set(func(p *proxy) { p.cut = cut })
			c, err := s.d.CreateClaim(t.Context(), s.order("mine"))
			must(t, err)
			if len(c.Messages) != 2 || string(c.Messages[0].Body) != "1" {
				t.Errorf("claimed %v", c.Messages)
			}
			stats, err := s.direct.QueueStats(t.Context(), s.id, s.now)
			must(t, err)
			if stats.Claimed != 3 {
				t.Errorf("%d messages are claimed, want 3", stats.Claimed)
			}
		})
	}
}

// TestHalfOpen has a server that takes everything and answers nothing. A call ends
// by its context or by the socket's timeout.
func TestHalfOpen(t *testing.T) {
	t.Parallel()
	s := stage(t, "socket_timeout=0.5&patience=0.5", 1)
	s.proxy.set(func(p *proxy) { p.deaf = true })
	ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
	defer cancel()
	began := time.Now()
	if _, err := s.d.QueueStats(ctx, s.id, s.now); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("a call with a deadline answered %v", err)
	}
	if took := time.Since(began); took > 2*time.Second {
		t.Errorf("a call with a deadline took %v", took)
	}
	began = time.Now()
	if _, err := s.d.PostMessages(t.Context(), postOf(s.id, s.now, "a")); err == nil {
		t.Error("a post answered")
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("a post without a deadline took %v", took)
	}
	s.proxy.set(func(p *proxy) { p.deaf = false })
	s.proxy.breaks()
	s.works(t)
	if n := s.total(t); n != 1 {
		t.Errorf("%d messages, want 1", n)
	}
}

// TestAwayAndBack breaks all connections and takes none for a while.
func TestAwayAndBack(t *testing.T) {
	t.Parallel()
	s := stage(t, "socket_timeout=1&patience=0.2", 3)
	events := make(chan struct{}, 100)
	stop, err := s.d.Follow(t.Context(), s.id, func(e storage.Event) {
		if e.Lost {
			events <- struct{}{}
		}
	})
	must(t, err)
	defer stop()
	await(t, "the feed begins", events)
	s.proxy.set(func(p *proxy) { p.down = true })
	s.proxy.breaks()
	began := time.Now()
	if _, err := s.d.CreateClaim(t.Context(), s.order("c")); err == nil {
		t.Error("a claim succeeded without a server")
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("a claim without a server took %v", took)
	}
	s.proxy.set(func(p *proxy) { p.down = false })
	s.works(t)
	await(t, "the feed tells that it may have missed something", events)
	c, err := s.d.CreateClaim(t.Context(), s.order("c"))
	must(t, err)
	if len(c.Messages) != 2 {
		t.Errorf("claimed %d messages", len(c.Messages))
	}
}

// TestBrokenQueue has a queue whose data somebody has spoiled: the deliveries and
// the sweep of others go on.
func TestBrokenQueue(t *testing.T) {
	t.Parallel()
	s := stage(t, "", 0)
	ctx := t.Context()
	for i, name := range []string{"broken", "sound"} {
		id, now := storage.QueueID{Project: "p", Name: name}, s.now.Add(time.Duration(i)*time.Second) // broken comes first
		createAndPost(t, s.d, id, now)
		sub := storage.Subscription{ID: name, Queue: id, Subscriber: "http://s/", Created: now, Since: now, Expires: now.Add(time.Hour), Deliver: true}
		_, _, err := s.d.CreateSubscription(ctx, sub, now)
		must(t, err)
		_, err = s.d.PostMessages(ctx, postOf(id, now, "a"))
		must(t, err)
	}
	c := s.client(t)
	must(t, c.Set(ctx, "{p:broken}ud", "", 0).Err())
	must(t, c.Set(ctx, "{p:broken}x", "", 0).Err())
	now := s.now.Add(time.Minute)
	order := storage.DeliveryOrder{Lease: "l", Now: now, Until: now.Add(time.Minute), Subscriptions: 5, Messages: 5}
	taken, err := s.d.TakeDeliveries(ctx, order)
	if err != nil || len(taken) != 1 || taken[0].Subscription.ID != "sound" {
		t.Errorf("took %v, %v", taken, err)
	}
	order.Lease = "another"
	if _, err := s.d.TakeDeliveries(ctx, order); err == nil {
		t.Error("nothing was told of what is broken")
	}
	must(t, c.ZRem(ctx, "{marconi}ages", "p:sound").Err()) // it is found all the same
	if _, err := s.d.Sweep(ctx, s.now.Add(2*time.Hour), 1000); err == nil {
		t.Error("a sweep told nothing of what is broken")
	}
	if n := c.XLen(ctx, "{p:sound}s").Val(); n != 0 {
		t.Errorf("%d messages that have expired were not swept", n)
	}
}

// TestFeedIsPatient has a server that takes connections and closes them: the feed
// does not storm it.
func TestFeedIsPatient(t *testing.T) {
	t.Parallel()
	s := stage(t, "", 0)
	stop, err := s.d.Follow(t.Context(), s.id, func(storage.Event) {})
	must(t, err)
	defer stop()
	s.proxy.set(func(p *proxy) { p.down, p.taken = true, 0 })
	began := time.Now()
	s.proxy.breaks()
	eventually(t, "the feed has tried again and again", func() bool {
		s.proxy.mu.Lock()
		defer s.proxy.mu.Unlock()
		return s.proxy.taken >= 30
	})
	if took := time.Since(began); took < 500*time.Millisecond {
		t.Errorf("30 connections in %v", took)
	}
}

// TestSlow has answers that come late, but come.
func TestSlow(t *testing.T) {
	t.Parallel()
	s := stage(t, "socket_timeout=2", 3)
	s.proxy.set(func(p *proxy) { p.delay = 100 * time.Millisecond })
	_, err := s.d.PostMessages(t.Context(), postOf(s.id, s.now, "a"))
	must(t, err)
	if n := s.total(t); n != 4 {
		t.Errorf("%d messages, want 4", n)
	}
}

// TestReadOnly makes the server a replica for a while, as after a failover.
func TestReadOnly(t *testing.T) {
	t.Parallel()
	s := stage(t, "patience=0.2", 1)
	c := s.client(t)
	must(t, c.ReplicaOf(t.Context(), "127.0.0.1", "1").Err())
	_, err := s.d.PostMessages(t.Context(), postOf(s.id, s.now, "a"))
	if err == nil || !strings.Contains(err.Error(), "READONLY") {
		t.Errorf("a post to a replica answered %v", err)
	}
	_, err = s.d.CreateQueue(t.Context(), storage.Queue{ID: storage.QueueID{Name: "other"}, Epoch: 1, Created: s.now})
	if err == nil || !strings.Contains(err.Error(), "READONLY") {
		t.Errorf("a queue for a replica was answered %v", err)
	}
	must(t, c.ReplicaOf(t.Context(), "NO", "ONE").Err())
	_, err = s.d.PostMessages(t.Context(), postOf(s.id, s.now, "a"))
	must(t, err)
	if n := s.total(t); n != 2 {
		t.Errorf("%d messages, want 2", n)
	}
}

// TestLoading starts the server again with data that it takes a while to load.
func TestLoading(t *testing.T) {
	t.Parallel()
	s := stage(t, "patience=0.1", 1)
	patient := open(t, "redis://"+s.addr+"?patience=30")
	defer patient.Close()
	c, ctx := s.client(t), t.Context()
	for i := range 500 {
		must(t, c.Set(ctx, fmt.Sprint("filler", i), strings.Repeat("x", 200), 0).Err())
	}
	must(t, c.Save(ctx).Err())
	s.kill()
	s.args = append(s.args, "--key-load-delay", "3000", "--loading-process-events-interval-bytes", "1024")
	s.server.start(t)
	t.Cleanup(s.kill)
	eventually(t, "a store says that its server loads", func() bool {
		_, err := s.d.PostMessages(ctx, postOf(s.id, s.now, "hasty"))
		if err == nil {
			t.Fatal("a post succeeded before the server had loaded its data")
		}
		return strings.Contains(err.Error(), "LOADING")
	})
	_, err := patient.PostMessages(ctx, postOf(s.id, s.now, "patient"))
	must(t, err)
	if n := s.total(t); n != 2 {
		t.Errorf("%d messages, want 2", n)
	}
}

// TestScriptsForgotten lets the server forget the scripts under load.
func TestScriptsForgotten(t *testing.T) {
	t.Parallel()
	s := stage(t, "", 1)
	load := newLoad(t, s.d, s.id, s.now)
	c := s.client(t)
	for range 20 {
		load.progresses(t)
		must(t, c.ScriptFlush(t.Context()).Err())
	}
	load.finish(t)
	if n := load.failures.Load(); n > 0 {
		t.Errorf("%d calls failed", n)
	}
}

// TestFull fills the server. Posts and queues are refused, and consumers, also such
// as come now, can drain it.
func TestFull(t *testing.T) {
	t.Parallel()
	s := stage(t, "", 6)
	ctx, c := t.Context(), s.client(t)
	must(t, c.ConfigSet(ctx, "maxmemory", "1").Err())
	_, err := s.d.PostMessages(ctx, postOf(s.id, s.now, "a"))
	if !errors.Is(err, storage.ErrFull) {
		t.Errorf("a post to a full server answered %v", err)
	}
	other := storage.Queue{ID: storage.QueueID{Project: "p", Name: "other"}, Epoch: 1, Created: s.now}
	if _, err := s.d.CreateQueue(ctx, other); !errors.Is(err, storage.ErrFull) {
		t.Errorf("a queue for a full server was answered %v", err)
	}
	must(t, open(t, "redis://"+s.addr).Close())
	claimed, err := s.d.CreateClaim(ctx, s.order("c"))
	must(t, err)
	must(t, s.d.RenewClaim(ctx, s.id, "c", s.now, s.now.Add(2*time.Minute), s.now.Add(time.Hour)))
	must(t, s.d.DeleteMessage(ctx, s.id, claimed.Messages[0].ID, "c", s.now))
	must(t, s.d.ReleaseClaim(ctx, s.id, "c", s.now, s.now))
	popped, err := s.d.PopMessages(ctx, s.id, 2, s.now)
	must(t, err)
	if _, err := s.d.Sweep(ctx, s.now.Add(2*time.Hour), 100); err != nil {
		t.Error(err)
	}
	must(t, s.d.PurgeMessages(ctx, s.id))
	if len(popped) != 2 || s.total(t) != 0 {
		t.Errorf("popped %d; %d messages are left", len(popped), s.total(t))
	}
	must(t, s.d.DeleteQueue(ctx, s.id))
	if n, err := s.d.CountQueues(ctx, s.id.Project); err != nil || n != 0 {
		t.Errorf("%d queues are counted, %v", n, err)
	}
	must(t, c.ConfigSet(ctx, "maxmemory", "0").Err())
	createAndPost(t, s.d, s.id, s.now, "a")
}

// zOf is a member of the register.
func zOf(name string) redis.Z { return redis.Z{Member: name} }

// tell tells the register a mark, as a store does.
func (s *scene) tell(t *testing.T, version, due, ages string) {
	t.Helper()
	must(t, redisstore.Mark(t.Context(), s.d.(*redisstore.Store), s.id, version+" "+due+" "+ages))
}
