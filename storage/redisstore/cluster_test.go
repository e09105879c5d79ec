package redisstore_test

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/storagetest"
)

const slots = 16384

// cluster is masters that share the slots.
type cluster struct {
	masters []*server
}

func startCluster(t testing.TB, args ...string) *cluster {
	t.Helper()
	c := &cluster{}
	var addrs []string
	for range 3 {
		m := startServer(t, append(clusterArgs(t), args...)...)
		c.masters, addrs = append(c.masters, m), append(addrs, m.addr)
	}
	c.join(t, addrs...)
	return c
}

// clusterArgs make a server one of a cluster.
func clusterArgs(t testing.TB) []string {
	t.Helper()
	return []string{"--cluster-enabled", "yes", "--cluster-port", strconv.Itoa(freePort(t)),
		"--cluster-node-timeout", "2000", "--cluster-config-file", "nodes.conf"}
}

// join shares the slots among the masters, and introduces them at their addresses.
func (c *cluster) join(t testing.TB, addrs ...string) {
	t.Helper()
	n := len(c.masters)
	for i, m := range c.masters {
		one := m.client(t)
		must(t, one.ClusterAddSlotsRange(t.Context(), i*slots/n, (i+1)*slots/n-1).Err())
		must(t, one.Do(t.Context(), "cluster", "set-config-epoch", i+1).Err())
	}
	for i, m := range c.masters[1:] {
		must(t, c.masters[0].client(t).Do(t.Context(), append([]any{"cluster", "meet"}, m.meeting(addrs[i+1])...)...).Err())
	}
	c.settles(t)
}

// meeting is how a server of a cluster is introduced: host, port, bus port.
func (s *server) meeting(addr string) []any {
	host, port, _ := net.SplitHostPort(addr)
	bus := ""
	for i, a := range s.args {
		if a == "--cluster-port" {
			bus = s.args[i+1]
		}
	}
	return []any{host, port, bus}
}

// settles waits until every master knows all slots and all others.
func (c *cluster) settles(t testing.TB) {
	t.Helper()
	for _, m := range c.masters {
		one := m.client(t)
		eventually(t, "the cluster is whole", func() bool {
			info := one.ClusterInfo(t.Context()).Val()
			return strings.Contains(info, "cluster_state:ok") && strings.Contains(info, "cluster_slots_ok:16384") &&
				strings.Contains(info, fmt.Sprint("cluster_known_nodes:", len(c.masters)))
		})
	}
}

func (c *cluster) url() string {
	var addrs []string
	for _, m := range c.masters {
		addrs = append(addrs, m.addr)
	}
	return "redis+cluster://" + strings.Join(addrs, ",")
}

