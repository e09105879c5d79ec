package storagetest

import "github.com/stackforge/marconi/storage"

func deleteCases() []Case {
	return []Case{
		{"twice", "deleting what is not there is no error", deleteTwice},
		{"claimed, without a claim", "a message under a live claim is not deleted without it", deleteClaimed},
		{"with the claim", "the holder may delete", deleteWithClaim},
		{"with an ended claim", "a claim that is not live in this queue is told", deleteWithEnded},
		{"with a claim, not claimed", "a message not under a live claim is told", deleteNotClaimed},
		{"with another claim", "a message under another claim is told", deleteWithOther},
		{"the gone, with a claim", "deleting what is not there is no error, whatever the claim", deleteGone},
		{"many", "those that are there are deleted, the others are no error", deleteMany},
		{"many, not asking", "without claims the claimed are deleted too", deleteManyRegardless},
		{"many, with no claim", "an empty list of claims covers no claimed message", deleteManyNoClaim},
		{"many, with claims", "one uncovered message keeps all", deleteManyCovered},
		{"many, resting", "a resting message needs no claim", deleteManyResting},
		{"out of a claim", "a deleted message leaves its claim, and the last ends it", deleteEmptiesClaim},
	}
}

// pair posts two messages and puts each under a claim of its own, with a third
// free one behind them.
func (q queue) pair() []string {
	q.Helper()
	ids := q.post(at(0), texts("a", "b", "c")...)
	q.claim("of a", at(0), 1)
	q.claim("of b", at(0), 1)
	return ids
}

func deleteTwice(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	got := q.post(at(0), texts("a", "b")...)
	answers(t, "DeleteMessage", q.delete(at(1), got[0], ""), nil)
	answers(t, "DeleteMessage again", q.delete(at(1), got[0], ""), nil)
	q.shows(at(1), "b")
	same(t, "messages got", len(q.get(at(1), got[0])), 0)
	sameBodies(t, "claimed", q.claim("c", at(1), 5).Messages, "b")
}

func deleteClaimed(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	got := q.pair()
	answers(t, "DeleteMessage", q.delete(at(1), got[0], ""), storage.ErrClaimed)
	q.holds(at(1), "a", "b", "c")
	end := at(0).Add(holdTime)
	answers(t, "DeleteMessage before the claim's end", q.delete(before(end), got[0], ""), storage.ErrClaimed)
	answers(t, "DeleteMessage at the claim's end", q.delete(end, got[0], ""), nil)
	q.shows(end, "b", "c")
}

func deleteWithClaim(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	got := q.pair()
	answers(t, "DeleteMessage", q.delete(at(1), got[1], "of b"), nil)
	q.holds(at(1), "a", "c")
	q.counts(at(1), 2, 1, 0)
	q.holds(at(500), "a", "c")
}

func deleteWithEnded(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	got := q.pair()
	answers(t, "with a claim that never was", q.delete(at(1), got[0], "never"), storage.ErrClaimNotFound)
	answers(t, "free, with a claim that never was", q.delete(at(1), got[2], "never"), storage.ErrClaimNotFound)
	q.release("of b", at(2), 0)
	answers(t, "with a released claim", q.delete(at(2), got[1], "of b"), storage.ErrClaimNotFound)
	end := at(0).Add(holdTime)
	answers(t, "at the claim's end", q.delete(end, got[0], "of a"), storage.ErrClaimNotFound)
	q.shows(end, "a", "b", "c")
}

func deleteNotClaimed(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	got := append(q.pair(), q.post(at(0), delayed("d", at(20)))...)
	answers(t, "free", q.delete(at(1), got[2], "of a"), storage.ErrNotClaimed)
	answers(t, "delayed", q.delete(at(1), got[3], "of a"), storage.ErrNotClaimed)
	q.release("of b", at(2), holdTime)
	answers(t, "resting", q.delete(at(2), got[1], "of a"), storage.ErrNotClaimed)
	q.holds(at(2), "a", "b", "c", "d")
}

