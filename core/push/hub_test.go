package push_test

import (
	"context"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackforge/marconi/core/push"
)

// While a log cannot be reached, nobody is busy for it.
func TestStuckWhileUnused(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		const most = 100
		var asked atomic.Int64
		release := make(chan struct{})
		b := newBook()
		source := b.source()
		source.Follow = func(ctx context.Context, key string, see func(push.Event)) (func(), error) {
			<-release
			return b.follow(ctx, key, see)
		}
		source.Now = func() time.Time {
			if asked.Add(1) == most {
				close(release) // or it would go on for ever
			}
			return time.Now()
		}
		s := &shelf{book: b, Hub: push.New(source), t: t}
		stop := s.run()
		defer stop()
		r := s.listen(push.Place{}, true)
		synctest.Wait()
		r.Close()
		<-time.After(time.Minute)
		if n := asked.Load(); n < most {
			close(release)
		} else {
			t.Errorf("the time was asked for %d times in a minute", n)
		}
		synctest.Wait()
		same(t, "followed by nobody", b.followed(), 0)
	})
}

// Who comes while the hub ends does not wait for what takes its time to end.
func TestListenWhileTheHubEnds(t *testing.T) {
	open(t, func(s *shelf) {
		var late *reader
		source := s.source()
		source.Follow = func(ctx context.Context, key string, see func(push.Event)) (func(), error) {
			stop, err := s.follow(ctx, key, see)
			return func() {
				stop()
				if late == nil {
					late = s.listen(push.Place{}, true)
				}
			}, err
		}
		s.stop()
		s.Hub = push.New(source)
		stop := s.run()
		first := s.listen(push.Place{}, true)
		sameTexts(t, "live", first.all(), "live")
		stop()
		sameTexts(t, "told", append(first.all(), late.all()...), "end stopped", "end stopped")
	})
}
