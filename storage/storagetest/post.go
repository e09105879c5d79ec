package storagetest

import (
	"fmt"
	"math/rand/v2"

	"github.com/stackforge/marconi/storage"
)

func postCases() []Case {
	return []Case{
		{"positions without gaps", "messages are given 1, 2, 3 … over all posts", postPositions},
		{"fields", "a message is what was posted, at the instant it was posted", postFields},
		{"large", "a post of 2,000 messages is stored whole and in order", postLarge},
		{"any body", "bodies come back byte for byte", postBodies},
		{"same body twice", "every draft is a message, also if it equals another", postTwins},
		{"mixed", "delayed drafts have an ID of their own kind and no position", postMixed},
		{"all delayed", "First and Last are 0 if nothing is visible at once", postAllDelayed},
		{"delay in the past", "visible not after the post's instant is at once", postDelayInPast},
		{"expiry at its instant", "a message is gone at Expires, and not before", postExpiry},
		{"empty places", "a place is never given again", postEmptyPlaces},
		{"nothing", "a post of no drafts stores nothing and is answered and remembered as others", postNothing},
		{"one by one", "IDs of different posts and queues never meet", postDistinct},
	}
}

// noise is n bytes that compress to nothing, the same every time.
func noise(n int) []byte {
	r, b := rand.New(rand.NewPCG(1, uint64(n))), make([]byte, n)
	for i := range b {
		b[i] = byte(r.Uint32())
	}
	return b
}

func postPositions(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	next := storage.Position(1)
	for _, n := range []int{1, 3, 1, 20} {
		drafts := make([]storage.Draft, n)
		for i := range drafts {
			drafts[i] = text(fmt.Sprint(next + storage.Position(i)))
		}
		got := q.posted(storage.Post{Now: at(0), Drafts: drafts})
		same(t, "First", got.First, next)
		same(t, "Last", got.Last, next+storage.Position(n)-1)
		for _, id := range got.IDs {
			same(t, "ID", id, q.position(next))
			next++
		}
	}
	for i, m := range q.after(at(0), "") {
		same(t, "Position", m.Position, storage.Position(i+1))
		same(t, "ID", m.ID, q.position(m.Position))
		same(t, "Body", string(m.Body), fmt.Sprint(m.Position))
	}
	same(t, "tail", q.stats(at(0)).Tail, next-1)
}

func postFields(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	drafts := []storage.Draft{
		{Body: []byte("plain"), Expires: at(60)},
		{Body: []byte("packed"), Encoding: "zstd", Expires: at(61), Checksum: "MD5:0123456789abcdef"},
		{Body: []byte("later"), Encoding: "gzip", Visible: at(9), Expires: at(62), Checksum: "SHA256:00"},
	}
	got := q.postAs("3381af92-2b9e-11e3-b191-71861300734c", at(5), drafts...)
	for i, draft := range drafts {
		want := storage.Message{
			ID: got[i], ClientID: "3381af92-2b9e-11e3-b191-71861300734c", Position: storage.Position(i + 1),
			Body: draft.Body, Encoding: draft.Encoding, Checksum: draft.Checksum,
			Created: at(5), Visible: at(5), Expires: draft.Expires, Since: at(5),
		}
		if i == 2 {
			want.Position, want.Visible = 0, at(9)
		}
		sameMessage(t, "message got", q.getOne(at(6), got[i]), want)
		page := q.page(storage.MessageFilter{Now: at(6), IncludeDelayed: true})
		sameTexts(t, "IDs", ids(page.Items), got...)
		sameMessage(t, "message listed", page.Items[i], want)
	}
	want := q.getOne(at(6), got[2])
	want.Position = 3
	sameMessage(t, "message fallen due", q.getOne(at(9), got[2]), want)
}

func postLarge(t T, d storage.Driver) {
	const n = 2000
	q := newQueue(t, d, "jobs")
	q.post(at(0), text("first"))
	drafts := make([]storage.Draft, n)
	for i := range drafts {
		drafts[i] = text(fmt.Sprint(i))
		if i%10 == 9 {
			drafts[i] = delayed(fmt.Sprint(i), at(60))
		}
	}
	got := q.posted(storage.Post{Now: at(1), Drafts: drafts})
	same(t, "First", got.First, 2)
	same(t, "Last", got.Last, 1+n*9/10)
	q.counts(at(1), n+1, 0, n/10)
	listed := q.after(at(1), q.position(1))
	listed = append(listed, q.after(at(60), q.position(got.Last))...)
	if len(listed) != n {
		t.Fatalf("listed %d messages of %d", len(listed), n)
	}
	for i, m := range listed {
		want := i + i/9
		if i >= n*9/10 {
			want = (i-n*9/10)*10 + 9
		}
		same(t, "body", string(m.Body), fmt.Sprint(want))
		same(t, "ID", m.ID, got.IDs[want])
	}
}

