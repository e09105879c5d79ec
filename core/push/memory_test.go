package push_test

import (
	"context"
	"runtime"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackforge/marconi/core/push"
)

type block [64 << 10]byte

// handOnly is a hub whose log keeps nothing: what it holds is all there is.
func handOnly() *push.Hub[string, *block] {
	return push.New(push.Source[string, *block]{
		Follow: func(_ context.Context, _ string, see func(push.Event)) (func(), error) {
			see(push.Event{Lost: true})
			return func() {}, nil
		},
		Look: func(context.Context, string) (push.Outlook, error) {
			return push.Outlook{Life: 1}, nil
		},
		Read: func(_ context.Context, _ string, after push.Place, _ int) (push.Page[*block], error) {
			return push.Page[*block]{Life: 1, Tail: after.At}, nil
		},
		Now:    time.Now,
		Failed: func(string, error) {},
	})
}

// What is kept for listeners who take nothing is bounded, whether those who wake
// them get on or not.
func TestMemoryIsBounded(t *testing.T) {
	for name, stuck := range map[string]bool{"slow listener": false, "slow worker": true} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				h := handOnly()
				ctx, cancel := context.WithCancel(context.Background())
				var all sync.WaitGroup
				all.Go(func() { h.Run(ctx) })
				first, release := true, make(chan struct{})
				l := h.Listen("key", push.Place{Life: 1}, false, func() {
					if !first && stuck {
						<-release
					}
				})
				synctest.Wait()
				first = false
				for len(l.Take(nil, 10)) > 0 {
				}
				before := heap()
				for at := uint64(1); at <= 1000; at++ {
					h.Post("key").Done(1, []push.Item[*block]{{At: at, Size: len(block{}), Value: new(block)}})
					if !stuck {
						synctest.Wait()
					}
				}
				if kept := heap() - before; kept > 3*push.MaxBytes {
					t.Errorf("%d KiB are kept", kept>>10)
				}
				runtime.KeepAlive(l)
				close(release)
				cancel()
				all.Wait()
			})
		})
	}
}

// What was read for some is not kept for others who do not come.
func TestReadingsAreLetGo(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const tail = 16
		h := push.New(push.Source[string, *block]{
			Follow: func(_ context.Context, _ string, see func(push.Event)) (func(), error) {
				see(push.Event{Lost: true})
				return func() {}, nil
			},
			Look: func(context.Context, string) (push.Outlook, error) {
				return push.Outlook{Life: 1, Tail: tail}, nil
			},
			Read: func(_ context.Context, _ string, after push.Place, limit int) (push.Page[*block], error) {
				p := push.Page[*block]{Life: 1, Tail: tail}
				for at := after.At + 1; at <= tail && len(p.Items) < limit; at++ {
					p.Items = append(p.Items, push.Item[*block]{At: at, Size: len(block{}), Value: new(block)})
				}
				return p, nil
			},
			Now:    time.Now,
			Failed: func(string, error) {},
		})
		ctx, cancel := context.WithCancel(context.Background())
		var all sync.WaitGroup
		all.Go(func() { h.Run(ctx) })
		before := heap()
		for range 2 {
			l := h.Listen("key", push.Place{Life: 1}, false, func() {})
			defer l.Close()
			for at := 0; at < tail; {
				synctest.Wait()
				for news := l.Take(nil, 10); len(news) > 0; news = l.Take(nil, 10) {
					at += len(news)
				}
			}
		}
		<-time.After(5 * time.Second)
		synctest.Wait()
		if kept := heap() - before; kept > int64(len(block{})) {
			t.Errorf("%d KiB are kept", kept>>10)
		}
		cancel()
		all.Wait()
	})
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}
