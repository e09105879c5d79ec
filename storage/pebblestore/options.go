package pebblestore

import (
	"errors"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/bloom"
	"github.com/cockroachdb/pebble/v2/vfs"
)

// pebbleFormat is the format of Pebble's own files. From FormatWALSyncChunks on
// a damaged log is told from one with a torn end.
const pebbleFormat = pebble.FormatWALSyncChunks

// rangesLinger is how long a deleted range may lie in memory before it is
// written, so that its room on disk is mostly found without further traffic: what
// Pebble was rewriting meanwhile waits for some.
const rangesLinger = 10 * time.Second

// Tables consist of blocks, each of which is compressed, checked, written and read
// as one. Blocks of Pebble's 4 KiB would hold three messages of 1 KiB, and tables be
// mostly the work around them.
const (
	blockBytes = 32 << 10
	indexBytes = 256 << 10 // of the blocks that say where blocks are
)

func options(fs vfs.FS, l pebble.Logger) *pebble.Options {
	o := &pebble.Options{
		FS:                          fs,
		Logger:                      l,
		FormatMajorVersion:          pebbleFormat,
		CacheSize:                   cacheBytes,
		MemTableSize:                memtableBytes,
		MemTableStopWritesThreshold: 4,
		L0CompactionThreshold:       4,
		L0StopWritesThreshold:       24,
		FlushDelayDeleteRange:       rangesLinger,
		CompactionConcurrencyRange:  func() (int, int) { return 1, 2 },
	}
	o.Levels[0].FilterPolicy = bloom.FilterPolicy(10)
	o.Levels[0].BlockSize, o.Levels[0].IndexBlockSize = blockBytes, indexBytes // and so on all levels
	return o
}

// toldToTheReader is all that is to be done about a damaged block: the call that
// reads it fails, and the others go on. Pebble would end the process.
func toldToTheReader(pebble.DataCorruptionInfo) {}

func joinErrors(errs ...error) error { return errors.Join(errs...) }
