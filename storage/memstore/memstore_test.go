package memstore_test

import (
	"testing"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/memstore"
	"github.com/stackforge/marconi/storage/storagetest"
)

func open(*testing.T) storage.Driver { return memstore.New(memstore.Config{}) }

func TestContract(t *testing.T) { storagetest.Run(t, open) }

func TestRace(t *testing.T) { storagetest.Race(t, open) }

// TestModel holds that the reference is one: the same history has the same
// answers.
func TestModel(t *testing.T) { storagetest.Model(t, open, open) }

func BenchmarkContract(b *testing.B) {
	storagetest.Bench(b, func(*testing.B) storage.Driver { return memstore.New(memstore.Config{}) })
}
