package memstore

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/stackforge/marconi/storage"
)

// progress is how far the deliveries of a durable subscription have come.
type progress struct {
	cursor    storage.Position // all letters up to it are settled
	notBefore time.Time        // what comes after it is not due earlier
	tried     storage.Position // the letter that was tried attempts times
	attempts  int
	lease     *lease // nil if nobody works on it; it may have ended
	turn      uint64 // grows with each lease: the least is served first
}

func byTurn(a, b *subscription) int { return cmp.Compare(a.turn, b.turn) }

// lease is a right to work for a subscription.
type lease struct {
	id      string
	until   time.Time
	letters []storage.Letter
}

func (l *lease) live(now time.Time) bool {
	return l != nil && l.until.After(now)
}

// switchOn makes a subscription durable: it hears of what is posted from now on.
func (s *Store) switchOn(a *audience, sub *subscription) {
	sub.progress = progress{cursor: a.outbox.tail, turn: s.number()}
	a.outbox.readers.add(sub)
	s.turns.add(sub)
}

func (s *Store) switchOff(a *audience, sub *subscription) {
	a.outbox.readers.remove(sub)
	a.outbox.trim()
	s.turns.remove(sub)
	sub.progress = progress{}
}

// TakeDeliveries implements storage.Deliveries. It serves those first that were
// served longest ago.
func (s *Store) TakeDeliveries(ctx context.Context, o storage.DeliveryOrder) ([]storage.Delivery, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	var taken []storage.Delivery
	for _, sub := range slices.Collect(s.turns.all()) { // a copy, for settling and taking change the set
		if len(taken) == o.Subscriptions {
			break
		}
		s.settle(sub.Queue, o.Now)
		if !sub.Expires.After(o.Now) || sub.lease.live(o.Now) || sub.notBefore.After(o.Now) {
			continue
		}
		if letters := s.audiences[sub.Queue].outbox.after(sub.cursor, o.Messages); len(letters) > 0 {
			taken = append(taken, s.take(sub, letters, o))
		}
	}
	return taken, nil
}

func (s *Store) take(sub *subscription, letters []storage.Letter, o storage.DeliveryOrder) storage.Delivery {
	sub.lease = &lease{o.Lease, o.Until, letters}
	s.turns.remove(sub)
	sub.turn = s.number()
	s.turns.add(sub)
	d := storage.Delivery{Subscription: sub.Subscription, Lease: o.Lease, Letters: letters, Until: o.Until}
	if letters[0].Position == sub.tried {
		d.Attempts = sub.attempts
	}
	return d
}

// SettleDelivery implements storage.Deliveries.
func (s *Store) SettleDelivery(ctx context.Context, t storage.Settlement) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	s.settle(t.Queue, t.Now)
	a := s.audiences[t.Queue]
	sub := a.find(t.Subscription)
	if sub == nil || !sub.lease.live(t.Now) || sub.lease.id != t.Lease {
		return storage.ErrLeaseLost
	}
	sub.notBefore = t.NotBefore
	sub.tried, sub.attempts = sub.lease.behind(t.Done), t.Attempts
	sub.lease = nil
	a.outbox.advance(sub, t.Done)
	return nil
}

// behind is the first of the leased letters that comes after a position, or 0.
func (l *lease) behind(done storage.Position) storage.Position {
	for _, letter := range l.letters {
		if letter.Position > done {
			return letter.Position
		}
	}
	return 0
}
