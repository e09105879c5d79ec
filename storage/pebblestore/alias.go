package pebblestore

import (
	"github.com/stackforge/marconi/storage"
)

// ref is where a message lies: in the log, or among the delayed if its position
// is 0.
type ref struct {
	position storage.Position
	due      int64
	counter  uint64
}

func (l *life) aliasEnding(id string, expires int64) []byte {
	return append(appendNumber(agendaKey(expires, endsAlias), l.number), id...)
}

// name gives a message an alias, instead of one that its ID may have had.
func (l *life) name(t *tx, id string, a alias) {
	t.set(namedKey(l.number, kindAlias, id), a.append(nil))
	t.set(l.aliasEnding(id, a.expires), appendQueueID(nil, l.record.ID))
}

// rename changes when an alias ends.
func (l *life) rename(t *tx, id string, expires int64) error {
	value, err := l.slot.e.value(namedKey(l.number, kindAlias, id))
	if value == nil || err != nil {
		return err
	}
	a, err := readAlias(value)
	if err != nil {
		return l.fault(0, err)
	}
	t.delete(l.aliasEnding(id, a.expires))
	a.expires = expires
	l.name(t, id, a)
	return nil
}

// alias is the alias of an ID; it is false if there is none as of now.
func (l *life) alias(id string, now int64) (a alias, ok bool, err error) {
	if !l.named && !isDelayedID(id) { // what is delayed has not been in the log
		return a, false, nil
	}
	value, err := l.slot.e.value(namedKey(l.number, kindAlias, id))
	if value == nil || err != nil {
		return a, false, err
	}
	if a, err = readAlias(value); err != nil {
		return a, false, l.fault(0, err)
	}
	if a.expires <= now {
		return a, false, nil
	}
	if a.position == 0 {
		ok, err = l.isDelayed(ref{due: a.due, counter: a.counter})
		return a, ok, err
	}
	return a, true, nil
}

func isDelayedID(id string) bool {
	m, ok := storage.ParseMarker(id)
	return ok && m.Kind == storage.AtDelayed
}

// find is where the message that has an ID lies; it is false if it is not there.
func (l *life) find(id string, now int64) (r ref, there bool, err error) {
	a, ok, err := l.alias(id, now)
	if err != nil {
		return r, false, err
	}
	if ok {
		r = ref{a.position, a.due, a.counter}
		if r.position == 0 {
			return r, true, nil
		}
		return l.at(r.position, id)
	}
	m, ok := storage.ParseMarker(id)
	if !ok || m.Kind != storage.AtPosition || m.Epoch != l.record.Epoch {
		return r, false, nil
	}
	return l.at(m.Position, id)
}

// at is whether the message with an ID is at a position.
func (l *life) at(p storage.Position, id string) (r ref, there bool, err error) {
	r.position = p
	if l.gone(p) || p > l.shown {
		return r, false, nil
	}
	if l.named {
		m, there, err := l.get(p)
		return r, there && m.ID == id, err
	}
	if p <= l.cursor {
		return r, l.held[p] != nil || l.back.has(p), nil
	}
	err = l.scan(p, p, func(storage.Position, []byte) (bool, error) {
		there = true
		return false, nil
	})
	return r, there, err
}

// findAll is where the messages with the IDs lie, each once, in their order.
func (l *life) findAll(ids []string, now int64) ([]ref, error) {
	refs := make([]ref, 0, len(ids))
	seen := make(map[ref]bool, len(ids))
	for _, id := range ids {
		r, there, err := l.find(id, now)
		if err != nil {
			return nil, err
		}
		key := r
		if key.position > 0 {
			key = ref{position: r.position}
		}
		if there && !seen[key] {
			seen[key] = true
			refs = append(refs, key)
		}
	}
	return refs, nil
}

// read reads a message that is there.
func (l *life) read(r ref) (storage.Message, bool, error) {
	if r.position == 0 {
		return l.readDelayed(r)
	}
	return l.get(r.position)
}

// discard removes messages, wherever they lie.
func (l *life) discard(t *tx, refs []ref) error {
	ps := make([]storage.Position, 0, len(refs))
	var delayed []ref
	for _, r := range refs {
		if r.position > 0 {
			ps = append(ps, r.position)
		} else {
			delayed = append(delayed, r)
		}
	}
	l.removeAll(t, ps)
	return l.dropDelayed(t, delayed)
}