func postBodies(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	var want []string
	for _, n := range []int{0, 1, 255, 256, 65_535, 65_536, 256 << 10} {
		want = append(want, string(noise(n)))
	}
	want = append(want, "\x00", "\x00\x00a\x00", "\xff\xfe", "null", "{}", " ", "\r\n")
	got := q.post(at(0), texts(want...)...)
	q.shows(at(1), want...)
	sameBodies(t, "messages got", q.get(at(1), got...), want...)
	sameBodies(t, "messages claimed", q.claim("c", at(1), len(want)).Messages, want...)
	q.release("c", at(2), 0)
	sameBodies(t, "messages popped", q.pop(at(3), len(want)), want...)
}

func postTwins(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), texts("a", "a")...)
	q.post(at(0), text("a"))
	q.shows(at(0), "a", "a", "a")
}

func postMixed(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	got := q.posted(storage.Post{Now: at(0), Drafts: []storage.Draft{
		delayed("late", at(9)), text("a"), delayed("soon", at(5)), text("b"), delayed("late too", at(9)),
	}})
	sameTexts(t, "IDs", got.IDs, storage.DelayedID(q.epoch, 1), q.position(1),
		storage.DelayedID(q.epoch, 2), q.position(2), storage.DelayedID(q.epoch, 3))
	same(t, "First", got.First, 1)
	same(t, "Last", got.Last, 2)
	sameTexts(t, "IDs of the next post", q.post(at(0), delayed("later", at(10)), text("c")),
		storage.DelayedID(q.epoch, 4), q.position(3))
	q.holds(at(0), "a", "b", "c", "soon", "late", "late too", "later")
}

func postAllDelayed(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), text("a"))
	got := q.posted(storage.Post{Now: at(0), Drafts: []storage.Draft{delayed("b", at(5)), delayed("c", at(6))}})
	same(t, "First", got.First, 0)
	same(t, "Last", got.Last, 0)
	same(t, "tail", q.stats(at(0)).Tail, 1)
}

func postDelayInPast(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	got := q.posted(storage.Post{Now: at(5), Drafts: []storage.Draft{
		delayed("past", at(4)), delayed("now", at(5)), delayed("next", at(5).Add(1e6)),
	}})
	same(t, "Last", got.Last, 2)
	q.shows(at(5), "past", "now")
	for _, m := range q.after(at(5), "") {
		sameTime(t, "Visible of "+string(m.Body), m.Visible, at(5))
	}
}

func postExpiry(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	id := q.post(at(0), mortal("a", at(10)), text("b"))[0]
	q.holds(before(at(10)), "a", "b")
	q.counts(before(at(10)), 2, 0, 0)
	same(t, "messages got before", len(q.get(before(at(10)), id)), 1)

	q.holds(at(10), "b")
	q.counts(at(10), 1, 0, 0)
	same(t, "messages got", len(q.get(at(10), id)), 0)
	sameBodies(t, "messages claimed", q.claim("c", at(10), 5).Messages, "b")
	q.release("c", at(10), 0)
	sameBodies(t, "messages popped", q.pop(at(10), 5), "b")
}

func postEmptyPlaces(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	got := q.post(at(0), text("a"), mortal("b", at(5)), text("c"), text("d"))
	q.remove(at(1), got[0], got[2], got[3])
	sameTexts(t, "ID after an empty tail", q.post(at(10), text("e")), q.position(5))
	q.pop(at(10), 1)
	sameTexts(t, "ID in an empty queue", q.post(at(10), text("f")), q.position(6))
	q.shows(at(10), "f")
}

func postDistinct(t T, d storage.Driver) {
	seen := map[string]bool{}
	for _, name := range []string{"a", "b", "c"} {
		q := newQueue(t, d, name)
		for i := range 5 {
			for _, id := range q.post(at(i), text("x"), delayed("y", at(50-i))) {
				same(t, "ID "+id+" seen before", seen[id], false)
				seen[id] = true
			}
		}
	}
}

func postNothing(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	keyed := storage.Post{Now: at(0), Once: storage.Once{Key: "k", Until: far()}}
	for _, p := range []storage.Post{{Now: at(0)}, keyed, sequenced("p", 1)} {
		got := q.posted(p)
		same(t, "First", got.First, 0)
		same(t, "Last", got.Last, 0)
		same(t, "number of IDs", len(got.IDs), 0)
		same(t, "Again", got.Again, false)
	}
	sameAgain(t, q, keyed, nil)
	sameAgain(t, q, sequenced("p", 1), nil)
	sameTexts(t, "IDs of the producer's next post", q.posted(sequenced("p", 2, text("a"))).IDs, q.position(1))
	q.shows(at(0), "a")
}
