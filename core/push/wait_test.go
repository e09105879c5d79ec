package push_test

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"
)

// Who has taken what was there before another looked, but learns it later, takes
// nothing of what comes after.
func TestFoundLate(t *testing.T) {
	open(t, func(s *shelf) {
		early, late := s.Wait("book", 4), s.Wait("book", 3)
		synctest.Wait()
		late.Look() // and takes all there is
		early.Look()
		ctx, cancel := context.WithCancel(context.Background())
		var looks atomic.Int64
		var all sync.WaitGroup
		all.Go(func() {
			defer early.Leave()
			for early.Sleep(ctx, time.Time{}) {
				early.Look()
				looks.Add(1)
			}
		})
		synctest.Wait()
		late.Found(3, false)
		late.Leave()
		synctest.Wait()
		before := looks.Load()
		s.write("1", "2")
		synctest.Wait()
		same(t, "looks for what came", looks.Load()-before, 1)
		cancel()
		all.Wait()
	})
}
