package pebblestore

import (
	"errors"
	"fmt"

	"github.com/cockroachdb/pebble/v2"

	"github.com/stackforge/marconi/storage"
)

// faultError says where the store is damaged.
func (l *life) fault(p storage.Position, err error) error {
	return fmt.Errorf("queue %q of project %q, position %d: %w", l.record.ID.Name, l.record.ID.Project, p, err)
}

// look iterates over the log's messages from one position to another, both
// included, as far as they can be seen.
func (l *life) look(from, to storage.Position) (*pebble.Iterator, error) {
	return l.slot.e.db.NewIter(&pebble.IterOptions{
		LowerBound: messageKey(l.number, max(from, l.low)),
		UpperBound: messageKey(l.number, min(to, l.shown)+1),
	})
}

// scan gives the messages from one position to another to see, until it has
// seen enough. The value is valid during the call.
func (l *life) scan(from, to storage.Position, see func(p storage.Position, value []byte) (more bool, err error)) error {
	if from = max(from, l.low); from > min(to, l.shown) {
		return nil
	}
	it, err := l.look(from, to)
	if err != nil {
		return err
	}
	last := from
	for valid := it.First(); valid; valid = it.Next() {
		p := storage.Position(lastNumber(it.Key()))
		last = p
		if l.gone(p) {
			continue
		}
		value, err := it.ValueAndErr()
		if err != nil {
			return errors.Join(l.fault(p, err), it.Close())
		}
		more, err := see(p, value)
		if err != nil {
			return errors.Join(l.fault(p, err), it.Close())
		}
		if !more {
			break
		}
	}
	if err := it.Close(); err != nil {
		return l.fault(last, err)
	}
	return nil
}

// fetch gives the messages at positions, which ascend and are there, to see,
// until it has seen enough.
func (l *life) fetch(ps []storage.Position, see func(p storage.Position, value []byte) (more bool, err error)) error {
	if len(ps) == 0 {
		return nil
	}
	it, err := l.look(ps[0], ps[len(ps)-1])
	if err != nil {
		return err
	}
	for _, p := range ps {
		value, err := valueAt(it, messageKey(l.number, p))
		if err != nil {
			return errors.Join(l.fault(p, err), it.Close())
		}
		more, err := see(p, value)
		if err != nil {
			return errors.Join(l.fault(p, err), it.Close())
		}
		if !more {
			break
		}
	}
	return it.Close()
}

var errMissing = errors.New("a message is missing")

// valueAt reads the value of a key that must be there.
func valueAt(it *pebble.Iterator, key []byte) ([]byte, error) {
	if it.Valid() && it.Next() && string(it.Key()) == string(key) {
		return it.ValueAndErr()
	}
	if !it.SeekGE(key) || string(it.Key()) != string(key) {
		if err := it.Error(); err != nil {
			return nil, err
		}
		return nil, errMissing
	}
	return it.ValueAndErr()
}

// expiry is when a message expires.
func (l *life) expiry(p storage.Position, value []byte) (int64, error) {
	if c, ok := l.changed[p]; ok {
		return c.expires, nil
	}
	return envelopeExpiry(value)
}

// message reads a message of the log as it is now.
func (l *life) message(p storage.Position, value []byte) (storage.Message, error) {
	m, err := openEnvelope(value)
	l.complete(&m, p)
	return m, err
}

// complete adds to a message what follows from its place.
func (l *life) complete(m *storage.Message, p storage.Position) {
	m.Position = p
	if m.ID == "" {
		m.ID = storage.PositionText(l.record.Epoch, p)
	}
	if c, ok := l.changed[p]; ok {
		m.Expires, m.Since, m.Claims = at(c.expires), at(c.since), c.claims
	}
	if h := l.held[p]; h != nil {
		m.Claim = h.id
	}
}

// get reads one message of the log; it is false if it is not there.
func (l *life) get(p storage.Position) (m storage.Message, there bool, err error) {
	err = l.scan(p, p, func(p storage.Position, value []byte) (bool, error) {
		there = true
		m, err = l.message(p, value)
		return false, err
	})
	return m, there, err
}

// value reads a key that may be missing, in which case it answers nil.
func (e *engine) value(key []byte) ([]byte, error) {
	v, closer, err := e.db.Get(key)
	if errors.Is(err, pebble.ErrNotFound) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("record %q: %w", key, err)
	}
	v = append(make([]byte, 0, len(v)), v...)
	return v, closer.Close()
}
