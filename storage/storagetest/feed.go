package storagetest

import (
	"context"
	"time"

	"github.com/stackforge/marconi/storage"
)

func feedCases() []Case {
	return []Case{
		{"begins lost", "the first event says that events may have been missed", feedBeginsLost},
		{"posts", "a post is told with the positions that became visible", feedPosts},
		{"delayed posts", "a delayed post is told with the instant at which it falls due", feedDelayedPosts},
		{"fallen due", "a message that enters the log as it falls due is told", feedFallenDue},
		{"buried", "a dead letter is told to the followers of its queue", feedBuried},
		{"released", "a released claim is told", feedReleased},
		{"deleted and made again", "the end of a life is told, and the next life has its own epoch", feedLives},
		{"missing queue", "a queue that is not there can be followed", feedMissingQueue},
		{"one queue", "a follower hears of its queue alone", feedOneQueue},
		{"several followers", "every follower hears everything, until its own stop", feedSeveral},
		{"after stop", "nothing is told after stop has returned", feedAfterStop},
		{"context", "the context of Follow bounds Follow alone", feedContext},
	}
}

func feedBeginsLost(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), text("a"))
	l := q.follow()
	first := l.await("the first event", func(storage.Event) bool { return true })
	same(t, "Lost", first.Lost, true)
}

// ready follows a queue and waits until the feed has begun.
func (q queue) ready() *listener {
	q.Helper()
	l := q.follow()
	l.await("the first event", func(e storage.Event) bool { return e.Lost })
	return l
}

// visible finds an event that tells of a position.
func (q queue) visible(p storage.Position) func(storage.Event) bool {
	return func(e storage.Event) bool {
		return e.Epoch == q.epoch && e.First <= p && p <= e.Last && e.First > 0
	}
}

func feedPosts(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	l := q.ready()
	for p, bodies := range [][]string{{"a"}, {"b"}, {"c"}} {
		q.post(at(p), texts(bodies...)...)
		l.await("a post", q.visible(storage.Position(p+1)))
	}
	q.post(at(4), texts("d", "e", "f")...)
	l.await("the first of many", q.visible(4))
	e := l.await("the last of many", q.visible(6))
	if e.Last > 6 {
		t.Errorf("told of position %d, and 6 is the last", e.Last)
	}
}

func feedDelayedPosts(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	l := q.ready()
	due := func(want time.Time) func(storage.Event) bool {
		return func(e storage.Event) bool { return e.Due.Equal(want) && e.Epoch == q.epoch }
	}
	q.post(at(0), delayed("a", at(50)))
	e := l.await("the delayed post", due(at(50)))
	same(t, "Last", e.Last, 0)
	q.post(at(0), delayed("b", at(40)), text("c"), delayed("d", at(30)))
	l.await("the earliest of many", due(at(30)))
	l.await("the one that is visible", q.visible(1))
}

func feedFallenDue(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), delayed("a", at(5)), delayed("b", at(6)))
	l := q.ready()
	q.counts(at(6), 2, 0, 0)
	l.await("the first that fell due", q.visible(1))
	l.await("the second that fell due", q.visible(2))
}

func feedBuried(t T, d storage.Driver) {
	q, dead := newQueue(t, d, "jobs"), newQueue(t, d, "dead")
	q.post(at(0), text("a"))
	q.worn(1, 1, dead)
	l := dead.ready()
	q.take(q.burying("c", at(1), 1, 1, dead))
	l.await("the dead letter", dead.visible(1))
}

func feedReleased(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), text("a"))
	q.claim("c", at(0), 1)
	l := q.ready()
	q.release("c", at(1), 0)
	e := l.await("the release", func(e storage.Event) bool { return e.Freed })
	same(t, "Epoch", e.Epoch, q.epoch)
}

func feedLives(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	l := q.ready()
	q.post(at(0), text("a"))
	l.await("the first life's post", q.visible(1))
	l.forget()
	q.drop()
	l.await("the life's end", func(e storage.Event) bool { return e.Epoch == 0 })
	q.epoch += 2
	q.create()
	q.post(at(1), text("b"))
	l.await("the next life's post", q.visible(1))
}

func feedMissingQueue(t T, d storage.Driver) {
	q := absent(t, d, storage.QueueID{Project: project, Name: "jobs"})
	l := q.ready()
	q.create()
	q.post(at(0), text("a"))
	l.await("the first post", q.visible(1))
}

func feedOneQueue(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	l := q.ready()
	for _, s := range q.strangers()[:2] {
		s.post(at(0), text("theirs"), delayed("theirs, late", at(9)))
		s.claim("c", at(0), 1)
		s.release("c", at(0), 0)
		s.drop()
	}
	q.post(at(1), text("mine"))
	l.await("the own post", q.visible(1))
	for _, e := range l.heard() {
		if e.Lost {
			continue
		}
		same(t, "Epoch", e.Epoch, q.epoch)
		same(t, "Freed", e.Freed, false)
		same(t, "told of a delay", e.Due.IsZero(), true)
	}
}

func feedSeveral(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	first, second := q.ready(), q.ready()
	q.post(at(0), text("a"))
	first.await("the post", q.visible(1))
	second.await("the post", q.visible(1))
	first.stop()
	q.post(at(1), text("b"))
	second.await("the second post", q.visible(2))
	second.stop()
	third := q.ready()
	q.post(at(2), text("c"))
	third.await("the third post", q.visible(3))
}

func feedAfterStop(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	witness := q.ready()
	told := 0 // without a lock: the race detector sees a call after stop
	stop, err := d.Follow(t.Context(), q.id, func(storage.Event) { told++ })
	if err != nil {
		t.Fatalf("Follow: %v", err)
	}
	for i := range 20 {
		q.post(at(i), text("a"))
	}
	stop()
	then := told
	for i := range 20 {
		q.post(at(20+i), text("b"))
	}
	witness.await("the last post", q.visible(40))
	same(t, "events told after stop", told-then, 0)
}

func feedContext(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	ctx, cancel := context.WithCancel(t.Context())
	l := q.followWith(ctx)
	cancel()
	q.post(at(0), text("a"))
	l.await("a post after the context's end", q.visible(1))
	q.post(at(1), text("b"))
	l.await("another post", q.visible(2))
}
