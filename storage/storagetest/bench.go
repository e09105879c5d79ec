package storagetest

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stackforge/marconi/storage"
)

// pageSize is how many messages a benchmark lists, claims and deletes at a time.
const pageSize = 20

// Bench tells how fast the driver that open opens is, in messages a second: at
// posting, at listing, and at handing messages out, in queues with and without a
// backlog.
func Bench(b *testing.B, open func(b *testing.B) storage.Driver) {
	for _, messages := range []int{1, 20, 100} {
		for _, size := range []int{100, 1024} {
			for _, callers := range []int{1, 64} {
				name := fmt.Sprintf("post/messages=%d/bytes=%d/callers=%d", messages, size, callers)
				b.Run(name, func(b *testing.B) { benchPost(newStand(b, open), messages, size, callers) })
			}
		}
	}
	for _, producer := range []string{"", "p"} {
		b.Run(fmt.Sprintf("pipeline/under way=64/producer=%q", producer), func(b *testing.B) {
			benchPipeline(newStand(b, open), producer, 64)
		})
	}
	for _, bench := range []struct {
		name string
		run  func(*stand)
	}{{"list", benchList}, {"claim+delete", benchClaimDelete}, {"post+claim+delete", benchPostClaimDelete}} {
		for _, waiting := range []int{0, 10_000} {
			for _, held := range []int{0, 10_000} {
				b.Run(fmt.Sprintf("%s/waiting=%d/held=%d", bench.name, waiting, held), func(b *testing.B) {
					s := newStand(b, open)
					s.hold(held)
					s.fill(waiting)
					bench.run(s)
				})
			}
		}
	}
}

// stand is a queue under benchmark.
type stand struct {
	*testing.B
	d      storage.Driver
	id     storage.QueueID
	orders atomic.Int64
}

func newStand(b *testing.B, open func(b *testing.B) storage.Driver) *stand {
	s := &stand{B: b, d: open(b), id: storage.QueueID{Project: project, Name: "bench"}}
	b.Cleanup(func() {
		if err := s.d.Close(); err != nil {
			b.Errorf("Close: %v", err)
		}
	})
	_, err := s.d.CreateQueue(b.Context(), storage.Queue{ID: s.id, Epoch: 1, Created: at(0)})
	s.must(err)
	return s
}

func (s *stand) must(err error) {
	s.Helper()
	if err != nil {
		s.Fatal(err)
	}
}

func drafts(n, size int) []storage.Draft {
	list := make([]storage.Draft, n)
	for i := range list {
		list[i] = storage.Draft{Body: noise(size), Expires: far()}
	}
	return list
}

func (s *stand) post(ctx context.Context, list []storage.Draft) error {
	_, err := s.d.PostMessages(ctx, storage.Post{Queue: s.id, ClientID: "client", Now: at(0), Drafts: list})
	return err
}

// fill posts that many messages.
func (s *stand) fill(n int) {
	s.Helper()
	for ; n > 0; n -= 1000 {
		s.must(s.post(s.Context(), drafts(min(n, 1000), 100)))
	}
}

// hold posts that many messages and claims them, in claims of a page.
func (s *stand) hold(n int) {
	s.Helper()
	s.fill(n)
	for ; n > 0; n -= pageSize {
		s.claim()
	}
}

func (s *stand) claim() storage.Claim {
	s.Helper()
	c, err := s.d.CreateClaim(s.Context(), storage.ClaimOrder{
		ID: fmt.Sprint("claim", s.orders.Add(1)), Queue: s.id, Now: at(0),
		Expires: at(0).Add(time.Hour), Keep: at(0).Add(time.Hour), Limit: pageSize,
	})
	s.must(err)
	if len(c.Messages) != pageSize {
		s.Fatalf("claimed %d messages", len(c.Messages))
	}
	return c
}

// rate reports messages a second, of so many an iteration.
func (s *stand) rate(messages int) {
	s.ReportMetric(float64(s.N)*float64(messages)/s.Elapsed().Seconds(), "msgs/s")
}

// benchPost purges after every 64 MiB, so that a long benchmark fits in memory.
func benchPost(s *stand, messages, size, callers int) {
	list := drafts(messages, size)
	perPurge := int64(64<<20) / int64(messages*(size+200))
	var posts atomic.Int64
	s.SetParallelism((callers + runtime.GOMAXPROCS(0) - 1) / runtime.GOMAXPROCS(0))
	one := func() bool {
		err := s.post(s.Context(), list)
		if err == nil && posts.Add(1)%perPurge == 0 {
			err = s.d.PurgeMessages(s.Context(), s.id)
		}
		if err != nil {
			s.Error(err)
		}
		return err == nil
	}
	s.ResetTimer()
	if callers == 1 {
		for range s.N {
			one()
		}
	} else {
		s.RunParallel(func(pb *testing.PB) {
			for pb.Next() && one() {
			}
		})
	}
	s.rate(messages)
}

// benchPipeline posts single messages, so many of them at once.
func benchPipeline(s *stand, producer string, window int) {
	list, under := drafts(1, 100), make([]storage.Pending, 0, window)
	settle := func() {
		_, err := under[0].Wait(s.Context())
		s.must(err)
		under = append(under[:0], under[1:]...)
	}
	s.ReportAllocs()
	seq := uint64(0)
	for s.Loop() {
		p := storage.Post{Queue: s.id, ClientID: "client", Now: at(0), Drafts: list}
		if seq++; producer != "" {
			p.Once = storage.Once{Producer: producer, Seq: seq, Until: far()}
		}
		if under = append(under, s.d.StartPost(s.Context(), p)); len(under) == window {
			settle()
		}
		if seq%200_000 == 0 { // the store must not grow without end
			s.must(s.d.PurgeMessages(s.Context(), s.id))
		}
	}
	for len(under) > 0 {
		settle()
	}
	s.rate(1)
}

func benchList(s *stand) {
	s.fill(pageSize)
	f := storage.MessageFilter{Queue: s.id, Now: at(0), Limit: pageSize}
	for s.Loop() {
		page, err := s.d.ListMessages(s.Context(), f)
		s.must(err)
		if len(page.Items) != pageSize {
			s.Fatalf("listed %d messages", len(page.Items))
		}
	}
	s.rate(pageSize)
}

// benchClaimDelete claims a page and deletes its messages one by one, as workers
// do. The messages are posted while the clock stands still.
func benchClaimDelete(s *stand) {
	const refill = 100
	for n := 0; s.Loop(); n++ {
		if n%refill == 0 {
			s.StopTimer()
			s.fill(refill * pageSize)
			s.StartTimer()
		}
		c := s.claim()
		for _, m := range c.Messages {
			s.must(s.d.DeleteMessage(s.Context(), s.id, m.ID, c.ID, at(0)))
		}
	}
	s.rate(pageSize)
}

func benchPostClaimDelete(s *stand) {
	list := drafts(pageSize, 100)
	for s.Loop() {
		s.must(s.post(s.Context(), list))
		c := s.claim()
		s.must(s.d.DeleteMessages(s.Context(), s.id, ids(c.Messages), []string{c.ID}, at(0)))
	}
	s.rate(pageSize)
}
