package pebblestore

import (
	"errors"
	"fmt"
	"sync"
)

var (
	errClosed = errors.New("pebblestore: the store is closed")
	errFailed = errors.New("pebblestore: the store has failed")
)

// health is whether one opening of the store still works. It fails once and for
// all: another opening has a health of its own.
type health struct {
	mu     sync.Mutex
	err    error
	wedged bool // Pebble hangs in a lock and cannot be closed
	failed chan struct{}
}

func newHealth() *health { return &health{failed: make(chan struct{})} }

// fail marks the store as failed. The first reason counts.
func (h *health) fail(err error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.err == nil {
		h.err = fmt.Errorf("%w: %w", errFailed, err)
		close(h.failed)
	}
}

func (h *health) wedge(err error) {
	h.fail(err)
	h.mu.Lock()
	defer h.mu.Unlock()
	h.wedged = true
}

// check is nil as long as the store has not failed.
func (h *health) check() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.err
}

func (h *health) closable() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return !h.wedged
}

// logger hears of what Pebble cannot go on after. It ends the opening, not the
// process.
type logger struct{ health *health }

func (l logger) Infof(string, ...any)  {}
func (l logger) Errorf(string, ...any) {}

func (l logger) Fatalf(format string, args ...any) {
	l.health.fail(fmt.Errorf(format, args...))
}
