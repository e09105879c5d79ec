package memstore

import (
	"cmp"
	"time"

	"github.com/stackforge/marconi/storage"
)

// audience is who subscribed to a queue, there or not, and the outbox through
// which the durable ones hear of its messages.
type audience struct {
	subscriptions sorted[*subscription] // by ID
	subscribers   map[string]*subscription
	expiring      agenda[*subscription]
	outbox        outbox
}

// subscription is a subscription, and how far its deliveries have come.
type subscription struct {
	storage.Subscription
	number uint64
	progress
}

func newAudience() *audience {
	return &audience{
		subscriptions: newSorted(byID),
		subscribers:   make(map[string]*subscription),
		expiring:      newAgenda((*subscription).end, (*subscription).tie),
		outbox:        newOutbox(),
	}
}

func byID(a, b *subscription) int { return cmp.Compare(a.ID, b.ID) }

func (sub *subscription) end() time.Time { return sub.Expires }
func (sub *subscription) tie() uint64    { return sub.number }

// find is the subscription with an ID, or nil.
func (a *audience) find(id string) *subscription {
	if a == nil {
		return nil
	}
	sub, ok := a.subscriptions.next(func(sub *subscription) bool { return sub.ID >= id })
	if !ok || sub.ID != id {
		return nil
	}
	return sub
}

// deserted is whether nothing is lost with the audience. The positions of its
// outbox would be.
func (a *audience) deserted() bool {
	return a.subscriptions.count == 0 && a.outbox.tail == 0
}

// expireAudience removes subscriptions and letters that have expired, at most
// limit of them, and says how many they were.
func (s *Store) expireAudience(a *audience, now time.Time, limit int) int {
	n := a.expiring.settle(now, limit, func(sub *subscription) { s.unsubscribe(a, sub) })
	return n + a.outbox.expiring.settle(now, limit-n, a.outbox.remove)
}

// subscribe adds a subscription that is in none of the sets.
func (s *Store) subscribe(a *audience, sub *subscription) {
	a.subscriptions.add(sub)
	a.subscribers[sub.Subscriber] = sub
	a.expiring.add(sub)
	if sub.Deliver {
		s.switchOn(a, sub)
	}
}

// unsubscribe removes a subscription for good.
func (s *Store) unsubscribe(a *audience, sub *subscription) {
	a.subscriptions.remove(sub)
	delete(a.subscribers, sub.Subscriber)
	a.expiring.remove(sub)
	if sub.Deliver {
		s.switchOff(a, sub)
	}
}
