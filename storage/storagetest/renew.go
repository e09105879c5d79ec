package storagetest

import "github.com/stackforge/marconi/storage"

func renewCases() []Case {
	return []Case{
		{"longer", "a renewed claim ends at its new end", renewLonger},
		{"shorter", "a claim may be made to end sooner", renewShorter},
		{"at once", "a claim renewed to an end that is reached has ended", renewAtOnce},
		{"what it answers", "a claim counts as created when it was last renewed", renewAnswers},
		{"not live", "a claim that is not live cannot be renewed", renewNotLive},
		{"takes nothing", "renewing claims no more messages", renewTakesNothing},
		{"apart", "renewing touches no other claim", renewApart},
	}
}

func renewLonger(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), texts("a", "b")...)
	q.claim("c", at(0), 2)
	answers(t, "RenewClaim", q.renew("c", before(at(30)), at(60), at(70)), nil)
	q.shows(at(30))
	sameBodies(t, "the claim", q.claimed("c", before(at(60))).Messages, "a", "b")
	same(t, "messages to claim", len(q.claim("c2", before(at(60)), 5).Messages), 0)
	q.unclaimed("c", at(60))
	q.shows(at(60), "a", "b")
}

func renewShorter(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), texts("a", "b")...)
	q.claim("c", at(0), 2)
	answers(t, "RenewClaim", q.renew("c", at(1), at(5), at(5)), nil)
	sameBodies(t, "the claim", q.claimed("c", before(at(5))).Messages, "a", "b")
	q.shows(before(at(5)))
	q.unclaimed("c", at(5))
	sameBodies(t, "the next claim", q.claim("c2", at(5), 5).Messages, "a", "b")
	sameBodies(t, "the next claim at the first one's end", q.claimed("c2", at(30)).Messages, "a", "b")
}

func renewAtOnce(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), text("a"))
	q.claim("c", at(0), 1)
	answers(t, "RenewClaim", q.renew("c", at(1), at(1), at(1)), nil)
	q.unclaimed("c", at(1))
	q.shows(at(1), "a")
}

func renewAnswers(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), texts("a", "b")...)
	q.claim("c", at(0), 2)
	answers(t, "RenewClaim", q.renew("c", at(10), at(50), at(50)), nil)
	c := q.claimed("c", at(11))
	same(t, "ID", c.ID, "c")
	sameTime(t, "Created", c.Created, at(10))
	sameTime(t, "Expires", c.Expires, at(50))
	sameBodies(t, "messages", c.Messages, "a", "b")
	sameTexts(t, "holders", each(c.Messages, func(m storage.Message) string { return m.Claim }), "c", "c")
}

func renewNotLive(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), texts("a", "b")...)
	q.claim("ended", at(0), 1)
	q.claim("released", at(0), 1)
	q.release("released", at(1), 0)
	for id, now := range map[string]int{"never": 2, "released": 2, "ended": 30} {
		answers(t, "RenewClaim of "+id, q.renew(id, at(now), at(90), at(90)), storage.ErrClaimNotFound)
	}
	q.shows(at(30), "a", "b")
	q.claim("other", at(30), 2)
	answers(t, "RenewClaim of one whose message another holds", q.renew("ended", at(31), at(90), at(90)), storage.ErrClaimNotFound)
	q.shows(at(60), "a", "b")
}

func renewTakesNothing(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	got := q.post(at(0), texts("a", "b", "c")...)
	q.claim("c", at(0), 2)
	answers(t, "DeleteMessage", q.delete(at(1), got[0], "c"), nil)
	answers(t, "RenewClaim", q.renew("c", at(2), at(60), at(60)), nil)
	sameBodies(t, "the claim", q.claimed("c", at(3)).Messages, "b")
	q.shows(at(3), "c")
}

func renewApart(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), mortal("a", at(20)), mortal("b", at(20)))
	q.claim("of a", at(0), 1)
	q.claim("of b", at(0), 1)
	answers(t, "RenewClaim", q.renew("of a", at(1), at(60), at(70)), nil)
	q.shows(at(30), "b")
	sameTime(t, "the other's message's end", q.freed(at(30)).Expires, at(0).Add(keepTime))
	q.holds(at(40), "a")
}
