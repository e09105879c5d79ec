package redisstore_test

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/stackforge/marconi/storage"
)

// guarded is a master with two replicas and three Sentinels.
type guarded struct {
	servers   []*server // the first is the master at the beginning
	sentinels []*server
}

func startGuarded(t testing.TB) *guarded {
	t.Helper()
	g := &guarded{servers: []*server{startServer(t, "--repl-diskless-sync-delay", "0")}}
	host, port, _ := net.SplitHostPort(g.servers[0].addr)
	for range 2 {
		g.servers = append(g.servers, startServer(t, "--repl-diskless-sync-delay", "0", "--replicaof", host+" "+port))
	}
	for range 3 {
		g.sentinels = append(g.sentinels, startSentinel(t, host, port))
	}
	g.settles(t)
	return g
}

func startSentinel(t testing.TB, host, port string, args ...string) *server {
	t.Helper()
	own, dir := freePort(t), t.TempDir()
	config := filepath.Join(dir, "sentinel.conf")
	text := fmt.Sprintf("port %d\nbind 127.0.0.1\ndir %s\nlogfile %s\nsentinel monitor queues %s %s 2\n"+
		"sentinel down-after-milliseconds queues 500\nsentinel failover-timeout queues 3000\n", own, dir, filepath.Join(dir, "log"), host, port)
	must(t, os.WriteFile(config, []byte(text), 0o600))
	s := &server{addr: addrOf(own), dir: dir, name: "redis-sentinel", args: append([]string{config}, args...)}
	s.start(t)
	t.Cleanup(s.kill)
	s.await(t)
	return s
}

// settles waits until every Sentinel knows the others and both replicas, and these
// follow the master.
func (g *guarded) settles(t testing.TB) {
	t.Helper()
	for _, s := range g.sentinels {
		c := redis.NewSentinelClient(&redis.Options{Addr: s.addr})
		eventually(t, "a Sentinel knows all", func() bool {
			m := c.Master(t.Context(), "queues").Val()
			return m["num-other-sentinels"] == "2" && m["num-slaves"] == "2" && m["flags"] == "master"
		})
		must(t, c.Close())
	}
	c := g.servers[0].client(t)
	eventually(t, "the replicas follow", func() bool {
		return strings.Count(c.Info(t.Context(), "replication").Val(), "state=online") == 2
	})
}

func (g *guarded) url(parameters string) string {
	var addrs []string
	for _, s := range g.sentinels {
		addrs = append(addrs, s.addr)
	}
	return "redis+sentinel://" + strings.Join(addrs, ",") + "?master=queues" + parameters
}

// TestSentinelFailover kills the master under load. What was answered when a
// replica had it is there on the replica that takes over, and the feed goes on.
func TestSentinelFailover(t *testing.T) {
	g := startGuarded(t)
	d := open(t, g.url("&min_replicas=1&socket_timeout=2"))
	defer d.Close()
	id, now := storage.QueueID{Project: "p", Name: "jobs"}, time.UnixMilli(1_000_000)
	createAndPost(t, d, id, now, "0")
	lost := make(chan struct{}, 100)
	stop, err := d.Follow(t.Context(), id, func(e storage.Event) {
		if e.Lost {
			lost <- struct{}{}
		}
	})
	must(t, err)
	defer stop()
	await(t, "the feed begins", lost)

	load := newLoad(t, d, id, now)
	load.progresses(t)
	g.servers[0].kill()
	load.progresses(t)
	await(t, "the feed tells that it may have missed something", lost)
	load.finish(t)
}

// TestMinReplicas asks for more replicas than there are.
func TestMinReplicas(t *testing.T) {
	s := startServer(t)
	id, now := storage.QueueID{Project: "p", Name: "jobs"}, time.UnixMilli(1_000_000)
	plain := open(t, "redis://"+s.addr)
	defer plain.Close()
	createAndPost(t, plain, id, now)
	d := open(t, "redis://"+s.addr+"?min_replicas=1&replica_timeout=0.05")
	defer d.Close()
	_, err := d.PostMessages(t.Context(), postOf(id, now, "a"))
	if err == nil || !strings.Contains(err.Error(), "was stored, and too few replicas") {
		t.Errorf("a post without replicas answered %v", err)
	}
	if stats, err := d.QueueStats(t.Context(), id, now); err != nil || stats.Total != 1 {
		t.Errorf("%d messages, %v: the post was carried out", stats.Total, err)
	}
	host, port, _ := net.SplitHostPort(s.addr)
	replica := startServer(t, "--repl-diskless-sync-delay", "0", "--replicaof", host+" "+port)
	one := replica.client(t)
	eventually(t, "a post with a replica succeeds", func() bool {
		_, err := d.PostMessages(t.Context(), postOf(id, now, "b"))
		return err == nil
	})
	stats, err := d.QueueStats(t.Context(), id, now)
	must(t, err)
	if n, err := one.XLen(t.Context(), "{p:jobs}s").Result(); err != nil || strconv.Itoa(int(n)) != strconv.Itoa(stats.Total) {
		t.Errorf("the replica has %d messages of %d, %v", n, stats.Total, err)
	}
}
