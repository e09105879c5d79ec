package storagetest

import (
	"fmt"
	"time"

	"github.com/stackforge/marconi/storage"
)

func deadLetterCases() []Case {
	return []Case{
		{"counted", "claims with a burial order are counted", deadLetterCounted},
		{"buried instead of claimed", "what was claimed Max times is buried in the step that would claim it once more", deadLetterBuried},
		{"the same message", "a dead letter is the same message, free at once, with count 0", deadLetterSame},
		{"a new end", "a burial may give a dead letter another Expires", deadLetterExpires},
		{"found by its ID", "a dead letter is found and deleted by its ID where it is, and nowhere else", deadLetterFound},
		{"against the limit", "buried messages count against the limit and are not replaced", deadLetterLimit},
		{"burial and claim", "one order buries some and claims others, in order", deadLetterBurialAndClaim},
		{"order", "dead letters enter in the order of their positions", deadLetterOrder},
		{"behind what is there", "a dead letter goes to the end of the log", deadLetterBehind},
		{"queue made", "a missing queue for dead letters is made, with no metadata", deadLetterQueueMade},
		{"queue not made", "no queue is made as long as nothing is buried", deadLetterQueueNotMade},
		{"queue left alone", "a queue that is there stays as it is", deadLetterQueueKept},
		{"only what is free", "a burial takes nothing that is claimed, resting or delayed", deadLetterOnlyFree},
		{"fewer than before", "what was claimed more often than Max is buried too", deadLetterLowerMax},
		{"without an order", "an order without Bury claims what another would bury", deadLetterWithoutOrder},
		{"after an ended claim", "a claim that ended by itself counts as any other", deadLetterEnded},
		{"claimed there", "a dead letter is claimed, counted and buried again like any message", deadLetterClaimedThere},
		{"gone from where it was", "a buried message leaves its place for ever", deadLetterLeaves},
	}
}

// burying is the usual claim with an order to bury.
func (q queue) burying(id string, now time.Time, limit, most int, dead queue) storage.ClaimOrder {
	o := q.order(id, now, limit)
	o.Bury = &storage.Bury{Max: most, Queue: dead.id, Epoch: dead.epoch}
	return o
}

// worn claims and releases the first messages so often, with an order to bury.
func (q queue) worn(times, limit int, dead queue) {
	q.Helper()
	for i := range times {
		id := fmt.Sprintf("worn %d/%d of %d", i, times, limit)
		q.take(q.burying(id, at(0), limit, times, dead))
		q.release(id, at(0), 0)
	}
}

// grave is the queue for dead letters; it is not made.
func grave(t T, d storage.Driver) queue {
	return absent(t, d, storage.QueueID{Project: project, Name: "dead"})
}

func deadLetterCounted(t T, d storage.Driver) {
	q, dead := newQueue(t, d, "jobs"), grave(t, d)
	id := q.post(at(0), text("a"))[0]
	for i := 1; i <= 3; i++ {
		claim := fmt.Sprint("c", i)
		c := q.take(q.burying(claim, at(i), 1, 5, dead))
		same(t, "count in the claim", only(t, "the claim", c.Messages).Claims, i)
		same(t, "count looked up", only(t, "the claim", q.claimed(claim, at(i)).Messages).Claims, i)
		q.release(claim, at(i), 0)
		same(t, "count after release", q.getOne(at(i), id).Claims, i)
	}
}

func deadLetterBuried(t T, d storage.Driver) {
	q, dead := newQueue(t, d, "jobs"), newQueue(t, d, "dead")
	q.post(at(0), text("a"))
	for i := range 2 {
		claim := fmt.Sprint("c", i)
		sameBodies(t, "claimed", q.take(q.burying(claim, at(i), 1, 2, dead)).Messages, "a")
		q.release(claim, at(i), 0)
		dead.holds(at(i))
	}
	same(t, "messages of the third claim", len(q.take(q.burying("c3", at(3), 1, 2, dead)).Messages), 0)
	q.unclaimed("c3", at(3))
	q.holds(at(3))
	dead.shows(at(3), "a")
	dead.counts(at(3), 1, 0, 0)
}

func deadLetterSame(t T, d storage.Driver) {
	q, dead := newQueue(t, d, "jobs"), newQueue(t, d, "dead")
	draft := storage.Draft{Body: []byte("a"), Encoding: "gzip", Checksum: "sum", Visible: at(1), Expires: at(500)}
	id := q.postAs("someone", at(0), draft)[0]
	want := q.getOne(at(1), id)
	q.take(q.burying("c1", at(2), 1, 1, dead))
	q.release("c1", at(3), 0)
	q.take(q.burying("c2", at(4), 1, 1, dead))
	want.Position = 1
	sameMessage(t, "the dead letter", dead.getOne(at(4), id), want)
	sameMessage(t, "the dead letter listed", dead.freed(at(4)), want)
	dead.holds(at(500))
}

