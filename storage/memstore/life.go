package memstore

import (
	"cmp"
	"time"

	"github.com/stackforge/marconi/storage"
)

// queue is one life of a queue. Each of its messages is either delayed or in the
// log, and each of those in the log is either free or held.
type queue struct {
	storage.Queue

	tail     storage.Position // the last one given
	counter  uint64           // how many messages were posted delayed
	log      sorted[*message] // by position
	free     sorted[*message] // by position
	delayed  agenda[*message] // by the instant they fall due
	expiring agenda[*message] // every message, by expiry

	claims map[string]*hold
	holds  agenda[*hold] // the claims and the rests, by their end

	aliases map[string]*alias
	fading  agenda[*alias] // the same, by expiry

	posts map[postID]*post
	stale agenda[*post] // the same, by expiry

	numbers uint64
}

// message is a message of one queue.
type message struct {
	storage.Message
	number  uint64 // tells it from others that end at the same instant
	counter uint64 // as in its ID, if it was posted delayed
	hold    *hold  // nil if it is free or delayed
	alias   *alias // nil if its ID spells its position
}

func newQueue(record storage.Queue) *queue {
	return &queue{
		Queue:    record,
		log:      newSorted(byPosition),
		free:     newSorted(byPosition),
		delayed:  newAgenda((*message).due, (*message).delay),
		expiring: newAgenda((*message).end, (*message).tie),
		claims:   make(map[string]*hold),
		holds:    newAgenda((*hold).end, (*hold).tie),
		aliases:  make(map[string]*alias),
		fading:   newAgenda((*alias).end, (*alias).tie),
		posts:    make(map[postID]*post),
		stale:    newAgenda((*post).end, (*post).tie),
	}
}

func byPosition(a, b *message) int { return cmp.Compare(a.Position, b.Position) }

func (m *message) due() time.Time { return m.Visible }
func (m *message) end() time.Time { return m.Expires }
func (m *message) delay() uint64  { return m.counter }
func (m *message) tie() uint64    { return m.number }

// number is a new number, greater than all before it.
func (q *queue) number() uint64 {
	q.numbers++
	return q.numbers
}

// enter puts a new message, or one that fell due, at the end of the log. One
// that comes without an ID is named by its position.
func (q *queue) enter(m *message) {
	q.tail++
	m.Position = q.tail
	if m.ID == "" {
		m.ID = storage.PositionText(q.Epoch, m.Position)
	} else {
		q.name(m, m.Position)
	}
	q.log.add(m)
	q.free.add(m)
}

// postpone keeps a new message until it falls due.
func (q *queue) postpone(m *message) {
	q.counter++
	m.counter = q.counter
	m.ID = storage.DelayedID(q.Epoch, m.counter)
	q.name(m, q.tail)
	q.delayed.add(m)
}

// remove takes a message out of the queue for good.
func (q *queue) remove(m *message) {
	q.expiring.remove(m)
	q.unname(m)
	switch {
	case m.Position == 0:
		q.delayed.remove(m)
		return
	case m.hold == nil:
		q.free.remove(m)
	default:
		q.unhold(m)
	}
	q.log.remove(m)
}

// clear removes all messages.
func (q *queue) clear() {
	for m := range q.expiring.all() {
		q.unname(m)
	}
	q.log.clear()
	q.free.clear()
	q.delayed.clear()
	q.expiring.clear()
	q.holds.clear()
	clear(q.claims)
}

// live lets a message, and its ID as a marker, live until an instant.
func (q *queue) live(m *message, until time.Time) {
	q.expiring.remove(m)
	m.Expires = until
	q.expiring.add(m)
	if m.alias != nil {
		q.fading.remove(m.alias)
		m.alias.expires = until
		q.fading.add(m.alias)
	}
}

// find is the message that has an ID, or nil.
func (q *queue) find(id string) *message {
	if a := q.aliases[id]; a != nil {
		return a.message
	}
	at, ok := storage.ParseMarker(id)
	if !ok || at.Kind != storage.AtPosition || at.Epoch != q.Epoch {
		return nil
	}
	if m := q.at(at.Position); m != nil && m.ID == id {
		return m
	}
	return nil
}

// at is the message at a position, or nil.
func (q *queue) at(p storage.Position) *message {
	m, ok := q.log.next(func(m *message) bool { return m.Position >= p })
	if !ok || m.Position != p {
		return nil
	}
	return m
}

// first are the first free messages, at most limit.
func (q *queue) first(limit int) []*message {
	var ms []*message
	for m := range q.free.all() {
		if len(ms) == limit {
			break
		}
		ms = append(ms, m)
	}
	return ms
}

// wake is when a claimer next finds more than now, without anybody's doing; zero
// if that is never. A delayed message that expires first does not fall due.
func (q *queue) wake() time.Time {
	var wake time.Time
	if h, ok := q.holds.first(); ok {
		wake = h.ends
	}
	for m := range q.delayed.all() {
		if m.Visible.Before(m.Expires) {
			return earlier(wake, m.Visible)
		}
	}
	return wake
}

// earlier is the earlier of two instants of which the zero one is none.
func earlier(a, b time.Time) time.Time {
	if a.IsZero() || !b.IsZero() && b.Before(a) {
		return b
	}
	return a
}

func after(p storage.Position) func(*message) bool {
	return func(m *message) bool { return m.Position > p }
}

// records copies messages for the world outside.
func records(ms []*message) []storage.Message {
	out := make([]storage.Message, len(ms))
	for i, m := range ms {
		out[i] = m.Message
	}
	return out
}
