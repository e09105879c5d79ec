package ws_test

import (
	"context"
	"runtime"
	"testing"
	"time"
)

type ctx = context.Context

// await waits for something that happens by itself and tells nobody.
func await(t testing.TB, what string, happened func() bool) {
	t.Helper()
	for deadline := time.Now().Add(patience); !happened(); runtime.Gosched() {
		if time.Now().After(deadline) {
			t.Fatalf("waited in vain for %s", what)
		}
	}
}
