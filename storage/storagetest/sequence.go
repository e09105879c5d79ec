package storagetest

import (
	"errors"
	"fmt"

	"github.com/stackforge/marconi/storage"
)

func sequenceCases() []Case {
	return []Case{
		{"counts from 1", "the number after the last one stored stores", sequenceCounts},
		{"repeat", "a number stored before is answered with its IDs", sequenceRepeat},
		{"repeat of the gone", "its IDs are answered even if the messages are gone", sequenceRepeatOfGone},
		{"memory", "the record keeps the IDs of the last ProducerMemory posts", sequenceMemory},
		{"gap", "any other number is refused and names the one expected", sequenceGap},
		{"refusal stores nothing", "a refused post leaves neither message nor number behind", sequenceRefusal},
		{"until", "the record ends at the Until of its last post", sequenceUntil},
		{"until, among others", "each record ends at its own last end, whatever the order", sequenceUntilAmong},
		{"several producers", "each producer counts for itself, in each queue", sequenceProducers},
	}
}

func sequenced(producer string, seq uint64, drafts ...storage.Draft) storage.Post {
	return storage.Post{Now: at(0), Drafts: drafts, Once: storage.Once{Producer: producer, Seq: seq, Until: at(100)}}
}

// wanting checks that a post is refused with the number that is expected.
func wanting(t T, q queue, p storage.Post, want uint64) {
	t.Helper()
	_, err := q.try(p)
	answers(t, fmt.Sprintf("post %d", p.Once.Seq), err, storage.ErrOutOfOrder)
	var refused storage.OutOfOrder
	if !errors.As(err, &refused) || refused.Want != want {
		t.Errorf("post %d answered %v, want an OutOfOrder that expects %d", p.Once.Seq, err, want)
	}
}

func sequenceCounts(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	for i, body := range []string{"a", "b", "c"} {
		got := q.posted(sequenced("p", uint64(i+1), text(body)))
		same(t, "First", got.First, storage.Position(i+1))
	}
	q.shows(at(1), "a", "b", "c")
}

func sequenceRepeat(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	first := q.posted(sequenced("p", 1, text("a"), delayed("b", at(9))))
	second := q.posted(sequenced("p", 2, texts("c", "d")...))
	sameAgain(t, q, sequenced("p", 1, text("a"), delayed("b", at(9))), first.IDs)
	sameAgain(t, q, sequenced("p", 2, texts("c", "d")...), second.IDs)
	q.posted(sequenced("p", 3, text("e")))
	q.holds(at(1), "a", "c", "d", "e", "b")
}

func sequenceRepeatOfGone(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	first := q.posted(sequenced("p", 1, texts("a", "b")...))
	q.remove(at(1), first.IDs[0])
	q.pop(at(1), 1)
	sameAgain(t, q, sequenced("p", 1, texts("a", "b")...), first.IDs)
	q.holds(at(1))
}

func sequenceMemory(t T, d storage.Driver) {
	const posts = storage.ProducerMemory + 6
	q := newQueue(t, d, "jobs")
	var stored [posts + 1][]string
	for seq := 1; seq <= posts; seq++ {
		drafts := texts("a", "b")[:1+seq%2]
		stored[seq] = q.posted(sequenced("p", uint64(seq), drafts...)).IDs
	}
	for seq := 1; seq <= posts; seq++ {
		want := stored[seq]
		if seq <= posts-storage.ProducerMemory {
			want = nil
		}
		sameAgain(t, q, sequenced("p", uint64(seq), text("a")), want)
	}
	q.posted(sequenced("p", posts+1, text("z")))
}

func sequenceGap(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	wanting(t, q, sequenced("p", 0, text("x")), 1)
	wanting(t, q, sequenced("p", 2, text("x")), 1)
	q.posted(sequenced("p", 1, text("a")))
	wanting(t, q, sequenced("p", 3, text("x")), 2)
	wanting(t, q, sequenced("p", 0, text("x")), 2)
	wanting(t, q, sequenced("p", 1<<63, text("x")), 2)
	q.posted(sequenced("p", 2, text("b")))
	q.shows(at(1), "a", "b")
}

func sequenceRefusal(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), text("a"), delayed("b", at(9)))
	wanting(t, q, sequenced("p", 5, text("x"), delayed("y", at(9))), 1)
	q.holds(at(0), "a", "b")
	same(t, "tail", q.stats(at(0)).Tail, 1)
	got := q.posted(sequenced("p", 1, text("c"), delayed("d", at(9))))
	sameTexts(t, "IDs after a refusal", got.IDs, q.position(2), storage.DelayedID(q.epoch, 2))
}

func sequenceUntil(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.posted(sequenced("p", 1, text("a")))
	second := sequenced("p", 2, text("b"))
	second.Once.Until = at(50) // of the last post, though the first one's is later
	ids := q.posted(second).IDs
	second.Now = before(at(50))
	sameAgain(t, q, second, ids)

	third := sequenced("p", 3, text("c"))
	third.Now = at(50)
	wanting(t, q, third, 1)
	restart := sequenced("p", 1, text("d"))
	restart.Now, restart.Once.Until = at(50), at(150)
	q.posted(restart)
	third.Now = at(51)
	wanting(t, q, third, 2)
	q.shows(at(51), "a", "b", "d")
}

func sequenceUntilAmong(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	post := func(producer string, seq uint64, until int) {
		t.Helper()
		p := sequenced(producer, seq, text("x"))
		p.Once.Until = at(until)
		q.posted(p)
	}
	for i, producer := range []string{"a", "b", "c", "d"} {
		post(producer, 1, 10*(i+1))
	}
	post("a", 2, 35)
	post("c", 2, 15)
	for _, end := range []struct {
		at       int
		producer string
		last     uint64
	}{{15, "c", 2}, {20, "b", 1}, {35, "a", 2}, {40, "d", 1}} {
		p := sequenced(end.producer, 9, text("x"))
		p.Now = before(at(end.at))
		wanting(t, q, p, end.last+1)
		p.Now = at(end.at)
		wanting(t, q, p, 1)
	}
}

func sequenceProducers(t T, d storage.Driver) {
	q, other := newQueue(t, d, "jobs"), newQueueOf(t, d, storage.QueueID{Project: "other", Name: "jobs"})
	q.posted(sequenced("p", 1, text("a")))
	q.posted(sequenced("p", 2, text("b")))
	q.posted(sequenced("p2", 1, text("c")))
	other.posted(sequenced("p", 1, text("x")))
	wanting(t, other, sequenced("p", 3, text("y")), 2)
	wanting(t, q, sequenced("p2", 3, text("y")), 2)
	p := sequenced("p", 3, text("d"))
	p.ClientID = "another"
	q.posted(p)
	q.shows(at(1), "a", "b", "c", "d")
}
