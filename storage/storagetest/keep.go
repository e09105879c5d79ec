package storagetest

import (
	"time"

	"github.com/stackforge/marconi/storage"
)

func keepCases() []Case {
	return []Case{
		{"kept by a claim", "a message that would expire in the claim is there until Keep, and gone then", keepByClaim},
		{"others untouched", "a message that outlives the claim keeps its own end", keepOthers},
		{"at the claim's end", "a message that expires with the claim is untouched", keepEqual},
		{"since", "Since becomes the instant at which a claim changed Expires", keepSince},
		{"no grace", "with Keep at the claim's end the message goes when the claim does", keepNoGrace},
		{"kept by renewing", "renewing keeps messages as claiming does", keepByRenewal},
		{"renewed for longer lives", "renewing leaves alone what lives long enough", keepRenewalOthers},
		{"after release", "what a claim gave stays given", keepAfterRelease},
		{"never below", "a shorter renewal takes no life away", keepNeverBelow},
		{"a delayed message", "a message that fell due is kept by a claim as any other", keepDelayed},
	}
}

// keepByClaim claims until 30 and keeps until 40 what would expire at 10.
func keepByClaim(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	id := q.post(at(0), mortal("a", at(10)))[0]
	q.claim("c", at(0), 1)
	held, end := at(0).Add(holdTime), at(0).Add(keepTime)
	sameBodies(t, "the claim", q.claimed("c", before(held)).Messages, "a")
	q.shows(held, "a")
	sameBodies(t, "messages got", q.get(before(end), id), "a")
	q.holds(before(end), "a")
	q.counts(before(end), 1, 0, 0)
	q.holds(end)
	q.counts(end, 0, 0, 0)
	same(t, "messages got", len(q.get(end, id)), 0)
	same(t, "messages to claim", len(q.claim("c2", end, 5).Messages), 0)
}

func keepOthers(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	got := q.post(at(0), mortal("short", at(10)), mortal("long", at(35)), mortal("longer", at(200)))
	q.claim("c", at(1), 3) // until 31, keeping until 41
	for i, want := range []int{41, 35, 200} {
		m := q.getOne(at(2), got[i])
		sameTime(t, "end of "+string(m.Body), m.Expires, at(want))
	}
	q.holds(at(35), "short", "longer")
	q.holds(at(41), "longer")
}

func keepEqual(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	end := at(0).Add(holdTime)
	got := q.post(at(0), mortal("with it", end), mortal("just before", before(end)))
	q.claim("c", at(0), 2)
	sameTime(t, "its end", q.getOne(at(1), got[0]).Expires, end)
	sameTime(t, "the other's end", q.getOne(at(1), got[1]).Expires, at(0).Add(keepTime))
	q.holds(end, "just before")
}

func keepSince(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), mortal("short", at(10)), text("long"))
	c := q.claim("c", at(3), 2)
	sameBodies(t, "the claim", c.Messages, "short", "long")
	sameTime(t, "Since of the kept", c.Messages[0].Since, at(3))
	sameTime(t, "Expires of the kept", c.Messages[0].Expires, at(3).Add(keepTime))
	sameTime(t, "Created of the kept", c.Messages[0].Created, at(0))
	sameTime(t, "Since of the other", c.Messages[1].Since, at(0))
}

func keepNoGrace(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), mortal("a", at(10)))
	o := q.order("c", at(0), 1)
	o.Keep = o.Expires
	q.take(o)
	q.holds(before(o.Expires), "a")
	q.holds(o.Expires)
	q.unclaimed("c", o.Expires)
}

func keepByRenewal(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	id := q.post(at(0), mortal("a", at(10)))[0]
	q.claim("c", at(0), 1) // until 30, keeping until 40
	answers(t, "RenewClaim", q.renew("c", at(20), at(100), at(150)), nil)
	m := q.getOne(at(21), id)
	sameTime(t, "Expires", m.Expires, at(150))
	sameTime(t, "Since", m.Since, at(20))
	sameBodies(t, "the claim", q.claimed("c", before(at(100))).Messages, "a")
	q.shows(at(100), "a")
	q.holds(before(at(150)), "a")
	q.holds(at(150))
}

func keepRenewalOthers(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	got := q.post(at(0), mortal("a", at(100)), mortal("b", at(99)))
	q.claim("c", at(0), 2)
	answers(t, "RenewClaim", q.renew("c", at(20), at(100), at(150)), nil)
	a, b := q.getOne(at(21), got[0]), q.getOne(at(21), got[1])
	sameTime(t, "Expires of a", a.Expires, at(100))
	sameTime(t, "Since of a", a.Since, at(0))
	sameTime(t, "Expires of b", b.Expires, at(150))
	sameTime(t, "Since of b", b.Since, at(20))
}

func keepAfterRelease(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	id := q.post(at(0), mortal("a", at(10)))[0]
	q.claim("c", at(0), 1)
	q.release("c", at(5), 0)
	sameTime(t, "Expires", q.getOne(at(5), id).Expires, at(0).Add(keepTime))
	q.shows(at(20), "a")
	q.holds(at(0).Add(keepTime))
}

func keepNeverBelow(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	id := q.post(at(0), mortal("a", at(10)))[0]
	q.claim("c", at(0), 1) // keeps until 40
	answers(t, "RenewClaim", q.renew("c", at(5), at(8), at(9)), nil)
	m := q.getOne(at(6), id)
	sameTime(t, "Expires", m.Expires, at(0).Add(keepTime))
	sameTime(t, "Since", m.Since, at(0))
	q.shows(at(8), "a")
}

func keepDelayed(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	id := q.post(at(0), storage.Draft{Body: []byte("late"), Visible: at(5), Expires: at(10)})[0]
	q.claim("c", at(6), 1)
	m := q.getOne(at(6).Add(keepTime-time.Millisecond), id)
	sameTime(t, "Expires", m.Expires, at(6).Add(keepTime))
	sameTime(t, "Visible", m.Visible, at(5))
	q.holds(at(6).Add(keepTime))
}