func must(t testing.TB, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

// TestClusterContract plays a case at a time, since a cluster has one database,
// which is emptied before each.
func TestClusterContract(t *testing.T) {
	c := startCluster(t)
	for _, role := range storagetest.Contract() {
		t.Run(role.Name, func(t *testing.T) {
			for _, one := range role.Cases {
				t.Run(one.Name, func(t *testing.T) {
					d := c.openEmpty(t)
					t.Cleanup(func() {
						if err := d.Close(); err != nil && role.Name != "close" {
							t.Error(err)
						}
					})
					one.Run(t, d)
					if t.Failed() {
						t.Log("why:", one.Why)
					}
				})
			}
		})
	}
}

func (c *cluster) openEmpty(t testing.TB) storage.Driver {
	t.Helper()
	for _, m := range c.masters {
		must(t, m.client(t).FlushAll(t.Context()).Err())
	}
	return open(t, c.url())
}

func TestClusterModel(t *testing.T) {
	c := startCluster(t)
	storagetest.Model(t, func(t *testing.T) storage.Driver { return c.openEmpty(t) }, reference)
}

func TestClusterRace(t *testing.T) {
	c := startCluster(t)
	for _, one := range storagetest.Races() {
		t.Run(one.Name, func(t *testing.T) {
			d := c.openEmpty(t)
			t.Cleanup(func() { must(t, d.Close()) })
			one.Run(t, d)
		})
	}
}

// TestClusterSlots has queues on every master, lists them together and buries
// from each in one whose slot is elsewhere.
func TestClusterSlots(t *testing.T) {
	c := startCluster(t)
	d := c.openEmpty(t)
	defer d.Close()
	now := time.UnixMilli(1_000_000)
	dead := storage.QueueID{Project: "p", Name: "dead"}
	const queues = 60
	for i := range queues {
		id := storage.QueueID{Project: "p", Name: fmt.Sprintf("q%02d", i)}
		createAndPost(t, d, id, now, fmt.Sprint(i))
		o := storage.ClaimOrder{ID: "1", Queue: id, Now: now, Expires: now.Add(time.Minute), Keep: now.Add(time.Hour), Limit: 1,
			Bury: &storage.Bury{Max: 1, Queue: dead, Epoch: 7}}
		claimed, err := d.CreateClaim(t.Context(), o)
		must(t, err)
		if len(claimed.Messages) != 1 {
			t.Fatalf("claimed %d messages of %s", len(claimed.Messages), id.Name)
		}
		must(t, d.ReleaseClaim(t.Context(), id, "1", now, now))
		o.ID = "2"
		if _, err := d.CreateClaim(t.Context(), o); err != nil {
			t.Fatal(err)
		}
	}
	for _, m := range c.masters {
		n, err := m.client(t).DBSize(t.Context()).Result()
		if err != nil || n < queues/6 {
			t.Errorf("a master has %d keys (%v): the queues are not spread", n, err)
		}
	}
	page, err := d.ListQueues(t.Context(), storage.QueueFilter{Project: "p", Limit: 1000})
	must(t, err)
	if len(page.Items) != queues+1 {
		t.Errorf("listed %d queues", len(page.Items))
	}
	if s, err := d.QueueStats(t.Context(), dead, now); err != nil || s.Total != queues {
		t.Errorf("%d dead letters, %v", s.Total, err)
	}
}

var epochs atomic.Uint32

func createAndPost(t testing.TB, d storage.Driver, id storage.QueueID, now time.Time, bodies ...string) {
	t.Helper()
	_, err := d.CreateQueue(t.Context(), storage.Queue{ID: id, Epoch: epochs.Add(1), Created: now})
	must(t, err)
	_, err = d.PostMessages(t.Context(), postOf(id, now, bodies...))
	must(t, err)
}

func postOf(id storage.QueueID, now time.Time, bodies ...string) storage.Post {
	p := storage.Post{Queue: id, ClientID: "client", Now: now}
	for _, b := range bodies {
		p.Drafts = append(p.Drafts, storage.Draft{Body: []byte(b), Expires: now.Add(time.Hour)})
	}
	return p
}

// TestClusterMigration moves a slot to another master and back while its queue is
// posted to, claimed from and followed. Nothing is lost, and nothing comes twice.
func TestClusterMigration(t *testing.T) {
	c := startCluster(t)
	d := c.openEmpty(t)
	defer d.Close()
	id, now := storage.QueueID{Project: "p", Name: "moving"}, time.UnixMilli(1_000_000)
	createAndPost(t, d, id, now, "0")
	slot := int(c.masters[0].client(t).ClusterKeySlot(t.Context(), "{p:moving}q").Val())
	from := c.masters[slot*3/slots]
	to := c.masters[(slot*3/slots+1)%3]

	lost, last := make(chan struct{}, 100), atomic.Uint64{}
	stop, err := d.Follow(t.Context(), id, func(e storage.Event) {
		if e.Lost {
			lost <- struct{}{}
		}
		if e.Last > 0 {
			last.Store(uint64(e.Last))
		}
	})
	must(t, err)
	defer stop()
	<-lost

	load := newLoad(t, d, id, now)
	for range 2 {
		load.progresses(t)
		c.moveSlot(t, slot, from, to)
		load.progresses(t)
		await(t, "the feed tells that it may have missed something", lost)
		from, to = to, from
	}
	posted := load.finish(t)
	// The feed goes on where the slot is now. It may be on its way there still, and
	// then tells of a loss in place of a post.
	eventually(t, "the feed tells of a post", func() bool {
		_, err := d.PostMessages(t.Context(), postOf(id, now, "once more"))
		must(t, err)
		return int(last.Load()) > posted
	})
}

func await(t testing.TB, what string, c <-chan struct{}) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	select {
	case <-c:
	case <-ctx.Done():
		t.Fatalf("not in time: %s", what)
	}
}

// moveSlot moves a slot with its keys, as redis-cli --cluster reshard does.
func (c *cluster) moveSlot(t testing.TB, slot int, from, to *server) {
	t.Helper()
	c.moveKeys(t, slot, from, to)
	id := to.client(t).ClusterMyID(t.Context()).Val()
	for _, m := range append([]*server{to, from}, c.masters...) {
		must(t, m.client(t).Do(t.Context(), "cluster", "setslot", slot, "node", id).Err())
	}
}

// moveKeys begins to move a slot, and moves its keys. Who comes to the old server
// is told to ask the new one.
func (c *cluster) moveKeys(t testing.TB, slot int, from, to *server) {
	t.Helper()
	ctx, source, target := t.Context(), from.client(t), to.client(t)
	must(t, target.Do(ctx, "cluster", "setslot", slot, "importing", source.ClusterMyID(ctx).Val()).Err())
	must(t, source.Do(ctx, "cluster", "setslot", slot, "migrating", target.ClusterMyID(ctx).Val()).Err())
	host, port, _ := net.SplitHostPort(to.addr)
	for {
		keys, err := source.ClusterGetKeysInSlot(ctx, slot, 10).Result()
		must(t, err)
		if len(keys) == 0 {
			return
		}
		args := []any{"migrate", host, port, "", 0, 5000, "keys"}
		for _, k := range keys {
			args = append(args, k)
		}
		must(t, source.Do(ctx, args...).Err())
	}
}
