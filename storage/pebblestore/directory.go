package pebblestore

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/cockroachdb/pebble/v2/vfs"
)

// The files of a store that are not Pebble's. The first says what the directory
// holds. The second is there while a store is made: nothing has been answered
// yet, and whatever lies beside it may be half of something.
const (
	formatName = "MARCONI"
	makingName = "MARCONI.new"
	lockName   = "LOCK"
	probeName  = "MARCONI.probe"

	formatText = "marconi store, format 1\n"
)

// directory is where a store lies.
type directory struct {
	fs   vfs.FS
	name string
}

func (d directory) path(name string) string { return d.fs.PathJoin(d.name, name) }

// claim makes sure that the directory holds a store, or nothing, and takes its
// lock. What is left of a store that was not finished it removes.
func (d directory) claim() (io.Closer, error) {
	if err := d.fs.MkdirAll(d.name, 0o700); err != nil {
		return nil, fmt.Errorf("pebblestore: %w", err)
	}
	if _, err := d.check(); err != nil {
		return nil, err
	}
	lock, err := d.fs.Lock(d.path(lockName))
	if err != nil {
		return nil, fmt.Errorf("pebblestore: %s is in use by another broker (%w)", d.name, err)
	}
	if err := d.prepare(); err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	return lock, nil
}

// check refuses a directory that holds something else than a store of this
// format, before anything is written into it. It is false if there is no store
// yet.
func (d directory) check() (finished bool, err error) {
	names, err := d.fs.List(d.name)
	if err != nil {
		return false, fmt.Errorf("pebblestore: %w", err)
	}
	if slices.Contains(names, makingName) {
		return false, nil
	}
	if slices.Contains(names, formatName) {
		return true, d.checkFormat()
	}
	for _, name := range names {
		if name != lockName && name != probeName {
			return false, fmt.Errorf("pebblestore: %s holds %q and no file %s: it is not a store", d.name, name, formatName)
		}
	}
	return false, nil
}

func (d directory) checkFormat() error {
	file, err := d.fs.Open(d.path(formatName))
	if err != nil {
		return fmt.Errorf("pebblestore: %w", err)
	}
	text, err := io.ReadAll(io.LimitReader(file, 200))
	if err = errors.Join(err, file.Close()); err != nil {
		return fmt.Errorf("pebblestore: %s: %w", d.path(formatName), err)
	}
	if string(text) != formatText {
		return fmt.Errorf("pebblestore: %s says %q, and this program knows %q", d.path(formatName), text, formatText)
	}
	return nil
}

// prepare begins a new store, unless there is one.
func (d directory) prepare() error {
	finished, err := d.check()
	if finished || err != nil {
		return err
	}
	err = errors.Join(d.write(makingName, ""), d.sync(d.name), d.sync(d.fs.PathDir(d.name)), d.clear())
	if err != nil {
		return fmt.Errorf("pebblestore: make %s: %w", d.name, err)
	}
	return nil
}

// clear removes what is left of a store that was not finished.
func (d directory) clear() error {
	names, err := d.fs.List(d.name)
	for _, name := range names {
		if name != lockName && name != makingName {
			err = errors.Join(err, d.fs.RemoveAll(d.path(name)))
		}
	}
	return err
}

// finish ends the making of a store, after which it must not be cleared any
// more.
func (d directory) finish() error {
	if _, err := d.fs.Stat(d.path(makingName)); err != nil {
		return nil
	}
	for _, do := range []func() error{
		func() error { return d.write(formatName, formatText) },
		func() error { return d.sync(d.name) },
		func() error { return d.fs.Remove(d.path(makingName)) },
		func() error { return d.sync(d.name) },
	} {
		if err := do(); err != nil {
			return fmt.Errorf("pebblestore: make %s: %w", d.name, err)
		}
	}
	return nil
}

// probeSize is more than a file system keeps elsewhere than in a block.
const probeSize = 64 << 10

// probe tries whether files can be written.
func (d directory) probe() error {
	err := joinErrors(d.write(probeName, strings.Repeat("probe", probeSize/5)), d.sync(d.name))
	return joinErrors(err, d.fs.Remove(d.path(probeName)))
}

func (d directory) write(name, text string) error {
	file, err := d.fs.Create(d.path(name), vfs.WriteCategoryUnspecified)
	if err != nil {
		return err
	}
	_, err = file.Write([]byte(text))
	return errors.Join(err, file.Sync(), file.Close())
}

func (d directory) sync(name string) error {
	dir, err := d.fs.OpenDir(name)
	if err != nil {
		return err
	}
	return errors.Join(dir.Sync(), dir.Close())
}
