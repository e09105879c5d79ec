package memstore

import (
	"time"

	"github.com/stackforge/marconi/storage"
)

// alias is the ID of a message that does not spell its position: of one that was
// posted delayed, or was buried here. As a marker it outlives a message that was
// in the log.
type alias struct {
	id      string
	number  uint64
	after   storage.Position // as a marker it goes on after this
	expires time.Time        // the message's, or what it was when the message went
	message *message         // nil once it is gone
}

func (a *alias) end() time.Time { return a.expires }
func (a *alias) tie() uint64    { return a.number }

// name gives a message an alias instead of one that its ID may have had.
func (q *queue) name(m *message, after storage.Position) {
	if old := q.aliases[m.ID]; old != nil {
		q.forgetAlias(old)
	}
	a := &alias{id: m.ID, number: q.number(), after: after, expires: m.Expires, message: m}
	m.alias = a
	q.aliases[a.id] = a
	q.fading.add(a)
}

// unname parts a message that goes from its alias.
func (q *queue) unname(m *message) {
	switch {
	case m.alias == nil:
	case m.Position == 0:
		q.forgetAlias(m.alias)
	default:
		m.alias.message = nil
	}
}

func (q *queue) forgetAlias(a *alias) {
	q.fading.remove(a)
	if q.aliases[a.id] == a {
		delete(q.aliases, a.id)
	}
}

// start is where a marker goes on, as a position or a place of this life. It is
// false for a text that is no marker.
func (q *queue) start(marker string) (storage.Marker, bool) {
	if a := q.aliases[marker]; a != nil {
		return q.position(a.after), true
	}
	at, ok := storage.ParseMarker(marker)
	if !ok {
		return at, false
	}
	if at.Epoch == q.Epoch && (at.Kind == storage.AtPosition || at.Kind == storage.AmongDelayed) {
		return at, true
	}
	return q.position(0), true
}

func (q *queue) position(p storage.Position) storage.Marker {
	return storage.Marker{Kind: storage.AtPosition, Epoch: q.Epoch, Position: p}
}
