package storagetest

import (
	"fmt"
	"strings"

	"github.com/stackforge/marconi/storage"
)

func messageCases() []Case {
	return []Case{
		{"got in the order of IDs", "messages come in the order in which they were asked for", messageOrder},
		{"got once", "an ID asked for twice is answered once", messageOnce},
		{"got in any state", "claimed, resting and delayed messages are got as well", messageStates},
		{"got many", "any number of IDs may be asked for", messageMany},
		{"text that is no ID", "what is no message's ID finds, deletes and harms nothing", messageNoID},
		{"popped in order", "a pop removes the first messages that could be claimed", messagePopped},
		{"popped around the held", "a pop passes over what is claimed, resting or delayed", messagePopsFree},
		{"popped whole", "a popped message is answered as it was", messagePopAnswers},
		{"popped once", "what is popped is gone for everybody", messagePoppedOnce},
	}
}

func messageOrder(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	got := q.post(at(0), text("a"), delayed("b", at(9)), text("c"), text("d"))
	sameBodies(t, "messages", q.get(at(1), got[3], got[1], got[0]), "d", "b", "a")
	sameBodies(t, "messages", q.get(at(1), got[0], q.position(77), got[2]), "a", "c")
	same(t, "messages under no ID", len(q.get(at(1))), 0)
}

func messageOnce(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	got := q.post(at(0), text("a"), delayed("b", at(9)), text("c"))
	sameBodies(t, "messages", q.get(at(1), got[2], got[1], got[2], got[0], got[1], got[2]), "c", "b", "a")
}

func messageStates(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	got := q.get(at(1), q.busy()...)
	sameBodies(t, "messages", got, "claimed", "resting", "free", "late")
	sameTexts(t, "claims", each(got, func(m storage.Message) string { return m.Claim }), "live", "", "", "")
	for i, want := range []storage.Position{1, 2, 3, 0} {
		same(t, "position", got[i].Position, want)
	}
}

func messageMany(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	var drafts []storage.Draft
	for i := range 500 {
		drafts = append(drafts, text(fmt.Sprint(i)))
	}
	got := q.post(at(0), drafts...)
	same(t, "messages", len(q.get(at(1), got...)), 500)
	q.remove(at(1), got[1:]...)
	q.holds(at(1), "0")
}

// lettered is a queue whose IDs hold hexadecimal letters.
func lettered(t T, d storage.Driver) queue {
	t.Helper()
	q := absent(t, d, storage.QueueID{Project: project, Name: "lettered"})
	q.epoch = 0xabcdef01
	q.create()
	return q
}

// nonsense is text that names nothing in a queue whose messages have these IDs.
func (q queue) nonsense(ids []string) []string {
	return []string{
		"", "x", "nope", ids[0] + " ", " " + ids[0], strings.ToUpper(ids[0]), ids[0][:24], ids[0] + "0",
		strings.Replace(ids[0], "-", "_", 1), storage.PositionText(q.epoch, 0), storage.PositionText(q.epoch, 99),
		storage.PositionText(q.epoch+1, 1), storage.DelayedID(q.epoch, 0), storage.DelayedID(q.epoch, 99),
		storage.DelayedID(q.epoch+1, 1), storage.PositionText(q.epoch, 1<<63), storage.DelayedID(q.epoch, 1<<64-1),
		storage.Marker{Kind: storage.AmongDelayed, Epoch: q.epoch, Position: 1, Due: at(9), Counter: 1}.String(),
		"\x00", "\xff\xfe", "*", "..", strings.Repeat("f", 10_000),
	}
}

func messageNoID(t T, d storage.Driver) {
	q := lettered(t, d)
	stored := q.post(at(0), text("a"), delayed("b", at(9)), text("c"))
	nonsense := q.nonsense(stored)
	same(t, "messages got", len(q.get(at(1), nonsense...)), 0)
	for _, id := range nonsense {
		answers(t, fmt.Sprintf("DeleteMessage %.40q", id), q.delete(at(1), id, ""), nil)
	}
	q.remove(at(1), nonsense...)
	sameBodies(t, "messages among nonsense", q.get(at(1), append(nonsense, stored...)...), "a", "b", "c")
	q.holds(at(1), "a", "c", "b")
}

func messagePopped(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), texts("a", "b", "c", "d", "e")...)
	sameBodies(t, "the first pop", q.pop(at(1), 2), "a", "b")
	q.shows(at(1), "c", "d", "e")
	sameBodies(t, "the second pop", q.pop(at(1), 10), "c", "d", "e")
	same(t, "messages left", len(q.pop(at(1), 10)), 0)
	q.counts(at(1), 0, 0, 0)
}

func messagePopsFree(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.busy()
	q.post(at(1), text("more"))
	sameBodies(t, "popped", q.pop(at(1), 2), "free", "more")
	q.holds(at(1), "claimed", "resting", "late")
	q.release("live", at(2), 0)
	sameBodies(t, "popped after release", q.pop(at(2), 5), "claimed")
	sameBodies(t, "popped after the rest", q.pop(at(0).Add(keepTime), 5), "resting")
}

func messagePopAnswers(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	id := q.postAs("someone", at(1), storage.Draft{Body: []byte("a"), Encoding: "gzip", Checksum: "sum", Expires: at(50)})[0]
	want := q.getOne(at(2), id)
	got := q.pop(at(2), 1)
	if len(got) != 1 {
		t.Fatalf("popped %d messages", len(got))
	}
	sameMessage(t, "the popped message", got[0], want)
}

func messagePoppedOnce(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	got := q.post(at(0), texts("a", "b")...)
	q.claim("c", at(0), 1)
	q.release("c", at(0), 0)
	q.pop(at(1), 2)
	same(t, "messages got", len(q.get(at(1), got...)), 0)
	same(t, "messages claimed", len(q.claim("c2", at(1), 2).Messages), 0)
	q.holds(at(1))
	q.holds(at(100))
}
