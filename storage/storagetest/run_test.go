package storagetest_test

import (
	"testing"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/memstore"
	"github.com/stackforge/marconi/storage/storagetest"
)

func memory(*testing.T) storage.Driver { return memstore.New(memstore.Config{}) }

func TestRun(t *testing.T) {
	t.Parallel()
	storagetest.Run(t, memory)
}

func TestModel(t *testing.T) {
	t.Parallel()
	storagetest.Model(t, memory, memory)
}
