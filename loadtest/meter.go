package loadtest

import (
	"context"
	"errors"
	"maps"
	"sync"
	"sync/atomic"
	"time"
)

// meter measures a run. It may be used by many goroutines at once.
type meter struct {
	operations, messages atomic.Int64
	whole                Histogram // of operations, from when they were due
	lag                  Histogram // of operations, from when they were due to their start
	parts                map[string]*Histogram

	mu     sync.Mutex // guards what follows
	errors map[string]int64
}

func newMeter(parts []string) *meter {
	m := &meter{parts: make(map[string]*Histogram), errors: make(map[string]int64)}
	for _, name := range parts {
		m.parts[name] = new(Histogram)
	}
	return m
}

// time runs one request of an operation and reports whether it succeeded.
// Latencies are those of requests that did.
func (m *meter) time(part string, request func() error) bool {
	began := time.Now()
	err := request()
	if err == nil {
		m.parts[part].Record(time.Since(began))
		return true
	}
	if errors.Is(err, context.Canceled) {
		return false // the run was ended: nobody's fault
	}
	m.fail(part + ": " + kindOf(err))
	return false
}

func (m *meter) fail(what string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.errors[what]++
}

// done counts an operation that succeeded.
func (m *meter) done(due, began time.Time, messages int) {
	m.operations.Add(1)
	m.messages.Add(int64(messages))
	m.whole.Record(time.Since(due))
	m.lag.Record(began.Sub(due))
}

func (m *meter) failures() map[string]int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	return maps.Clone(m.errors)
}
