package storagetest

import (
	"fmt"

	"github.com/stackforge/marconi/storage"
)

func claimCases() []Case {
	return []Case{
		{"first free", "a claim takes the first free messages, at most its limit", claimFirstFree},
		{"what it answers", "a claim tells its end, and each message who holds it", claimAnswers},
		{"none free", "with none free there is no claim and nothing is stored", claimNoneFree},
		{"steals nothing", "a claim never takes from a live claim, also behind a free message", claimStealsNothing},
		{"ends at its instant", "a claim has ended when its Expires is reached, and not before", claimEnds},
		{"ends with nobody looking", "an ended claim needs no call to let go", claimEndsUnseen},
		{"old order", "what came back is claimed again in the order of positions", claimOldOrder},
		{"old order after expiry", "claims that end at different instants give back in the order of positions too", claimOldOrderAfterExpiry},
		{"came back first", "what came back comes before what was never claimed", claimReturnedFirst},
		{"retried", "an order whose ID names a live claim answers that claim as it is", claimRetried},
		{"retried in part", "a retry answers what is left of the claim", claimRetriedInPart},
		{"looked up", "a claim is found with its messages in order until it ends", claimLookedUp},
		{"not counted", "claims without a burial order are not counted", claimNotCounted},
		{"whole", "a claimed message is otherwise what it was", claimWhole},
		{"all of many", "a claim of any size is one claim", claimMany},
		{"two queues", "claims of one queue leave another alone", claimTwoQueues},
	}
}

func claimFirstFree(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), texts("a", "b", "c", "d", "e")...)
	sameBodies(t, "the first claim", q.claim("c1", at(1), 2).Messages, "a", "b")
	sameBodies(t, "the second claim", q.claim("c2", at(1), 1).Messages, "c")
	sameBodies(t, "the third claim", q.claim("c3", at(1), 100).Messages, "d", "e")
	q.counts(at(1), 5, 5, 0)
	q.shows(at(1))
}

func claimAnswers(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), texts("a", "b")...)
	for what, c := range map[string]storage.Claim{"CreateClaim": q.claim("c", at(1), 2), "GetClaim": q.claimed("c", at(5))} {
		same(t, what+": ID", c.ID, "c")
		sameTime(t, what+": Created", c.Created, at(1))
		sameTime(t, what+": Expires", c.Expires, at(1).Add(holdTime))
		sameTexts(t, what+": holders", each(c.Messages, func(m storage.Message) string { return m.Claim }), "c", "c")
	}
}

func claimNoneFree(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	same(t, "messages of an empty queue", len(q.claim("c1", at(0), 5).Messages), 0)
	q.unclaimed("c1", at(0))
	q.busy()
	q.pop(at(0), 1)
	same(t, "messages of a queue with none free", len(q.claim("c2", at(1), 5).Messages), 0)
	q.unclaimed("c2", at(1))
	q.counts(at(1), 3, 2, 1)
	sameBodies(t, "the live claim", q.claimed("live", at(1)).Messages, "claimed")
}

func claimStealsNothing(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), text("m1"), text("m2"), delayed("m3", at(100)))
	sameBodies(t, "the first claim", q.claim("first", at(0), 1).Messages, "m1")
	sameBodies(t, "the second claim", q.claim("second", at(0), 1).Messages, "m2")
	q.release("first", at(1), 0)
	sameBodies(t, "the third claim", q.claim("third", at(2), 3).Messages, "m1")
	second := q.claimed("second", at(2))
	sameBodies(t, "the second claim then", second.Messages, "m2")
	same(t, "the holder of m2", second.Messages[0].Claim, "second")
	same(t, "messages left to claim", len(q.claim("fourth", at(3), 3).Messages), 0)
	same(t, "messages left to pop", len(q.pop(at(3), 3)), 0)
}

func claimEnds(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), texts("a", "b")...)
	q.claim("c", at(0), 2)
	end := at(0).Add(holdTime)
	sameBodies(t, "the claim just before", q.claimed("c", before(end)).Messages, "a", "b")
	q.shows(before(end))
	q.counts(before(end), 2, 2, 0)
	same(t, "messages to claim just before", len(q.claim("c2", before(end), 5).Messages), 0)

	q.unclaimed("c", end)
	q.shows(end, "a", "b")
	q.counts(end, 2, 0, 0)
	same(t, "the holder then", q.after(end, "")[0].Claim, "")
	sameBodies(t, "messages to claim then", q.claim("c3", end, 5).Messages, "a", "b")
}

