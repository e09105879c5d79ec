package storagetest

import (
	"fmt"

	"github.com/stackforge/marconi/storage"
)

func queueCases() []Case {
	return []Case{
		{"made once", "a queue that exists stays as it is", queueMadeOnce},
		{"made from four fields", "version counts from 1 whatever the caller wrote there", queueMadeFromFields},
		{"metadata is bytes", "metadata comes back byte for byte", queueMetadataIsBytes},
		{"metadata has versions", "a change needs the version it was made from", queueMetadataVersions},
		{"metadata of one queue", "a change reaches one queue alone", queueMetadataApart},
		{"missing is an error", "these calls tell that there is no queue", queueMissingIsError},
		{"missing is empty", "to every other call what is in a missing queue is just not there", queueMissingIsEmpty},
		{"listed by name", "queues are listed in the byte order of their names", queueListedByName},
		{"listed after any name", "a marker is a name, of a queue or not", queueListedAfterAnyName},
		{"counted", "queues are counted by project", queueCounted},
	}
}

func queueMadeOnce(t T, d storage.Driver) {
	q := queue{T: t, d: d, id: storage.QueueID{Project: project, Name: "jobs"}, epoch: 7}
	first := storage.Queue{ID: q.id, Epoch: 7, Metadata: []byte("one"), Created: at(0)}
	created, err := d.CreateQueue(t.Context(), first)
	answers(t, "CreateQueue", err, nil)
	same(t, "created", created, true)
	q.post(at(1), text("a"))

	again := storage.Queue{ID: q.id, Epoch: 8, Metadata: []byte("two"), Created: at(2)}
	created, err = d.CreateQueue(t.Context(), again)
	answers(t, "CreateQueue again", err, nil)
	same(t, "created again", created, false)
	first.Version = 1
	q.isRecorded(first)
	q.shows(at(3), "a")
}

// isRecorded checks the queue's record.
func (q queue) isRecorded(want storage.Queue) {
	q.Helper()
	got, err := q.d.GetQueue(q.Context(), q.id)
	answers(q, "GetQueue", err, nil)
	sameQueue(q, got, want)
}

func sameQueue(t T, got, want storage.Queue) {
	t.Helper()
	same(t, "queue ID", got.ID, want.ID)
	same(t, "queue epoch", got.Epoch, want.Epoch)
	same(t, "queue version", got.Version, want.Version)
	same(t, "queue metadata", string(got.Metadata), string(want.Metadata))
	sameTime(t, "queue created", got.Created, want.Created)
}

func queueMadeFromFields(t T, d storage.Driver) {
	want := storage.Queue{ID: storage.QueueID{Project: project, Name: "jobs"}, Epoch: 0xffffffff, Created: at(5)}
	order := want
	order.Version = 9
	_, err := d.CreateQueue(t.Context(), order)
	answers(t, "CreateQueue", err, nil)
	want.Version = 1
	absent(t, d, want.ID).isRecorded(want)
}

func queueMetadataIsBytes(t T, d storage.Driver) {
	for i, metadata := range []string{"", "{}", "\x00", "a\x00b\xff\xfe\r\n", string(noise(64 << 10))} {
		q := absent(t, d, storage.QueueID{Project: project, Name: fmt.Sprint("jobs", i)})
		want := storage.Queue{ID: q.id, Epoch: q.epoch, Metadata: []byte(metadata), Created: at(0)}
		_, err := d.CreateQueue(t.Context(), want)
		answers(t, "CreateQueue", err, nil)
		want.Version = 1
		q.isRecorded(want)
		answers(t, "SetMetadata", d.SetMetadata(t.Context(), q.id, []byte(metadata+"!"), 1), nil)
		want.Version, want.Metadata = 2, []byte(metadata+"!")
		q.isRecorded(want)
	}
}

func queueMetadataVersions(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	set := func(metadata string, version uint64) error {
		return d.SetMetadata(t.Context(), q.id, []byte(metadata), version)
	}
	answers(t, "the first change", set("one", 1), nil)
	answers(t, "a change from version 1", set("stale", 1), storage.ErrChanged)
	answers(t, "a change from a version to come", set("early", 3), storage.ErrChanged)
	answers(t, "a change from version 0", set("none", 0), storage.ErrChanged)
	q.isRecorded(storage.Queue{ID: q.id, Epoch: q.epoch, Version: 2, Metadata: []byte("one"), Created: at(0)})
	answers(t, "the second change", set("two", 2), nil)
	answers(t, "the same metadata again", set("two", 3), nil)
	q.isRecorded(storage.Queue{ID: q.id, Epoch: q.epoch, Version: 4, Metadata: []byte("two"), Created: at(0)})
}

func queueMetadataApart(t T, d storage.Driver) {
	q, other := newQueue(t, d, "jobs"), newQueueOf(t, d, storage.QueueID{Project: "other", Name: "jobs"})
	answers(t, "SetMetadata", d.SetMetadata(t.Context(), q.id, []byte("one"), 1), nil)
	other.isRecorded(storage.Queue{ID: other.id, Epoch: other.epoch, Version: 1, Created: at(0)})
}

