package core_test

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/storage/memstore"
)

// audience is listeners to a queue, and a few goroutines who take for those that
// were woken, as the writers of connections do.
type audience struct {
	reading *core.Broker
	posting *core.Broker
	store   *tapped
	ready   chan *core.Listener
	told    atomic.Int64
	goal    atomic.Int64
	reached chan struct{}
	all     []*core.Listener
	stop    func()
}

// newAudience is n listeners of a broker, and another broker if the posts are to
// come from elsewhere.
func newAudience(b *testing.B, n int, elsewhere bool) *audience {
	a := &audience{store: tap(memstore.New(memstore.Config{})), ready: make(chan *core.Listener, n), reached: make(chan struct{}, 1)}
	ctx, cancel := context.WithCancel(b.Context())
	var running sync.WaitGroup
	start := func() *core.Broker {
		broker, err := core.New(ctx, a.store.below, core.Options{})
		if err != nil {
			b.Fatal(err)
		}
		running.Go(func() { _ = broker.Run(ctx) })
		return broker
	}
	a.reading = start()
	if a.posting = a.reading; elsewhere {
		a.posting = start()
	}
	for range 4 {
		running.Go(func() { a.take(ctx) })
	}
	a.goal.Store(int64(n)) // each is told that it is live
	for range n {
		a.listen(b)
	}
	a.stop = func() {
		cancel()
		running.Wait()
	}
	<-a.reached
	return a
}

func (a *audience) listen(b *testing.B) {
	var l atomic.Pointer[core.Listener]
	wake := func() {
		if l := l.Load(); l != nil {
			a.ready <- l
		}
	}
	made, err := a.reading.Listen(b.Context(), someone, core.ListenRequest{Queue: loud.Name}, wake)
	if err != nil {
		b.Fatal(err)
	}
	l.Store(made)
	a.all = append(a.all, made)
	a.ready <- made
}

func (a *audience) take(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case l := <-a.ready:
			for news := l.Take(16); len(news) > 0; news = l.Take(16) {
				if a.told.Add(int64(len(news))) >= a.goal.Load() {
					select {
					case a.reached <- struct{}{}:
					default:
					}
				}
			}
		}
	}
}

func (a *audience) post(b *testing.B) {
	a.goal.Add(int64(len(a.all)))
	_, err := a.posting.PostMessages(b.Context(), someone, core.MessagePostRequest{Queue: loud.Name, Messages: drafts(`{"event": "something has happened"}`)})
	if err != nil {
		b.Fatal(err)
	}
	for a.told.Load() < a.goal.Load() {
		<-a.reached
	}
}

// BenchmarkTell is a post and all who hear of it: one posted here, whose body is
// handed over, and one posted by another broker, which is read.
func BenchmarkTell(b *testing.B) {
	for _, from := range []string{"handed", "read"} {
		for _, n := range []int{1, 100, 1000, 5000} {
			b.Run(fmt.Sprintf("%s/listeners=%d", from, n), func(b *testing.B) { benchmarkTell(b, n, from == "read") })
		}
	}
}

func benchmarkTell(b *testing.B, n int, elsewhere bool) {
	a := newAudience(b, n, elsewhere)
	defer a.stop()
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	posts := 0
	for b.Loop() {
		a.post(b)
		posts++
	}
	runtime.ReadMemStats(&after)
	deliveries := float64(posts * n)
	b.ReportMetric(float64(b.Elapsed().Nanoseconds())/deliveries, "ns/delivery")
	b.ReportMetric(float64(after.TotalAlloc-before.TotalAlloc)/deliveries, "B/delivery")
}

// BenchmarkPostListened is what listeners cost somebody who posts, while they are
// told: nothing that grows with their number.
func BenchmarkPostListened(b *testing.B) {
	for _, n := range []int{0, 1, 5000} {
		b.Run(fmt.Sprintf("listeners=%d", n), func(b *testing.B) {
			a := newAudience(b, max(n, 1), false)
			defer a.stop()
			queue := loud.Name
			if n == 0 {
				queue = "quiet"
			}
			r := core.MessagePostRequest{Queue: queue, Messages: drafts(`{"event": "something has happened"}`)}
			took := time.Duration(0)
			for b.Loop() {
				start := time.Now()
				if _, err := a.posting.PostMessages(b.Context(), someone, r); err != nil {
					b.Fatal(err)
				}
				took += time.Since(start)
			}
			b.ReportMetric(float64(took.Nanoseconds())/float64(b.N), "ns/post")
		})
	}
}

// BenchmarkIdleListener is what a listener costs while nothing happens.
func BenchmarkIdleListener(b *testing.B) {
	const n = 20_000
	for b.Loop() {
		before := heap()
		a := newAudience(b, n, false)
		b.ReportMetric(float64(heap()-before)/n, "B/listener")
		runtime.KeepAlive(a)
		a.stop()
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