func deadLetterExpires(t T, d storage.Driver) {
	q, dead := newQueue(t, d, "jobs"), newQueue(t, d, "dead")
	got := q.post(at(0), mortal("a", at(50)), mortal("b", at(500)))
	q.worn(1, 2, dead)
	o := q.burying("c", at(4), 2, 1, dead)
	o.Bury.Expires = at(100)
	q.take(o)
	for _, id := range got {
		m := dead.getOne(at(5), id)
		sameTime(t, "Expires", m.Expires, at(100))
		sameTime(t, "Since", m.Since, at(4))
		sameTime(t, "Created", m.Created, at(0))
	}
	dead.shows(before(at(100)), "a", "b")
	dead.holds(at(100))
}

func deadLetterFound(t T, d storage.Driver) {
	q, dead := newQueue(t, d, "jobs"), newQueue(t, d, "dead")
	got := q.post(at(0), texts("a", "b")...)
	q.worn(1, 2, dead)
	q.take(q.burying("c", at(1), 2, 1, dead))
	same(t, "messages got where they were", len(q.get(at(2), got...)), 0)
	answers(t, "DeleteMessage where it was", q.delete(at(2), got[0], ""), nil)
	q.remove(at(2), got...)
	sameBodies(t, "messages got", dead.get(at(2), got[1], got[0]), "b", "a")
	answers(t, "DeleteMessage", dead.delete(at(2), got[0], ""), nil)
	dead.remove(at(2), got[1])
	dead.holds(at(2))
}

func deadLetterLimit(t T, d storage.Driver) {
	q, dead := newQueue(t, d, "jobs"), newQueue(t, d, "dead")
	q.post(at(0), texts("a", "b", "c", "d")...)
	q.worn(1, 2, dead)
	sameBodies(t, "the first claim", q.take(q.burying("c1", at(1), 3, 1, dead)).Messages, "c")
	dead.shows(at(1), "a", "b")
	q.shows(at(1), "d")
}

func deadLetterBurialAndClaim(t T, d storage.Driver) {
	q, dead := newQueue(t, d, "jobs"), newQueue(t, d, "dead")
	q.post(at(0), texts("a", "b", "c", "d", "e")...)
	q.take(q.burying("of a", at(0), 1, 9, dead))
	q.worn(2, 1, dead) // b
	q.take(q.burying("of b", at(0), 1, 9, dead))
	q.worn(2, 2, dead) // c and d
	q.release("of a", at(0), 0)
	c := q.take(q.burying("c", at(1), 4, 2, dead))
	sameBodies(t, "the claim", c.Messages, "a", "e")
	same(t, "count of a", c.Messages[0].Claims, 2)
	same(t, "count of e", c.Messages[1].Claims, 1)
	dead.shows(at(1), "c", "d")
	sameBodies(t, "the claim looked up", q.claimed("c", at(1)).Messages, "a", "e")
	sameBodies(t, "the other claim", q.claimed("of b", at(1)).Messages, "b")
	q.counts(at(1), 3, 3, 0)
}

func deadLetterOrder(t T, d storage.Driver) {
	q, dead := newQueue(t, d, "jobs"), newQueue(t, d, "dead")
	q.post(at(0), texts("a", "b", "c", "d")...)
	q.claim("of a", at(0), 1)
	q.worn(1, 3, dead) // b, c, d
	q.release("of a", at(0), 0)
	q.worn(1, 1, dead) // a
	same(t, "messages claimed", len(q.take(q.burying("c", at(1), 4, 1, dead)).Messages), 0)
	dead.shows(at(1), "a", "b", "c", "d")
	for i, m := range dead.after(at(1), "") {
		same(t, "position", m.Position, storage.Position(i+1))
	}
}

func deadLetterBehind(t T, d storage.Driver) {
	q, dead := newQueue(t, d, "jobs"), newQueue(t, d, "dead")
	dead.post(at(0), text("own"), delayed("fell due", at(3)), delayed("late", at(9)))
	q.post(at(0), text("a"))
	q.worn(1, 1, dead)
	q.take(q.burying("c", at(4), 1, 1, dead))
	dead.post(at(5), text("more"))
	dead.holds(at(5), "own", "fell due", "a", "more", "late")
	same(t, "tail", dead.stats(at(5)).Tail, 4)
}

func deadLetterQueueMade(t T, d storage.Driver) {
	q, dead := newQueue(t, d, "jobs"), grave(t, d)
	q.post(at(0), text("a"))
	q.worn(1, 1, dead)
	q.take(q.burying("c", at(4), 1, 1, dead))
	dead.isRecorded(storage.Queue{ID: dead.id, Epoch: dead.epoch, Version: 1, Created: at(4)})
	dead.shows(at(4), "a")
	same(t, "epoch", dead.stats(at(4)).Epoch, dead.epoch)
	sameTexts(t, "queues", queueNames(queuesAfter(t, d, "")), "dead", "jobs")
	sameTexts(t, "the next ID there", dead.post(at(5), text("b")), dead.position(2))
}

