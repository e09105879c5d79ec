package storagetest

import (
	"time"

	"github.com/stackforge/marconi/storage"
)

func releaseCases() []Case {
	return []Case{
		{"at once", "what is released is free at once", releaseAtOnce},
		{"visible in the past", "an instant that is reached frees at once", releasePast},
		{"rest", "what rests cannot be claimed before its instant, and can from then on", releaseRests},
		{"what rests", "nobody holds what rests; it counts and shows with the claimed", releaseResting},
		{"rest outlasts the claim", "a rest does not end with the claim it came from", releaseOutlasts},
		{"rest is shorter than the claim", "a rest ends though the claim would have lasted", releaseShorter},
		{"not live", "releasing what is not live changes nothing", releaseNotLive},
		{"after its end", "an ended claim cannot make its messages rest", releaseAfterEnd},
		{"by a stranger's hand", "releasing an ended claim takes nothing from the next holder", releaseNextHolder},
		{"twice", "a second release neither shortens a rest nor begins one", releaseTwice},
		{"part of a claim", "what is left of a claim is released", releasePart},
		{"expires at rest", "a resting message expires as any other", releaseExpires},
	}
}

func releaseAtOnce(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), texts("a", "b", "c")...)
	q.claim("c", at(0), 2)
	q.release("c", at(1), 0)
	q.unclaimed("c", at(1))
	q.shows(at(1), "a", "b", "c")
	q.counts(at(1), 3, 0, 0)
	sameBodies(t, "the next claim", q.claim("c2", at(1), 3).Messages, "a", "b", "c")
}

func releasePast(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), texts("a", "b")...)
	for i, visible := range []time.Time{{}, at(0), at(1)} {
		claim := string(rune('0' + i))
		q.claim(claim, at(1), 2)
		answers(t, "ReleaseClaim", d.ReleaseClaim(t.Context(), q.id, claim, at(1), visible), nil)
		q.shows(at(1), "a", "b")
		q.counts(at(1), 2, 0, 0)
	}
}

func releaseRests(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), texts("a", "b", "c")...)
	q.claim("c", at(0), 2)
	q.release("c", at(1), 10*time.Second)
	q.unclaimed("c", at(1))
	q.shows(before(at(11)), "c")
	sameBodies(t, "claimed before", q.claim("c2", before(at(11)), 5).Messages, "c")
	same(t, "messages popped before", len(q.pop(before(at(11)), 5)), 0)
	q.shows(at(11), "a", "b")
	sameBodies(t, "claimed then", q.claim("c3", at(11), 5).Messages, "a", "b")
}

func releaseResting(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	id := q.post(at(0), texts("a", "b")...)[0]
	q.claim("c", at(0), 1)
	q.release("c", at(1), 10*time.Second)
	q.counts(at(2), 2, 1, 0)
	q.holds(at(2), "a", "b")
	same(t, "its holder", q.getOne(at(2), id).Claim, "")
	same(t, "its position", q.getOne(at(2), id).Position, 1)
	answers(t, "DeleteMessage", q.delete(at(2), id, ""), nil)
	q.holds(at(2), "b")
	q.counts(at(2), 1, 0, 0)
	q.holds(at(20), "b")
}

func releaseOutlasts(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), text("a"))
	q.claim("c", at(0), 1)
	q.release("c", at(1), 2*holdTime)
	q.shows(at(0).Add(holdTime))
	q.shows(before(at(1).Add(2 * holdTime)))
	q.shows(at(1).Add(2*holdTime), "a")
}

func releaseShorter(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), text("a"))
	q.claim("c", at(0), 1)
	q.release("c", at(1), time.Millisecond)
	q.shows(at(1))
	q.shows(at(1).Add(time.Millisecond), "a")
}

func releaseNotLive(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.busy()
	q.release("never", at(1), 0)
	q.release("never", at(1), holdTime)
	q.release("", at(1), holdTime)
	q.counts(at(1), 4, 2, 1)
	q.shows(at(1), "free")
	sameBodies(t, "the live claim", q.claimed("live", at(1)).Messages, "claimed")
}

func releaseAfterEnd(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), text("a"))
	q.claim("c", at(0), 1)
	q.release("c", at(30), holdTime)
	q.shows(at(30), "a")
	q.counts(at(30), 1, 0, 0)
}

func releaseNextHolder(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), text("a"))
	q.claim("c1", at(0), 1)
	q.claim("c2", at(30), 1)
	q.release("c1", at(31), 0)
	q.release("c1", at(31), time.Hour)
	q.shows(at(31))
	sameBodies(t, "the next holder's claim", q.claimed("c2", before(at(60))).Messages, "a")
	q.shows(at(60), "a")
}

func releaseTwice(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), texts("a", "b")...)
	q.claim("rests", at(0), 1)
	q.claim("free", at(0), 1)
	q.release("rests", at(1), 20*time.Second)
	q.release("rests", at(2), 0)
	q.release("rests", at(2), time.Second)
	q.release("free", at(1), 0)
	q.release("free", at(2), 20*time.Second)
	q.shows(at(3), "b")
	q.shows(before(at(21)), "b")
	q.shows(at(21), "a", "b")
}

func releasePart(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	got := q.post(at(0), texts("a", "b", "c")...)
	q.claim("c", at(0), 3)
	answers(t, "DeleteMessage", q.delete(at(1), got[1], "c"), nil)
	q.release("c", at(1), 0)
	q.holds(at(1), "a", "c")
	q.shows(at(1), "a", "c")
}

func releaseExpires(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), mortal("a", at(35)), text("b"))
	q.claim("c", at(0), 2)
	q.release("c", at(1), time.Hour)
	q.counts(before(at(35)), 2, 2, 0)
	q.counts(at(35), 1, 1, 0)
	q.holds(at(35), "b")
	q.shows(at(1).Add(time.Hour), "b")
}
