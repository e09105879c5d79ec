package pebblestore

import (
	"cmp"
	"context"
	"maps"
	"slices"
	"sync"

	"github.com/stackforge/marconi/storage"
)

// turns is the durable subscriptions of all queues: whose turn it is to be
// delivered to.
type turns struct {
	mu    sync.Mutex // guards the following; taken under the lock of a slot
	given uint64
	subs  map[*subscription]turn
}

// turn is whose turn it is, as of its number.
type turn struct {
	number uint64
	queue  storage.QueueID
	id     string
}

func (t *turns) init() { t.subs = make(map[*subscription]turn) }

// number is a turn after all others.
func (t *turns) number() uint64 {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.given++
	return t.given
}

// reserve keeps a turn that was given before the store was opened.
func (t *turns) reserve(turn uint64) { t.given = max(t.given, turn) }

// put adds a subscription, or gives it the turn that it has now.
func (t *turns) put(sub *subscription) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.subs[sub] = turn{sub.turn, sub.Queue, sub.ID}
}

func (t *turns) remove(sub *subscription) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.subs, sub)
}

// list is everybody, in the order of their turns.
func (t *turns) list() []turn {
	t.mu.Lock()
	list := slices.Collect(maps.Values(t.subs))
	t.mu.Unlock()
	slices.SortFunc(list, func(a, b turn) int { return cmp.Compare(a.number, b.number) })
	return list
}

// TakeDeliveries implements storage.Deliveries. It serves those first that were
// served longest ago.
func (s *Store) TakeDeliveries(ctx context.Context, o storage.DeliveryOrder) ([]storage.Delivery, error) {
	e, err := s.open(ctx)
	if err != nil {
		return nil, err
	}
	var taken []storage.Delivery
	var last *group
	for _, turn := range e.turns.list() {
		if len(taken) == o.Subscriptions {
			break
		}
		d, g, err := s.takeDelivery(ctx, turn, o)
		if err != nil {
			return nil, err
		}
		if g != nil {
			taken, last = append(taken, d), g
		}
	}
	return taken, last.wait(ctx) // and so all before it
}

// takeDelivery leases one subscription, if it has work. The group is nil if it
// has none.
func (s *Store) takeDelivery(ctx context.Context, turn turn, o storage.DeliveryOrder) (d storage.Delivery, g *group, err error) {
	sl, err := s.settled(ctx, turn.queue, ms(o.Now))
	if err != nil {
		return d, nil, err
	}
	defer sl.leave()
	sub := sl.audience.get(turn.id)
	if !sub.free(ms(o.Now)) {
		return d, nil, nil
	}
	letters, err := sl.audience.after(sub.cursor, ms(o.Now), o.Messages)
	if err != nil || len(letters) == 0 {
		return d, nil, err
	}
	t := sl.e.begin()
	d = sub.take(letters, o, sl.e.turns.number())
	sl.e.turns.put(sub)
	sub.store(t)
	return d, sl.change(t), nil
}

// free is whether somebody may take a lease on a subscription, if it is there.
func (sub *subscription) free(now int64) bool {
	return sub != nil && sub.Deliver && !sub.leasedAt(now) && sub.notBefore <= now
}

func (sub *subscription) leasedAt(now int64) bool { return sub.lease != "" && sub.until > now }

func (sub *subscription) take(letters []storage.Letter, o storage.DeliveryOrder, turn uint64) storage.Delivery {
	sub.lease, sub.until, sub.turn = o.Lease, ms(o.Until), turn
	sub.leased = nil
	for _, letter := range letters {
		sub.leased = append(sub.leased, letter.Position)
	}
	d := storage.Delivery{Subscription: sub.Subscription, Lease: o.Lease, Letters: letters, Until: o.Until}
	if letters[0].Position == sub.tried {
		d.Attempts = sub.attempts
	}
	return d
}

// SettleDelivery implements storage.Deliveries.
func (s *Store) SettleDelivery(ctx context.Context, t storage.Settlement) error {
	sl, err := s.settled(ctx, t.Queue, ms(t.Now))
	if err != nil {
		return err
	}
	a := sl.audience
	sub := a.get(t.Subscription)
	if sub == nil || !sub.leasedAt(ms(t.Now)) || sub.lease != t.Lease {
		return sl.conclude(ctx, storage.ErrLeaseLost, sl.changed)
	}
	sub.settle(t)
	w := sl.e.begin()
	sub.store(w)
	a.trim(w)
	return sl.conclude(ctx, nil, sl.change(w))
}

func (sub *subscription) settle(t storage.Settlement) {
	sub.notBefore = 0
	if !t.NotBefore.IsZero() {
		sub.notBefore = ms(t.NotBefore)
	}
	sub.tried, sub.attempts = sub.behind(t.Done), t.Attempts
	sub.lease, sub.leased = "", nil
	sub.cursor = max(sub.cursor, t.Done)
}

// behind is the first of the leased letters that comes after a position, or 0.
func (sub *subscription) behind(done storage.Position) storage.Position {
	for _, p := range sub.leased {
		if p > done {
			return p
		}
	}
	return 0
}
