package redisstore_test

import (
	"fmt"
	"syscall"
	"testing"
	"time"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/redisstore"
)

// TestRegisterAway takes away the one server of a cluster that holds the register.
// Posts to queues elsewhere go on without waiting for it, though each has a mark
// for it, and once it is back it hears of all without a sweep.
func TestRegisterAway(t *testing.T) {
	for _, c := range []struct {
		name       string
		away, back func(testing.TB, *server)
	}{
		{"killed", func(_ testing.TB, s *server) { s.kill() }, func(t testing.TB, s *server) { s.start(t) }},
		{"silent", func(t testing.TB, s *server) { must(t, s.process.Process.Signal(syscall.SIGSTOP)) },
			func(t testing.TB, s *server) { must(t, s.process.Process.Signal(syscall.SIGCONT)) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			const queues = 20
			cluster := startCluster(t, "--cluster-require-full-coverage", "no", "--appendonly", "yes", "--appendfsync", "no")
			d := open(t, cluster.url())
			t.Cleanup(func() { must(t, d.Close()) })
			register := cluster.holder(t, "{marconi}marks")
			ids, now := cluster.queues(t, queues, func(s *server) bool { return s != register }), time.UnixMilli(1_000_000)
			for _, id := range ids {
				createAndPost(t, d, id, now)
				sub := storage.Subscription{ID: "s", Queue: id, Subscriber: "http://s/", Created: now, Since: now, Expires: now.Add(time.Hour), Deliver: true}
				_, _, err := d.CreateSubscription(t.Context(), sub, now)
				must(t, err)
			}
			c.away(t, register)
			began := time.Now()
			for _, id := range ids {
				_, err := d.PostMessages(t.Context(), postOf(id, now, "a"))
				must(t, err)
			}
			if took := time.Since(began); took > 2*time.Second {
				t.Errorf("%d posts took %v", queues, took)
			}
			if n := redisstore.Owed(d.(*redisstore.Store)); n != queues {
				t.Errorf("the marks of %d queues are owed, want %d", n, queues)
			}
			c.back(t, register)
			delivered := map[string]bool{}
			eventually(t, "all letters are delivered", func() bool {
				o := storage.DeliveryOrder{Lease: "l", Now: now, Until: now.Add(time.Minute), Subscriptions: queues, Messages: 10}
				taken, _ := d.TakeDeliveries(t.Context(), o)
				for _, one := range taken {
					delivered[one.Subscription.Queue.Name] = true
				}
				return len(delivered) == queues
			})
			eventually(t, "nothing is owed any more", func() bool { return redisstore.Owed(d.(*redisstore.Store)) == 0 })
		})
	}
}

// holder is the master that holds a key.
func (c *cluster) holder(t testing.TB, key string) *server {
	t.Helper()
	slot := int(c.masters[0].client(t).ClusterKeySlot(t.Context(), key).Val())
	return c.masters[slot*len(c.masters)/slots]
}

// queues are some that are held by servers that are wanted.
func (c *cluster) queues(t testing.TB, number int, wanted func(*server) bool) (ids []storage.QueueID) {
	t.Helper()
	for i := 0; len(ids) < number; i++ {
		id := storage.QueueID{Project: "p", Name: fmt.Sprint("q", i)}
		if wanted(c.holder(t, "{p:"+id.Name+"}q")) {
			ids = append(ids, id)
		}
	}
	return ids
}

// TestOwedIsBounded owes more marks than a store keeps. The register hears of as
// many as were kept, and a store that is closed meanwhile closes at once.
func TestOwedIsBounded(t *testing.T) {
	t.Parallel()
	s := stage(t, "patience=0.2", 0)
	store := s.d.(*redisstore.Store)
	s.proxy.set(func(p *proxy) { p.down = true })
	s.proxy.breaks()
	began := time.Now()
	for i := range redisstore.MaxOwed + 100 {
		must(t, redisstore.Mark(t.Context(), store, storage.QueueID{Project: "p", Name: fmt.Sprint(i)}, "7 0 99"))
		must(t, redisstore.Mark(t.Context(), store, storage.QueueID{Project: "p", Name: "0"}, fmt.Sprint(1_000_000-i, " 0 ", 1+i)))
	}
	if took := time.Since(began); took > 5*time.Second {
		t.Errorf("owing took %v", took)
	}
	if n := redisstore.Owed(store); n != redisstore.MaxOwed {
		t.Errorf("%d are owed, want %d", n, redisstore.MaxOwed)
	}
	s.proxy.set(func(p *proxy) { p.down = false })
	eventually(t, "all that was kept is told", func() bool { return redisstore.Owed(store) == 0 })
	c := s.client(t)
	if n := c.HLen(t.Context(), "{marconi}marks").Val(); n != redisstore.MaxOwed {
		t.Errorf("the register knows %d queues, want %d", n, redisstore.MaxOwed)
	}
	if v := c.HGet(t.Context(), "{marconi}marks", "p:0").Val(); v != "1000000" {
		t.Errorf("the register has version %s, want the newest", v)
	}
	s.proxy.set(func(p *proxy) { p.down = true })
	s.proxy.breaks()
	must(t, redisstore.Mark(t.Context(), store, s.id, "9 9 9"))
	if n := redisstore.Owed(store); n != 1 {
		t.Errorf("%d are owed, want 1", n)
	}
}