func claimEndsUnseen(t T, d storage.Driver) {
	end := at(0).Add(holdTime)
	looks := map[string]func(q queue){
		"claim":  func(q queue) { sameBodies(t, "claim", q.claim("c2", end, 5).Messages, "a", "b") },
		"pop":    func(q queue) { sameBodies(t, "pop", q.pop(end, 5), "a", "b") },
		"list":   func(q queue) { q.shows(end, "a", "b") },
		"stats":  func(q queue) { q.counts(end, 2, 0, 0) },
		"get":    func(q queue) { same(t, "holder", q.getOne(end, q.position(1)).Claim, "") },
		"delete": func(q queue) { answers(t, "delete", q.delete(end, q.position(1), ""), nil) },
		"many": func(q queue) {
			answers(t, "delete many", d.DeleteMessages(t.Context(), q.id, []string{q.position(1)}, []string{}, end), nil)
		},
		"renew":   func(q queue) { answers(t, "renew", q.renew("c", end, at(900), at(900)), storage.ErrClaimNotFound) },
		"release": func(q queue) { q.release("c", end, holdTime); q.shows(end, "a", "b") },
	}
	for name, look := range looks {
		q := newQueue(t, d, name)
		q.post(at(0), texts("a", "b")...)
		q.claim("c", at(0), 2)
		look(q)
	}
}

func claimOldOrder(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), texts("a", "b", "c", "d", "e", "f")...)
	for i, limit := range []int{2, 1, 3} {
		q.claim(fmt.Sprint("c", i), at(i), limit)
	}
	q.release("c2", at(5), 0)
	q.release("c0", at(6), 0)
	q.release("c1", at(7), 0)
	q.shows(at(8), "a", "b", "c", "d", "e", "f")
	sameBodies(t, "claimed again", q.claim("c3", at(8), 4).Messages, "a", "b", "c", "d")
	q.release("c3", at(9), 0)
	sameBodies(t, "popped", q.pop(at(9), 6), "a", "b", "c", "d", "e", "f")
}

func claimOldOrderAfterExpiry(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), texts("a", "b", "c", "d")...)
	ends := []int{9, 5, 7, 6}
	for i, end := range ends {
		o := q.order(fmt.Sprint("c", i), at(0), 1)
		o.Expires, o.Keep = at(end), at(end)
		q.take(o)
	}
	sameBodies(t, "free at 7", q.after(at(7), ""), "b", "c", "d")
	sameBodies(t, "claimed at 9", q.claim("again", at(9), 3).Messages, "a", "b", "c")
}

func claimReturnedFirst(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), texts("a", "b", "c")...)
	q.claim("c1", at(0), 2)
	q.release("c1", at(1), 0)
	q.post(at(1), text("d"))
	sameBodies(t, "the next claim", q.claim("c2", at(1), 3).Messages, "a", "b", "c")
	q.post(at(2), text("e"))
	q.release("c2", at(2), 0)
	sameBodies(t, "the claim after", q.claim("c3", at(2), 9).Messages, "a", "b", "c", "d", "e")
}

func claimRetried(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), texts("a", "b", "c", "d")...)
	o := q.order("c", at(1), 2)
	q.take(o)
	o.Now, o.Expires, o.Keep, o.Limit = at(2), at(90), at(90), 4
	o.Bury = &storage.Bury{Max: 1, Queue: q.strangersQueue().id, Epoch: 9}
	again := q.take(o)
	sameBodies(t, "the retry", again.Messages, "a", "b")
	sameTime(t, "its end", again.Expires, at(1).Add(holdTime))
	sameTime(t, "its beginning", again.Created, at(1))
	same(t, "its count", again.Messages[0].Claims, 0)
	q.shows(at(2), "c", "d")
	q.unclaimed("c", at(1).Add(holdTime))
}

