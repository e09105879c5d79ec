package redisstore_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/storagetest"
)

func BenchmarkStore(b *testing.B) {
	shared := startShared(b)
	storagetest.Bench(b, func(b *testing.B) storage.Driver { return open(b, shared.next(b)) })
}

// benched is a queue of its own for each benchmark.
func benched(b *testing.B, d storage.Driver) storage.QueueID {
	id := storage.QueueID{Project: "p", Name: fmt.Sprint("bench", epochs.Add(1))}
	createAndPost(b, d, id, benchTime)
	return id
}

var benchTime = time.UnixMilli(1_700_000_000_000)

func bodyOf(n int) string {
	b := make([]byte, n)
	for i := range b {
		b[i] = byte('a' + rand.IntN(26))
	}
	return string(b)
}

func bodiesOf(messages, size int) []string {
	list := make([]string, messages)
	for i := range list {
		list[i] = bodyOf(size)
	}
	return list
}

// rounder posts messages, claims as many, and deletes them.
type rounder interface {
	begin(b *testing.B, bodies []string) error
	round(b *testing.B) error
}

// BenchmarkRound posts 20 messages of 1 KiB, claims 20 and deletes 20, by a
// store, by scripts that were written for nothing else, and by some that leave out
// the store's duties besides.
func BenchmarkRound(b *testing.B) {
	const messages = 20
	s := startServer(b)
	for _, callers := range []int{1, 16} {
		measure := func(name string, r rounder) {
			b.Run(fmt.Sprint(name, "/callers=", callers), func(b *testing.B) {
				must(b, r.begin(b, bodiesOf(messages, 1024)))
				parallel(b, callers, func() error { return r.round(b) })
				b.ReportMetric(float64(b.N)*messages/b.Elapsed().Seconds(), "msgs/s")
			})
		}
		d := open(b, "redis://"+s.addr)
		c := redis.NewClient(&redis.Options{Addr: s.addr, PoolSize: 64, DisableIdentity: true})
		measure("store", &byStore{d: d})
		measure("by-hand", newByHand(c))
		measure("bare", newBare(c))
		must(b, d.Close())
		must(b, c.Close())
	}
}

// byStore is a store at work.
type byStore struct {
	d    storage.Driver
	post storage.Post
}

func (s *byStore) begin(b *testing.B, bodies []string) error {
	s.post = postOf(benched(b, s.d), benchTime, bodies...)
	return nil
}

func parallel(b *testing.B, callers int, do func() error) {
	b.SetParallelism((callers + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0))
	b.ResetTimer()
	if callers == 1 {
		for range b.N {
			must(b, do())
		}
		return
	}
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			if err := do(); err != nil {
				b.Error(err)
				return
			}
		}
	})
}

func (s *byStore) round(b *testing.B) error {
	ctx := b.Context()
	if _, err := s.d.PostMessages(ctx, s.post); err != nil {
		return err
	}
	o := storage.ClaimOrder{ID: fmt.Sprint("order-of-a-length-like-a-uuid-", orders.Add(1)), Queue: s.post.Queue, Now: benchTime,
		Expires: benchTime.Add(time.Minute), Keep: benchTime.Add(time.Hour), Limit: len(s.post.Drafts)}
	c, err := s.d.CreateClaim(ctx, o)
	if err != nil {
		return err
	}
	ids := make([]string, len(c.Messages))
	for i, m := range c.Messages {
		ids[i] = m.ID
	}
	return s.d.DeleteMessages(ctx, s.post.Queue, ids, []string{o.ID}, benchTime)
}

