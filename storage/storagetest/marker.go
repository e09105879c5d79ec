package storagetest

import (
	"fmt"
	"strings"

	"github.com/stackforge/marconi/storage"
)

func markerCases() []Case {
	return []Case{
		{"outlives its message", "a marker goes on though its message is gone", markerOutlives},
		{"beyond the tail", "a position not yet given goes on after it", markerBeyondTail},
		{"position 0", "position 0 is before everything", markerZero},
		{"of another epoch", "a marker of another life goes on from the start of this one", markerOtherEpoch},
		{"of another queue", "a marker of another queue goes on from the start", markerOtherQueue},
		{"malformed", "a text that ParseMarker refuses lists nothing", markerMalformed},
		{"still delayed", "the ID of a delayed message goes on after the tail at its posting", markerStillDelayed},
		{"delayed and gone", "the ID of a message that never fell due goes on from the start", markerDelayedAndGone},
		{"delayed and unknown", "an ID that nothing was posted under goes on from the start", markerDelayedUnknown},
		{"place", "a place goes on in the log, and among the delayed after its due and counter", markerPlace},
		{"place without the delayed", "a place serves a reader of the log as a position", markerPlaceInLog},
		{"place that fell due", "what a place lay among may have entered the log meanwhile", markerPlaceDue},
		{"place of another epoch", "a place of another life goes on from the start", markerPlaceOtherEpoch},
		{"after a purge", "positions go on after a purge, so markers do", markerAfterPurge},
	}
}

func markerOutlives(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	got := q.post(at(0), text("a"), text("b"), mortal("c", at(5)), text("d"), text("e"))
	sameBodies(t, "after a message", q.after(at(1), got[1]), "c", "d", "e")
	q.remove(at(1), got[1])
	sameBodies(t, "after the deleted", q.after(at(1), got[1]), "c", "d", "e")
	sameBodies(t, "after the expired", q.after(at(5), got[2]), "d", "e")
	q.pop(at(6), 1)
	sameBodies(t, "after the popped", q.after(at(6), got[0]), "d", "e")
	q.claim("c", at(6), 1)
	sameBodies(t, "after the claimed", q.after(at(6), got[3]), "e")
	q.remove(at(6), got...)
	q.post(at(7), text("f"))
	for _, id := range got {
		sameBodies(t, "after all the gone", q.after(at(7), id), "f")
	}
}

func markerBeyondTail(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), text("a"))
	same(t, "messages after a position to come", len(q.after(at(0), q.position(2))), 0)
	same(t, "messages after the last of all positions", len(q.after(at(0), q.position(1<<64-1))), 0)
	q.post(at(1), texts("b", "c")...)
	sameBodies(t, "when it has come", q.after(at(1), q.position(2)), "c")
}

func markerZero(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), texts("a", "b")...)
	sameBodies(t, "after position 0", q.after(at(0), q.position(0)), "a", "b")
}

func markerOtherEpoch(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	old := q.post(at(0), text("a"), text("b"), delayed("c", at(5)))
	q = q.reborn()
	q.post(at(10), texts("x", "y", "z")...)
	for _, id := range old {
		sameBodies(t, "after an ID of the old life", q.after(at(11), id), "x", "y", "z")
	}
	sameBodies(t, "after a far position", q.after(at(11), storage.PositionText(q.epoch+7, 99)), "x", "y", "z")
}

func markerOtherQueue(t T, d storage.Driver) {
	q, other := newQueue(t, d, "jobs"), newQueue(t, d, "others")
	theirs := other.post(at(0), text("a"), text("b"), delayed("c", at(5)), delayed("d", at(500)))
	other.shows(at(10), "a", "b", "c")
	q.post(at(10), texts("x", "y", "z")...)
	for _, id := range theirs {
		sameBodies(t, "after another queue's ID", q.after(at(11), id), "x", "y", "z")
	}
}

func markerMalformed(t T, d storage.Driver) {
	q := lettered(t, d)
	q.post(at(0), text("a"), text("b"), delayed("c", at(5)))
	position, late := q.position(1), storage.DelayedID(q.epoch, 1)
	place := storage.Marker{Kind: storage.AmongDelayed, Epoch: q.epoch, Position: 1, Due: at(4), Counter: 1}.String()
	for _, text := range []string{
		"x", " ", "0", "1", "-1", "abc", "\x00", "\xff", "null", position[:24], position[1:], position + " ", " " + position,
		position + "0", position + "\x00", strings.ToUpper(position), strings.ToUpper(late), strings.ToUpper(place),
		strings.Replace(position, "-", "_", 1), strings.Replace(position, "-0", "-+", 1), strings.Replace(position, "-0", "--", 1),
		strings.Replace(late, "d", "e", 2), strings.Replace(late, "-d", "-x", 1), late[:24], late + "0",
		place[:58], place + "0", strings.Replace(place, "-d", "-x", 1), strings.Replace(place, "-d", "d-", 1),
		strings.Replace(position, "000001", "00000g", 1), strings.Repeat("0", 25), strings.Repeat("a", 59), strings.Repeat("-", 26),
		strings.Repeat(position, 400),
	} {
		if _, ok := storage.ParseMarker(text); ok {
			t.Fatalf("%q is a marker after all", text)
		}
		page := q.page(storage.MessageFilter{Now: at(1), Marker: text, IncludeClaimed: true, IncludeDelayed: true})
		same(t, fmt.Sprintf("messages after %.60q", text), len(page.Items), 0)
	}
}

