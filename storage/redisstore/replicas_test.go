package redisstore_test

import (
	"strings"
	"testing"
	"time"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/redisstore"
)

// replicated is a cluster in which a queue's slot moves to the server that holds
// the register, and the two servers that it moves between have a replica each.
type replicated struct {
	*cluster
	id         storage.QueueID
	now        time.Time
	slot       int
	from, to   *server
	heir, idle *server // replicas of to and of from
}

func startReplicated(t testing.TB) *replicated {
	t.Helper()
	r := &replicated{cluster: startCluster(t, "--repl-diskless-sync-delay", "0"), id: storage.QueueID{Project: "p", Name: "moving"}, now: time.UnixMilli(1_000_000)}
	r.slot = int(r.masters[0].client(t).ClusterKeySlot(t.Context(), "{p:moving}q").Val())
	r.from = r.holder(t, "{p:moving}q")
	if r.to = r.holder(t, "{marconi}marks"); r.to == r.from {
		t.Fatal("the queue lies where the register is")
	}
	r.heir, r.idle = r.follow(t, r.to), r.follow(t, r.from)
	return r
}

// follow starts a replica of a master.
func (c *cluster) follow(t testing.TB, master *server) *server {
	t.Helper()
	s := startServer(t, append(clusterArgs(t), "--repl-diskless-sync-delay", "0")...)
	one, ctx := s.client(t), t.Context()
	must(t, one.Do(ctx, append([]any{"cluster", "meet"}, master.meeting(master.addr)...)...).Err())
	id := master.client(t).ClusterMyID(ctx).Val()
	eventually(t, "a replica may follow", func() bool { return one.ClusterReplicate(ctx, id).Err() == nil })
	eventually(t, "a replica follows", func() bool {
		return strings.Contains(one.Info(ctx, "replication").Val(), "master_link_status:up") &&
			strings.Contains(master.client(t).Info(ctx, "replication").Val(), "state=online")
	})
	return s
}

// TestMigrationWithReplicas moves a slot there and back and there again under
// load, with an answer for what a replica has alone, and kills the server where it
// is then. What was answered is on the replica that takes over.
func TestMigrationWithReplicas(t *testing.T) {
	t.Parallel()
	r := startReplicated(t)
	d := open(t, r.url()+"?min_replicas=1&patience=5&socket_timeout=2")
	defer d.Close()
	createAndPost(t, d, r.id, r.now, "0")
	load := newLoad(t, d, r.id, r.now)
	from, to := r.from, r.to
	for range 3 {
		load.progresses(t)
		r.moveSlot(t, r.slot, from, to)
		from, to = to, from
	}
	load.progresses(t)
	load.stop()
	load.done.Wait()
	r.to.kill()
	must(t, r.heir.client(t).Do(t.Context(), "cluster", "failover", "takeover").Err())
	eventually(t, "the replica has taken over", func() bool {
		_, err := d.QueueStats(t.Context(), r.id, r.now)
		return err == nil
	})
	for range 2 { // deletions by those who drain it need a replica too
		r.follow(t, r.heir)
	}
	load.finish(t)
}

// TestAskWithReplicas stops a migration when all keys have moved and the slot has
// not. A change is carried out at the new server, and its replica is waited for;
// what the new server cannot do yet is refused in time, and is not done.
func TestAskWithReplicas(t *testing.T) {
	t.Parallel()
	r := startReplicated(t)
	ctx := t.Context()
	d := open(t, r.url()+"?min_replicas=1&patience=0.5")
	defer d.Close()
	createAndPost(t, d, r.id, r.now, "a")
	r.moveKeys(t, r.slot, r.from, r.to)

	must(t, d.SetMetadata(ctx, r.id, []byte(`{"a": 1}`), r.version(t, d)))
	if q, err := d.GetQueue(ctx, r.id); err != nil || string(q.Metadata) != `{"a": 1}` {
		t.Errorf("the queue has %s, %v", q.Metadata, err)
	}
	// A server may leave out its own host.
	must(t, r.from.client(t).ConfigSet(ctx, "cluster-preferred-endpoint-type", "unknown-endpoint").Err())
	must(t, d.SetMetadata(ctx, r.id, []byte(`{"a": 2}`), r.version(t, d)))

	began := time.Now()
	_, err := d.PostMessages(ctx, postOf(r.id, r.now, "b"))
	if err == nil || !strings.Contains(err.Error(), "TRYAGAIN") || strings.Contains(err.Error(), "was stored") {
		t.Errorf("a post in the middle answered %v", err)
	}
	if took := time.Since(began); took > 3*time.Second {
		t.Errorf("a post in the middle took %v", took)
	}

	r.heir.kill()
	version := r.version(t, d)
	err = d.SetMetadata(ctx, r.id, []byte(`{"a": 3}`), version)
	if err == nil || !strings.Contains(err.Error(), "was stored, and too few replicas") {
		t.Errorf("a change without a replica answered %v", err)
	}
	if now := r.version(t, d); now != version+1 {
		t.Errorf("version %d follows %d: the change was carried out once", now, version)
	}
	// So for a queue that lies elsewhere, whose name is on the server without one.
	_, err = d.CreateQueue(ctx, storage.Queue{ID: r.queues(t, 1, func(s *server) bool { return s == r.from })[0], Epoch: 1, Created: r.now})
	if err == nil || !strings.Contains(err.Error(), "was stored, and too few replicas") {
		t.Errorf("a queue whose name has no replica answered %v", err)
	}
	plain := open(t, r.url())
	defer plain.Close()
	id := r.to.client(t).ClusterMyID(ctx).Val()
	for _, m := range []*server{r.to, r.from} {
		must(t, m.client(t).Do(ctx, "cluster", "setslot", r.slot, "node", id).Err())
	}
	eventually(t, "the slot has moved", func() bool {
		s, err := plain.QueueStats(ctx, r.id, r.now)
		return err == nil && s.Total == 1
	})
}

func (r *replicated) version(t testing.TB, d storage.Driver) uint64 {
	t.Helper()
	q, err := d.GetQueue(t.Context(), r.id)
	must(t, err)
	return q.Version
}

// said is an answer of Redis.
type said string

func (s said) Error() string { return string(s) }
func (said) RedisError()     {}

// TestRefusedWait has a server that is busy when the WAIT comes, which says nothing
// of the command before it: that must not be sent again.
func TestRefusedWait(t *testing.T) {
	for _, answer := range []said{"BUSY Redis is busy running a script", "LOADING", "READONLY You can't write"} {
		if !redisstore.Refused(answer, false) || redisstore.Refused(answer, true) {
			t.Errorf("%s: refused alone %v, behind a command %v", answer, redisstore.Refused(answer, false), redisstore.Refused(answer, true))
		}
	}
}

func TestRedirection(t *testing.T) {
	for answer, want := range map[said]string{
		"ASK 3999 10.0.0.2:6381":    "10.0.0.2:6381",
		"ASK 3999 two.example:6381": "two.example:6381",
		"ASK 3999 fd00::2:6381":     "[fd00::2]:6381",
		"ASK 3999 [fd00::2]:6381":   "[fd00::2]:6381",
		"ASK 3999 :6381":            "[fd00::1]:6381",
		"ASK 3999 nonsense":         "[fd00::1]:nonsense", // which cannot be connected to
	} {
		if got := redisstore.Named(answer, "[fd00::1]:6379"); got != want {
			t.Errorf("%s names %s, want %s", answer, got, want)
		}
	}
}
