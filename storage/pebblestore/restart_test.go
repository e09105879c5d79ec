package pebblestore_test

import (
	"math/rand/v2"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/memstore"
	"github.com/stackforge/marconi/storage/pebblestore"
	"github.com/stackforge/marconi/storage/storagetest"
)

// small makes Pebble write, and rewrite, its tables after a few messages.
func small(o *pebble.Options) {
	o.MemTableSize = 16 << 10
	o.L0CompactionThreshold = 2
	o.TargetFileSizes[0] = 8 << 10
}

// restarting is a store that is closed and opened again before some of its
// calls.
type restarting struct {
	storage.Driver
	t      *testing.T
	config pebblestore.Config
	dice   *rand.Rand
}

func (r *restarting) roll(op string) error {
	if op == "Close" || r.dice.IntN(4) > 0 {
		return nil
	}
	if err := r.Driver.Close(); err != nil {
		r.t.Errorf("Close: %v", err)
	}
	r.Driver = open(r.t, r.config)
	return nil
}

// Close closes what is open now.
func (r *restarting) Close() error { return r.Driver.Close() }

// TestModelRestarting plays random histories in which nothing outlives a call
// but what is on disk.
func TestModelRestarting(t *testing.T) {
	restart := func(t *testing.T) storage.Driver {
		c := pebblestore.Config{Dir: "store", FS: vfs.NewMem()}.Tuned(small)
		r := &restarting{open(t, c), t, c, rand.New(rand.NewPCG(1, 2))}
		return storagetest.Faulty(r, r.roll)
	}
	storagetest.Model(t, restart, func(*testing.T) storage.Driver { return memstore.New(memstore.Config{}) })
}
