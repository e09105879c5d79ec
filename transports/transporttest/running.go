package transporttest

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/storage/memstore"
)

// Running runs something, as the Serve of a door, until the test ends. Stop tells
// it to end sooner and waits for that; all calls of it answer the same. Where the
// test has not stopped it, and so seen how it ended, ending with an error fails it.
func Running(t testing.TB, run func(context.Context) error) (stop func() error) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- run(ctx) }()
	end := sync.OnceValue(func() error {
		cancel()
		return <-ended
	})
	var seen atomic.Bool
	t.Cleanup(func() {
		if err := end(); err != nil && !seen.Load() {
			t.Errorf("it ended with: %v", err)
		}
	})
	return func() error {
		seen.Store(true)
		return end()
	}
}

// Broker is a broker on an empty store in memory, which runs as long as the test.
func Broker(t testing.TB, o core.Options) *core.Broker {
	t.Helper()
	b, err := core.New(context.Background(), memstore.New(memstore.Config{}), o)
	if err != nil {
		t.Fatal(err)
	}
	Running(t, b.Run)
	return b
}
