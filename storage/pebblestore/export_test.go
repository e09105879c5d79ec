package pebblestore

import (
	"iter"
	"time"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/stackforge/marconi/storage"
)

// Tuned lets tests set Pebble's options, to see with little data what happens
// with much.
func (c Config) Tuned(tune func(*pebble.Options)) Config {
	c.tune = tune
	return c
}

// PebbleOptions are the store's settings of Pebble.
func PebbleOptions() *pebble.Options { return options(vfs.Default, logger{newHealth()}) }

// InspectIn is Inspect in another file system.
func InspectIn(fs vfs.FS, dir string) (Report, error) { return inspect(fs, dir) }

// Quiet flushes what Pebble has in memory and waits until it has nothing to do
// in the background.
func (s *Store) Quiet() error {
	db := s.engine.db
	if err := db.Flush(); err != nil {
		return err
	}
	for quiet := 0; quiet < 100; quiet++ {
		if m := db.Metrics(); m.Compact.NumInProgress > 0 || m.Flush.NumInProgress > 0 {
			quiet = 0
		}
		<-time.After(time.Millisecond)
	}
	return nil
}

// Positions is the set of positions.
type Positions struct{ set positions }

func (p *Positions) Add(at storage.Position)      { p.set.add(at) }
func (p *Positions) Remove(at storage.Position)   { p.set.remove(at) }
func (p *Positions) Has(at storage.Position) bool { return p.set.has(at) }
func (p *Positions) Count() int                   { return p.set.count }

func (p *Positions) From(at storage.Position) iter.Seq[storage.Position] { return p.set.from(at) }

// SampleRecords is a record of each kind.
func SampleRecords() [][]byte {
	m := storage.Message{
		ID: "id", ClientID: "client", Position: 7, Body: []byte("body"), Encoding: "zstd", Checksum: "sum",
		Created: at(1000), Visible: at(2000), Since: at(3000), Expires: at(4000),
	}
	sub := &subscription{
		Subscription: storage.Subscription{Subscriber: "s", Options: []byte("{}"), Created: at(1), Since: at(2), Expires: at(3), Deliver: true},
		progress:     progress{cursor: 3, notBefore: 4, tried: 5, attempts: 6, lease: "l", until: 7, leased: []storage.Position{8, 9}, turn: 10},
	}
	return [][]byte{
		queueRecord{storage.Queue{Epoch: 1, Version: 2, Metadata: []byte("{}"), Created: at(3)}, 4}.append(nil),
		head{tail: 1, counter: 2, delayed: 3, named: true}.append(nil),
		change{expires: -1, since: 2, claims: 3}.append(nil),
		(&block{gone: 1, earliest: 2}).append(nil),
		(&hold{created: 1, ends: 2, positions: []storage.Position{3, 4, 5, 9}}).append(nil),
		alias{expires: 1, after: 2, position: 3, due: 4, counter: 5}.append(nil),
		(&once{until: 1, last: 2, posts: [][]run{{{false, 1, 2}, {true, 3, 4}}, nil}}).append(nil),
		(&audience{outbox: 1, tail: 2, low: 3}).append(nil),
		sub.append(nil),
		appendEnvelope(nil, &m, true),
	}
}

// ReadRecords reads a record as every kind there is, and tells of each that it
// can be what would be written.
func ReadRecords(b []byte, read func(kind string, again []byte)) {
	tell := func(kind string, err error, again func() []byte) {
		if err == nil {
			read(kind, again())
		}
	}
	q, err := readQueue(storage.QueueID{}, b)
	tell("queue", err, func() []byte { return q.append(nil) })
	h, err := readHead(b)
	tell("head", err, func() []byte { return h.append(nil) })
	c, err := readChange(b)
	tell("change", err, func() []byte { return c.append(nil) })
	bl, err := readBlock(b)
	tell("block", err, func() []byte { return bl.append(nil) })
	ho, err := readHold(b)
	tell("hold", err, func() []byte { return ho.append(nil) })
	a, err := readAlias(b)
	tell("alias", err, func() []byte { return a.append(nil) })
	o, err := readOnce(b)
	tell("once", err, func() []byte { return o.append(nil) })
	au, err := readAudience(nil, b)
	tell("audience", err, func() []byte { return au.append(nil) })
	s, err := readSubscription(storage.QueueID{}, "", b)
	tell("subscription", err, func() []byte { return s.append(nil) })
	m, err := openEnvelope(b)
	tell("envelope", err, func() []byte { return appendEnvelope(nil, &m, m.Position > 0) })
}
