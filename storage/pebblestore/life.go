package pebblestore

import (
	"github.com/stackforge/marconi/storage"
)

// life is one life of a queue, as far as it lies in memory: what is held and
// what came back from claims, a few numbers for every block of the log that has
// messages, and nothing for a message that just waits.
//
// A position is gone, or its message is free, held, or on its way into the log.
// The lock of the life's slot guards everything.
type life struct {
	slot   *slot
	number uint64
	record storage.Queue

	head                     // as of all that was submitted
	shown   storage.Position // the tail as of what is durable: nobody sees more
	low     storage.Position // all before it is gone
	cleared storage.Position // all before it was deleted as a range
	live    int              // how many messages of the log, up to shown, are not gone
	blocks  map[uint64]*block
	aging   agenda[*block]
	fresh   []fresh // posts that are not durable yet

	cursor   storage.Position // everything up to it is gone, held, or in back
	back     positions        // what is free before the cursor
	held     map[storage.Position]*hold
	claims   map[string]*hold
	holds    agenda[*hold]
	restings uint64 // the last number given to a rest

	changed map[storage.Position]change
	leaving map[storage.Position]struct{} // gone, and in Pebble until that is durable

	delayed  delays
	pending  map[string]pendingOnce
	posted   *group // the last one with such a post
	entering *group // in which delayed messages enter the log

	dirty dirt
}

// dirt is what has changed in memory and is written when the tx is complete: a
// call that removes many messages changes the same few records.
type dirt struct {
	head   bool
	blocks []*block
	holds  []*hold
}

// fresh is a post that is on its way into the log.
type fresh struct {
	last    storage.Position
	expires int64 // the first that expires
}

func newLife(sl *slot, r queueRecord) *life {
	return &life{
		slot:    sl,
		number:  r.life,
		record:  r.Queue,
		low:     1,
		blocks:  make(map[uint64]*block),
		held:    make(map[storage.Position]*hold),
		claims:  make(map[string]*hold),
		changed: make(map[storage.Position]change),
		leaving: make(map[storage.Position]struct{}),
		delayed: newDelays(),
		pending: make(map[string]pendingOnce),
	}
}

// flush writes what is dirty.
func (l *life) flush(t *tx) {
	if l == nil {
		return
	}
	if l.dirty.head {
		t.set(kindKey(l.number, kindHead), l.head.append(nil))
	}
	for _, b := range l.dirty.blocks {
		b.dirty = false
		if l.blocks[b.index] == b {
			t.set(numberedKey(l.number, kindBlock, b.index), b.append(nil))
		}
	}
	for _, h := range l.dirty.holds {
		h.dirty = false
		if len(h.positions) > 0 {
			t.set(holdKey(l.number, h), h.append(nil))
		} else {
			t.delete(holdKey(l.number, h))
		}
	}
	clear(l.dirty.blocks)
	clear(l.dirty.holds)
	l.dirty = dirt{blocks: l.dirty.blocks[:0], holds: l.dirty.holds[:0]}
}

// gone reports whether there is no message at a position up to shown that
// Pebble may still have.
func (l *life) gone(p storage.Position) bool {
	if p < l.low {
		return true
	}
	_, leaving := l.leaving[p]
	return leaving
}

// append puts a message at the end of the log: of a post, or of what comes from
// elsewhere with an ID of its own. The caller shows it with enter.
func (l *life) append(t *tx, m *storage.Message) {
	l.tail++
	m.Position = l.tail
	l.age(t, l.tail, ms(m.Expires))
	l.setMessage(t, m)
	l.slot.audience.post(t, l, m)
}

func (l *life) setMessage(t *tx, m *storage.Message) {
	t.value = appendEnvelope(t.value[:0], m, false)
	t.set(messageKey(l.number, m.Position), t.value)
}

// enter shows what was appended to the log since its tail was before, as soon
// as it is durable, and tells the followers.
func (l *life) enter(t *tx, before storage.Position, expires int64, due int64) {
	last := l.tail
	if last > before {
		l.fresh = append(l.fresh, fresh{last, expires})
	}
	t.visible(func() { l.show(before, last, due) })
}

func (l *life) show(before, last storage.Position, due int64) {
	l.slot.mu.Lock()
	if last > before {
		l.shown = last
		l.fresh = l.fresh[1:]
		if first := max(before+1, l.low); first <= last {
			l.live += int(last - first + 1)
		}
	}
	l.slot.mu.Unlock()
	e := storage.Event{Epoch: l.record.Epoch}
	if last > before {
		e.First, e.Last = before+1, last
	}
	if due != never {
		e.Due = at(due)
	}
	l.slot.tell(e)
}

// remove takes a message of the log, up to shown, out of the queue for good.
func (l *life) remove(t *tx, p storage.Position) {
	t.delete(messageKey(l.number, p))
	if _, ok := l.changed[p]; ok {
		delete(l.changed, p)
		t.delete(numberedKey(l.number, kindChange, uint64(p)))
	}
	if h := l.held[p]; h != nil {
		l.unhold(h, p)
	} else if p <= l.cursor {
		l.back.remove(p)
	}
	if p == l.tail {
		l.dirty.head = true
	}
	l.leaving[p] = struct{}{}
	l.live--
	l.lose(t, p)
}

// removeAll removes messages and forgets that they leave when they have left.
func (l *life) removeAll(t *tx, ps []storage.Position) {
	if len(ps) == 0 {
		return
	}
	for _, p := range ps {
		l.remove(t, p)
	}
	t.visible(func() {
		l.slot.mu.Lock()
		defer l.slot.mu.Unlock()
		for _, p := range ps {
			delete(l.leaving, p)
		}
	})
}

// wake is when a claimer next finds more than now, without anybody's doing, or
// never.
func (l *life) wake() int64 { return min(l.holds.next(), l.delayed.next) }

// purge removes all messages. Positions go on.
func (l *life) purge(t *tx) {
	for _, kind := range []byte{kindMessage, kindChange, kindBlock, kindClaim} {
		t.deleteAll(kindKey(l.number, kind))
	}
	l.low, l.cleared, l.cursor, l.live = l.tail+1, l.tail+1, l.tail, 0
	l.dirty = dirt{head: true}
	l.blocks, l.aging = make(map[uint64]*block), agenda[*block]{}
	l.back = positions{}
	l.held, l.claims, l.holds = make(map[storage.Position]*hold), make(map[string]*hold), agenda[*hold]{}
	l.changed = make(map[storage.Position]change)
	l.purgeDelayed(t)
}
