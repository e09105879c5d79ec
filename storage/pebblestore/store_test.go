package pebblestore_test

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/memstore"
	"github.com/stackforge/marconi/storage/pebblestore"
	"github.com/stackforge/marconi/storage/storagetest"
)

func open(t testing.TB, c pebblestore.Config) *pebblestore.Store {
	t.Helper()
	s, err := pebblestore.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// inMemory opens a store in a file system of its own, which has no disk to wait
// for.
func inMemory(t *testing.T) storage.Driver {
	return open(t, pebblestore.Config{Dir: "store", FS: vfs.NewMem()})
}

func TestContract(t *testing.T) { storagetest.Run(t, inMemory) }

func TestModel(t *testing.T) {
	storagetest.Model(t, inMemory, func(*testing.T) storage.Driver { return memstore.New(memstore.Config{}) })
}

func TestRace(t *testing.T) { storagetest.Race(t, inMemory) }
