package storagetest_test

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/storagetest"
)

// recorder stands in for a *testing.T where a case is meant to fail.
type recorder struct {
	ctx context.Context

	mu       sync.Mutex
	failures []string
	cleanups []func()
}

func (r *recorder) Helper()                  {}
func (r *recorder) Context() context.Context { return r.ctx }

func (r *recorder) Errorf(format string, args ...any) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.failures = append(r.failures, fmt.Sprintf(format, args...))
}

func (r *recorder) Fatalf(format string, args ...any) {
	r.Errorf(format, args...)
	runtime.Goexit()
}

func (r *recorder) Cleanup(f func()) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.cleanups = append(r.cleanups, f)
}

// record plays a case and tells how it failed.
func record(t *testing.T, c storagetest.Case, d storage.Driver) []string {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	r := &recorder{ctx: ctx}
	var playing sync.WaitGroup
	playing.Go(func() { c.Run(r, d) })
	playing.Wait()
	cancel()
	for _, f := range slices.Backward(r.cleanups) {
		f()
	}
	return r.failures
}

// find is the case of a role that has a name.
func find(t *testing.T, role, name string) storagetest.Case {
	t.Helper()
	for _, r := range storagetest.Contract() {
		for _, c := range r.Cases {
			if r.Name == role && c.Name == name {
				return c
			}
		}
	}
	t.Fatalf("there is no case %s/%s", role, name)
	panic("not reached")
}
