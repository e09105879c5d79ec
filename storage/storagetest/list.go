package storagetest

import (
	"fmt"

	"github.com/stackforge/marconi/storage"
)

func listCases() []Case {
	return []Case{
		{"free only", "claimed, resting and delayed messages show only when asked for", listFreeOnly},
		{"with the claimed", "claimed and resting messages show in their places", listWithClaimed},
		{"with the delayed", "delayed messages show behind the log, in the order they fall due", listWithDelayed},
		{"not one's own", "the messages of one client can be left out", listNotFrom},
		{"limit after filtering", "a limit counts what is left, so no page is short before the end", listLimitAfterFiltering},
		{"far behind the filtered", "a message is found behind any number that are left out", listFarBehind},
		{"whole messages", "a listing shows what GetMessages shows", listWhole},
		{"epoch and tail", "a page tells the life and the last position given, though it is gone", listEpochAndTail},
		{"next", "Next goes on after the last item and is never an ID", listNext},
		{"empty page", "an empty page has no Next", listEmptyPage},
		{"changes nothing", "listing claims and moves nothing", listChangesNothing},
	}
}

func listFreeOnly(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.busy()
	q.shows(at(1), "free")
	q.shows(at(0).Add(holdTime), "claimed", "free")
	q.shows(at(0).Add(keepTime), "claimed", "resting", "free")
	q.shows(at(100), "claimed", "resting", "free", "late")
}

func listWithClaimed(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.busy()
	page := q.page(storage.MessageFilter{Now: at(1), IncludeClaimed: true})
	sameBodies(t, "messages", page.Items, "claimed", "resting", "free")
	sameTexts(t, "claims", each(page.Items, func(m storage.Message) string { return m.Claim }), "live", "", "")
}

func listWithDelayed(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.busy()
	q.post(at(1), delayed("sooner", at(99)), delayed("as late", at(100)))
	page := q.page(storage.MessageFilter{Now: at(1), IncludeDelayed: true})
	sameBodies(t, "messages", page.Items, "free", "sooner", "late", "as late")
	same(t, "position of the delayed", page.Items[1].Position, 0)
}

func listNotFrom(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.postAs("me", at(0), text("mine"), delayed("mine, late", at(9)))
	q.postAs("you", at(0), text("yours"), delayed("yours, late", at(9)))
	filter := storage.MessageFilter{Now: at(1), NotFrom: "me", IncludeDelayed: true}
	sameBodies(t, "not mine", q.page(filter).Items, "yours", "yours, late")
	filter.NotFrom = "nobody"
	same(t, "messages not from nobody", len(q.page(filter).Items), 4)
	filter.NotFrom = ""
	same(t, "messages of everybody", len(q.page(filter).Items), 4)
}

func listLimitAfterFiltering(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.postAs("me", at(0), texts("a", "b", "c")...)
	q.claim("c", at(0), 1)
	q.postAs("you", at(0), texts("d", "e")...)
	q.postAs("me", at(0), text("f"))
	q.postAs("you", at(0), texts("g")...)
	filter := storage.MessageFilter{Now: at(1), Limit: 2}
	sameBodies(t, "the first two free", q.page(filter).Items, "b", "c")
	filter.NotFrom = "me"
	first := q.page(filter)
	sameBodies(t, "the first two not mine", first.Items, "d", "e")
	filter.Marker = first.Next
	sameBodies(t, "the rest not mine", q.page(filter).Items, "g")
	filter.Marker, filter.Limit = "", 3
	sameBodies(t, "the first three not mine", q.page(filter).Items, "d", "e", "g")
}

func listFarBehind(t T, d storage.Driver) {
	const n = 1200
	q := newQueue(t, d, "jobs")
	drafts := make([]storage.Draft, n)
	for i := range drafts {
		drafts[i] = text(fmt.Sprint(i))
	}
	q.postAs("me", at(0), drafts...)
	q.postAs("you", at(0), text("theirs"))
	filter := storage.MessageFilter{Now: at(1), Limit: 1, NotFrom: "me"}
	sameBodies(t, "not mine", q.page(filter).Items, "theirs")
	q.claim("c", at(1), n)
	filter.NotFrom = ""
	sameBodies(t, "not claimed", q.page(filter).Items, "theirs")
	sameBodies(t, "claimed next", q.claim("next", at(1), 1).Messages, "theirs")
}

func listWhole(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	stored := q.busy()
	page := q.page(storage.MessageFilter{Now: at(1), IncludeClaimed: true, IncludeDelayed: true})
	sameTexts(t, "IDs", ids(page.Items), stored...)
	for i, want := range q.get(at(1), stored...) {
		sameMessage(t, "listed", page.Items[i], want)
	}
}

func listEpochAndTail(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	empty := q.page(storage.MessageFilter{Now: at(0)})
	same(t, "epoch of an empty queue", empty.Epoch, q.epoch)
	same(t, "tail of an empty queue", empty.Tail, 0)

	got := q.post(at(0), text("a"), text("b"), delayed("c", at(5)), mortal("d", at(3)))
	page := q.page(storage.MessageFilter{Now: at(1), Limit: 1})
	same(t, "epoch", page.Epoch, q.epoch)
	same(t, "tail behind a page", page.Tail, 3)
	q.remove(at(1), got[1])
	same(t, "tail of the gone", q.page(storage.MessageFilter{Now: at(3)}).Tail, 3)
	same(t, "tail when one fell due", q.page(storage.MessageFilter{Now: at(5)}).Tail, 4)
}

func listNext(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), delayed("was late", at(1)), delayed("late", at(9)), delayed("later", at(10)))
	q.post(at(1), text("b"))
	filter := storage.MessageFilter{Now: at(2), Limit: 1, IncludeDelayed: true}
	for i, want := range []storage.Marker{
		{Kind: storage.AtPosition, Epoch: q.epoch, Position: 1},
		{Kind: storage.AtPosition, Epoch: q.epoch, Position: 2},
		{Kind: storage.AmongDelayed, Epoch: q.epoch, Position: 2, Due: at(9), Counter: 2},
		{Kind: storage.AmongDelayed, Epoch: q.epoch, Position: 2, Due: at(10), Counter: 3},
	} {
		page := q.page(filter)
		same(t, fmt.Sprintf("Next of page %d", i+1), page.Next, want.String())
		filter.Marker = page.Next
	}
	page := q.page(filter)
	same(t, "messages after the last", len(page.Items), 0)
}

func listEmptyPage(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	same(t, "Next of an empty queue", q.page(storage.MessageFilter{Now: at(0)}).Next, "")
	got := q.postAs("me", at(0), text("a"), delayed("b", at(9)))
	for what, filter := range map[string]storage.MessageFilter{
		"after the last":        {Marker: got[0]},
		"with all filtered out": {NotFrom: "me", IncludeDelayed: true},
		"after nonsense":        {Marker: "nonsense"},
	} {
		filter.Now = at(1)
		page := q.page(filter)
		same(t, "messages "+what, len(page.Items), 0)
		same(t, "Next "+what, page.Next, "")
		same(t, "epoch "+what, page.Epoch, q.epoch)
	}
}

func listChangesNothing(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.busy()
	for range 3 {
		q.holds(at(1), "claimed", "resting", "free", "late")
	}
	q.counts(at(1), 4, 2, 1)
	sameBodies(t, "the claim", q.claim("c", at(1), 5).Messages, "free")
}
