package storagetest

import (
	"time"

	"github.com/stackforge/marconi/storage"
)

func deliveryCases() []Case {
	return []Case{
		{"in order", "a subscription hears of every message, in order, once it accepts", deliveryInOrder},
		{"whole", "a letter is the message as it entered the log", deliveryWhole},
		{"nothing due", "there is no delivery without a durable subscription, a letter and a due instant", deliveryNothingDue},
		{"leased", "what is under a live lease is not leased again", deliveryLeased},
		{"lease ended", "a lease has ended at Until; its letters are due again, tried as often as before", deliveryLeaseEnded},
		{"lease lost", "who lost the lease settles nothing", deliveryLeaseLost},
		{"settled twice", "settling ends the lease", deliverySettledTwice},
		{"accepted in part", "what comes after Done is due again", deliveryPart},
		{"tried again later", "what comes after Done is not due before NotBefore", deliveryRetry},
		{"attempts", "the attempts are of the first letter that comes after Done", deliveryAttempts},
		{"attempts of an expired head", "a letter was not tried because one before it was", deliveryAttemptsOfHead},
		{"given up", "a head that was given up is passed, and the next has not been tried", deliveryGivenUp},
		{"few subscriptions", "an order takes at most so many subscriptions, and the rest next time", deliveryFew},
		{"few messages", "an order takes at most so many letters each", deliveryFewMessages},
		{"lease and new letters", "what comes under a lease is there after it", deliveryComesUnderLease},
		{"expired subscription", "an expired or deleted subscription is delivered nothing, and its lease is lost", deliveryExpired},
	}
}

func deliveryInOrder(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.subscribe(durable("s"), at(0))
	q.post(at(1), texts("a", "b")...)
	q.post(at(2), text("c"))
	accept(t, d, takes(t, d, "l1", at(3), "s", "a", "b", "c"), at(4))
	takes(t, d, "l2", at(4), "s")
	q.post(at(5), texts("d", "e")...)
	accept(t, d, takes(t, d, "l3", at(6), "s", "d", "e"), at(6))
	takes(t, d, "l4", at(100), "s")
}

func deliveryWhole(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	s := durable("s")
	s.Queue = q.id
	q.subscribe(s, at(0))
	id := q.postAs("someone", at(1), storage.Draft{Body: []byte("a"), Encoding: "gzip", Checksum: "sum", Expires: at(500)})[0]
	want := q.getOne(at(1), id)
	q.claim("c", at(2), 1)
	got := takes(t, d, "l", at(3), "s", "a")
	sameSubscription(t, "the delivery's subscription", got.Subscription, s)
	same(t, "Attempts", got.Attempts, 0)
	sameMessage(t, "the letter", got.Letters[0].Message, want)
}

func deliveryNothingDue(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	takes(t, d, "l1", at(0), "s")
	q.subscribe(subscription("not durable"), at(0))
	q.post(at(1), text("a"))
	takes(t, d, "l2", at(1), "s")
	q.subscribe(durable("s"), at(2))
	takes(t, d, "l3", at(2), "s")
	newQueue(t, d, "another").post(at(3), text("b"))
	takes(t, d, "l4", at(3), "s")
}

func deliveryLeased(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.subscribe(durable("s"), at(0))
	q.post(at(1), text("a"))
	got := takes(t, d, "l1", at(2), "s", "a")
	takes(t, d, "l2", at(3), "s")
	takes(t, d, "l3", before(got.Until), "s")
	accept(t, d, got, before(got.Until))
	takes(t, d, "l4", got.Until, "s")
}

func deliveryLeaseEnded(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.subscribe(durable("s"), at(0))
	q.post(at(1), texts("a", "b")...)
	first := takes(t, d, "l1", at(2), "s", "a", "b")
	retry := settlement(first, 0, at(3))
	retry.Attempts = 3
	settle(t, d, retry)
	second := takes(t, d, "l2", at(4), "s", "a", "b")
	same(t, "Attempts", second.Attempts, 3)
	takes(t, d, "l3", before(second.Until), "s")
	third := takes(t, d, "l4", second.Until, "s", "a", "b")
	same(t, "Attempts after a lease that ended", third.Attempts, 3)
	accept(t, d, third, second.Until)
}

