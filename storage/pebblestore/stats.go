package pebblestore

import (
	"context"
	"errors"
	"time"

	"github.com/stackforge/marconi/storage"
)

// QueueStats implements storage.Queues. It costs no more in a long queue.
func (s *Store) QueueStats(ctx context.Context, id storage.QueueID, now time.Time) (storage.Stats, error) {
	sl, err := s.settledQueue(ctx, id, ms(now))
	if err != nil {
		return storage.Stats{}, err
	}
	st, err := sl.life.stats()
	return st, sl.conclude(ctx, err, sl.changed)
}

func (l *life) stats() (storage.Stats, error) {
	st := storage.Stats{
		Total:   l.live + l.delayed.count,
		Claimed: len(l.held),
		Delayed: l.delayed.count,
		Epoch:   l.record.Epoch,
		Tail:    l.shown,
		Wake:    instant(l.wake()),
	}
	if st.Total == 0 {
		return st, nil
	}
	oldest, err := l.oldest()
	if err != nil {
		return st, err
	}
	newest, err := l.newest()
	st.Oldest, st.Newest = &oldest, &newest
	return st, err
}

// instant is the zero time for never.
func instant(ms int64) time.Time {
	if ms == never {
		return time.Time{}
	}
	return at(ms)
}

func (l *life) oldest() (m storage.Message, err error) {
	if l.live == 0 {
		err = l.eachDelayed(-never, 0, func(r ref, value []byte) (bool, error) {
			m, err = openBare(value)
			return false, err
		})
		return m, err
	}
	err = l.scan(l.low, l.shown, func(p storage.Position, value []byte) (bool, error) {
		if m, err = openBare(value); err == nil {
			l.complete(&m, p)
		}
		return false, err
	})
	return m, err
}

func (l *life) newest() (m storage.Message, err error) {
	if l.delayed.count > 0 {
		return l.lastDelayed()
	}
	it, err := l.look(l.low, l.shown)
	if err != nil {
		return m, err
	}
	for valid := it.Last(); valid; valid = it.Prev() {
		p := storage.Position(lastNumber(it.Key()))
		if l.gone(p) {
			continue
		}
		value, err := it.ValueAndErr()
		if err == nil {
			m, err = openBare(value)
		}
		if err != nil {
			return m, errors.Join(l.fault(p, err), it.Close())
		}
		l.complete(&m, p)
		break
	}
	return m, it.Close()
}