func markerStillDelayed(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), texts("a", "b")...)
	late := q.post(at(1), delayed("late", at(50)))[0]
	q.post(at(2), texts("c")...)
	sameBodies(t, "after the delayed", q.after(at(3), late), "c")
	page := q.page(storage.MessageFilter{Now: at(3), Marker: late, IncludeDelayed: true})
	sameBodies(t, "after the delayed, with the delayed", page.Items, "c", "late")
	sameBodies(t, "when it is due", q.after(at(50), late))
	q.post(at(51), text("d"))
	sameBodies(t, "after its position", q.after(at(51), late), "d")
}

func markerDelayedAndGone(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), text("a"))
	got := q.post(at(1), delayed("deleted", at(50)), storage.Draft{Visible: at(50), Expires: at(5)})
	q.post(at(2), text("b"))
	q.remove(at(3), got[0])
	sameBodies(t, "after the deleted", q.after(at(3), got[0]), "a", "b")
	sameBodies(t, "after the doomed", q.after(before(at(5)), got[1]), "b")
	sameBodies(t, "after the expired", q.after(at(5), got[1]), "a", "b")
	sameBodies(t, "after the deleted, when it would be due", q.after(at(60), got[0]), "a", "b")
}

func markerDelayedUnknown(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), text("a"), delayed("b", at(50)), text("c"))
	for _, counter := range []uint64{0, 2, 3, 1 << 63, 1<<64 - 1} {
		sameBodies(t, "after an unknown ID", q.after(at(1), storage.DelayedID(q.epoch, counter)), "a", "c")
	}
}

// place is a marker among the delayed of q.
func (q queue) place(p storage.Position, due int, counter uint64) string {
	return storage.Marker{Kind: storage.AmongDelayed, Epoch: q.epoch, Position: p, Due: at(due), Counter: counter}.String()
}

func markerPlace(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), text("a"), delayed("50/1", at(50)), delayed("60/2", at(60)), delayed("50/3", at(50)), text("b"))
	for place, want := range map[string][]string{
		q.place(2, 50, 1): {"50/3", "60/2"},
		q.place(2, 50, 2): {"50/3", "60/2"},
		q.place(2, 50, 3): {"60/2"},
		q.place(1, 50, 3): {"b", "60/2"},
		q.place(0, 60, 1): {"a", "b", "60/2"},
		q.place(0, 60, 2): {"a", "b"},
		q.place(2, 99, 0): {},
		q.place(9, 10, 9): {"50/1", "50/3", "60/2"},
	} {
		page := q.page(storage.MessageFilter{Now: at(1), Marker: place, IncludeDelayed: true})
		sameBodies(t, "after "+place, page.Items, want...)
	}
}

func markerPlaceInLog(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), text("a"), delayed("late", at(50)), text("b"), text("c"))
	sameBodies(t, "after a place", q.after(at(1), q.place(1, 50, 1)), "b", "c")
	sameBodies(t, "after a place behind the log", q.after(at(1), q.place(3, 10, 1)))
}

func markerPlaceDue(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), text("a"), delayed("x", at(50)), delayed("y", at(60)), delayed("z", at(70)))
	page := q.page(storage.MessageFilter{Now: at(1), Limit: 3, IncludeDelayed: true})
	f := storage.MessageFilter{Now: at(65), Marker: page.Next, IncludeDelayed: true}
	sameBodies(t, "when it is past", q.page(f).Items, "x", "y", "z")
}

func markerPlaceOtherEpoch(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), text("a"), delayed("x", at(50)))
	old := q.place(1, 50, 1)
	q = q.reborn()
	q.post(at(1), text("b"), delayed("y", at(40)))
	page := q.page(storage.MessageFilter{Now: at(2), Marker: old, IncludeDelayed: true})
	sameBodies(t, "after a place of the old life", page.Items, "b", "y")
}

func markerAfterPurge(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	got := q.post(at(0), texts("a", "b", "c")...)
	q.purge()
	q.post(at(1), texts("d", "e")...)
	sameBodies(t, "after the purged", q.after(at(2), got[2]), "d", "e")
	sameBodies(t, "after a position given since", q.after(at(2), q.position(4)), "e")
}
