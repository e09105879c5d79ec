package zmtp_test

import (
	"errors"
	"net"
	"runtime"
	"sync"
	"testing"

	"github.com/stackforge/marconi/transports/zmtp"
)

// heap is how much memory is in use, without what is kept to be used again: that goes
// with the second look that finds it unused.
func heap() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// TestComingAndGoing has 10,000 connections begin and end, at every stage.
func TestComingAndGoing(t *testing.T) {
	r := router(t, zmtp.Config{}, echo)
	ask(t, dial(t, zmtp.Config{Endpoint: r.Addr()}), "first")
	comeAndGo(t, r.Addr(), 500) // what is kept for use again
	settled := func() bool { return r.Stats().Peers == 1 }
	eventually(t, "all have gone", settled)
	goroutines, before := runtime.NumGoroutine(), heap()
	comeAndGo(t, r.Addr(), 10_000)
	eventually(t, "all have gone", settled)
	eventually(t, "their goroutines have ended", func() bool { return runtime.NumGoroutine() <= goroutines })
	if grown := int64(heap()) - int64(before); grown > 1<<20 {
		t.Errorf("%d kB more are in use", grown>>10)
	}
}

func comeAndGo(t *testing.T, endpoint string, n int) {
	t.Helper()
	stages := [][]byte{
		nil,
		greeting(1, "NULL")[:20],
		greeting(1, "NULL"),
		append(greeting(1, "NULL"), long(4, 1<<40)...),
		append(greeting(1, "NULL"), command("READY", property("Socket-Type", "DEALER"))...),
		slicesOf(greeting(1, "NULL"), command("READY", property("Socket-Type", "DEALER")), frame(0, "hello")),
		slicesOf(greeting(1, "NULL"), command("READY", property("Socket-Type", "DEALER")), frame(1, "half")),
	}
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := worker; i < n; i += 4 {
				if err := visit(endpoint, stages[i%len(stages)], i%2 == 0); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	all.Wait()
}

// visit connects, says something and leaves, with or without a farewell.
func visit(endpoint string, say []byte, reset bool) error {
	c, err := net.Dial("tcp", host(endpoint))
	if err != nil {
		return err
	}
	if reset {
		err = c.(*net.TCPConn).SetLinger(0)
	}
	_, _ = c.Write(say) // who is refused early hears of it here
	return errors.Join(err, c.Close())
}
