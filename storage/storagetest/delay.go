package storagetest

import (
	"fmt"

	"github.com/stackforge/marconi/storage"
)

func delayCases() []Case {
	return []Case{
		{"due at its instant", "a delayed message has no position before it is due, and one from then on", delayDue},
		{"order", "messages enter the log in the order in which they fell due, then of their posting", delayOrder},
		{"before a post", "what fell due enters before what is posted then", delayBeforePost},
		{"seen by every call", "each call that is told the instant finds the queue settled", delaySeenByEveryCall},
		{"not claimed", "a delayed message behind a ready one is not claimed", delayNotClaimed},
		{"not popped", "a delayed message is not popped", delayNotPopped},
		{"doomed", "a message that expires before it is due never shows", delayDoomed},
		{"due and expired", "a message that expired after it fell due does not show either", delayDueAndExpired},
		{"deleted", "a delayed message can be deleted", delayDeleted},
		{"keeps its ID", "a message that fell due is found by its ID alone", delayKeepsID},
		{"many at once", "any number of messages may fall due between two calls", delayMany},
	}
}

func delayDue(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	id := q.post(at(0), delayed("a", at(5)))[0]
	q.shows(before(at(5)))
	q.holds(before(at(5)), "a")
	q.counts(before(at(5)), 1, 0, 1)
	same(t, "position before", q.getOne(before(at(5)), id).Position, 0)
	same(t, "tail before", q.stats(before(at(5))).Tail, 0)

	q.shows(at(5), "a")
	q.counts(at(5), 1, 0, 0)
	same(t, "position", q.getOne(at(5), id).Position, 1)
	same(t, "tail", q.stats(at(5)).Tail, 1)
}

func delayOrder(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), delayed("9a", at(9)), delayed("5a", at(5)), delayed("7", at(7)))
	q.post(at(1), delayed("5b", at(5)), delayed("9b", at(9)), text("ready"))
	q.post(at(2), delayed("5c", at(5)))
	q.holds(at(3), "ready", "5a", "5b", "5c", "7", "9a", "9b")
	q.shows(at(8), "ready", "5a", "5b", "5c", "7")
	q.post(at(8), text("8"))
	q.shows(at(20), "ready", "5a", "5b", "5c", "7", "8", "9a", "9b")
	for i, m := range q.after(at(20), "") {
		same(t, "position of "+string(m.Body), m.Position, storage.Position(i+1))
	}
}

func delayBeforePost(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), delayed("late", at(5)), delayed("soon", at(4)))
	got := q.posted(storage.Post{Now: at(5), Drafts: texts("posted")})
	same(t, "First", got.First, 3)
	q.shows(at(5), "soon", "late", "posted")
}

func delaySeenByEveryCall(t T, d storage.Driver) {
	calls := map[string]func(q queue, id string){
		"stats": func(q queue, _ string) { same(t, "delayed", q.stats(at(5)).Delayed, 0) },
		"list":  func(q queue, _ string) { q.shows(at(5), "a") },
		"get":   func(q queue, id string) { same(t, "position", q.getOne(at(5), id).Position, 1) },
		"claim": func(q queue, _ string) { sameBodies(t, "claim", q.claim("c", at(5), 1).Messages, "a") },
		"pop":   func(q queue, _ string) { sameBodies(t, "pop", q.pop(at(5), 1), "a") },
		"post":  func(q queue, _ string) { sameTexts(t, "post", q.post(at(5), text("b")), q.position(2)) },
		"delete": func(q queue, id string) {
			answers(t, "delete", q.delete(at(5), id, ""), nil)
			same(t, "tail", q.stats(at(5)).Tail, 1)
		},
		"delete many": func(q queue, id string) {
			q.remove(at(5), id)
			same(t, "tail", q.stats(at(5)).Tail, 1)
		},
	}
	for name, call := range calls {
		q := newQueue(t, d, name)
		call(q, q.post(at(0), delayed("a", at(5)))[0])
	}
}

