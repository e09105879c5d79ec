package pebblestore

import (
	"errors"

	"github.com/cockroachdb/pebble/v2"

	"github.com/stackforge/marconi/storage"
)

// dueAtOnce is how many messages enter a log in one step, at most.
const dueAtOnce = 1000

// expireDelayed drops delayed messages that have expired before they fell due,
// and says how many they were.
func (l *life) expireDelayed(t *tx, now int64, limit int) (dropped int, err error) {
	for l.delayed.doom <= now && dropped < limit {
		refs, next, err := l.doomed(now, limit-dropped)
		if err != nil {
			return dropped, err
		}
		l.delayed.doom = next
		if err := l.dropDelayed(t, refs); err != nil {
			return dropped, err
		}
		dropped += len(refs)
	}
	return dropped, nil
}

// doomed are the doomed that have expired, and when the next one does.
func (l *life) doomed(now int64, limit int) (refs []ref, next int64, err error) {
	prefix := kindKey(l.number, kindDoomed)
	it, err := l.slot.e.db.NewIter(&pebble.IterOptions{LowerBound: prefix, UpperBound: after(prefix)})
	if err != nil {
		return nil, 0, err
	}
	next = never
	for valid := it.First(); valid; valid = it.Next() {
		doom := refOf(it.Key())
		if l.delayed.hidden(doom.counter) {
			continue
		}
		if doom.due > now || len(refs) == limit {
			next = doom.due
			break
		}
		value, err := it.ValueAndErr()
		if err != nil {
			return nil, 0, errors.Join(l.fault(0, err), it.Close())
		}
		s := scan(value)
		refs = append(refs, ref{due: s.varint(), counter: doom.counter})
		if err := s.end(); err != nil {
			return nil, 0, errors.Join(l.fault(0, err), it.Close())
		}
	}
	return refs, next, it.Close()
}

// fallDue lets delayed messages that are due enter the log, or drops them if
// they have expired meanwhile. There may be more of them.
func (l *life) fallDue(t *tx, now int64) error {
	before, first, n := l.tail, int64(never), 0
	err := l.eachDelayed(l.delayed.from, 0, func(r ref, value []byte) (bool, error) {
		if r.due > now || n == dueAtOnce {
			return false, nil
		}
		n++
		m, err := openEnvelope(value)
		if err != nil {
			return false, l.fault(0, err)
		}
		if expires := ms(m.Expires); expires <= now {
			l.drop(t, r, &m)
		} else {
			l.takeOut(t, r, expires)
			l.arrive(t, &m)
			first = min(first, expires)
		}
		return true, nil
	})
	if l.tail > before {
		l.enter(t, before, first, never)
	}
	return joinErrors(err, l.lookAhead())
}

// arrive puts a message that has an ID of its own at the end of the log.
func (l *life) arrive(t *tx, m *storage.Message) {
	l.append(t, m)
	l.name(t, m.ID, alias{expires: ms(m.Expires), after: m.Position, position: m.Position})
	if !l.named {
		l.named, l.dirty.head = true, true
	}
}
