package storagetest

import (
	"github.com/stackforge/marconi/storage"
)

func outboxCases() []Case {
	return []Case{
		{"begins at the tail", "a subscription hears of what enters after it was created", outboxBeginsAtTail},
		{"begins at its instant", "what fell due before it was created it does not hear of", outboxBeginsAtInstant},
		{"fallen due", "a delayed message is delivered when it is due", outboxFallenDue},
		{"in the order of the log", "letters come in the order in which messages entered the log", outboxOrder},
		{"buried", "a buried message is delivered to the dead letters' subscription", outboxBuried},
		{"consumers take nothing away", "a letter is delivered though its message is gone from the queue", outboxConsumers},
		{"expired letters", "a letter that has expired is passed over", outboxExpired},
		{"kept no longer", "a claim that keeps a message does not keep its letter", outboxNotKept},
		{"several", "every subscription hears of everything at its own pace", outboxSeveral},
		{"in its own queue", "a subscription hears of one queue alone", outboxApart},
		{"switched off and on", "it hears of what enters after Deliver was last switched on", outboxSwitched},
		{"switched on when it is on", "switching on what is on changes nothing", outboxOnAgain},
		{"purged", "a purge takes nothing from the outbox", outboxPurged},
		{"deleted", "deleting the queue empties the outbox; its positions go on", outboxDeleted},
		{"other changes", "other changes of a subscription touch neither cursor nor lease", outboxOtherChanges},
		{"before the queue", "a subscription made before its queue hears of its first post", outboxBeforeQueue},
	}
}

func outboxBeginsAtTail(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.subscribe(durable("first"), at(0))
	q.post(at(1), text("a"))
	q.subscribe(durable("second"), at(2))
	q.post(at(3), text("b"))
	got := deliveries(t, d, "l", at(4))
	sameTexts(t, "letters for first", letterBodies(got["first"].Letters), "a", "b")
	sameTexts(t, "letters for second", letterBodies(got["second"].Letters), "b")
}

func outboxBeginsAtInstant(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.subscribe(durable("first"), at(0))
	q.post(at(0), delayed("a", at(5)), delayed("b", at(6)), delayed("c", at(7)))
	q.subscribe(durable("second"), at(5))
	on := true
	q.subscribe(subscription("third"), at(1))
	answers(t, "ChangeSubscription", q.change("third", storage.SubscriptionChange{Deliver: &on}, at(6)), nil)
	got := deliveries(t, d, "l", at(10))
	sameTexts(t, "letters for first", letterBodies(got["first"].Letters), "a", "b", "c")
	sameTexts(t, "letters for second", letterBodies(got["second"].Letters), "b", "c")
	sameTexts(t, "letters for third", letterBodies(got["third"].Letters), "c")
}

func outboxFallenDue(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.subscribe(durable("s"), at(0))
	q.post(at(0), delayed("late", at(5)), storage.Draft{Body: []byte("doomed"), Visible: at(5), Expires: at(4)})
	takes(t, d, "l1", before(at(5)), "s")
	got := takes(t, d, "l2", at(5), "s", "late")
	same(t, "position in the log", got.Letters[0].Message.Position, 1)
	same(t, "ID", got.Letters[0].Message.ID, storage.DelayedID(q.epoch, 1))
}

func outboxOrder(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.subscribe(durable("s"), at(0))
	q.post(at(0), text("a"), delayed("d", at(9)), text("b"), delayed("c", at(8)))
	q.post(at(10), text("e"))
	takes(t, d, "l", at(10), "s", "a", "b", "c", "d", "e")
	q.shows(at(10), "a", "b", "c", "d", "e")
}

func outboxBuried(t T, d storage.Driver) {
	q, dead := newQueue(t, d, "jobs"), newQueue(t, d, "dead")
	q.post(at(0), mortal("a", at(500)))
	dead.subscribe(durable("s"), at(0))
	q.worn(1, 1, dead)
	o := q.burying("c", at(2), 1, 1, dead)
	o.Bury.Expires = at(600)
	q.take(o)
	want := dead.freed(at(2))
	got := takes(t, d, "l", at(3), "s", "a")
	sameMessage(t, "the letter", got.Letters[0].Message, want)
}

func outboxConsumers(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.subscribe(durable("s"), at(0))
	got := q.post(at(1), texts("deleted", "popped", "claimed", "stays")...)
	q.remove(at(1), got[0])
	q.pop(at(1), 1)
	q.claim("c", at(1), 1)
	answers(t, "DeleteMessage", q.delete(at(1), got[2], "c"), nil)
	takes(t, d, "l", at(2), "s", "deleted", "popped", "claimed", "stays")
	q.shows(at(2), "stays")
}

func outboxExpired(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.subscribe(durable("s"), at(0))
	q.post(at(1), mortal("a", at(10)), text("b"), mortal("c", at(20)), text("d"))
	settle(t, d, settlement(takes(t, d, "l1", before(at(10)), "s", "a", "b", "c", "d"), 0, before(at(10))))
	settle(t, d, settlement(takes(t, d, "l2", at(10), "s", "b", "c", "d"), 0, at(10)))
	accept(t, d, takes(t, d, "l3", at(20), "s", "b", "d"), at(20))
	q.post(at(21), mortal("e", at(22)))
	takes(t, d, "l4", at(22), "s")
}

