package storagetest

import "github.com/stackforge/marconi/storage"

func aliasCases() []Case {
	return []Case{
		{"fallen due", "the ID of a message that fell due goes on after the position it was given", aliasFallenDue},
		{"outlives its message", "it does so until the message would have expired, and no longer", aliasOutlives},
		{"moves with the expiry", "a claim that keeps a message keeps its ID findable", aliasExtended},
		{"purged", "a purge takes the message, not its place", aliasPurged},
		{"buried", "a dead letter's ID goes on after the position it was given there", aliasBuried},
		{"buried and gone", "until the message would have expired, and from the start afterwards", aliasBuriedAndGone},
		{"over the spelled position", "the position given comes before the one that the ID spells", aliasOverSpelled},
		{"there and back", "a message that was buried and came back is where it is now", aliasThereAndBack},
		{"not in the old queue", "a dead letter's ID spells its old position where it came from", aliasOldQueue},
	}
}

func aliasFallenDue(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	got := q.post(at(0), delayed("late", at(5)), delayed("later", at(6)))
	q.post(at(1), text("a"))
	q.post(at(7), text("b"))
	q.shows(at(7), "a", "late", "later", "b")
	sameBodies(t, "after late", q.after(at(8), got[0]), "later", "b")
	sameBodies(t, "after later", q.after(at(8), got[1]), "b")
}

func aliasOutlives(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	draft := storage.Draft{Body: []byte("late"), Visible: at(5), Expires: at(20)}
	late := q.post(at(0), draft, text("a"))[0]
	q.post(at(6), text("b"))
	q.remove(at(7), late)
	sameBodies(t, "after the deleted", q.after(at(7), late), "b")
	sameBodies(t, "just before it would have expired", q.after(before(at(20)), late), "b")
	sameBodies(t, "when it would have expired", q.after(at(20), late), "a", "b")
}

func aliasExtended(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	draft := storage.Draft{Body: []byte("late"), Visible: at(5), Expires: at(10)}
	late := q.post(at(0), draft, text("a"))[0]
	sameBodies(t, "the claim", q.claim("c", at(6), 2).Messages, "a", "late") // keeps it until 46
	q.post(at(7), text("b"))
	q.release("c", at(30), 0)
	sameBodies(t, "messages got", q.get(at(30), late), "late")
	sameBodies(t, "after the kept", q.after(at(30), late), "b")
	answers(t, "DeleteMessage", q.delete(at(31), late, ""), nil)
	q.holds(at(31), "a", "b")
	sameBodies(t, "after the kept and deleted", q.after(before(at(46)), late), "b")
	sameBodies(t, "when it would have expired", q.after(at(46), late), "a", "b")
}

func aliasPurged(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	late := q.post(at(0), delayed("late", at(5)))[0]
	q.shows(at(5), "late")
	q.purge()
	q.post(at(6), texts("a")...)
	same(t, "messages got", len(q.get(at(6), late)), 0)
	q.post(at(7), texts("b")...)
	sameBodies(t, "after the purged", q.after(at(7), late), "a", "b")
	sameBodies(t, "after the position after it", q.after(at(7), q.position(2)), "b")
}

// buries buries the first message of q at an instant, and answers its ID.
func (q queue) buries(to queue, now int) string {
	q.Helper()
	o := q.order("burial of "+q.id.Name+at(now).String(), at(now), 1)
	o.Bury = &storage.Bury{Max: 1, Queue: to.id, Epoch: to.epoch}
	first := q.take(o)
	if len(first.Messages) != 1 {
		q.Fatalf("%d messages to bury", len(first.Messages))
	}
	q.release(o.ID, at(now), 0)
	o.ID += " again"
	same(q, "messages left in the claim that buries", len(q.take(o).Messages), 0)
	return first.Messages[0].ID
}

func aliasBuried(t T, d storage.Driver) {
	q, dead := newQueue(t, d, "jobs"), newQueue(t, d, "dead")
	dead.post(at(0), texts("a", "b")...)
	q.post(at(0), text("x"))
	id := q.buries(dead, 1)
	dead.post(at(2), text("c"))
	dead.shows(at(2), "a", "b", "x", "c")
	sameBodies(t, "after the dead letter", dead.after(at(2), id), "c")
	sameBodies(t, "after its position", dead.after(at(2), dead.position(3)), "c")
	sameTexts(t, "IDs by its position's text", ids(dead.get(at(2), dead.position(3))))
	same(t, "position", dead.getOne(at(2), id).Position, 3)
}

func aliasBuriedAndGone(t T, d storage.Driver) {
	q, dead := newQueue(t, d, "jobs"), newQueue(t, d, "dead")
	dead.post(at(0), texts("a", "b")...)
	q.post(at(0), mortal("x", at(50)))
	id := q.buries(dead, 1)
	dead.post(at(2), text("c"))
	answers(t, "DeleteMessage", dead.delete(at(3), id, ""), nil)
	dead.holds(at(3), "a", "b", "c")
	sameBodies(t, "after the deleted", dead.after(before(at(50)), id), "c")
	sameBodies(t, "when it would have expired", dead.after(at(50), id), "a", "b", "c")
}

// aliasOverSpelled lets both queues share an epoch, so that the dead letter's ID
// spells a position of the queue it came to.
func aliasOverSpelled(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	dead := absent(t, d, storage.QueueID{Project: project, Name: "dead"})
	dead.epoch = q.epoch
	dead.create()
	own := dead.post(at(0), texts("a", "b", "c")...)
	dead.remove(at(0), own[0])
	q.post(at(0), mortal("x", at(50)))
	same(t, "the dead letter's ID", q.buries(dead, 1), own[0])
	sameBodies(t, "messages got", dead.get(at(2), own[0]), "x")
	sameBodies(t, "after the dead letter", dead.after(at(2), own[0]))
	answers(t, "DeleteMessage", dead.delete(at(2), own[0], ""), nil)
	dead.shows(at(2), "b", "c")
	sameBodies(t, "after the deleted", dead.after(at(2), own[0]))
	sameBodies(t, "when it would have expired", dead.after(at(50), own[0]), "b", "c")
}

func aliasThereAndBack(t T, d storage.Driver) {
	q, dead := newQueue(t, d, "jobs"), newQueue(t, d, "dead")
	q.post(at(0), text("x"))
	id := q.buries(dead, 1)
	more := q.post(at(2), texts("a", "b")...)
	same(t, "the ID on its way back", dead.buries(q, 3), id)
	q.post(at(4), text("c"))
	q.shows(at(4), "a", "b", "x", "c")
	dead.holds(at(4))
	same(t, "position", q.getOne(at(4), id).Position, 4)
	sameBodies(t, "after it", q.after(at(4), id), "c")
	sameBodies(t, "after the message before it", q.after(at(4), more[1]), "x", "c")
	answers(t, "DeleteMessage", q.delete(at(5), id, ""), nil)
	q.shows(at(5), "a", "b", "c")
	same(t, "messages got where it had been", len(dead.get(at(5), id)), 0)
}

func aliasOldQueue(t T, d storage.Driver) {
	q, dead := newQueue(t, d, "jobs"), newQueue(t, d, "dead")
	got := q.post(at(0), texts("x", "y", "z")...)
	same(t, "the dead letter's ID", q.buries(dead, 1), got[0])
	same(t, "messages got", len(q.get(at(2), got[0])), 0)
	answers(t, "DeleteMessage", q.delete(at(2), got[0], ""), nil)
	sameBodies(t, "after the dead letter", q.after(at(2), got[0]), "y", "z")
	dead.holds(at(2), "x")
}
