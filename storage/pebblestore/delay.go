package pebblestore

import (
	"encoding/binary"
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"github.com/stackforge/marconi/storage"
)

// delays is what lies in memory of the delayed messages of a life.
type delays struct {
	next int64 // none falls due before
	from int64 // none is left that falls due before
	doom int64 // none that expires before it falls due expires before

	shown   uint64 // the counters up to this one are durable
	purged  uint64 // and these are gone
	count   int    // of those that can be seen
	leaving map[uint64]struct{}
}

func newDelays() delays {
	return delays{next: never, doom: never, from: never, leaving: make(map[uint64]struct{})}
}

// hidden reports whether a delayed message cannot be seen: it is not durable, or
// gone.
func (d *delays) hidden(counter uint64) bool {
	_, leaving := d.leaving[counter]
	return leaving || counter > d.shown || counter <= d.purged
}

// postpone keeps a new message until it falls due, and gives it its ID.
func (l *life) postpone(t *tx, m *storage.Message) {
	l.counter++
	l.head.delayed++
	l.dirty.head = true
	m.ID = storage.DelayedID(l.record.Epoch, l.counter)
	due, expires, counter := ms(m.Visible), ms(m.Expires), l.counter
	t.set(timedKey(l.number, kindDelayed, due, counter), appendEnvelope(nil, m, false))
	if expires <= due {
		t.set(timedKey(l.number, kindDoomed, expires, counter), binary.AppendVarint([]byte{recordVersion}, due))
	}
	l.name(t, m.ID, alias{expires: expires, after: l.tail, due: due, counter: counter})
	t.visible(func() { l.showDelayed(due, expires, counter) })
}

func (l *life) showDelayed(due, expires int64, counter uint64) {
	l.slot.mu.Lock()
	defer l.slot.mu.Unlock()
	d := &l.delayed
	d.shown = counter
	if counter <= d.purged {
		return
	}
	d.count++
	d.from = min(d.from, due)
	if expires > due {
		d.next = min(d.next, due)
	} else {
		d.doom = min(d.doom, expires)
	}
}

// eachDelayed gives those that can be seen to see, in the order they fall due,
// beginning behind a place.
func (l *life) eachDelayed(due int64, counter uint64, see func(r ref, value []byte) (more bool, err error)) error {
	from := timedKey(l.number, kindDelayed, l.delayed.from, 0)
	if due >= l.delayed.from {
		from = append(timedKey(l.number, kindDelayed, due, counter), 0)
	}
	it, err := l.slot.e.db.NewIter(&pebble.IterOptions{LowerBound: from, UpperBound: after(kindKey(l.number, kindDelayed))})
	if err != nil {
		return err
	}
	for valid := it.First(); valid; valid = it.Next() {
		r := refOf(it.Key())
		if l.delayed.hidden(r.counter) {
			continue
		}
		value, err := it.ValueAndErr()
		if err != nil {
			return errors.Join(l.fault(0, err), it.Close())
		}
		if more, err := see(r, value); err != nil || !more {
			return errors.Join(err, it.Close())
		}
	}
	return it.Close()
}

func refOf(key []byte) ref {
	return ref{due: instantIn(key[len(key)-16:]), counter: lastNumber(key)}
}

// lastDelayed is the one that falls due last.
func (l *life) lastDelayed() (m storage.Message, err error) {
	prefix := kindKey(l.number, kindDelayed)
	it, err := l.slot.e.db.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: after(prefix)})
	if err != nil {
		return m, err
	}
	for valid := it.Last(); valid; valid = it.Prev() {
		if l.delayed.hidden(refOf(it.Key()).counter) {
			continue
		}
		value, err := it.ValueAndErr()
		if err == nil {
			m, err = openBare(value)
		}
		if err != nil {
			return m, errors.Join(l.fault(0, err), it.Close())
		}
		break
	}
	return m, it.Close()
}

// isDelayed reports whether a delayed message is there.
func (l *life) isDelayed(r ref) (bool, error) {
	if l.delayed.hidden(r.counter) {
		return false, nil
	}
	value, err := l.slot.e.value(timedKey(l.number, kindDelayed, r.due, r.counter))
	return value != nil, err
}

func (l *life) readDelayed(r ref) (m storage.Message, there bool, err error) {
	value, err := l.slot.e.value(timedKey(l.number, kindDelayed, r.due, r.counter))
	if value == nil || err != nil {
		return m, false, err
	}
	if m, err = openEnvelope(value); err != nil {
		return m, false, l.fault(0, err)
	}
	return m, true, nil
}

// takeOut takes a message from among the delayed. Its alias stays.
func (l *life) takeOut(t *tx, r ref, expires int64) {
	t.delete(timedKey(l.number, kindDelayed, r.due, r.counter))
	if expires <= r.due {
		t.delete(timedKey(l.number, kindDoomed, expires, r.counter))
	}
	l.delayed.leaving[r.counter] = struct{}{}
	l.delayed.count--
	l.head.delayed--
	l.dirty.head = true
	t.visible(func() {
		l.slot.mu.Lock()
		defer l.slot.mu.Unlock()
		delete(l.delayed.leaving, r.counter)
	})
}

// dropDelayed removes delayed messages for good.
func (l *life) dropDelayed(t *tx, refs []ref) error {
	for _, r := range refs {
		m, there, err := l.readDelayed(r)
		if err != nil || !there {
			return err
		}
		l.drop(t, r, &m)
	}
	if len(refs) == 0 {
		return nil
	}
	return l.lookAhead()
}

func (l *life) drop(t *tx, r ref, m *storage.Message) {
	expires := ms(m.Expires)
	l.takeOut(t, r, expires)
	t.delete(namedKey(l.number, kindAlias, m.ID))
	t.delete(l.aliasEnding(m.ID, expires))
}

// lookAhead finds out when the next of the delayed falls due.
func (l *life) lookAhead() error {
	d := &l.delayed
	d.next = never
	if d.count == 0 {
		d.from, d.doom = never, never
		return nil
	}
	first := true
	return l.eachDelayed(d.from, 0, func(r ref, value []byte) (bool, error) {
		if first {
			d.from, first = r.due, false
		}
		expires, err := envelopeExpiry(value)
		if err != nil {
			return false, l.fault(0, err)
		}
		if expires > r.due {
			d.next = r.due
		}
		return expires <= r.due, nil
	})
}

// purgeDelayed removes all delayed messages.
func (l *life) purgeDelayed(t *tx) {
	t.deleteAll(kindKey(l.number, kindDelayed))
	t.deleteAll(kindKey(l.number, kindDoomed))
	d := newDelays()
	d.shown, d.purged = l.delayed.shown, l.counter
	l.delayed = d
	l.head.delayed = 0
}