// BenchmarkSinglePosts posts one message of 1 KiB at a time.
func BenchmarkSinglePosts(b *testing.B) {
	s := startServer(b)
	for _, callers := range []int{1, 16, 64, 256} {
		b.Run(fmt.Sprint("callers=", callers), func(b *testing.B) {
			d := open(b, "redis://"+s.addr+"?socket_timeout=30")
			defer d.Close()
			id, body := benched(b, d), bodyOf(1024)
			var posts atomic.Int64
			parallel(b, callers, func() error {
				if posts.Add(1)%50_000 == 0 {
					_ = d.PurgeMessages(b.Context(), id)
				}
				_, err := d.PostMessages(b.Context(), postOf(id, benchTime, body))
				return err
			})
			must(b, d.DeleteQueue(b.Context(), id))
		})
	}
}

// BenchmarkClaim claims and releases 10 messages while others are held.
func BenchmarkClaim(b *testing.B) {
	s := startServer(b)
	d := open(b, "redis://"+s.addr)
	defer d.Close()
	id, held := benched(b, d), 0
	for _, n := range []int{0, 1_000, 100_000} {
		for ; held < n; held += 1000 {
			_, err := d.PostMessages(b.Context(), postOf(id, benchTime, bodiesOf(1000, 10)...))
			must(b, err)
			_, err = d.CreateClaim(b.Context(), storage.ClaimOrder{ID: fmt.Sprint("held", held), Queue: id, Now: benchTime,
				Expires: benchTime.Add(time.Hour), Keep: benchTime.Add(time.Hour), Limit: 1000})
			must(b, err)
		}
		_, err := d.PostMessages(b.Context(), postOf(id, benchTime, bodiesOf(10, 10)...))
		must(b, err)
		held += 10
		b.Run(fmt.Sprint("held=", n), func(b *testing.B) {
			for b.Loop() {
				o := storage.ClaimOrder{ID: fmt.Sprint("o", orders.Add(1)), Queue: id, Now: benchTime,
					Expires: benchTime.Add(time.Minute), Keep: benchTime.Add(time.Hour), Limit: 10}
				c, err := d.CreateClaim(b.Context(), o)
				must(b, err)
				if len(c.Messages) != 10 {
					b.Fatalf("claimed %d", len(c.Messages))
				}
				must(b, d.ReleaseClaim(b.Context(), id, o.ID, benchTime, benchTime))
			}
		})
	}
}

// TestMemory holds the room that a waiting message takes to a bound. Redis keeps
// messages in blocks, and how full these get depends on the size to the byte, so
// the mean of several sizes counts.
func TestMemory(t *testing.T) {
	for _, c := range []struct{ size, most int }{{100, 160}, {1024, 1300}} {
		sum, sizes := 0, 0
		for size := c.size * 4 / 5; size <= c.size*6/5; size += c.size / 10 {
			got := roomOf(t, size)
			t.Logf("%d bytes for a message of %d", got, size)
			sum, sizes = sum+got, sizes+1
		}
		if mean := sum / sizes; mean > c.most {
			t.Errorf("a message of about %d takes %d bytes, more than %d", c.size, mean, c.most)
		}
	}
}

// roomOf is how many bytes a message of a client takes.
func roomOf(t *testing.T, size int) int {
	s := startServer(t)
	defer s.kill()
	d := open(t, "redis://"+s.addr)
	defer d.Close()
	id := storage.QueueID{Project: "p", Name: "jobs"}
	createAndPost(t, d, id, benchTime)
	const posts, each = 200, 100
	before := s.memory(t)
	for range posts {
		p := postOf(id, benchTime, bodiesOf(each, size)...)
		p.ClientID = "3381af92-2b9e-11e3-b191-71861300734c"
		_, err := d.PostMessages(t.Context(), p)
		must(t, err)
	}
	return (s.memory(t) - before) / (posts * each)
}

// memory is how many bytes the data take.
func (s *server) memory(t testing.TB) int {
	t.Helper()
	info := s.client(t).Info(t.Context(), "memory").Val()
	for line := range strings.Lines(info) {
		if v, ok := strings.CutPrefix(line, "used_memory_dataset:"); ok {
			n, err := strconv.Atoi(strings.TrimSpace(v))
			must(t, err)
			return n
		}
	}
	t.Fatal("the server does not tell its memory")
	return 0
}
