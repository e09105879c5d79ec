package storagetest

import (
	"fmt"

	"github.com/stackforge/marconi/storage"
)

func pagingCases() []Case {
	return []Case{
		{"messages", "pages of every size give each message once, and only the last is short", pagingMessages},
		{"messages, with holes", "what is gone from the log leaves no short page", pagingHoles},
		{"messages, the delayed", "pages go on among the delayed, whatever shares an instant", pagingDelayed},
		{"messages, while they come and go", "a reader misses nothing that stays and sees nothing twice", pagingInterleaved},
		{"messages, as they fall due", "a reader of the log sees each message once when delays end between pages", pagingFallingDue},
		{"messages, from a place", "the log that grew behind a place is read before the delayed go on", pagingFromPlace},
		{"queues", "pages of every size give each queue once, and only the last is short", pagingQueues},
		{"queues, while they come and go", "a reader misses no queue that stays", pagingQueuesInterleaved},
		{"subscriptions", "pages of every size give each subscription once, and only the last is short", pagingSubscriptions},
	}
}

// walk reads pages until one is short, and checks that it is the last.
func walk[V any](t T, limit int, read func(marker string) storage.Page[V]) []V {
	t.Helper()
	var all []V
	for marker, pages := "", 0; ; pages++ {
		page := read(marker)
		all = append(all, page.Items...)
		if len(page.Items) > limit || pages > 10_000 {
			t.Fatalf("page %d after %q has %d items, limit %d", pages, marker, len(page.Items), limit)
		}
		if len(page.Items) == 0 {
			same(t, "Next of an empty page", page.Next, "")
			return all
		}
		if page.Next == "" {
			t.Fatalf("a page of %d items has no Next", len(page.Items))
		}
		marker = page.Next
		if len(page.Items) < limit {
			same(t, "items after a short page", len(read(marker).Items), 0)
			return all
		}
	}
}

// reads walks through the queue with pages of f.Limit.
func (q queue) reads(f storage.MessageFilter) []string {
	q.Helper()
	return bodies(walk(q, f.Limit, func(marker string) storage.Page[storage.Message] {
		f.Marker = marker
		return q.page(f).Page
	}))
}

// filters is every combination of what a listing may ask for.
func filters() []storage.MessageFilter {
	var all []storage.MessageFilter
	for bits := range 8 {
		f := storage.MessageFilter{IncludeClaimed: bits&1 > 0, IncludeDelayed: bits&2 > 0}
		if bits&4 > 0 {
			f.NotFrom = "me"
		}
		all = append(all, f)
	}
	return all
}

// pages checks every page size over every filter against one large page.
func (q queue) pages(now int, most int) {
	q.Helper()
	for _, f := range filters() {
		f.Now = at(now)
		whole := bodies(q.page(f).Items)
		for f.Limit = 1; f.Limit <= most; f.Limit++ {
			sameTexts(q, fmt.Sprintf("pages of %d with %+v", f.Limit, f), q.reads(f), whole...)
		}
	}
}

func pagingMessages(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	for i := range 4 {
		q.postAs("me", at(0), text(fmt.Sprint("mine", i)), delayed(fmt.Sprint("mine, late", i), at(90-i)))
		q.postAs("you", at(0), text(fmt.Sprint("yours", i)), delayed(fmt.Sprint("yours, late", i), at(90-i)))
	}
	q.claim("a", at(0), 2)
	q.claim("b", at(0), 3)
	q.release("a", at(0), keepTime)
	q.pages(1, 17)
	q.claim("c", at(2), 3)
	q.pages(2, 17)
	same(t, "messages in all", len(q.reads(storage.MessageFilter{Now: at(2), Limit: 3, IncludeClaimed: true, IncludeDelayed: true})), 16)
}

func pagingHoles(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	var stored []string
	for i := range 30 {
		client := []string{"me", "you"}[i%2]
		draft := text(fmt.Sprint(i))
		if i%7 == 3 {
			draft.Expires = at(5)
		}
		stored = append(stored, q.postAs(client, at(0), draft)...)
	}
	q.remove(at(1), append(stored[4:12:12], stored[20], stored[28], stored[29])...)
	q.claim("c", at(1), 3)
	q.pages(2, 20)
	q.pages(5, 20)
}

func pagingDelayed(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	var drafts []storage.Draft
	for i := range 12 {
		drafts = append(drafts, delayed(fmt.Sprint(i), at(50+i%3)))
	}
	q.postAs("me", at(0), drafts[:6]...)
	stored := q.postAs("you", at(0), drafts[6:]...)
	q.remove(at(1), stored[2])
	q.pages(1, 13)
	q.pages(50, 13)
	want := []string{"0", "3", "6", "9", "1", "4", "7", "10", "2", "5", "11"}
	sameTexts(t, "the delayed", q.reads(storage.MessageFilter{Now: at(1), Limit: 2, IncludeDelayed: true}), want...)
}