func deadLetterQueueNotMade(t T, d storage.Driver) {
	q, dead := newQueue(t, d, "jobs"), grave(t, d)
	q.post(at(0), text("a"))
	q.worn(3, 1, dead)
	sameTexts(t, "queues", queueNames(queuesAfter(t, d, "")), "jobs")
}

func deadLetterQueueKept(t T, d storage.Driver) {
	q, dead := newQueue(t, d, "jobs"), newQueue(t, d, "dead")
	answers(t, "SetMetadata", d.SetMetadata(t.Context(), dead.id, []byte("kept"), 1), nil)
	q.post(at(0), text("a"))
	q.worn(1, 1, dead)
	o := q.burying("c", at(4), 1, 1, dead)
	o.Bury.Epoch = 77
	q.take(o)
	dead.isRecorded(storage.Queue{ID: dead.id, Epoch: dead.epoch, Version: 2, Metadata: []byte("kept"), Created: at(0)})
	dead.shows(at(4), "a")
}

func deadLetterOnlyFree(t T, d storage.Driver) {
	q, dead := newQueue(t, d, "jobs"), newQueue(t, d, "dead")
	q.post(at(0), text("held"), text("rests"), text("free"), delayed("late", at(90)))
	q.worn(1, 3, dead)
	q.claim("holds", at(0), 1)
	q.claim("rested", at(0), 1)
	q.release("rested", at(0), holdTime)
	same(t, "messages claimed", len(q.take(q.burying("c", at(1), 9, 1, dead)).Messages), 0)
	dead.holds(at(1), "free")
	q.holds(at(1), "held", "rests", "late")
	sameBodies(t, "the live claim", q.claimed("holds", at(1)).Messages, "held")
}

func deadLetterLowerMax(t T, d storage.Driver) {
	q, dead := newQueue(t, d, "jobs"), newQueue(t, d, "dead")
	q.post(at(0), text("a"))
	q.worn(3, 1, dead)
	same(t, "messages claimed", len(q.take(q.burying("c", at(1), 1, 2, dead)).Messages), 0)
	dead.shows(at(1), "a")
}

func deadLetterWithoutOrder(t T, d storage.Driver) {
	q, dead := newQueue(t, d, "jobs"), newQueue(t, d, "dead")
	q.post(at(0), text("a"))
	q.worn(2, 1, dead)
	c := q.claim("c", at(1), 1)
	sameBodies(t, "the claim", c.Messages, "a")
	same(t, "its count", c.Messages[0].Claims, 2)
	q.release("c", at(2), 0)
	q.take(q.burying("c2", at(2), 1, 2, dead))
	dead.shows(at(2), "a")
}

func deadLetterEnded(t T, d storage.Driver) {
	q, dead := newQueue(t, d, "jobs"), newQueue(t, d, "dead")
	q.post(at(0), mortal("a", at(5)))
	q.take(q.burying("c1", at(0), 1, 1, dead)) // until 30, keeping until 40
	same(t, "messages claimed", len(q.take(q.burying("c2", at(30), 1, 1, dead)).Messages), 0)
	dead.shows(at(30), "a")
	sameTime(t, "Expires", dead.freed(at(30)).Expires, at(0).Add(keepTime))
	sameTime(t, "Since", dead.freed(at(30)).Since, at(0))
	dead.holds(at(0).Add(keepTime))
}

func deadLetterClaimedThere(t T, d storage.Driver) {
	q, dead, last := newQueue(t, d, "jobs"), newQueue(t, d, "dead"), newQueue(t, d, "last")
	id := q.post(at(0), text("a"))[0]
	q.worn(1, 1, dead)
	q.take(q.burying("c", at(1), 1, 1, dead))
	c := dead.take(dead.burying("d", at(2), 1, 1, last))
	sameBodies(t, "claimed there", c.Messages, "a")
	same(t, "count there", c.Messages[0].Claims, 1)
	dead.release("d", at(2), 0)
	dead.take(dead.burying("d2", at(3), 1, 1, last))
	dead.holds(at(3))
	same(t, "ID at last", last.freed(at(3)).ID, id)
	c = last.claim("e", at(4), 1)
	sameBodies(t, "claimed at last", c.Messages, "a")
	answers(t, "DeleteMessage at last", last.delete(at(4), id, "e"), nil)
	last.holds(at(4))
}

func deadLetterLeaves(t T, d storage.Driver) {
	q, dead := newQueue(t, d, "jobs"), newQueue(t, d, "dead")
	got := q.post(at(0), texts("a", "b")...)
	q.worn(1, 1, dead)
	q.take(q.burying("c", at(1), 1, 1, dead))
	q.counts(at(1), 1, 0, 0)
	same(t, "tail", q.stats(at(1)).Tail, 2)
	sameTexts(t, "the next ID", q.post(at(1), text("c")), q.position(3))
	sameBodies(t, "after the buried", q.after(at(1), got[0]), "b", "c")
	q.holds(at(100), "b", "c")
}
