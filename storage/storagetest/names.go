package storagetest

import (
	"fmt"
	"slices"
	"strings"

	"github.com/stackforge/marconi/storage"
)

func nameCases() []Case {
	return []Case{
		{"any queue name", "a name is any string, and is only itself", func(t T, d storage.Driver) {
			namesApart(t, d, func(name string) storage.QueueID { return storage.QueueID{Project: project, Name: name} })
		}},
		{"any project name", "a project is any string, and is only itself", func(t T, d storage.Driver) {
			namesApart(t, d, func(name string) storage.QueueID { return storage.QueueID{Project: name, Name: "jobs"} })
		}},
		{"listed by any name", "a listing gives each name as it is, in the order of bytes", namesListed},
		{"project and name", "no pair of project and name is taken for another pair", namesPaired},
		{"clients and producers", "clients, keys and producers are any strings", namesOfPosts},
		{"long texts", "clients, encodings and checksums are of any length", namesLong},
		{"a stranger's ID", "another queue or project gets nothing by a message's ID", namesStranger},
		{"a stranger's claim", "a claim is known to its own queue alone", namesStrangerClaim},
	}
}

// oddNames are names that a driver may trip over when it joins, escapes or
// matches them.
func oddNames() []string {
	return []string{
		"a", "A", "b", "a.b", "a/b", "a:b", "a,b", "a b", "a_b", "a-b", "a~b", "{a}", "a}b", "{", "}",
		"%", "%2F", "%00", "a%3Ab", "a*b", "*", "?", "[a]", "\\", "\\*", "'", "\"", "$", "#", "..", ".", "/", ":",
		" ", "\t", "\n", "a\nb", "a\r\nb", "\x00", "a\x00", "a\x00b", "\xff", "\xff\xff", "a\xffb", "\xc3\x28",
		"é", "e\u0301", "\u200b", "\ufeff", "\U0001f600", "marconi", "0", "-1", "null",
		strings.Repeat("x", 64), strings.Repeat("x", 63), strings.Repeat("\xfe", 64), strings.Repeat(":", 64),
	}
}

// namesApart fills a queue for each name, and empties every second one.
func namesApart(t T, d storage.Driver, named func(string) storage.QueueID) {
	var queues []queue
	for i, name := range oddNames() {
		q := newQueueOf(t, d, named(name))
		q.post(at(0), text("held "+name), text("free "+name), delayed("late "+name, at(100)))
		q.claim(fmt.Sprint("claim", i), at(0), 1)
		queues = append(queues, q)
	}
	for i, q := range queues {
		if i%2 == 0 {
			q.drop()
		}
	}
	for i, q := range queues {
		name := oddNames()[i]
		if i%2 == 0 {
			q.create()
			q.holds(at(1))
			continue
		}
		q.holds(at(1), "held "+name, "free "+name, "late "+name)
		q.counts(at(1), 3, 1, 1)
		sameBodies(t, "the claim", q.claimed(fmt.Sprint("claim", i), at(1)).Messages, "held "+name)
	}
}

func namesListed(t T, d storage.Driver) {
	names := oddNames()
	for _, name := range names {
		newQueue(t, d, name)
	}
	slices.Sort(names)
	sameTexts(t, "queues", queueNames(queuesAfter(t, d, "")), names...)
	for i, name := range names {
		sameTexts(t, fmt.Sprintf("queues after %q", name), queueNames(queuesAfter(t, d, name)), names[i+1:]...)
	}
}

func namesPaired(t T, d storage.Driver) {
	var pairs []queue
	for _, separator := range []string{":", "/", ".", "\x00", "}", "{", "%", "-", "_", "|", "%3A", "::"} {
		for _, id := range []storage.QueueID{
			{Project: "a", Name: "b" + separator + "c"},
			{Project: "a" + separator + "b", Name: "c"},
			{Project: "a" + separator, Name: "b" + separator + "d"},
			{Project: "a", Name: separator + "b" + separator + "d"},
		} {
			q := newQueueOf(t, d, id)
			q.post(at(0), text(fmt.Sprint(id)))
			pairs = append(pairs, q)
		}
	}
	for _, id := range []storage.QueueID{{Project: "{a}", Name: "b"}, {Project: "a", Name: "{b}"}, {Project: "{a", Name: "}b"}, {Name: "a:b"}} {
		q := newQueueOf(t, d, id)
		q.post(at(0), text(fmt.Sprint(id)))
		pairs = append(pairs, q)
	}
	for _, q := range pairs {
		q.holds(at(1), fmt.Sprint(q.id))
		got, err := d.GetQueue(t.Context(), q.id)
		answers(t, "GetQueue", err, nil)
		same(t, "epoch", got.Epoch, q.epoch)
	}
}