func deliveryLeaseLost(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.subscribe(durable("s"), at(0))
	q.post(at(1), texts("a", "b")...)
	lost := func(s storage.Settlement) {
		t.Helper()
		answers(t, "SettleDelivery", d.SettleDelivery(t.Context(), s), storage.ErrLeaseLost)
	}
	first := takes(t, d, "l1", at(2), "s", "a", "b")
	lost(settlement(first, 2, first.Until))
	second := takes(t, d, "l2", first.Until, "s", "a", "b")
	lost(settlement(first, 2, first.Until))
	wrong := settlement(second, 2, first.Until)
	wrong.Lease = "never"
	lost(wrong)
	wrong = settlement(second, 2, first.Until)
	wrong.Subscription = "never"
	lost(wrong)
	wrong = settlement(second, 2, first.Until)
	wrong.Queue.Project = "other"
	lost(wrong)
	accept(t, d, second, before(second.Until))
	takes(t, d, "l3", second.Until, "s")
}

func deliverySettledTwice(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.subscribe(durable("s"), at(0))
	q.post(at(1), texts("a", "b")...)
	got := takes(t, d, "l1", at(2), "s", "a", "b")
	settle(t, d, settlement(got, 1, at(3)))
	answers(t, "settling again", d.SettleDelivery(t.Context(), settlement(got, 2, at(3))), storage.ErrLeaseLost)
	takes(t, d, "l2", at(3), "s", "b")
}

func deliveryPart(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.subscribe(durable("s"), at(0))
	q.post(at(1), texts("a", "b", "c")...)
	settle(t, d, settlement(takes(t, d, "l1", at(2), "s", "a", "b", "c"), 2, at(3)))
	q.post(at(3), text("d"))
	settle(t, d, settlement(takes(t, d, "l2", at(3), "s", "c", "d"), 0, at(4)))
	accept(t, d, takes(t, d, "l3", at(4), "s", "c", "d"), at(5))
	takes(t, d, "l4", at(5), "s")
}

func deliveryRetry(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.subscribe(durable("s"), at(0))
	q.post(at(1), texts("a", "b")...)
	retry := settlement(takes(t, d, "l1", at(2), "s", "a", "b"), 1, at(3))
	retry.NotBefore, retry.Attempts = at(60), 1
	settle(t, d, retry)
	q.post(at(4), text("c"))
	takes(t, d, "l2", at(4), "s")
	takes(t, d, "l3", before(at(60)), "s")
	got := takes(t, d, "l4", at(60), "s", "b", "c")
	same(t, "Attempts", got.Attempts, 1)
	accept(t, d, got, at(61))
	q.post(at(62), text("d"))
	takes(t, d, "l5", at(62), "s", "d")
}

func deliveryAttempts(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.subscribe(durable("s"), at(0))
	q.post(at(1), texts("a", "b", "c")...)
	for i, step := range []struct{ done, attempts int }{{0, 1}, {0, 2}, {1, 1}, {0, 2}, {1, 0}} {
		got := deliveries(t, d, string(rune('0'+i)), at(2+i))["s"]
		s := settlement(got, step.done, at(2+i))
		s.Attempts = step.attempts
		settle(t, d, s)
		next := deliveries(t, d, "look"+string(rune('0'+i)), at(2+i))["s"]
		same(t, "Attempts", next.Attempts, step.attempts)
		s = settlement(next, 0, at(2+i))
		s.Attempts = next.Attempts
		settle(t, d, s)
	}
	same(t, "Attempts of the last", takes(t, d, "last", at(9), "s", "c").Attempts, 0)
}

