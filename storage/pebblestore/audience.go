package pebblestore

import (
	"cmp"
	"encoding/binary"
	"errors"
	"slices"

	"github.com/stackforge/marconi/storage"
)

// audience is who subscribed to a queue, there or not, and the outbox through
// which the durable ones hear of its messages. All subscriptions lie in memory,
// letters do not. The lock of the slot guards everything.
type audience struct {
	slot          *slot
	subscriptions []*subscription // by ID
	subscribers   map[string]*subscription
	expiring      agenda[*subscription]
	readers       int // how many subscriptions are durable

	outbox uint64           // its number
	tail   storage.Position // the last letter
	shown  storage.Position // the last letter that is durable
	low    storage.Position // all letters before it are gone
	dirty  bool
}

// subscription is a subscription, and how far its deliveries have come.
type subscription struct {
	storage.Subscription
	progress
	place int
}

// progress is of a durable subscription alone.
type progress struct {
	cursor    storage.Position   // all letters up to it are settled
	notBefore int64              // what comes after it is not due earlier; 0: at once
	tried     storage.Position   // the letter that was tried attempts times
	attempts  int                //
	lease     string             // "" if nobody works on it
	until     int64              // when the lease ends
	leased    []storage.Position // the letters that were handed out
	turn      uint64             // grows with each lease: the least is served first
}

func (sub *subscription) when() int64 { return ms(sub.Expires) }
func (sub *subscription) slot() *int  { return &sub.place }

func newAudience(sl *slot, outbox uint64) *audience {
	return &audience{slot: sl, outbox: outbox, low: 1, subscribers: make(map[string]*subscription)}
}

// find is where the subscription with an ID is, or would be.
func (a *audience) find(id string) (index int, found bool) {
	return slices.BinarySearchFunc(a.subscriptions, id, func(sub *subscription, id string) int {
		return cmp.Compare(sub.ID, id)
	})
}

// get is the subscription with an ID, or nil.
func (a *audience) get(id string) *subscription {
	if a == nil {
		return nil
	}
	if i, found := a.find(id); found {
		return a.subscriptions[i]
	}
	return nil
}

// keep takes a subscription into memory.
func (a *audience) keep(sub *subscription) {
	i, _ := a.find(sub.ID)
	a.subscriptions = slices.Insert(a.subscriptions, i, sub)
	a.subscribers[sub.Subscriber] = sub
	a.expiring.put(sub)
	if sub.Deliver {
		a.readers++
		a.slot.e.turns.put(sub)
	}
}

// listen lets a new durable subscription hear of what is posted from now on.
func (a *audience) listen(sub *subscription) {
	sub.progress = progress{cursor: a.tail, turn: a.slot.e.turns.number()}
}

// remove removes a subscription for good.
func (a *audience) remove(t *tx, sub *subscription) {
	i, _ := a.find(sub.ID)
	a.subscriptions = slices.Delete(a.subscriptions, i, i+1)
	delete(a.subscribers, sub.Subscriber)
	a.expiring.remove(sub)
	t.delete(subscriptionKey(sub.Queue, sub.ID))
	t.delete(sub.ending())
	if sub.Deliver {
		a.switchOff(t, sub)
	}
}

// expire removes subscriptions that have expired and says how many they were.
func (a *audience) expire(t *tx, now int64, limit int) (removed int) {
	for ; a.expiring.next() <= now && removed < limit; removed++ {
		sub, _ := a.expiring.first()
		a.remove(t, sub)
	}
	return removed
}

// switchOn makes a subscription durable: it hears of what is posted from now on.
func (a *audience) switchOn(sub *subscription) {
	a.listen(sub)
	a.readers++
	a.slot.e.turns.put(sub)
}

func (a *audience) switchOff(t *tx, sub *subscription) {
	a.readers--
	a.slot.e.turns.remove(sub)
	sub.progress = progress{}
	a.trim(t)
}

// flush writes what is dirty: that letters were given whose numbers are not to
// be given again.
func (a *audience) flush(t *tx) {
	if a != nil && a.dirty {
		a.dirty = false
		t.set(audienceKey(a.slot.id), a.append(nil))
	}
}

func (a *audience) append(b []byte) []byte {
	b = binary.AppendUvarint(append(b, recordVersion), a.outbox)
	b = binary.AppendUvarint(b, uint64(a.tail))
	return binary.AppendUvarint(b, uint64(a.low))
}

func readAudience(sl *slot, value []byte) (*audience, error) {
	s := scan(value)
	a := newAudience(sl, s.uvarint())
	a.tail, a.low = storage.Position(s.uvarint()), storage.Position(s.uvarint())
	return a, s.end()
}

const (
	isConfirmed = 1 << iota
	isDurable
)

func (sub *subscription) append(b []byte) []byte {
	b = append(b, recordVersion, flag(sub.Confirmed)*isConfirmed|flag(sub.Deliver)*isDurable)
	b = appendString(b, sub.Subscriber)
	b = appendString(b, string(sub.Options))
	b = append(b, flag(sub.Options == nil))
	b = appendTime(appendTime(appendTime(b, sub.Created), sub.Since), sub.Expires)
	for _, n := range []uint64{uint64(sub.cursor), uint64(sub.tried), uint64(sub.attempts), sub.turn} {
		b = binary.AppendUvarint(b, n)
	}
	b = binary.AppendVarint(binary.AppendVarint(b, sub.notBefore), sub.until)
	b = binary.AppendUvarint(appendString(b, sub.lease), uint64(len(sub.leased)))
	for _, p := range sub.leased {
		b = binary.AppendUvarint(b, uint64(p))
	}
	return b
}

func readSubscription(id storage.QueueID, name string, value []byte) (*subscription, error) {
	s := scan(value)
	sub := &subscription{}
	sub.ID, sub.Queue = name, id
	flags := s.byte()
	sub.Confirmed, sub.Deliver = flags&isConfirmed != 0, flags&isDurable != 0
	sub.Subscriber = s.string()
	sub.Options = append([]byte{}, s.bytes()...)
	if s.byte() == 1 {
		sub.Options = nil
	}
	sub.Created, sub.Since, sub.Expires = s.time(), s.time(), s.time()
	sub.cursor, sub.tried = storage.Position(s.uvarint()), storage.Position(s.uvarint())
	sub.attempts, sub.turn = int(s.uvarint()), s.uvarint()
	sub.notBefore, sub.until = s.varint(), s.varint()
	sub.lease = s.string()
	for range s.count(1) {
		sub.leased = append(sub.leased, storage.Position(s.uvarint()))
	}
	return sub, s.end()
}

// loadAudiences reads all audiences. They stay in memory, since deliveries are
// looked for in all of them.
func (e *engine) loadAudiences() error {
	err := e.each([]byte{familyAudience}, func(key, value []byte) error {
		id, rest, ok := cutQueueID(key[1:])
		if !ok || len(rest) > 0 {
			return errRecord
		}
		sl := e.slot(id) // never released
		a, err := readAudience(sl, value)
		if err != nil {
			return err
		}
		sl.audience = a
		e.catalog.reserve(a.outbox)
		return a.loadTail()
	})
	if err != nil {
		return err
	}
	return e.each([]byte{familySubscription}, func(key, value []byte) error {
		id, name, ok := cutQueueID(key[1:])
		if !ok {
			return errRecord
		}
		sub, err := readSubscription(id, string(name), value)
		if err != nil {
			return err
		}
		sl := e.slots[id]
		if sl == nil || sl.audience == nil {
			return errors.New("a subscription without an audience")
		}
		e.turns.reserve(sub.turn)
		sl.audience.keep(sub)
		return nil
	})
}
