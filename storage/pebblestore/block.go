package pebblestore

import (
	"github.com/stackforge/marconi/storage"
)

// blockSize is how many positions make a block. What is known of messages that
// just wait is known by blocks.
const blockSize = 256

// block is what is known of a block of the log.
type block struct {
	index    uint64
	gone     int   // how many of the positions given are empty for ever
	earliest int64 // no message of the block expires before
	place    int
	dirty    bool
}

func (b *block) when() int64 { return b.earliest }
func (b *block) slot() *int  { return &b.place }

func blockOf(p storage.Position) uint64 { return uint64(p-1) / blockSize }

func (b *block) first() storage.Position { return storage.Position(b.index*blockSize + 1) }
func (b *block) last() storage.Position  { return storage.Position((b.index + 1) * blockSize) }

// touch has a block written.
func (l *life) touch(b *block) {
	if !b.dirty {
		b.dirty = true
		l.dirty.blocks = append(l.dirty.blocks, b)
	}
}

// age notes that a message at a position just given expires at an instant.
func (l *life) age(t *tx, p storage.Position, expires int64) {
	b := l.blocks[blockOf(p)]
	if b == nil {
		b = &block{index: blockOf(p), earliest: never}
		b.gone = int(p - b.first())
		l.blocks[b.index] = b
	}
	if expires < b.earliest {
		l.schedule(t, b, expires)
	}
}

// schedule writes a block of which the first expiry has changed.
func (l *life) schedule(t *tx, b *block, earliest int64) {
	if b.earliest != never {
		t.delete(l.blockEnding(b))
	}
	b.earliest = earliest
	l.touch(b)
	if earliest == never {
		l.aging.remove(b)
		return
	}
	l.aging.put(b)
	t.set(l.blockEnding(b), appendQueueID(nil, l.record.ID))
}

func (l *life) blockEnding(b *block) []byte {
	return appendNumber(appendNumber(agendaKey(b.earliest, endsBlock), l.number), b.index)
}

// lose notes that a position is empty for ever.
func (l *life) lose(t *tx, p storage.Position) {
	b := l.blocks[blockOf(p)]
	b.gone++
	given := min(l.tail, b.last()) - b.first() + 1
	if b.gone < int(given) {
		l.touch(b)
		return
	}
	l.schedule(t, b, never)
	switch {
	case b.gone < blockSize:
	case b.first() <= l.low:
		l.raise(t)
	default: // something before it stays: readers need not step over what was in it
		t.deleteRange(messageKey(l.number, b.first()), messageKey(l.number, b.last()+1))
	}
}

// wide is how many positions low has to have passed for a range to be deleted.
// Pebble drops tables that lie in one whole range, without reading them, and a
// range costs readers more than a message does.
const wide = 16 * blockSize

// raise lets low pass the blocks that are empty for ever.
func (l *life) raise(t *tx) {
	for {
		b := l.blocks[blockOf(l.low)]
		if b == nil || b.gone < blockSize {
			break
		}
		delete(l.blocks, b.index)
		t.delete(numberedKey(l.number, kindBlock, b.index))
		l.low = b.last() + 1
	}
	if l.low >= l.cleared+wide {
		t.deleteRange(messageKey(l.number, l.cleared), messageKey(l.number, l.low))
		l.cleared = l.low
	}
}

// expire removes the messages of the log that have expired, of as many blocks as
// it takes to remove limit of them, and says how many they were.
func (l *life) expire(t *tx, now int64, limit int) (removed int, err error) {
	var looked []*block // once is enough: what is fresh in a block may have expired as well
	for l.aging.next() <= now && removed < limit && err == nil {
		b, _ := l.aging.first()
		var n int
		n, err = l.expireBlock(t, b, now)
		removed += n
		if b.earliest != never {
			l.aging.remove(b)
			looked = append(looked, b)
		}
	}
	for _, b := range looked {
		l.aging.put(b)
	}
	return removed, err
}

func (l *life) expireBlock(t *tx, b *block, now int64) (removed int, err error) {
	expired, earliest, err := l.visit(b, now)
	if err != nil {
		return 0, err
	}
	l.removeAll(t, expired)
	if b.earliest != never && b.earliest != earliest {
		l.schedule(t, b, earliest)
	}
	return len(expired), nil
}

// visit finds what of a block has expired, and when the rest begins to.
func (l *life) visit(b *block, now int64) (expired []storage.Position, earliest int64, err error) {
	earliest = never
	for _, f := range l.fresh {
		if f.last >= b.first() {
			earliest = min(earliest, f.expires)
		}
	}
	err = l.scan(b.first(), b.last(), func(p storage.Position, value []byte) (bool, error) {
		expires, err := l.expiry(p, value)
		if err != nil {
			return false, err
		}
		if expires <= now {
			expired = append(expired, p)
		} else {
			earliest = min(earliest, expires)
		}
		return true, nil
	})
	return expired, earliest, err
}
