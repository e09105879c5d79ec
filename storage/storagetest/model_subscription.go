package storagetest

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/stackforge/marconi/storage"
)

type subscribing struct {
	queue   int
	name    string
	ttl     time.Duration
	deliver bool
}

func inventSubscribe(r *rand.Rand) step {
	return subscribing{whichQueue(r), fmt.Sprint("http://", r.IntN(3), "/"), seconds(r, 5, 30, 300, 300), r.IntN(4) > 0}
}

func (su subscribing) play(w *world) error {
	sub := storage.Subscription{
		ID: w.label("subscription "), Queue: modelQueues()[su.queue], Subscriber: su.name,
		Created: w.now, Since: w.now, Expires: w.now.Add(su.ttl), Deliver: su.deliver,
	}
	w.note("%s of %s to %q for %v, deliver %v", sub.ID, su.name, sub.Queue, su.ttl, su.deliver)
	w.subscriptions = append(w.subscriptions, named{sub.Queue, sub.ID})
	return w.both(func(s *side, a *answer) {
		kept, created, err := s.d.CreateSubscription(w.ctx, sub, w.now)
		if !a.refused(err) {
			a.say("created %v", created)
			a.subscription(kept)
		}
	})
}

// changing changes one thing or several.
type changing struct {
	latest  int
	name    string
	ttl     time.Duration
	deliver *bool
}

func inventChange(r *rand.Rand) step {
	c := changing{latest: r.IntN(5)}
	if r.IntN(3) == 0 {
		c.name = fmt.Sprint("http://", r.IntN(3), "/")
	}
	if r.IntN(3) == 0 {
		c.ttl = seconds(r, 5, 30, 300)
	}
	if r.IntN(2) == 0 {
		on := r.IntN(3) > 0
		c.deliver = &on
	}
	return c
}

// play settles first what is leased: whether a lease outlives the switching of
// Deliver is nobody's business.
func (c changing) play(w *world) error {
	sub, _, any := latest(w.subscriptions, c.latest)
	if !any {
		return nil
	}
	if c.deliver != nil {
		if err := (settling{latest: c.latest}).play(w); err != nil {
			return err
		}
	}
	change := storage.SubscriptionChange{Subscriber: c.name, Options: []byte(w.label("options ")), Deliver: c.deliver}
	if c.ttl > 0 {
		change.Expires = w.now.Add(c.ttl)
	}
	w.note("change %s of %q: name %q, for %v, deliver %s", sub.id, sub.queue, c.name, c.ttl, switched(c.deliver))
	return w.both(func(s *side, a *answer) {
		a.done(s.d.ChangeSubscription(w.ctx, sub.queue, sub.id, change, w.now))
		got, err := s.d.GetSubscription(w.ctx, sub.queue, sub.id, w.now)
		if !a.refused(err) {
			a.subscription(got)
		}
	})
}

func switched(deliver *bool) string {
	switch {
	case deliver == nil:
		return "as it is"
	case *deliver:
		return "on"
	}
	return "off"
}

type unsubscribing struct{ latest int }

func inventUnsubscribe(r *rand.Rand) step { return unsubscribing{r.IntN(5)} }

func (u unsubscribing) play(w *world) error {
	sub, _, any := latest(w.subscriptions, u.latest)
	if !any {
		return nil
	}
	w.note("delete %s of %q", sub.id, sub.queue)
	return w.both(func(s *side, a *answer) { a.done(s.d.DeleteSubscription(w.ctx, sub.queue, sub.id)) })
}

type listingSubscriptions struct{ queue, limit, after int }

func inventListSubscriptions(r *rand.Rand) step {
	return listingSubscriptions{whichQueue(r), 1 + r.IntN(3), r.IntN(6)}
}

func (l listingSubscriptions) play(w *world) error {
	f := storage.SubscriptionFilter{Queue: modelQueues()[l.queue], Now: w.now, Limit: l.limit}
	if sub, _, any := latest(w.subscriptions, l.after); any && l.after > 0 {
		f.Marker = sub.id
	}
	w.note("list %d subscriptions of %q after %q", l.limit, f.Queue, f.Marker)
	return w.both(func(s *side, a *answer) {
		page, err := s.d.ListSubscriptions(w.ctx, f)
		if a.refused(err) {
			return
		}
		for _, sub := range page.Items {
			a.subscription(sub)
		}
		a.say("next %q", page.Next)
	})
}

// taking leases all that is due: which subscriptions an order takes first is up
// to the driver.
type taking struct {
	messages int
	lease    time.Duration
}

func inventTake(r *rand.Rand) step { return taking{1 + r.IntN(4), seconds(r, 1, 5, 20)} }

func (t taking) play(w *world) error {
	o := storage.DeliveryOrder{Now: w.now, Until: w.now.Add(t.lease), Subscriptions: 2, Messages: t.messages}
	lease := w.label("lease ")
	w.note("%s for %v, %d messages each", lease, t.lease, t.messages)
	return w.both(func(s *side, a *answer) {
		o.Lease = lease
		var all []storage.Delivery
		for len(all) < 50 {
			taken, err := s.d.TakeDeliveries(w.ctx, o)
			if a.refused(err) {
				return
			}
			if len(taken) == 0 {
				break
			}
			all = append(all, taken...)
			o.Lease += "+"
		}
		a.deliveries(s, all)
	})
}

func (a *answer) deliveries(s *side, all []storage.Delivery) {
	slices.SortFunc(all, func(x, y storage.Delivery) int { return cmp.Compare(x.Subscription.ID, y.Subscription.ID) })
	for _, d := range all {
		s.leased[d.Subscription.ID] = d
		a.subscription(d.Subscription)
		a.say("tried %d times, until %s", d.Attempts, clock(d.Until))
		for _, letter := range d.Letters {
			a.message(s, d.Subscription.Queue, letter.Message)
		}
	}
}

// settling settles the last delivery of a subscription, or one that never was.
type settling struct {
	latest, accepted, attempts int
	pause                      time.Duration
	never                      bool
}

func inventSettle(r *rand.Rand) step {
	return settling{r.IntN(5), r.IntN(6), r.IntN(4), seconds(r, 0, 0, 2, 5), r.IntN(10) == 0}
}

func (st settling) play(w *world) error {
	sub, _, any := latest(w.subscriptions, st.latest)
	if !any {
		return nil
	}
	letters := len(w.sides[0].leased[sub.id].Letters)
	accepted := st.accepted % (letters + 1)
	w.note("settle the delivery to %s: %d of %d accepted, never leased %v, again in %v after %d attempts",
		sub.id, accepted, letters, st.never, st.pause, st.attempts)
	return w.both(func(s *side, a *answer) {
		d := s.leased[sub.id]
		d.Subscription.Queue, d.Subscription.ID = sub.queue, sub.id
		t := settlement(d, accepted, w.now)
		t.NotBefore = w.now.Add(st.pause)
		if accepted < letters {
			t.Attempts = st.attempts
		}
		if st.never || t.Lease == "" {
			t.Lease = "never"
		} else {
			delete(s.leased, sub.id)
		}
		a.done(s.d.SettleDelivery(w.ctx, t))
	})
}
