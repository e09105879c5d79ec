package pebblestore

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/sstable"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/stackforge/marconi/storage"
)

// Report is what Inspect found in a store that nobody has open.
type Report struct {
	Format        string
	DiskBytes     int64 // of all files
	Queues        []QueueReport
	Subscriptions int
	Letters       int      // that durable subscriptions have not got yet
	Damage        []string // what is not as it should be, with its place; none in a sound store
}

// QueueReport is about one queue. Nothing in it is as of an instant: what has
// expired and was not swept counts.
type QueueReport struct {
	ID       storage.QueueID
	Epoch    uint32
	Created  time.Time
	Messages int   // in the log, held ones included
	Held     int   // of these, under a claim or resting
	Delayed  int   // behind the log
	Bytes    int64 // of all its records, uncompressed
	Oldest   time.Time
	Tail     storage.Position
}

// Inspect reads all of the store in a directory, and changes nothing. It fails if
// the directory holds no store, or one that is in use or cannot be opened; what
// it finds wrong beyond that is in the report.
func Inspect(dir string) (Report, error) { return inspect(vfs.Default, dir) }

func inspect(fs vfs.FS, name string) (r Report, err error) {
	d := directory{fs, name}
	finished, err := d.check()
	if err == nil && !finished {
		err = fmt.Errorf("pebblestore: %s holds no store", name)
	}
	if err != nil {
		return r, err
	}
	lock, err := fs.Lock(d.path(lockName))
	if err != nil {
		return r, fmt.Errorf("pebblestore: %s is in use by a broker (%w)", name, err)
	}
	defer func() { err = joinErrors(err, lock.Close()) }()
	if err := joinErrors(d.checkSeal(), d.checkChunks()); err != nil {
		return r, fmt.Errorf("pebblestore: %w", err)
	}
	i := &inspector{directory: d, report: Report{Format: strings.TrimSpace(formatText)}}
	if err := i.run(); err != nil {
		return r, fmt.Errorf("pebblestore: %s: %w", name, err)
	}
	return i.report, nil
}

type inspector struct {
	directory
	db     *pebble.DB
	report Report
	lives  map[uint64]bool
}

func (i *inspector) run() error {
	if err := i.files(); err != nil {
		return err
	}
	h := newHealth()
	o := options(&fence{i.fs, h}, logger{h})
	o.ReadOnly = true
	o.EventListener = &pebble.EventListener{DataCorruption: toldToTheReader}
	db, err := pebble.Open(i.name, o)
	if err != nil {
		return i.placed(err)
	}
	i.db, i.lives = db, make(map[uint64]bool)
	err = i.tables()
	i.queues()
	i.others()
	return joinErrors(err, h.check(), db.Close())
}

// damage notes what is wrong. Of what Pebble says, the first line is for people, and
// a table that is read by itself has no number.
func (i *inspector) damage(place string, err error) {
	text, _, _ := strings.Cut(err.Error(), "\n")
	i.report.Damage = append(i.report.Damage, place+": "+strings.Replace(text, "file 000000: ", "", 1))
}

// files adds up the sizes of all files.
func (i *inspector) files() error {
	names, err := i.fs.List(i.name)
	for _, name := range names {
		info, err := i.fs.Stat(i.path(name))
		if err != nil {
			return err
		}
		i.report.DiskBytes += info.Size()
	}
	return err
}

// tables checks every block of the tables that are in use.
func (i *inspector) tables() error {
	levels, err := i.db.SSTables()
	for _, level := range levels {
		for _, t := range level {
			name := fmt.Sprintf("%06d.sst", t.BackingSSTNum)
			if err := i.table(name); err != nil {
				i.damage(i.path(name), err)
			}
		}
	}
	return err
}

func (i *inspector) table(name string) error {
	file, err := i.fs.Open(i.path(name))
	if err != nil {
		return err
	}
	readable, err := sstable.NewSimpleReadable(file)
	if err != nil {
		return errors.Join(err, file.Close())
	}
	r, err := sstable.NewReader(context.Background(), readable, sstable.ReaderOptions{})
	if err != nil {
		return err
	}
	return errors.Join(r.ValidateBlockChecksums(), r.Close())
}

// queues inspects every queue with its life.
func (i *inspector) queues() {
	i.each([]byte{familyQueue}, "the queues", func(key, value []byte) error {
		project, name, ok := cutText(key[1:])
		if !ok {
			return errRecord
		}
		r, err := readQueue(storage.QueueID{Project: project, Name: string(name)}, value)
		if err != nil {
			return err
		}
		i.lives[r.life] = true
		i.report.Queues = append(i.report.Queues, i.queue(r))
		return nil
	})
}

// each gives the records under a prefix to see; what is wrong with one of them
// does not hide the others.
func (i *inspector) each(prefix []byte, place string, see func(key, value []byte) error) {
	it, err := i.db.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: after(prefix)})
	if err != nil {
		i.damage(place, err)
		return
	}
	for valid := it.First(); valid; valid = it.Next() {
		value, err := it.ValueAndErr()
		if err == nil {
			err = see(it.Key(), value)
		}
		if err != nil {
			i.damage(fmt.Sprintf("%s, key %q", place, it.Key()), err)
		}
	}
	if err := it.Close(); err != nil {
		i.damage(place, err)
	}
}

// others inspects what does not belong to a life.
func (i *inspector) others() {
	i.each([]byte{familySubscription}, "the subscriptions", func(key, value []byte) error {
		id, name, ok := cutQueueID(key[1:])
		if !ok {
			return errRecord
		}
		i.report.Subscriptions++
		_, err := readSubscription(id, string(name), value)
		return err
	})
	i.each([]byte{familyAudience}, "the outboxes", func(_, value []byte) error {
		_, err := readAudience(nil, value)
		return err
	})
	i.each([]byte{familyOutbox}, "the letters", func(_, value []byte) error {
		i.report.Letters++
		_, err := openBare(value)
		return err
	})
	i.each([]byte{familyAgenda}, "the agenda", func(key, value []byte) error {
		_, err := readEnding(key, value)
		return err
	})
	i.each([]byte{familyLife}, "the queues' records", func(key, _ []byte) error {
		if len(key) < 10 || !i.lives[lastNumber(key[:9])] {
			return errors.New("it belongs to no queue")
		}
		return nil
	})
}
