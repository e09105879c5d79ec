package pebblestore

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// fence is the file system of one opening of the store. When the opening has
// failed nothing of it reaches the disk any more, so that the next opening has
// the directory to itself although goroutines of the last one may still run.
//
// Pebble panics, at times in ways that nobody can recover from, when its log
// fails. So a log, and the directory it lies in, never fails here: the fence
// marks the opening as failed and swallows what follows, and the committer asks
// for that mark before it believes in a commit.
type fence struct {
	vfs.FS
	health *health
}

func (f *fence) check(what, name string) error {
	if err := f.health.check(); err != nil {
		return fmt.Errorf("%s %s: %w", what, name, err)
	}
	return nil
}

// failurePause is how long a failed write of a table is kept from its answer.
// Pebble repeats such writes at once, for as long as they fail.
const failurePause = 100 * time.Millisecond

func paused(err error) error {
	if err != nil {
		time.Sleep(failurePause)
	}
	return err
}

func isLog(name string) bool { return strings.HasSuffix(name, ".log") }

// Create implements vfs.FS. A log that cannot be created is one that swallows
// what is written.
func (f *fence) Create(name string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return f.writable(name, func() (vfs.File, error) { return f.FS.Create(name, c) })
}

// OpenReadWrite implements vfs.FS.
func (f *fence) OpenReadWrite(name string, c vfs.DiskWriteCategory, o ...vfs.OpenOption) (vfs.File, error) {
	return f.writable(name, func() (vfs.File, error) { return f.FS.OpenReadWrite(name, c, o...) })
}

// ReuseForWrite implements vfs.FS.
func (f *fence) ReuseForWrite(from, to string, c vfs.DiskWriteCategory) (vfs.File, error) {
	return f.writable(to, func() (vfs.File, error) { return f.FS.ReuseForWrite(from, to, c) })
}

func (f *fence) writable(name string, open func() (vfs.File, error)) (vfs.File, error) {
	err := f.check("open", name)
	var file vfs.File
	if err == nil {
		file, err = open()
	}
	switch {
	case err == nil:
		return &fencedFile{File: file, fence: f, name: name, log: isLog(name)}, nil
	case isLog(name):
		f.health.fail(err)
		return &fencedFile{File: vfs.NewMemFile(nil), fence: f, name: name, log: true}, nil
	default:
		return nil, paused(err)
	}
}

// OpenDir implements vfs.FS.
func (f *fence) OpenDir(name string) (vfs.File, error) {
	dir, err := f.FS.OpenDir(name)
	if err != nil {
		return nil, err
	}
	return &fencedFile{File: dir, fence: f, name: name, dir: true}, nil
}

// Remove implements vfs.FS.
func (f *fence) Remove(name string) error {
	if err := f.check("remove", name); err != nil {
		return err
	}
	return f.FS.Remove(name)
}

// RemoveAll implements vfs.FS.
func (f *fence) RemoveAll(name string) error {
	if err := f.check("remove", name); err != nil {
		return err
	}
	return f.FS.RemoveAll(name)
}

// Rename implements vfs.FS.
func (f *fence) Rename(from, to string) error {
	if err := f.check("rename", from); err != nil {
		return err
	}
	return f.FS.Rename(from, to)
}

// Link implements vfs.FS.
func (f *fence) Link(from, to string) error {
	if err := f.check("link", from); err != nil {
		return err
	}
	return f.FS.Link(from, to)
}

// Lock implements vfs.FS. The store holds the directory's lock, through all its
// openings.
func (f *fence) Lock(string) (io.Closer, error) { return held{}, nil }

type held struct{}

func (held) Close() error { return nil }

// Unwrap implements vfs.FS.
func (f *fence) Unwrap() vfs.FS { return f.FS }

// fencedFile is a file of a fence that is written to, or a directory.
type fencedFile struct {
	vfs.File
	fence    *fence
	name     string
	log, dir bool
}

// guard does something to the file unless the opening has failed.
func (f *fencedFile) guard(what string, do func() error) error {
	if err := f.fence.check(what, f.name); err != nil {
		return f.swallow(err)
	}
	err := do()
	if err != nil && (f.log || f.dir) {
		f.fence.health.fail(err)
	}
	return f.swallow(err)
}

func (f *fencedFile) swallow(err error) error {
	if f.log || f.dir {
		return nil
	}
	return paused(err)
}

// Write implements vfs.File.
func (f *fencedFile) Write(p []byte) (n int, err error) {
	n = len(p)
	err = f.guard("write", func() (err error) { n, err = f.File.Write(p); return err })
	if err == nil {
		n = len(p)
	}
	return n, err
}

// WriteAt implements vfs.File.
func (f *fencedFile) WriteAt(p []byte, at int64) (n int, err error) {
	err = f.guard("write", func() (err error) { n, err = f.File.WriteAt(p, at); return err })
	return n, err
}

// Sync implements vfs.File.
func (f *fencedFile) Sync() error { return f.guard("sync", f.File.Sync) }

// SyncData implements vfs.File.
func (f *fencedFile) SyncData() error { return f.guard("sync", f.File.SyncData) }

// SyncTo implements vfs.File.
func (f *fencedFile) SyncTo(length int64) (full bool, err error) {
	err = f.guard("sync", func() (err error) { full, err = f.File.SyncTo(length); return err })
	return full, err
}

// Preallocate implements vfs.File. A log grows as it is written if it cannot be
// made room for beforehand.
func (f *fencedFile) Preallocate(offset, length int64) error {
	if err := f.fence.check("allocate", f.name); err != nil {
		return f.swallow(err)
	}
	return f.swallow(f.File.Preallocate(offset, length))
}

// Close implements vfs.File.
func (f *fencedFile) Close() error { return f.swallow(f.File.Close()) }
