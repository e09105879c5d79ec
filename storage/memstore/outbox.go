package memstore

import (
	"cmp"
	"time"

	"github.com/stackforge/marconi/storage"
)

// outbox is the log of what durable subscriptions still have to hear of.
type outbox struct {
	tail     storage.Position      // the last one given, in whichever life of the queue
	letters  sorted[*letter]       // by position
	expiring agenda[*letter]       // the same, by expiry
	readers  sorted[*subscription] // the durable ones, by cursor
}

type letter struct{ storage.Letter }

func newOutbox() outbox {
	return outbox{
		letters:  newSorted(byPlace),
		expiring: newAgenda((*letter).end, (*letter).place),
		readers:  newSorted(byCursor),
	}
}

func byPlace(a, b *letter) int { return cmp.Compare(a.Position, b.Position) }

func byCursor(a, b *subscription) int {
	return cmp.Or(cmp.Compare(a.cursor, b.cursor), cmp.Compare(a.number, b.number))
}

func (l *letter) end() time.Time { return l.Message.Expires }
func (l *letter) place() uint64  { return uint64(l.Position) }

// post adds a letter if there is anybody to read it.
func (o *outbox) post(m storage.Message) {
	if o.readers.count == 0 {
		return
	}
	o.tail++
	l := &letter{storage.Letter{Position: o.tail, Message: m}}
	o.letters.add(l)
	o.expiring.add(l)
}

func (o *outbox) remove(l *letter) {
	o.letters.remove(l)
	o.expiring.remove(l)
}

func (o *outbox) clear() {
	o.letters.clear()
	o.expiring.clear()
}

// after copies the first letters after a position, at most limit.
func (o *outbox) after(p storage.Position, limit int) []storage.Letter {
	var letters []storage.Letter
	for l := range o.letters.from(func(l *letter) bool { return l.Position > p }) {
		if len(letters) == limit {
			break
		}
		letters = append(letters, l.Letter)
	}
	return letters
}

// advance moves a reader's cursor to a position that lies before it.
func (o *outbox) advance(sub *subscription, to storage.Position) {
	if to <= sub.cursor {
		return
	}
	o.readers.remove(sub)
	sub.cursor = to
	o.readers.add(sub)
	o.trim()
}

// trim removes the letters that every reader is past.
func (o *outbox) trim() {
	slowest, ok := o.readers.first()
	if !ok {
		o.clear()
		return
	}
	for {
		l, ok := o.letters.first()
		if !ok || l.Position > slowest.cursor {
			return
		}
		o.remove(l)
	}
}