func deliveryAttemptsOfHead(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.subscribe(durable("s"), at(0))
	q.post(at(1), mortal("a", at(10)), text("b"))
	retry := settlement(takes(t, d, "l1", at(2), "s", "a", "b"), 0, at(3))
	retry.NotBefore, retry.Attempts = at(9), 4
	settle(t, d, retry)
	got := takes(t, d, "l2", at(10), "s", "b")
	same(t, "Attempts", got.Attempts, 0)
}

func deliveryGivenUp(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.subscribe(durable("s"), at(0))
	q.post(at(1), texts("a", "b")...)
	retry := settlement(takes(t, d, "l1", at(2), "s", "a", "b"), 0, at(3))
	retry.Attempts = 5
	settle(t, d, retry)
	settle(t, d, settlement(takes(t, d, "l2", at(3), "s", "a", "b"), 1, at(4)))
	same(t, "Attempts of the next", takes(t, d, "l3", at(4), "s", "b").Attempts, 0)
	q.shows(at(5), "a", "b")
}

func deliveryFew(t T, d storage.Driver) {
	q, other := newQueue(t, d, "jobs"), newQueueOf(t, d, storage.QueueID{Project: "other", Name: "jobs"})
	q.subscribe(durable("a"), at(0))
	q.subscribe(durable("b"), at(0))
	other.subscribe(durable("c"), at(0))
	q.post(at(1), text("x"))
	other.post(at(1), text("y"))
	o := storage.DeliveryOrder{Lease: "l", Now: at(2), Until: at(9), Subscriptions: 1, Messages: 5}
	got := leases(t, d, o)
	same(t, "deliveries", len(got), 3)
	sameTexts(t, "letters for a", letterBodies(got["a"].Letters), "x")
	sameTexts(t, "letters for b", letterBodies(got["b"].Letters), "x")
	sameTexts(t, "letters for c", letterBodies(got["c"].Letters), "y")
}

func deliveryFewMessages(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.subscribe(durable("s"), at(0))
	q.post(at(1), texts("a", "b", "c", "d", "e")...)
	for i, want := range [][]string{{"a", "b"}, {"c", "d"}, {"e"}} {
		o := storage.DeliveryOrder{Lease: string(rune('0' + i)), Now: at(2), Until: at(9), Subscriptions: 5, Messages: 2}
		got := leases(t, d, o)["s"]
		sameTexts(t, "letters", letterBodies(got.Letters), want...)
		accept(t, d, got, at(2))
	}
}

func deliveryComesUnderLease(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.subscribe(durable("s"), at(0))
	q.post(at(1), text("a"))
	got := takes(t, d, "l1", at(2), "s", "a")
	q.post(at(3), text("b"))
	takes(t, d, "l2", at(3), "s")
	accept(t, d, got, at(4))
	takes(t, d, "l3", at(4), "s", "b")
}

func deliveryExpired(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	short := durable("short")
	short.Expires = at(10)
	q.subscribe(short, at(0))
	q.subscribe(durable("deleted"), at(0))
	q.subscribe(durable("stays"), at(0))
	q.post(at(1), text("a"))
	got := deliveries(t, d, "l1", at(2))
	same(t, "deliveries", len(got), 3)
	q.unsubscribe("deleted")
	err := d.SettleDelivery(t.Context(), settlement(got["deleted"], 1, at(3)))
	answers(t, "SettleDelivery of the deleted", err, storage.ErrLeaseLost)
	err = d.SettleDelivery(t.Context(), settlement(got["short"], 1, at(10)))
	answers(t, "SettleDelivery of the expired", err, storage.ErrLeaseLost)
	q.post(at(11), text("b"))
	accept(t, d, takes(t, d, "l2", at(11).Add(leaseTime), "stays", "a", "b"), at(11).Add(leaseTime))
	takes(t, d, "l3", at(11).Add(time.Hour), "stays")
}
