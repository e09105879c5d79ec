package python_test

import (
	"path/filepath"
	"testing"

	"github.com/stackforge/marconi/loadtest/processtest"
)

// stores make a store for a broker, by name, and answer its URL.
var stores = map[string]func(*testing.T) string{
	"memory": func(*testing.T) string { return "memory:" },
	"disk":   func(t *testing.T) string { return "pebble://" + filepath.Join(t.TempDir(), "data") },
	"redis":  func(t *testing.T) string { return processtest.StartRedis(t) },
}
