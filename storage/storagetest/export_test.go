package storagetest

import (
	"testing"

	"github.com/stackforge/marconi/storage"
)

// Explore is one run of Model. It tells the difference instead of failing.
func Explore(t *testing.T, open, reference func(t *testing.T) storage.Driver, seed uint64, steps int) string {
	return explore(t, open, reference, seed, steps)
}
