package storagetest

import "github.com/stackforge/marconi/storage"

func lifeCases() []Case {
	return []Case{
		{"ended", "a life takes its messages and claims with it", lifeEnded},
		{"starts again", "positions, delayed IDs and versions count from 1 in each life", lifeStartsAgain},
		{"forgets posts", "idempotency records go with the queue", lifeForgetsPosts},
		{"ends alone", "deleting a queue touches no other", lifeEndsAlone},
		{"old IDs", "what an ID named is not there in another life", lifeOldIDs},
		{"purged", "a purge removes all messages and claims", lifePurged},
		{"goes on after a purge", "epoch, tail and records outlive a purge", lifeGoesOnAfterPurge},
		{"purged alone", "a purge touches no other queue", lifePurgedAlone},
	}
}

// busy fills a queue with a free, a claimed, a resting and a delayed message.
func (q queue) busy() []string {
	q.Helper()
	ids := q.post(at(0), text("claimed"), text("resting"), text("free"), delayed("late", at(100)))
	q.claim("live", at(0), 1)
	q.claim("rested", at(0), 1)
	q.release("rested", at(0), keepTime)
	return ids
}

func lifeEnded(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.busy()
	q.drop()
	_, err := d.GetQueue(t.Context(), q.id)
	answers(t, "GetQueue", err, storage.ErrQueueNotFound)
	q.unclaimed("live", at(1))

	q.epoch += 2
	q.create()
	q.holds(at(1))
	q.counts(at(1), 0, 0, 0)
	q.holds(at(200)) // neither comes back when its time would have come
	same(t, "messages to claim", len(q.claim("c", at(200), 10).Messages), 0)
}

func lifeStartsAgain(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	answers(t, "SetMetadata", d.SetMetadata(t.Context(), q.id, []byte("old"), 1), nil)
	q.busy()
	q = q.reborn()
	q.isRecorded(storage.Queue{ID: q.id, Epoch: q.epoch, Version: 1, Created: at(0)})

	s := q.stats(at(1))
	same(t, "epoch", s.Epoch, q.epoch)
	same(t, "tail", s.Tail, 0)
	got := q.posted(storage.Post{Now: at(1), Drafts: []storage.Draft{text("a"), delayed("b", at(9))}})
	same(t, "first position", got.First, 1)
	sameTexts(t, "IDs", got.IDs, q.position(1), storage.DelayedID(q.epoch, 1))
	q.holds(at(1), "a", "b")
}

func lifeForgetsPosts(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	key := storage.Post{Now: at(0), Drafts: texts("a"), Once: storage.Once{Key: "k", Until: far()}}
	seq := storage.Post{Now: at(0), Drafts: texts("b"), Once: storage.Once{Producer: "p", Seq: 1, Until: far()}}
	q.posted(key)
	q.posted(seq)
	q = q.reborn()
	q.posted(key)
	q.posted(seq)
	q.shows(at(1), "a", "b")
}

func lifeEndsAlone(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	neighbours := []queue{
		newQueue(t, d, "job"), newQueue(t, d, "jobs2"), newQueue(t, d, "jobs:"),
		newQueueOf(t, d, storage.QueueID{Project: "other", Name: "jobs"}),
	}
	q.busy()
	for _, n := range neighbours {
		n.busy()
	}
	q.drop()
	for _, n := range neighbours {
		n.holds(at(1), "claimed", "resting", "free", "late")
		n.counts(at(1), 4, 2, 1)
		sameBodies(t, "the claim", n.claimed("live", at(1)).Messages, "claimed")
	}
}

func lifeOldIDs(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	old := q.busy()
	q = q.reborn()
	q.post(at(1), text("new"))
	same(t, "messages under old IDs", len(q.get(at(1), old...)), 0)
	for _, id := range old {
		answers(t, "DeleteMessage", q.delete(at(1), id, ""), nil)
	}
	q.remove(at(1), old...)
	answers(t, "DeleteMessage with an old claim", q.delete(at(1), q.position(1), "live"), storage.ErrClaimNotFound)
	q.shows(at(1), "new")
}

func lifePurged(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	old := q.busy()
	q.purge()
	q.holds(at(1))
	q.counts(at(1), 0, 0, 0)
	q.unclaimed("live", at(1))
	answers(t, "RenewClaim", q.renew("live", at(1), at(60), at(60)), storage.ErrClaimNotFound)
	same(t, "messages got", len(q.get(at(1), old...)), 0)
	q.holds(at(200))
}

func lifeGoesOnAfterPurge(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	answers(t, "SetMetadata", d.SetMetadata(t.Context(), q.id, []byte("kept"), 1), nil)
	key := storage.Post{Now: at(0), Drafts: texts("a"), Once: storage.Once{Key: "k", Until: far()}}
	seq := storage.Post{Now: at(0), Drafts: texts("b"), Once: storage.Once{Producer: "p", Seq: 1, Until: far()}}
	byKey, bySeq := q.posted(key), q.posted(seq)
	q.post(at(0), delayed("c", at(9)))
	q.purge()

	q.isRecorded(storage.Queue{ID: q.id, Epoch: q.epoch, Version: 2, Metadata: []byte("kept"), Created: at(0)})
	same(t, "tail", q.stats(at(1)).Tail, 2)
	sameAgain(t, q, key, byKey.IDs)
	sameAgain(t, q, seq, bySeq.IDs)
	sameTexts(t, "IDs after the purge", q.post(at(1), text("d"), delayed("e", at(9))),
		q.position(3), storage.DelayedID(q.epoch, 2))
	q.holds(at(1), "d", "e")
}

func lifePurgedAlone(t T, d storage.Driver) {
	q, other := newQueue(t, d, "jobs"), newQueueOf(t, d, storage.QueueID{Project: "other", Name: "jobs"})
	q.busy()
	other.busy()
	q.purge()
	other.counts(at(1), 4, 2, 1)
	sameBodies(t, "the claim", other.claimed("live", at(1)).Messages, "claimed")
}