func queueMissingIsError(t T, d storage.Driver) {
	q := absent(t, d, storage.QueueID{Project: project, Name: "nowhere"})
	newQueueOf(t, d, storage.QueueID{Project: "other", Name: "nowhere"})
	ctx, missing := t.Context(), storage.ErrQueueNotFound

	_, err := d.GetQueue(ctx, q.id)
	answers(t, "GetQueue", err, missing)
	answers(t, "SetMetadata", d.SetMetadata(ctx, q.id, nil, 1), missing)
	_, err = d.QueueStats(ctx, q.id, at(0))
	answers(t, "QueueStats", err, missing)
	_, err = d.ListMessages(ctx, storage.MessageFilter{Queue: q.id, Now: at(0), Limit: 1})
	answers(t, "ListMessages", err, missing)
	_, err = d.CreateClaim(ctx, q.order("c", at(0), 1))
	answers(t, "CreateClaim", err, missing)
	for _, once := range []storage.Once{{}, {Key: "k", Until: far()}, {Producer: "p", Seq: 1, Until: far()}} {
		_, err = q.try(storage.Post{Now: at(0), Drafts: texts("a"), Once: once})
		answers(t, "PostMessages", err, missing)
	}
	q.create()
	q.holds(at(0))
}

func queueMissingIsEmpty(t T, d storage.Driver) {
	q := absent(t, d, storage.QueueID{Project: project, Name: "nowhere"})
	ctx, id := t.Context(), q.position(1)

	same(t, "messages got", len(q.get(at(0), id)), 0)
	same(t, "messages popped", len(q.pop(at(0), 5)), 0)
	answers(t, "DeleteMessage", q.delete(at(0), id, ""), nil)
	answers(t, "DeleteMessages", d.DeleteMessages(ctx, q.id, []string{id}, []string{}, at(0)), nil)
	q.purge()
	q.unclaimed("c", at(0))
	answers(t, "RenewClaim", q.renew("c", at(0), at(1), at(1)), storage.ErrClaimNotFound)
	q.release("c", at(0), 0)
	q.drop()

	_, err := d.GetQueue(ctx, q.id)
	answers(t, "GetQueue", err, storage.ErrQueueNotFound)
	queues, err := d.CountQueues(ctx, project)
	answers(t, "CountQueues", err, nil)
	same(t, "queues", queues, 0)
}

func queueListedByName(t T, d storage.Driver) {
	names := []string{"B", "a", "a-", "a0", "a_", "aa", "b", "é", "\U0001f600"} // in the order of their bytes
	for _, i := range []int{4, 0, 8, 2, 6, 1, 7, 3, 5} {
		newQueue(t, d, names[i])
	}
	newQueueOf(t, d, storage.QueueID{Project: "other", Name: "a1"})
	page := queuesAfter(t, d, "")
	sameTexts(t, "queues", queueNames(page), names...)
	same(t, "Next", page.Next, names[len(names)-1])
	for _, got := range page.Items {
		sameQueue(t, got, storage.Queue{ID: got.ID, Epoch: epochOf(got.ID), Version: 1, Created: at(0)})
	}
}

func queuesAfter(t T, d storage.Driver, marker string) storage.Page[storage.Queue] {
	t.Helper()
	page, err := d.ListQueues(t.Context(), storage.QueueFilter{Project: project, Marker: marker, Limit: 1000})
	if err != nil {
		t.Fatalf("ListQueues: %v", err)
	}
	return page
}

func queueNames(page storage.Page[storage.Queue]) []string {
	return each(page.Items, func(q storage.Queue) string { return q.ID.Name })
}

func queueListedAfterAnyName(t T, d storage.Driver) {
	for _, name := range []string{"b", "d", "f"} {
		newQueue(t, d, name)
	}
	sameTexts(t, "after a queue", queueNames(queuesAfter(t, d, "b")), "d", "f")
	sameTexts(t, "after no queue's name", queueNames(queuesAfter(t, d, "c")), "d", "f")
	sameTexts(t, "after a longer name", queueNames(queuesAfter(t, d, "d\x00")), "f")
	sameTexts(t, "after a name before all", queueNames(queuesAfter(t, d, "a")), "b", "d", "f")
	last := queuesAfter(t, d, "f")
	sameTexts(t, "after the last", queueNames(last))
	same(t, "Next of an empty page", last.Next, "")
	absent(t, d, storage.QueueID{Project: project, Name: "d"}).drop()
	sameTexts(t, "after a queue that was deleted", queueNames(queuesAfter(t, d, "d")), "f")
}

func queueCounted(t T, d storage.Driver) {
	count := func(project string, want int) {
		t.Helper()
		got, err := d.CountQueues(t.Context(), project)
		answers(t, "CountQueues", err, nil)
		same(t, "queues of "+project, got, want)
	}
	count(project, 0)
	a := newQueue(t, d, "a")
	newQueue(t, d, "b")
	newQueueOf(t, d, storage.QueueID{Project: "other", Name: "a"})
	count(project, 2)
	count("other", 1)
	count("none", 0)
	a.drop()
	a.drop()
	count(project, 1)
}