func deleteWithOther(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	got := q.pair()
	answers(t, "DeleteMessage", q.delete(at(1), got[0], "of b"), storage.ErrClaimed)
	q.holds(at(1), "a", "b", "c")
	q.counts(at(1), 3, 2, 0)
}

func deleteGone(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	got := q.pair()
	q.remove(at(1), got[1], got[2])
	answers(t, "DeleteMessage", q.delete(at(1), got[2], "of a"), nil)
	answers(t, "DeleteMessage of what never was", q.delete(at(1), q.position(50), "of a"), nil)
	answers(t, "DeleteMessage with a claim that never was", q.delete(at(1), got[2], "never"), nil)
	answers(t, "DeleteMessage with a claim that is empty", q.delete(at(1), got[1], "of b"), nil)
	q.holds(at(1), "a")
}

func deleteMany(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	got := q.post(at(0), text("a"), text("b"), delayed("c", at(9)), text("d"))
	q.remove(at(1), got[3], got[0], q.position(60), got[0], got[2])
	q.holds(at(1), "b")
	q.remove(at(1), got...)
	q.remove(at(1))
	q.holds(at(1))
}

func deleteManyRegardless(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	got := q.pair()
	q.remove(at(1), got[0], got[2])
	q.holds(at(1), "b")
	q.counts(at(1), 1, 1, 0)
	q.unclaimed("of a", at(1))
}

// removing is DeleteMessages as it answers.
func (q queue) removing(ids []string, claims ...string) error {
	if claims == nil {
		claims = []string{}
	}
	return q.d.DeleteMessages(q.Context(), q.id, ids, claims, at(1))
}

func deleteManyNoClaim(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	got := q.pair()
	answers(t, "DeleteMessages", q.removing(got), storage.ErrClaimed)
	q.holds(at(1), "a", "b", "c")
	answers(t, "DeleteMessages of the free", q.removing(got[2:]), nil)
	q.holds(at(1), "a", "b")
}

func deleteManyCovered(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	got := append(q.pair(), q.post(at(0), delayed("d", at(20)))...)
	answers(t, "with one claim of two", q.removing(got, "of b"), storage.ErrClaimed)
	answers(t, "with a wrong claim", q.removing(got[:1], "of b", "never"), storage.ErrClaimed)
	q.holds(at(1), "a", "b", "c", "d")
	q.counts(at(1), 4, 2, 1)
	answers(t, "with its claim", q.removing([]string{got[1], q.position(70)}, "of b"), nil)
	q.holds(at(1), "a", "c", "d")
	answers(t, "with all claims", q.removing(got, "never", "of a"), nil)
	q.holds(at(1))
}

func deleteManyResting(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	got := q.pair()
	q.release("of a", at(1), holdTime)
	answers(t, "DeleteMessages", q.removing(got[:1]), nil)
	q.release("of b", at(1), holdTime)
	answers(t, "DeleteMessage", q.delete(at(1), got[1], ""), nil)
	q.holds(at(1), "c")
	q.holds(at(500), "c")
}

func deleteEmptiesClaim(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	got := q.post(at(0), texts("a", "b", "c")...)
	q.claim("c", at(0), 3)
	answers(t, "DeleteMessage", q.delete(at(1), got[1], "c"), nil)
	sameBodies(t, "the claim", q.claimed("c", at(1)).Messages, "a", "c")
	q.remove(at(1), got[0])
	sameBodies(t, "the claim", q.claimed("c", at(1)).Messages, "c")
	answers(t, "DeleteMessage of the last", q.delete(at(1), got[2], "c"), nil)
	q.unclaimed("c", at(1))
	answers(t, "RenewClaim", q.renew("c", at(1), at(90), at(90)), storage.ErrClaimNotFound)

	other := q.post(at(1), text("d"))[0]
	answers(t, "DeleteMessage with the empty claim", q.delete(at(1), other, "c"), storage.ErrClaimNotFound)
	q.shows(at(1), "d")
}