// pagingInterleaved reads a log to its end while every page is followed by a
// post, and by the loss of a message on either side of the reader.
func pagingInterleaved(t T, d storage.Driver) {
	for limit := 1; limit <= 4; limit++ {
		q := newQueue(t, d, fmt.Sprint("jobs", limit))
		stored := q.post(at(0), texts("0", "1", "2", "3", "4", "5", "6", "7", "8", "9")...)
		turn := 0
		got := q.turns(storage.MessageFilter{Now: at(1), Limit: limit, IncludeClaimed: true}, func() {
			if turn++; turn > 2 {
				return
			}
			q.post(at(1), text(fmt.Sprint("new", turn)))
			q.remove(at(1), stored[turn-1], stored[10-turn])
			q.claim(fmt.Sprint("c", limit, turn), at(1), 1)
		})
		sameTexts(t, fmt.Sprintf("read by %d", limit), got,
			append([]string{"0", "1", "2", "3", "4", "5", "6", "7"}, "new1", "new2")...)
	}
}

// turns reads pages to an empty one, with something happening after each.
func (q queue) turns(f storage.MessageFilter, between func()) []string {
	q.Helper()
	var got []string
	for {
		page := q.page(f)
		if len(page.Items) == 0 {
			return got
		}
		got = append(got, bodies(page.Items)...)
		f.Marker = page.Next
		between()
	}
}

func pagingFallingDue(t T, d storage.Driver) {
	for limit := 1; limit <= 3; limit++ {
		q := newQueue(t, d, fmt.Sprint("jobs", limit))
		q.post(at(0), text("a"), text("b"), text("c"), delayed("late", at(3)), delayed("later", at(4)))
		now, f := 1, storage.MessageFilter{Limit: limit}
		var got []string
		for ; now < 10; now++ {
			f.Now = at(now)
			page := q.page(f)
			got = append(got, bodies(page.Items)...)
			if page.Next != "" {
				f.Marker = page.Next
			}
			if now == 2 {
				q.post(at(2), text("d"))
			}
		}
		sameTexts(t, fmt.Sprintf("read by %d", limit), got, "a", "b", "c", "d", "late", "later")
	}
}

func pagingFromPlace(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), text("a"), delayed("x", at(50)), delayed("y", at(60)), delayed("z", at(70)))
	first := q.page(storage.MessageFilter{Now: at(1), Limit: 3, IncludeDelayed: true})
	sameBodies(t, "the first page", first.Items, "a", "x", "y")
	q.post(at(2), texts("b", "c")...)
	q.post(at(2), delayed("too early", at(55)), delayed("w", at(65)))
	for limit := 1; limit <= 5; limit++ {
		f := storage.MessageFilter{Now: at(3), Limit: limit, Marker: first.Next, IncludeDelayed: true}
		sameTexts(t, fmt.Sprintf("read on by %d", limit), q.turns(f, func() {}), "b", "c", "w", "z")
	}
}

func pagingQueues(t T, d storage.Driver) {
	var want []string
	for i := range 11 {
		want = append(want, fmt.Sprintf("queue-%02d", i))
		newQueue(t, d, want[i])
	}
	newQueueOf(t, d, storage.QueueID{Project: "other", Name: "queue-05a"})
	for limit := 1; limit <= 12; limit++ {
		got := walk(t, limit, func(marker string) storage.Page[storage.Queue] {
			page, err := d.ListQueues(t.Context(), storage.QueueFilter{Project: project, Marker: marker, Limit: limit})
			answers(t, "ListQueues", err, nil)
			return page
		})
		sameTexts(t, fmt.Sprintf("pages of %d", limit), queueNames(storage.Page[storage.Queue]{Items: got}), want...)
	}
}

func pagingQueuesInterleaved(t T, d storage.Driver) {
	for _, name := range []string{"b", "d", "f", "h"} {
		newQueue(t, d, name)
	}
	list := func(marker string) storage.Page[storage.Queue] {
		page, err := d.ListQueues(t.Context(), storage.QueueFilter{Project: project, Marker: marker, Limit: 2})
		answers(t, "ListQueues", err, nil)
		return page
	}
	first := list("")
	sameTexts(t, "the first page", queueNames(first), "b", "d")
	absent(t, d, storage.QueueID{Project: project, Name: "d"}).drop()
	newQueue(t, d, "a")
	newQueue(t, d, "e")
	sameTexts(t, "the second page", queueNames(list(first.Next)), "e", "f")
}

func pagingSubscriptions(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	var want []string
	for i := range 11 {
		want = append(want, fmt.Sprintf("s%02d", i))
		q.subscribe(subscription(want[i]), at(0))
	}
	gone := subscription("s05a")
	gone.Expires = at(1)
	q.subscribe(gone, at(0))
	for limit := 1; limit <= 12; limit++ {
		got := walk(t, limit, func(marker string) storage.Page[storage.Subscription] {
			return q.subscriptions(storage.SubscriptionFilter{Now: at(1), Marker: marker, Limit: limit})
		})
		sameTexts(t, fmt.Sprintf("pages of %d", limit), subscriptionIDs(got), want...)
	}
}