func namesOfPosts(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	var want []string
	for i, name := range oddNames() {
		once := storage.Once{Key: name, Until: far()}
		q.posted(storage.Post{ClientID: name, Now: at(i), Drafts: texts("key " + name), Once: once})
		once = storage.Once{Producer: name, Seq: 1, Until: far()}
		q.posted(storage.Post{ClientID: name, Now: at(i), Drafts: texts("seq " + name), Once: once})
		want = append(want, "key "+name, "seq "+name)
	}
	q.shows(at(100), want...)
	for i, name := range oddNames() {
		rest := slices.Delete(slices.Clone(want), 2*i, 2*i+2)
		page := q.page(storage.MessageFilter{Now: at(100), NotFrom: name})
		sameBodies(t, fmt.Sprintf("messages not from %q", name), page.Items, rest...)
	}
}

// longTexts are about as long as two bytes can count, and longer.
func longTexts() (texts []string) {
	for _, n := range []int{1<<16 - 2, 1<<16 - 1, 1 << 16, 100_000} {
		texts = append(texts, strings.Repeat(fmt.Sprint(n, " "), n)[:n])
	}
	return texts
}

func namesLong(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	for _, long := range longTexts() {
		draft := storage.Draft{Body: []byte("body"), Encoding: "e" + long[1:], Checksum: "c" + long[1:], Expires: far()}
		id := q.postAs(long, at(0), draft)[0]
		m := q.getOne(at(1), id)
		same(t, "ClientID is the one given", m.ClientID == long, true)
		same(t, "Encoding is the one given", m.Encoding == draft.Encoding, true)
		same(t, "Checksum is the one given", m.Checksum == draft.Checksum, true)
		same(t, "Body is the one given", string(m.Body) == "body", true)
	}
}

// strangers are queues near q that must not see into it.
func (q queue) strangers() []queue {
	return []queue{
		newQueueOf(q, q.d, storage.QueueID{Project: "other", Name: q.id.Name}),
		newQueueOf(q, q.d, storage.QueueID{Project: q.id.Project, Name: "other"}),
		absent(q, q.d, storage.QueueID{Project: "other", Name: "nowhere"}),
	}
}

func namesStranger(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	ids := q.busy()
	for _, s := range q.strangers() {
		same(t, "messages a stranger got", len(s.get(at(1), ids...)), 0)
		for _, id := range ids {
			answers(t, "a stranger's DeleteMessage", s.delete(at(1), id, ""), nil)
		}
		s.remove(at(1), ids...)
		answers(t, "a stranger's DeleteMessages", d.DeleteMessages(t.Context(), s.id, ids, []string{"live"}, at(1)), nil)
		s.purge()
		same(t, "messages a stranger popped", len(s.pop(at(1), 10)), 0)
	}
	other := q.strangersQueue()
	other.post(at(1), texts("x", "y")...)
	for _, id := range ids {
		sameBodies(t, "a stranger's listing after "+id, other.after(at(1), id), "x", "y")
	}
	q.holds(at(1), "claimed", "resting", "free", "late")
	q.counts(at(1), 4, 2, 1)
}

// strangersQueue is one more queue, of another name and project.
func (q queue) strangersQueue() queue {
	q.Helper()
	return newQueueOf(q, q.d, storage.QueueID{Project: "third", Name: "third"})
}

func namesStrangerClaim(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.busy()
	for _, s := range q.strangers() {
		s.unclaimed("live", at(1))
		answers(t, "a stranger's RenewClaim", s.renew("live", at(1), at(500), at(500)), storage.ErrClaimNotFound)
		s.release("live", at(1), 0)
	}
	other := q.strangersQueue()
	theirs := other.post(at(1), text("x"))
	answers(t, "DeleteMessage with a stranger's claim", other.delete(at(1), theirs[0], "live"), storage.ErrClaimNotFound)
	other.shows(at(1), "x")
	c := q.claimed("live", at(1))
	sameBodies(t, "the claim", c.Messages, "claimed")
	sameTime(t, "the claim's end", c.Expires, at(0).Add(holdTime))
}
