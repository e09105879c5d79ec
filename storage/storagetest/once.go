package storagetest

import (
	"slices"

	"github.com/stackforge/marconi/storage"
)

func onceCases() []Case {
	return []Case{
		{"same key again", "the second post answers the IDs of the first and stores nothing", onceAgain},
		{"delayed IDs again", "the IDs of delayed drafts are remembered as well", onceDelayedAgain},
		{"after deletion", "the first IDs are answered even if the messages are gone", onceAfterDeletion},
		{"other sum", "a key with other content is refused", onceOtherSum},
		{"until", "a key is forgotten at Until, and not before", onceUntil},
		{"again changes nothing", "a repeat does not make the record live longer", onceAgainChangesNothing},
		{"scoped by queue", "a key belongs to its queue alone", onceScopedByQueue},
		{"not scoped by client", "a key is the same whichever client sends it", onceAnyClient},
		{"not by producer", "keys and producers do not meet", onceNotByProducer},
		{"nothing asked", "posts without key and producer are not compared", onceNothingAsked},
		{"large", "the IDs of a large post are all answered again, in order", onceLarge},
	}
}

func keyed(key string, sum byte, drafts ...storage.Draft) storage.Post {
	return storage.Post{Now: at(0), Drafts: drafts, Once: storage.Once{Key: key, Sum: [16]byte{15: sum}, Until: at(100)}}
}

// sameAgain checks that a post is answered as one stored before.
func sameAgain(t T, q queue, p storage.Post, ids []string) {
	t.Helper()
	got, err := q.try(p)
	answers(t, "the repeated post", err, nil)
	same(t, "Again", got.Again, true)
	same(t, "First of a repeat", got.First, 0)
	same(t, "Last of a repeat", got.Last, 0)
	sameTexts(t, "IDs of a repeat", got.IDs, ids...)
}

func onceAgain(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	first := q.posted(keyed("k", 1, texts("a", "b")...))
	q.post(at(1), text("c"))
	again := keyed("k", 1, texts("a", "b")...)
	again.Now = at(2)
	sameAgain(t, q, again, first.IDs)
	sameAgain(t, q, again, first.IDs)
	q.shows(at(3), "a", "b", "c")
	same(t, "tail", q.stats(at(3)).Tail, 3)
}

func onceDelayedAgain(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	p := keyed("k", 1, delayed("a", at(9)), text("b"), delayed("c", at(5)))
	first := q.posted(p)
	sameAgain(t, q, p, first.IDs)
	p.Now = at(20)
	sameAgain(t, q, p, first.IDs)
	q.holds(at(20), "b", "c", "a")
}

func onceAfterDeletion(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	p := keyed("k", 1, texts("a", "b", "c")...)
	p.Drafts[1].Expires = at(5)
	first := q.posted(p)
	q.remove(at(1), first.IDs[0])
	p.Now = at(10)
	sameAgain(t, q, p, first.IDs)
	q.pop(at(10), 1)
	sameAgain(t, q, p, first.IDs)
	q.holds(at(10))
}

func onceOtherSum(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	first := q.posted(keyed("k", 1, text("a")))
	_, err := q.try(keyed("k", 2, text("b")))
	answers(t, "the key with another sum", err, storage.ErrKeyReused)
	_, err = q.try(keyed("k", 0, text("a")))
	answers(t, "the key with an empty sum", err, storage.ErrKeyReused)
	sameAgain(t, q, keyed("k", 1, text("a")), first.IDs)
	q.shows(at(1), "a")
	sameTexts(t, "the next ID", q.post(at(1), text("c"), delayed("d", at(5))),
		q.position(2), storage.DelayedID(q.epoch, 1))
}

func onceUntil(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	first := q.posted(keyed("k", 1, text("a")))
	again := keyed("k", 1, text("a"))
	again.Now = before(at(100))
	sameAgain(t, q, again, first.IDs)
	other := keyed("k", 2, text("b"))
	other.Now, other.Once.Until = at(100), at(200)
	second := q.posted(other)
	q.shows(at(100), "a", "b")
	other.Now = at(150)
	sameAgain(t, q, other, second.IDs)
}

func onceAgainChangesNothing(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	first := q.posted(keyed("k", 1, text("a")))
	again := keyed("k", 1, text("a"))
	again.Now, again.Once.Until = at(50), at(150)
	sameAgain(t, q, again, first.IDs)
	again.Now, again.Once.Until = at(100), at(200)
	q.posted(again)
	q.shows(at(100), "a", "a")
}

func onceScopedByQueue(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	first := q.posted(keyed("k", 1, text("a")))
	for _, other := range q.strangers()[:2] {
		theirs := other.posted(keyed("k", 2, text("b")))
		sameAgain(t, other, keyed("k", 2, text("b")), theirs.IDs)
	}
	sameAgain(t, q, keyed("k", 1, text("a")), first.IDs)
}

func onceAnyClient(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	p := keyed("k", 1, text("a"))
	first := q.posted(p)
	p.ClientID = "another"
	sameAgain(t, q, p, first.IDs)
}

func onceNotByProducer(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.posted(keyed("same", 1, text("a")))
	q.posted(sequenced("same", 1, text("b")))
	q.posted(keyed("same2", 1, text("c")))
	q.posted(sequenced("same", 2, text("d")))
	q.shows(at(1), "a", "b", "c", "d")
}

func onceNothingAsked(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	for range 3 {
		q.posted(storage.Post{Now: at(0), Drafts: texts("a")})
	}
	q.shows(at(0), "a", "a", "a")
}

func onceLarge(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	p := keyed("k", 1, slices.Repeat(texts("a"), 1500)...)
	first := q.posted(p)
	sameAgain(t, q, p, first.IDs)
	same(t, "tail", q.stats(at(0)).Tail, 1500)
}