func outboxNotKept(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.subscribe(durable("s"), at(0))
	q.post(at(1), mortal("a", at(10)))
	q.claim("c", at(2), 1)
	takes(t, d, "l", at(10), "s")
	q.holds(at(10), "a")
}

func outboxSeveral(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.subscribe(durable("quick"), at(0))
	q.subscribe(durable("slow"), at(0))
	q.post(at(1), texts("a", "b")...)
	got := deliveries(t, d, "l1", at(2))
	accept(t, d, got["quick"], at(2))
	settle(t, d, settlement(got["slow"], 1, at(2)))
	q.post(at(3), text("c"))
	got = deliveries(t, d, "l2", at(3))
	sameTexts(t, "letters for quick", letterBodies(got["quick"].Letters), "c")
	sameTexts(t, "letters for slow", letterBodies(got["slow"].Letters), "b", "c")
	accept(t, d, got["quick"], at(4))
	settle(t, d, settlement(got["slow"], 0, at(4)))
	takes(t, d, "l3", at(4), "slow", "b", "c")
}

func outboxApart(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.subscribe(durable("s"), at(0))
	for _, s := range q.strangers()[:2] {
		s.post(at(1), text("theirs"))
	}
	takes(t, d, "l1", at(2), "s")
	q.post(at(3), text("mine"))
	takes(t, d, "l2", at(3), "s", "mine")
}

func outboxSwitched(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	on, off := true, false
	set := func(deliver *bool, now int) {
		t.Helper()
		answers(t, "ChangeSubscription", q.change("s", storage.SubscriptionChange{Deliver: deliver}, at(now)), nil)
	}
	q.subscribe(durable("s"), at(0))
	q.subscribe(durable("other"), at(0))
	q.post(at(1), text("a"))
	set(&off, 2)
	q.post(at(3), text("b"))
	takes(t, d, "l1", at(3), "other", "a", "b")
	set(&on, 4)
	takes(t, d, "l2", at(4), "s")
	q.post(at(5), text("c"))
	takes(t, d, "l3", at(5), "s", "c")
}

func outboxOnAgain(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.subscribe(durable("s"), at(0))
	q.post(at(1), text("a"))
	on := true
	answers(t, "ChangeSubscription", q.change("s", storage.SubscriptionChange{Deliver: &on}, at(2)), nil)
	takes(t, d, "l", at(3), "s", "a")
}

func outboxPurged(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.subscribe(durable("s"), at(0))
	q.post(at(1), text("a"), delayed("late", at(5)))
	q.purge()
	q.post(at(2), text("b"))
	takes(t, d, "l", at(10), "s", "a", "b")
}

func outboxDeleted(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.subscribe(durable("s"), at(0))
	q.post(at(1), texts("a", "b", "c")...)
	first := takes(t, d, "l1", at(2), "s", "a", "b", "c")
	settle(t, d, settlement(first, 1, at(2)))
	q.drop()
	takes(t, d, "l2", at(3), "s")
	q.epoch += 2
	q.create()
	q.post(at(4), text("new"))
	got := takes(t, d, "l3", at(4), "s", "new")
	if last := first.Letters[2].Position; got.Letters[0].Position <= last {
		t.Errorf("letter position %d after re-creation, and %d before", got.Letters[0].Position, last)
	}
	same(t, "position in the log", got.Letters[0].Message.Position, 1)
	accept(t, d, got, at(5))
	takes(t, d, "l4", at(5), "s")
}

func outboxOtherChanges(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.subscribe(durable("s"), at(0))
	q.post(at(1), texts("a", "b")...)
	settle(t, d, settlement(takes(t, d, "l1", at(2), "s", "a", "b"), 1, at(2)))
	yes := true
	c := storage.SubscriptionChange{Subscriber: "http://new/", Options: []byte("new"), Expires: at(500), Confirmed: &yes}
	answers(t, "ChangeSubscription", q.change("s", c, at(3)), nil)
	got := takes(t, d, "l2", at(4), "s", "b")
	same(t, "the delivery's subscriber", got.Subscription.Subscriber, "http://new/")
	c.Options = []byte("newer")
	answers(t, "ChangeSubscription under a lease", q.change("s", c, at(5)), nil)
	takes(t, d, "l3", at(5), "s")
	accept(t, d, got, at(6))
	takes(t, d, "l4", at(6), "s")
}

func outboxBeforeQueue(t T, d storage.Driver) {
	q := absent(t, d, storage.QueueID{Project: project, Name: "jobs"})
	q.subscribe(durable("s"), at(0))
	takes(t, d, "l1", at(0), "s")
	q.create()
	q.post(at(1), text("a"))
	takes(t, d, "l2", at(1), "s", "a")
}
