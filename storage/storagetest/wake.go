package storagetest

import (
	"time"

	"github.com/stackforge/marconi/storage"
)

func wakeCases() []Case {
	return []Case{
		{"nothing to wait for", "Wake is zero if nothing is delayed, claimed or resting", wakeNever},
		{"a delay's end", "Wake is not after the instant at which a message falls due", wakeDelay},
		{"a claim's end", "Wake is not after the instant at which a claim ends", wakeClaim},
		{"a rest's end", "Wake is not after the instant at which a rest is over", wakeRest},
		{"the first of all", "Wake is not after the first of them, and after now", wakeFirst},
		{"a claim that got nothing", "a claim without messages tells when to come back", wakeOfClaim},
		{"gone meanwhile", "what was deleted wakes nobody", wakeGone},
	}
}

// wakes checks what stats and a listing tell; a zero next is never.
func (q queue) wakes(now, next time.Time) {
	q.Helper()
	q.wakesAt("stats", q.stats(now).Wake, now, next)
	q.wakesAt("page", q.page(storage.MessageFilter{Now: now}).Wake, now, next)
}

func (q queue) wakesAt(what string, got, now, next time.Time) {
	q.Helper()
	switch {
	case next.IsZero() != got.IsZero():
		q.Errorf("Wake of %s is %v, want %v", what, got, next)
	case next.IsZero():
	case !got.After(now) || got.After(next):
		q.Errorf("Wake of %s is %v, want one after %v and not after %v", what, got, now, next)
	}
}

func wakeNever(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.wakes(at(0), time.Time{})
	q.post(at(0), text("a"), mortal("b", at(50)))
	q.wakes(at(1), time.Time{})
	q.claim("c", at(1), 2)
	q.release("c", at(2), 0)
	q.wakes(at(2), time.Time{})
}

func wakeDelay(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), delayed("a", at(20)), delayed("b", at(10)))
	q.wakes(at(0), at(10))
	q.wakes(before(at(10)), at(10))
	q.wakes(at(10), at(20))
	q.wakes(at(20), time.Time{})
}

func wakeClaim(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), texts("a", "b", "c")...)
	q.claim("c1", at(0), 1)
	q.claim("c2", at(5), 1)
	q.wakes(at(5), at(30))
	answers(t, "RenewClaim", q.renew("c1", at(6), at(60), at(60)), nil)
	q.wakes(at(6), at(35))
	answers(t, "RenewClaim", q.renew("c1", at(7), at(20), at(20)), nil)
	q.wakes(at(7), at(20))
	q.wakes(at(20), at(35))
	q.wakes(at(35), time.Time{})
}

func wakeRest(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), texts("a", "b")...)
	q.claim("c", at(0), 2)
	q.release("c", at(1), time.Minute)
	q.wakes(at(1), at(61))
	q.wakes(at(30), at(61))
	q.wakes(at(61), time.Time{})
}

// wakeFirst looks once at each of many queues that nobody looked at before, and
// often at one.
func wakeFirst(t T, d storage.Driver) {
	looked := []struct{ now, next int }{{0, 10}, {9, 10}, {10, 20}, {19, 20}, {20, 30}, {29, 30}}
	often := newQueue(t, d, "often")
	often.waits()
	for _, look := range looked {
		once := newQueue(t, d, at(look.now).String())
		once.waits()
		once.wakes(at(look.now), at(look.next))
		often.wakes(at(look.now), at(look.next))
	}
	often.wakes(at(30), time.Time{})
}

// waits lets a message rest until 10, one be held until 20 and one be delayed
// until 30.
func (q queue) waits() {
	q.Helper()
	q.post(at(0), text("rests"), text("held"), delayed("late", at(30)))
	q.claim("rest", at(0), 1)
	q.release("rest", at(0), 10*time.Second)
	o := q.order("held", at(0), 1)
	o.Expires, o.Keep = at(20), at(20)
	q.take(o)
}

func wakeOfClaim(t T, d storage.Driver) {
	q, dead := newQueue(t, d, "jobs"), newQueue(t, d, "dead")
	q.wakesAt("a claim in an empty queue", q.claim("c0", at(0), 1).Wake, at(0), time.Time{})
	q.post(at(0), text("a"), delayed("b", at(40)))
	q.worn(1, 1, dead)
	q.claim("c1", at(0), 1)
	q.wakesAt("a claim behind another", q.claim("c2", at(1), 1).Wake, at(1), at(30))
	q.release("c1", at(2), 0)
	buried := q.take(q.burying("c3", at(3), 5, 1, dead))
	same(t, "messages claimed", len(buried.Messages), 0)
	q.wakesAt("a claim that only buried", buried.Wake, at(3), at(40))
}

func wakeGone(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	got := q.post(at(0), text("held"), text("rests"), delayed("late", at(40)), text("free"))
	q.claim("c1", at(0), 1)
	q.claim("c2", at(0), 1)
	q.release("c2", at(1), time.Minute)
	q.remove(at(1), got[0])
	q.wakes(at(1), at(40))
	q.remove(at(1), got[2])
	q.wakes(at(1), at(61))
	q.remove(at(1), got[1])
	q.wakes(at(1), time.Time{})

	q.post(at(2), delayed("late", at(40)))
	q.claim("c3", at(2), 1)
	q.purge()
	q.wakes(at(3), time.Time{})
}
