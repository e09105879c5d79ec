package storagetest

import (
	"time"

	"github.com/stackforge/marconi/storage"
)

// leaseTime is the usual length of a lease.
const leaseTime = 20 * time.Second

// durable is a subscription that is delivered to.
func durable(id string) storage.Subscription {
	s := subscription(id)
	s.Deliver = true
	return s
}

// leases takes what is due, in calls of so many subscriptions and messages,
// until a call answers none. It returns the deliveries by their subscription.
func leases(t T, d storage.Driver, o storage.DeliveryOrder) map[string]storage.Delivery {
	t.Helper()
	all := map[string]storage.Delivery{}
	for calls := 0; ; calls++ {
		got, err := d.TakeDeliveries(t.Context(), o)
		if err != nil || len(got) > o.Subscriptions || calls > 20 {
			t.Fatalf("TakeDeliveries answered %d deliveries, %v in call %d", len(got), err, calls)
		}
		if len(got) == 0 {
			return all
		}
		for _, one := range got {
			_, twice := all[one.Subscription.ID]
			same(t, "leased twice: "+one.Subscription.ID, twice, false)
			checkDelivery(t, one, o)
			all[one.Subscription.ID] = one
		}
		o.Lease += "+"
	}
}

// checkDelivery checks what holds of every delivery.
func checkDelivery(t T, d storage.Delivery, o storage.DeliveryOrder) {
	t.Helper()
	same(t, "Lease", d.Lease, o.Lease)
	sameTime(t, "Until", d.Until, o.Until)
	if len(d.Letters) == 0 || len(d.Letters) > o.Messages {
		t.Fatalf("%d letters for %q, want 1 to %d", len(d.Letters), d.Subscription.ID, o.Messages)
	}
	last := storage.Position(0)
	for _, letter := range d.Letters {
		if letter.Position <= last {
			t.Errorf("letter %q at %d comes behind %d", letter.Message.Body, letter.Position, last)
		}
		last = letter.Position
		same(t, "holder in a letter", letter.Message.Claim, "")
		same(t, "count in a letter", letter.Message.Claims, 0)
	}
}

// deliveries takes all that is due, up to ten letters each.
func deliveries(t T, d storage.Driver, lease string, now time.Time) map[string]storage.Delivery {
	t.Helper()
	return leases(t, d, storage.DeliveryOrder{
		Lease: lease, Now: now, Until: now.Add(leaseTime), Subscriptions: 10, Messages: 10,
	})
}

func letterBodies(letters []storage.Letter) []string {
	return each(letters, func(l storage.Letter) string { return string(l.Message.Body) })
}

// takes leases all that is due, and checks that it is these letters for one
// subscription; none wants no delivery at all.
func takes(t T, d storage.Driver, lease string, now time.Time, id string, want ...string) storage.Delivery {
	t.Helper()
	all := deliveries(t, d, lease, now)
	got := all[id]
	sameTexts(t, "letters for "+id, letterBodies(got.Letters), want...)
	delete(all, id)
	same(t, "deliveries for others", len(all), 0)
	return got
}

// settlement accepts the first letters of a delivery.
func settlement(d storage.Delivery, accepted int, now time.Time) storage.Settlement {
	s := storage.Settlement{Queue: d.Subscription.Queue, Subscription: d.Subscription.ID, Lease: d.Lease, Now: now}
	if accepted = min(accepted, len(d.Letters)); accepted > 0 {
		s.Done = d.Letters[accepted-1].Position
	}
	return s
}

// settle settles a delivery whose lease is still held.
func settle(t T, d storage.Driver, s storage.Settlement) {
	t.Helper()
	if err := d.SettleDelivery(t.Context(), s); err != nil {
		t.Fatalf("SettleDelivery: %v", err)
	}
}

// accept settles all letters of a delivery as accepted.
func accept(t T, d storage.Driver, got storage.Delivery, now time.Time) {
	t.Helper()
	settle(t, d, settlement(got, len(got.Letters), now))
}
