package storagetest

import (
	"hash/fnv"
	"time"

	"github.com/stackforge/marconi/storage"
)

const project = "project"

// at is the instant that many seconds into a case. It is not a whole second,
// so that a driver which cuts instants short is found out.
func at(seconds int) time.Time {
	start := time.Date(2033, time.May, 18, 3, 33, 20, 7*int(time.Millisecond), time.UTC)
	return start.Add(time.Duration(seconds) * time.Second)
}

// before is the last instant before t.
func before(t time.Time) time.Time { return t.Add(-time.Millisecond) }

// far is an end that no case lives to see.
func far() time.Time { return at(1_000_000) }

func text(body string) storage.Draft {
	return storage.Draft{Body: []byte(body), Expires: far()}
}

func texts(bodies ...string) []storage.Draft {
	drafts := make([]storage.Draft, len(bodies))
	for i, body := range bodies {
		drafts[i] = text(body)
	}
	return drafts
}

func mortal(body string, expires time.Time) storage.Draft {
	return storage.Draft{Body: []byte(body), Expires: expires}
}

func delayed(body string, visible time.Time) storage.Draft {
	return storage.Draft{Body: []byte(body), Visible: visible, Expires: far()}
}

// queue is a queue of the driver under test. Its methods end the case when a
// call fails that the case does not expect to fail.
type queue struct {
	T
	d     storage.Driver
	id    storage.QueueID
	epoch uint32
}

// newQueue makes a queue of the usual project.
func newQueue(t T, d storage.Driver, name string) queue {
	t.Helper()
	return newQueueOf(t, d, storage.QueueID{Project: project, Name: name})
}

func newQueueOf(t T, d storage.Driver, id storage.QueueID) queue {
	t.Helper()
	q := absent(t, d, id)
	q.create()
	return q
}

// absent names a queue without making it.
func absent(t T, d storage.Driver, id storage.QueueID) queue {
	return queue{T: t, d: d, id: id, epoch: epochOf(id)}
}

// epochOf gives every queue an epoch of its own.
func epochOf(id storage.QueueID) uint32 {
	h := fnv.New32a()
	h.Write([]byte(id.Project + "\x00\x01" + id.Name))
	return h.Sum32() | 1
}

func (q queue) create() {
	q.Helper()
	created, err := q.d.CreateQueue(q.Context(), storage.Queue{ID: q.id, Epoch: q.epoch, Created: at(0)})
	if err != nil || !created {
		q.Fatalf("CreateQueue %q = %v, %v; want a new queue", q.id, created, err)
	}
}

func (q queue) drop() {
	q.Helper()
	if err := q.d.DeleteQueue(q.Context(), q.id); err != nil {
		q.Fatalf("DeleteQueue %q: %v", q.id, err)
	}
}

// reborn drops the queue and makes it again, under another epoch.
func (q queue) reborn() queue {
	q.Helper()
	q.drop()
	q.epoch += 2
	q.create()
	return q
}

func (q queue) purge() {
	q.Helper()
	if err := q.d.PurgeMessages(q.Context(), q.id); err != nil {
		q.Fatalf("PurgeMessages: %v", err)
	}
}

// position is the text of a position in the queue's life.
func (q queue) position(p storage.Position) string {
	return storage.PositionText(q.epoch, p)
}

// try posts what p says, to this queue.
func (q queue) try(p storage.Post) (storage.Posted, error) {
	p.Queue = q.id
	if p.ClientID == "" {
		p.ClientID = "client"
	}
	return q.d.PostMessages(q.Context(), p)
}

// posted is try for a post that must store all its drafts.
func (q queue) posted(p storage.Post) storage.Posted {
	q.Helper()
	got, err := q.try(p)
	if err != nil {
		q.Fatalf("PostMessages: %v", err)
	}
	if len(got.IDs) != len(p.Drafts) || got.Again {
		q.Fatalf("PostMessages answered %d IDs, Again %v for %d new drafts", len(got.IDs), got.Again, len(p.Drafts))
	}
	return got
}

func (q queue) post(now time.Time, drafts ...storage.Draft) []string {
	q.Helper()
	return q.posted(storage.Post{Now: now, Drafts: drafts}).IDs
}

// postAs posts for a client.
func (q queue) postAs(client string, now time.Time, drafts ...storage.Draft) []string {
	q.Helper()
	return q.posted(storage.Post{ClientID: client, Now: now, Drafts: drafts}).IDs
}

func (q queue) get(now time.Time, ids ...string) []storage.Message {
	q.Helper()
	got, err := q.d.GetMessages(q.Context(), q.id, ids, now)
	if err != nil {
		q.Fatalf("GetMessages: %v", err)
	}
	return got
}

// getOne gets a message that must be there.
func (q queue) getOne(now time.Time, id string) storage.Message {
	q.Helper()
	return only(q, "messages with ID "+id, q.get(now, id))
}

// page lists what f says, of this queue; a Limit of 0 is plenty.
func (q queue) page(f storage.MessageFilter) storage.MessagePage {
	q.Helper()
	f.Queue = q.id
	if f.Limit == 0 {
		f.Limit = 10_000
	}
	page, err := q.d.ListMessages(q.Context(), f)
	if err != nil {
		q.Fatalf("ListMessages: %v", err)
	}
	return page
}

// after lists the log after a marker, without what is claimed.
func (q queue) after(now time.Time, marker string) []storage.Message {
	q.Helper()
	return q.page(storage.MessageFilter{Now: now, Marker: marker}).Items
}

// freed is the only message that can be claimed.
func (q queue) freed(now time.Time) storage.Message {
	q.Helper()
	return only(q, "free messages", q.after(now, ""))
}

func (q queue) stats(now time.Time) storage.Stats {
	q.Helper()
	s, err := q.d.QueueStats(q.Context(), q.id, now)
	if err != nil {
		q.Fatalf("QueueStats: %v", err)
	}
	return s
}

func (q queue) pop(now time.Time, limit int) []storage.Message {
	q.Helper()
	got, err := q.d.PopMessages(q.Context(), q.id, limit, now)
	if err != nil {
		q.Fatalf("PopMessages: %v", err)
	}
	return got
}

// remove deletes messages whoever holds them.
func (q queue) remove(now time.Time, ids ...string) {
	q.Helper()
	if err := q.d.DeleteMessages(q.Context(), q.id, ids, nil, now); err != nil {
		q.Fatalf("DeleteMessages: %v", err)
	}
}

// delete is DeleteMessage as it answers.
func (q queue) delete(now time.Time, id, claim string) error {
	return q.d.DeleteMessage(q.Context(), q.id, id, claim, now)
}
