package pebblestore

import (
	"encoding/binary"
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"github.com/stackforge/marconi/storage"
)

// fewLetters is up to how many letters are deleted one by one: a deleted range
// costs readers more than a few deleted keys do.
const fewLetters = 64

// post puts a message that enters the log into the outbox, if there is anybody
// to read it.
func (a *audience) post(t *tx, l *life, m *storage.Message) {
	if a == nil || a.readers == 0 {
		return
	}
	a.tail++
	letter := *m
	if letter.ID == "" {
		letter.ID = storage.PositionText(l.record.Epoch, letter.Position)
	}
	p, key := a.tail, letterKey(a.outbox, a.tail)
	t.set(key, appendEnvelope(nil, &letter, true))
	t.set(a.letterEnding(ms(m.Expires), p), appendQueueID(nil, a.slot.id))
	t.visible(func() { a.show(p) })
}

func (a *audience) show(p storage.Position) {
	a.slot.mu.Lock()
	defer a.slot.mu.Unlock()
	a.shown = p
}

func (a *audience) letterEnding(expires int64, p storage.Position) []byte {
	return binary.BigEndian.AppendUint64(appendNumber(agendaKey(expires, endsLetter), a.outbox), uint64(p))
}

func (a *audience) loadTail() error {
	it, err := a.slot.e.db.NewIter(&pebble.IterOptions{
		LowerBound: letterKey(a.outbox, 0), UpperBound: letterKey(a.outbox+1, 0),
	})
	if err != nil {
		return err
	}
	if it.Last() {
		a.tail = max(a.tail, storage.Position(lastNumber(it.Key())))
	}
	a.shown = a.tail
	return it.Close()
}

// after reads the first letters after a position that have not expired, at most
// limit.
func (a *audience) after(p storage.Position, now int64, limit int) (letters []storage.Letter, err error) {
	if p = max(p, a.low-1); p >= a.shown {
		return nil, nil
	}
	it, err := a.slot.e.db.NewIter(&pebble.IterOptions{
		LowerBound: letterKey(a.outbox, p+1), UpperBound: letterKey(a.outbox, a.shown+1),
	})
	if err != nil {
		return nil, err
	}
	for valid := it.First(); valid && len(letters) < limit; valid = it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return nil, errors.Join(err, it.Close())
		}
		expires, err := envelopeExpiry(value)
		if err == nil && expires > now {
			var m storage.Message
			m, err = openEnvelope(value)
			letters = append(letters, storage.Letter{Position: storage.Position(lastNumber(it.Key())), Message: m})
		}
		if err != nil {
			return nil, errors.Join(err, it.Close())
		}
	}
	return letters, it.Close()
}

// trim removes the letters that every reader is past.
func (a *audience) trim(t *tx) {
	slowest := a.tail
	for _, sub := range a.subscriptions {
		if sub.Deliver {
			slowest = min(slowest, sub.cursor)
		}
	}
	a.cut(t, slowest)
}

// cut removes the letters up to a position.
func (a *audience) cut(t *tx, last storage.Position) {
	if last < a.low {
		return
	}
	if last-a.low < fewLetters {
		for p := a.low; p <= last; p++ {
			t.delete(letterKey(a.outbox, p))
		}
	} else {
		t.deleteRange(letterKey(a.outbox, a.low), letterKey(a.outbox, last+1))
	}
	a.low = last + 1
	a.dirty = true
}
