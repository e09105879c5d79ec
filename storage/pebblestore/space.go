package pebblestore

import (
	"errors"
	"sync/atomic"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/stackforge/marconi/storage"
)

// The room that posts leave to claims and deletions, unless Config.Reserve says
// otherwise: so many bytes, or this part of the disk if it is less.
const (
	reserveBytes = 256 << 20
	reservePart  = 20
)

// looksApart is how many bytes are posted between two looks at the disk.
const looksApart = 1 << 20

// room watches how much of the disk is left.
type room struct {
	fs      vfs.FS
	dir     string
	reserve uint64
	unseen  atomic.Uint64 // bytes posted since the last look
	full    atomic.Bool
}

func newRoom(fs vfs.FS, dir string, reserve uint64) *room {
	r := &room{fs: fs, dir: dir, reserve: reserve}
	r.unseen.Store(looksApart)
	return r
}

// check answers storage.ErrFull when a post of some size would eat into the
// reserve. A disk that was full is looked at by every post, so that it is used as
// soon as there is room.
func (r *room) check(size int) error {
	if r.unseen.Add(uint64(size)) < looksApart && !r.full.Load() {
		return nil
	}
	r.unseen.Store(0)
	usage, err := r.fs.GetDiskUsage(r.dir)
	if errors.Is(err, vfs.ErrUnsupported) {
		return nil
	}
	if err != nil {
		return err
	}
	full := usage.AvailBytes < r.kept(usage.TotalBytes)+uint64(size)
	r.full.Store(full)
	if full {
		return storage.ErrFull
	}
	return nil
}

func (r *room) kept(total uint64) uint64 {
	if r.reserve > 0 {
		return r.reserve
	}
	return min(reserveBytes, total/reservePart)
}
