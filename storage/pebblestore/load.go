package pebblestore

import (
	"errors"
	"slices"

	"github.com/cockroachdb/pebble/v2"

	"github.com/stackforge/marconi/storage"
)

// load reads a life from disk. Its cost grows with what is held and, by blocks,
// with the log. Where the claims have got to is not stored: the cursor begins at
// the front again and passes what is held once.
func (l *life) load() error {
	value, err := l.slot.e.value(kindKey(l.number, kindHead))
	if err != nil {
		return err
	}
	if value != nil {
		if l.head, err = readHead(value); err != nil {
			return l.fault(0, err)
		}
	}
	for _, load := range []func() error{l.loadTail, l.loadBlocks, l.loadChanges, l.loadHolds, l.loadDelayed} {
		if err := load(); err != nil {
			return err
		}
	}
	return nil
}

// each gives all records of a kind to see.
func (l *life) each(kind byte, see func(key, value []byte) error) error {
	prefix := kindKey(l.number, kind)
	return l.slot.e.each(prefix, func(key, value []byte) error {
		if err := see(key[len(prefix):], value); err != nil {
			return l.fault(0, err)
		}
		return nil
	})
}

// each gives all records whose keys begin with prefix to see. Key and value are
// valid during the call.
func (e *engine) each(prefix []byte, see func(key, value []byte) error) error {
	it, err := e.db.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: after(prefix)})
	if err != nil {
		return err
	}
	for valid := it.First(); valid; valid = it.Next() {
		value, err := it.ValueAndErr()
		if err == nil {
			err = see(it.Key(), value)
		}
		if err != nil {
			return errors.Join(err, it.Close())
		}
	}
	return it.Close()
}

func (l *life) loadTail() error {
	prefix := kindKey(l.number, kindMessage)
	it, err := l.slot.e.db.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: after(prefix)})
	if err != nil {
		return err
	}
	if it.Last() {
		l.tail = max(l.tail, storage.Position(lastNumber(it.Key())))
	}
	l.shown = l.tail
	return it.Close()
}

func (l *life) loadBlocks() error {
	l.low = l.tail + 1
	err := l.each(kindBlock, func(key, value []byte) error {
		b, err := readBlock(value)
		if err != nil || len(key) != 8 {
			return errors.Join(errRecord, err)
		}
		b.index = lastNumber(key)
		l.blocks[b.index] = b
		l.low = min(l.low, b.first())
		l.live += int(min(l.tail, b.last())-b.first()) + 1 - b.gone
		if b.earliest != never {
			l.aging.put(b)
		}
		return nil
	})
	l.cursor, l.cleared = l.low-1, l.low
	return err
}

func (l *life) loadChanges() error {
	return l.each(kindChange, func(key, value []byte) error {
		c, err := readChange(value)
		if err != nil || len(key) != 8 {
			return errors.Join(errRecord, err)
		}
		l.changed[storage.Position(lastNumber(key))] = c
		return nil
	})
}

func (l *life) loadHolds() error {
	return l.each(kindClaim, func(key, value []byte) error {
		h, err := readHold(value)
		if err != nil || len(key) == 0 || len(h.positions) == 0 || !slices.IsSorted(h.positions) {
			return errors.Join(errRecord, err)
		}
		if key[0] == claimMark {
			h.id = string(key[1:])
		} else {
			h.number = lastNumber(key)
			l.restings = max(l.restings, h.number)
		}
		l.keep(h)
		return nil
	})
}

func (l *life) loadDelayed() error {
	d := &l.delayed
	d.shown, d.count = l.counter, l.head.delayed
	if d.count == 0 {
		return nil
	}
	prefix := kindKey(l.number, kindDelayed)
	it, err := l.slot.e.db.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: after(prefix)})
	if err != nil {
		return err
	}
	if it.First() {
		d.from = refOf(it.Key()).due
	}
	if err := it.Close(); err != nil {
		return err
	}
	if _, d.doom, err = l.doomed(-never, 0); err != nil {
		return err
	}
	return l.lookAhead()
}