func claimRetriedInPart(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	got := q.post(at(0), texts("a", "b", "c", "d")...)
	o := q.order("c", at(1), 3)
	o.Bury = &storage.Bury{Max: 5, Queue: q.strangersQueue().id, Epoch: 9}
	q.take(o)
	answers(t, "DeleteMessage", q.delete(at(1), got[1], "c"), nil)
	again := q.take(o)
	sameBodies(t, "the retry", again.Messages, "a", "c")
	same(t, "the count of a retry", again.Messages[0].Claims, 1)
	q.shows(at(2), "d")
}

func claimLookedUp(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), texts("a", "b", "c", "d")...)
	q.claim("c1", at(0), 1)
	q.claim("c2", at(0), 2)
	q.release("c1", at(1), 0)
	q.claim("c3", at(1), 2)
	sameBodies(t, "c3", q.claimed("c3", at(2)).Messages, "a", "d")
	sameBodies(t, "c2", q.claimed("c2", at(2)).Messages, "b", "c")
	q.unclaimed("c1", at(2))
	q.unclaimed("never", at(2))
	q.unclaimed("", at(2))
}

func claimNotCounted(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	id := q.post(at(0), text("a"))[0]
	for i := range 3 {
		claim := fmt.Sprint("c", i)
		same(t, "count in the claim", only(t, "the claim", q.claim(claim, at(i), 1).Messages).Claims, 0)
		q.release(claim, at(i), 0)
	}
	same(t, "count", q.getOne(at(9), id).Claims, 0)
}

func claimWhole(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	drafts := []storage.Draft{
		{Body: []byte("a"), Encoding: "gzip", Checksum: "sum", Expires: far()},
		{Body: []byte("b"), Visible: at(1), Expires: far()},
	}
	stored := q.postAs("someone", at(0), drafts...)
	want := q.get(at(1), stored...)
	sameTexts(t, "IDs", ids(want), stored...)
	c := q.claim("c", at(2), 2)
	sameBodies(t, "the claim", c.Messages, "a", "b")
	sameBodies(t, "the claim looked up", q.claimed("c", at(3)).Messages, "a", "b")
	for i, got := range c.Messages {
		want[i].Claim = "c"
		sameMessage(t, "claimed", got, want[i])
		sameMessage(t, "got", q.getOne(at(3), stored[i]), want[i])
		sameMessage(t, "looked up", q.claimed("c", at(3)).Messages[i], want[i])
	}
	q.release("c", at(4), 0)
	for i := range want {
		want[i].Claim = ""
		sameMessage(t, "released", q.getOne(at(4), stored[i]), want[i])
	}
}

func claimMany(t T, d storage.Driver) {
	const n = 1500
	q := newQueue(t, d, "jobs")
	drafts := make([]storage.Draft, n)
	for i := range drafts {
		drafts[i] = text(fmt.Sprint(i))
	}
	q.post(at(0), drafts...)
	c := q.claim("c", at(1), n+1)
	same(t, "messages claimed", len(c.Messages), n)
	for i, m := range c.Messages {
		same(t, "body", string(m.Body), fmt.Sprint(i))
	}
	q.counts(at(1), n, n, 0)
	q.release("c", at(2), 0)
	q.counts(at(2), n, 0, 0)
	q.claim("c2", at(2), n)
	sameBodies(t, "after the claim's end", q.claim("c3", at(2).Add(holdTime), 2).Messages, "0", "1")
	q.counts(at(2).Add(holdTime), n, 2, 0)
}

func claimTwoQueues(t T, d storage.Driver) {
	q, other := newQueue(t, d, "jobs"), newQueueOf(t, d, storage.QueueID{Project: "other", Name: "jobs"})
	q.post(at(0), texts("a", "b")...)
	other.post(at(0), texts("x", "y")...)
	q.claim("c1", at(0), 1)
	other.claim("c2", at(0), 1)
	q.release("c2", at(1), 0)
	other.release("c1", at(1), 0)
	sameBodies(t, "c1", q.claimed("c1", at(1)).Messages, "a")
	sameBodies(t, "c2", other.claimed("c2", at(1)).Messages, "x")
	q.shows(at(1), "b")
	other.shows(at(1), "y")
}
