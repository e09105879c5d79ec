package pebblestore

import (
	"context"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/stackforge/marconi/storage"
)

// ending is something that ends at an instant.
type ending struct {
	key     []byte
	instant int64
	kind    byte
	number  uint64          // of the life or the outbox
	queue   storage.QueueID //
	name    string          // of the alias, the key or the subscription
	index   uint64          // of the block or the letter
}

func readEnding(key, value []byte) (e ending, err error) {
	rest := key[1:]
	if len(rest) < 9 {
		return e, errRecord
	}
	e.key = append([]byte(nil), key...)
	e.instant, e.kind, rest = instantIn(rest), rest[8], rest[9:]
	ok := true
	if e.kind == endsSubscription {
		e.queue, rest, ok = cutQueueID(rest)
		e.name = string(rest)
	} else if ok = len(rest) >= 8; ok {
		e.number = lastNumber(rest[:8])
		e.queue, _, ok = cutQueueID(value)
		switch rest = rest[8:]; e.kind {
		case endsBlock, endsLetter:
			ok = ok && len(rest) == 8
			if ok {
				e.index = lastNumber(rest)
			}
		default:
			e.name = string(rest)
		}
	}
	if !ok {
		return e, errRecord
	}
	return e, nil
}

// Sweep implements storage.Driver. It lets nothing enter a log: a message that
// fell due enters when somebody looks.
func (s *Store) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	e, err := s.open(ctx)
	if err != nil {
		return 0, err
	}
	endings, err := e.endings(ms(now), limit)
	if err != nil {
		return 0, err
	}
	removed := 0
	var last *group
	for _, end := range endings {
		n, g, err := s.sweep(ctx, end, ms(now))
		if err != nil {
			return removed, err
		}
		removed += n
		if g != nil {
			last = g
		}
	}
	// An ending that had nothing left counts as well: there may be more behind it.
	return max(removed, len(endings)), last.wait(ctx)
}

// endings are the first that have come by now, at most limit.
func (e *engine) endings(now int64, limit int) (endings []ending, err error) {
	if err := e.use(); err != nil {
		return nil, err
	}
	defer e.done()
	it, err := e.db.NewIter(&pebble.IterOptions{
		LowerBound: []byte{familyAgenda}, UpperBound: appendInstant([]byte{familyAgenda}, now+1),
	})
	if err != nil {
		return nil, err
	}
	for valid := it.First(); valid && len(endings) < limit; valid = it.Next() {
		value, err := it.ValueAndErr()
		if err != nil {
			return nil, joinErrors(err, it.Close())
		}
		end, err := readEnding(it.Key(), value)
		if err != nil {
			return nil, joinErrors(err, it.Close())
		}
		endings = append(endings, end)
	}
	return endings, it.Close()
}

// sweep removes what has ended.
func (s *Store) sweep(ctx context.Context, end ending, now int64) (removed int, g *group, err error) {
	sl, err := s.enter(ctx, end.queue)
	if err != nil {
		return 0, nil, err
	}
	defer sl.leave()
	t := sl.e.begin()
	if b := sl.block(end); b != nil { // which writes its next ending itself
		removed, err = sl.life.expireBlock(t, b, now)
		return removed, sl.submit(t), err
	}
	t.delete(end.key)
	switch end.kind {
	case endsSubscription:
		if sl.audience != nil {
			removed = sl.audience.expire(t, now, 1)
		}
	case endsLetter:
		removed, err = sl.sweepLetter(t, end)
	default:
		if sl.life != nil && sl.life.number == end.number {
			removed, err = sl.life.sweep(t, end)
		}
	}
	return removed, sl.submit(t), err
}

// block is the block that an ending is of, if it still is.
func (sl *slot) block(end ending) *block {
	if end.kind != endsBlock || sl.life == nil || sl.life.number != end.number {
		return nil
	}
	b := sl.life.blocks[end.index]
	if b == nil || b.earliest != end.instant {
		return nil
	}
	return b
}

// sweep removes what has ended in a life. It may have been changed, or removed,
// since the ending was written; then there is another ending.
func (l *life) sweep(t *tx, end ending) (removed int, err error) {
	switch end.kind {
	case endsAlias:
		return l.sweepAlias(t, end)
	case endsOnce:
		return l.sweepOnce(t, end)
	default:
		return 0, nil
	}
}

func (l *life) sweepAlias(t *tx, end ending) (removed int, err error) {
	key := namedKey(l.number, kindAlias, end.name)
	value, err := l.slot.e.value(key)
	if value == nil || err != nil {
		return 0, err
	}
	a, err := readAlias(value)
	if err != nil || a.expires != end.instant {
		return 0, err
	}
	r := ref{due: a.due, counter: a.counter}
	if a.position == 0 && !l.delayed.hidden(r.counter) {
		err = l.dropDelayed(t, []ref{r})
	}
	t.delete(key)
	return 1, err
}

func (l *life) sweepOnce(t *tx, end ending) (removed int, err error) {
	key := namedKey(l.number, kindOnce, end.name)
	value, err := l.slot.e.value(key)
	if value == nil || err != nil || l.pending[end.name].once != nil {
		return 0, err
	}
	o, err := readOnce(value)
	if err != nil || o.until != end.instant {
		return 0, err
	}
	t.delete(key)
	return 1, nil
}

func (sl *slot) sweepLetter(t *tx, end ending) (removed int, err error) {
	a := sl.audience
	p := storage.Position(end.index)
	if a == nil || a.outbox != end.number || p < a.low || p > a.shown {
		return 0, nil
	}
	t.delete(letterKey(a.outbox, p))
	a.dirty = true // it may have been the last one
	if p == a.low {
		a.low++
	}
	return 1, nil
}
