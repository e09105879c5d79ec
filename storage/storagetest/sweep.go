package storagetest

import (
	"fmt"
	"time"

	"github.com/stackforge/marconi/storage"
)

func sweepCases() []Case {
	return []Case{
		{"swept or not", "nothing that anybody can see depends on sweeping", sweepInvisible},
		{"reports", "a sweep tells how many it removed, and fewer than its limit at the end", sweepReports},
		{"reports subscriptions", "expired subscriptions are swept, of queues that are not there too", sweepSubscriptions},
		{"removes the dead alone", "what is not ended at that instant stays", sweepLiving},
		{"nothing to do", "a sweep of an empty backend removes nothing", sweepEmpty},
		{"records", "a swept record is forgotten no sooner than an unswept one", sweepRecords},
	}
}

// sweep sweeps at an instant until there is no more to do, and tells how many
// were removed.
func sweep(t T, d storage.Driver, now time.Time, limit int) int {
	t.Helper()
	for total, calls := 0, 0; ; calls++ {
		n, err := d.Sweep(t.Context(), now, limit)
		if err != nil || n < 0 || calls > 10_000 {
			t.Fatalf("Sweep answered %d, %v in call %d", n, err, calls)
		}
		total += n
		if n < limit {
			return total
		}
	}
}

// look tells all that can be seen of a queue at an instant.
func (q queue) look(now time.Time) string {
	q.Helper()
	page := q.page(storage.MessageFilter{Now: now, IncludeClaimed: true, IncludeDelayed: true})
	s := q.stats(now)
	list := q.subscriptions(storage.SubscriptionFilter{Now: now, Limit: 100})
	return fmt.Sprintf("%q tail %d, %q; total %d claimed %d delayed %d tail %d; %q %q",
		each(page.Items, func(m storage.Message) string { return fmt.Sprint(m.Position, string(m.Body), m.Claim) }),
		page.Tail, bodies(q.after(now, "")), s.Total, s.Claimed, s.Delayed, s.Tail,
		subscriptionIDs(list.Items), each(list.Items, func(s storage.Subscription) string { return s.Subscriber }))
}

// aging fills a queue with what ends at different instants, up to 60.
func (q queue) aging(dead queue) {
	q.Helper()
	for i := range 20 {
		q.post(at(0), mortal(fmt.Sprint("a", i), at(3*i+1)), delayed(fmt.Sprint("b", i), at(2*i)))
		q.post(at(0), storage.Draft{Body: fmt.Append(nil, "c", i), Visible: at(2 * i), Expires: at(3 * i)}, text("stays"))
	}
	for i := range 5 {
		q.take(q.burying(fmt.Sprint("claim", i), at(i), 3, 1, dead))
		s := durable(fmt.Sprint("s", i))
		s.Expires = at(12 * i)
		if i > 0 {
			q.subscribe(s, at(0))
		}
	}
	q.release("claim1", at(5), 30*time.Second)
}

// sweepInvisible looks at aging queues before and after every sweep.
func sweepInvisible(t T, d storage.Driver) {
	q, dead := newQueue(t, d, "jobs"), newQueue(t, d, "dead")
	q.aging(dead)
	for now := 5; now <= 65; now += 4 {
		want, wantDead := q.look(at(now)), dead.look(at(now))
		sweep(t, d, at(now), 1+now%7)
		same(t, fmt.Sprintf("after the sweep at %d", now), q.look(at(now)), want)
		same(t, fmt.Sprintf("the dead letters after the sweep at %d", now), dead.look(at(now)), wantDead)
	}
}

func sweepReports(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	for i := range 12 {
		q.post(at(0), mortal(fmt.Sprint(i), at(5)), text("stays"))
	}
	same(t, "removed before", sweep(t, d, before(at(5)), 5), 0)
	if n := sweep(t, d, at(5), 5); n < 12 {
		t.Errorf("sweeps removed %d; 12 messages had expired", n)
	}
	same(t, "removed again", sweep(t, d, at(5), 5), 0)
	q.counts(at(5), 12, 0, 0)
}

func sweepSubscriptions(t T, d storage.Driver) {
	for _, q := range []queue{newQueue(t, d, "jobs"), absent(t, d, storage.QueueID{Project: project, Name: "nowhere"})} {
		for _, id := range []string{"a", "b", "c"} {
			s := subscription(id)
			s.Expires = at(5)
			q.subscribe(s, at(0))
		}
		q.subscribe(subscription("stays"), at(0))
		if n := sweep(t, d, at(5), 2); n < 3 {
			t.Errorf("sweeps removed %d; 3 subscriptions had expired", n)
		}
		q.hasSubscriptions(at(5), "stays")
	}
}

func sweepLiving(t T, d storage.Driver) {
	q, dead := newQueue(t, d, "jobs"), newQueue(t, d, "dead")
	q.post(at(0), text("a"), mortal("kept", at(5)), mortal("b", at(11)))
	q.post(at(0), delayed("late", at(20)), delayed("due", at(9)))
	c := q.order("c", at(1), 2)
	q.take(c)
	s := subscription("s")
	s.Expires = at(11)
	q.subscribe(s, at(0))
	sweep(t, d, at(10), 100)
	q.holds(at(10), "a", "kept", "b", "due", "late")
	sameBodies(t, "the claim", q.claimed("c", at(10)).Messages, "a", "kept")
	q.hasSubscriptions(at(10), "s")
	sweep(t, d, at(1).Add(holdTime), 100)
	q.shows(at(1).Add(holdTime), "a", "kept", "due", "late")
	dead.holds(at(40))
	q.isRecorded(storage.Queue{ID: q.id, Epoch: q.epoch, Version: 1, Created: at(0)})
}

func sweepEmpty(t T, d storage.Driver) {
	same(t, "removed", sweep(t, d, at(0), 10), 0)
	q := newQueue(t, d, "jobs")
	q.post(at(0), text("a"))
	same(t, "removed", sweep(t, d, at(1), 10), 0)
	q.shows(at(1), "a")
}

func sweepRecords(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	key, seq := keyed("k", 1, mortal("a", at(5))), sequenced("p", 1, mortal("b", at(5)))
	byKey, bySeq := q.posted(key), q.posted(seq)
	late := q.post(at(0), storage.Draft{Body: []byte("late"), Visible: at(2), Expires: at(50)}, text("c"))[0]
	q.remove(at(3), late)
	sweep(t, d, before(at(50)), 10)
	sameBodies(t, "after an alias", q.after(before(at(50)), late))
	sweep(t, d, before(at(100)), 10)
	key.Now, seq.Now = before(at(100)), before(at(100))
	sameAgain(t, q, key, byKey.IDs)
	sameAgain(t, q, seq, bySeq.IDs)
	sweep(t, d, at(100), 10)
	key.Now, key.Once.Until = at(100), at(200)
	key.Drafts[0].Expires = far()
	q.posted(key)
	q.shows(at(100), "c", "a")
}