func delayNotClaimed(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), delayed("late", at(5)), text("ready"))
	sameBodies(t, "the claim", q.claim("c1", at(1), 5).Messages, "ready")
	same(t, "messages claimed before it is due", len(q.claim("c2", before(at(5)), 5).Messages), 0)
	sameBodies(t, "the claim when it is due", q.claim("c3", at(5), 5).Messages, "late")
}

func delayNotPopped(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), delayed("late", at(5)), text("ready"))
	sameBodies(t, "popped", q.pop(at(1), 5), "ready")
	same(t, "messages popped before it is due", len(q.pop(before(at(5)), 5)), 0)
	sameBodies(t, "popped when it is due", q.pop(at(5), 5), "late")
}

func delayDoomed(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	doomed := func(body string, expires int) storage.Draft {
		return storage.Draft{Body: []byte(body), Visible: at(5), Expires: at(expires)}
	}
	got := q.post(at(0), doomed("before", 3), doomed("at once", 5), text("a"))
	q.holds(before(at(3)), "a", "before", "at once")
	q.counts(before(at(3)), 3, 0, 2)
	q.holds(at(3), "a", "at once")
	q.counts(at(3), 2, 0, 1)
	q.holds(at(5), "a")
	q.counts(at(5), 1, 0, 0)
	same(t, "messages got", len(q.get(at(5), got[:2]...)), 0)
	same(t, "tail", q.stats(at(5)).Tail, 1)
	sameTexts(t, "the next ID", q.post(at(6), text("b")), q.position(2))
}

func delayDueAndExpired(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	draft := storage.Draft{Body: []byte("short"), Visible: at(5), Expires: at(7)}
	got := q.post(at(0), draft, text("a"))
	q.holds(at(7), "a")
	q.counts(at(7), 1, 0, 0)
	same(t, "messages got", len(q.get(at(7), got[0])), 0)
	sameBodies(t, "the claim", q.claim("c", at(7), 5).Messages, "a")

	other := newQueue(t, d, "watched")
	other.post(at(0), draft, text("a"))
	other.shows(at(6), "a", "short")
	other.holds(at(7), "a")
}

func delayDeleted(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	got := q.post(at(0), delayed("a", at(5)), delayed("b", at(5)), delayed("c", at(5)))
	answers(t, "DeleteMessage", q.delete(at(1), got[0], ""), nil)
	q.remove(at(1), got[1])
	q.holds(at(1), "c")
	q.counts(at(1), 1, 0, 1)
	q.shows(at(5), "c")
	same(t, "position", q.getOne(at(5), got[2]).Position, 1)
}

func delayKeepsID(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	id := q.post(at(0), delayed("a", at(5)))[0]
	q.shows(at(5), "a")
	sameTexts(t, "IDs by its position's text", ids(q.get(at(5), q.position(1))))
	answers(t, "DeleteMessage by its position's text", q.delete(at(5), q.position(1), ""), nil)
	same(t, "ID", q.getOne(at(5), id).ID, id)

	sameTexts(t, "IDs claimed", ids(q.claim("c", at(5), 1).Messages), id)
	answers(t, "DeleteMessage of the claimed", q.delete(at(5), id, "c"), nil)
	q.holds(at(5))
}

func delayMany(t T, d storage.Driver) {
	const n = 1000
	q := newQueue(t, d, "jobs")
	var drafts []storage.Draft
	var want []string
	for i := range n {
		drafts = append(drafts, delayed(fmt.Sprint(i), at(n-i)))
		want = append(want, fmt.Sprint(n-1-i))
	}
	q.post(at(0), drafts...)
	sameBodies(t, "the first claim", q.claim("c", at(n), 3).Messages, want[:3]...)
	q.shows(at(n), want[3:]...)
	q.counts(at(n), n, 3, 0)
}
