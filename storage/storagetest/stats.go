package storagetest

import (
	"time"

	"github.com/stackforge/marconi/storage"
)

func statsCases() []Case {
	return []Case{
		{"empty", "an empty queue has no oldest and no newest message", statsEmpty},
		{"through a life", "the numbers stay right through delay, claim, release, rest, deletion and expiry", statsThroughLife},
		{"through burial", "the numbers of both queues stay right through burial", statsThroughBurial},
		{"expired in a claim's shadow", "expiry counts at its instant among the free, the resting and the delayed", statsExpiry},
		{"oldest and newest", "the first and last of the log, claimed included, with the delayed behind", statsOldestNewest},
		{"oldest and newest of the delayed", "without a log they are the first and last to fall due", statsOldestDelayed},
		{"epoch and tail", "tail is the last position given, though it is gone", statsTail},
	}
}

func statsEmpty(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	for range 2 {
		s := q.stats(at(0))
		if s.Total != 0 || s.Claimed != 0 || s.Delayed != 0 || s.Oldest != nil || s.Newest != nil {
			t.Errorf("stats of an empty queue: %+v", s)
		}
		q.post(at(0), text("a"), mortal("b", at(0).Add(time.Millisecond)))
		q.pop(at(1), 5)
	}
	s := q.stats(at(1))
	if s.Total != 0 || s.Oldest != nil || s.Newest != nil {
		t.Errorf("stats of an emptied queue: %+v", s)
	}
}

func statsThroughLife(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	got := q.post(at(0), text("a"), text("b"), text("c"), text("d"), delayed("e", at(20)), delayed("f", at(25)))
	q.counts(at(0), 6, 0, 2)
	q.claim("c1", at(1), 3) // a, b, c until 31
	q.counts(at(1), 6, 3, 2)
	answers(t, "DeleteMessage", q.delete(at(2), got[0], "c1"), nil)
	q.counts(at(2), 5, 2, 2)
	q.remove(at(2), got[4])
	q.counts(at(2), 4, 2, 1)
	q.release("c1", at(3), 7*time.Second)
	q.counts(at(3), 4, 2, 1)
	q.counts(at(10), 4, 0, 1)
	q.claim("c2", at(11), 1) // b until 41
	q.pop(at(12), 1)
	q.counts(at(12), 3, 1, 1)
	q.counts(at(25), 3, 1, 0)
	q.counts(before(at(41)), 3, 1, 0)
	q.counts(at(41), 3, 0, 0)
	q.pop(at(41), 3)
	q.counts(at(41), 0, 0, 0)
}

func statsThroughBurial(t T, d storage.Driver) {
	q, dead := newQueue(t, d, "jobs"), newQueue(t, d, "dead")
	q.post(at(0), texts("a", "b", "c")...)
	q.worn(1, 2, dead)
	q.take(q.burying("c", at(1), 3, 1, dead)) // buries a and b, claims c
	q.counts(at(1), 1, 1, 0)
	dead.counts(at(1), 2, 0, 0)
	dead.claim("d", at(2), 1)
	dead.counts(at(2), 2, 1, 0)
	dead.pop(at(2), 1)
	dead.counts(at(2), 1, 1, 0)
	dead.counts(at(500), 1, 0, 0)
	q.counts(at(500), 1, 0, 0)
}

func statsExpiry(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), mortal("rests", at(50)), mortal("held", at(60)), mortal("free", at(40)))
	q.post(at(0), storage.Draft{Visible: at(90), Expires: at(45)}, text("stays"))
	q.claim("c", at(0), 1)
	q.release("c", at(0), time.Hour)
	o := q.order("held", at(0), 1)
	o.Expires, o.Keep = at(60), at(60)
	q.take(o)
	q.counts(before(at(40)), 5, 2, 1)
	q.counts(at(40), 4, 2, 1)
	q.counts(at(45), 3, 2, 0)
	q.counts(at(50), 2, 1, 0)
	q.counts(before(at(60)), 2, 1, 0)
	q.counts(at(60), 1, 0, 0)
}

// ends checks the oldest and the newest message.
func (q queue) ends(now time.Time, oldest, newest string) {
	q.Helper()
	s := q.stats(now)
	if s.Oldest == nil || s.Newest == nil {
		q.Fatalf("stats at %v: oldest %v, newest %v", now, s.Oldest, s.Newest)
	}
	for what, pair := range map[string]struct {
		got *storage.Message
		id  string
	}{"oldest": {s.Oldest, oldest}, "newest": {s.Newest, newest}} {
		want := q.getOne(now, pair.id)
		if pair.got.Body == nil {
			want.Body = nil
		}
		sameMessage(q, what, *pair.got, want)
	}
}

func statsOldestNewest(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	got := q.post(at(0), texts("a", "b", "c")...)
	q.ends(at(1), got[0], got[2])
	q.claim("c1", at(1), 1)
	q.ends(at(1), got[0], got[2])
	late := q.post(at(2), delayed("later", at(60)), delayed("late", at(50)))
	q.ends(at(2), got[0], late[0])
	q.remove(at(2), late[0])
	q.ends(at(2), got[0], late[1])
	answers(t, "DeleteMessage", q.delete(at(3), got[0], "c1"), nil)
	q.ends(at(3), got[1], late[1])
	more := q.post(at(51), text("d"))
	q.ends(at(51), got[1], more[0])
	q.remove(at(52), got[1], got[2])
	q.ends(at(52), late[1], more[0])
	q.remove(at(52), late[1])
	q.ends(at(52), more[0], more[0])
}

func statsOldestDelayed(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	late := q.post(at(0), delayed("b", at(50)), delayed("a", at(40)), delayed("c", at(50)))
	q.ends(at(1), late[1], late[2])
	q.remove(at(1), late[2])
	q.ends(at(1), late[1], late[0])
	q.remove(at(1), late[1])
	q.ends(at(1), late[0], late[0])
}

func statsTail(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	got := q.post(at(0), text("a"), mortal("b", at(5)), delayed("c", at(8)))
	same(t, "epoch", q.stats(at(1)).Epoch, q.epoch)
	same(t, "tail", q.stats(at(1)).Tail, 2)
	q.remove(at(1), got[0])
	same(t, "tail of an empty log", q.stats(at(6)).Tail, 2)
	same(t, "tail when one fell due", q.stats(at(8)).Tail, 3)
}
