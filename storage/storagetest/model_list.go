package storagetest

import (
	"fmt"
	"math/rand/v2"

	"github.com/stackforge/marconi/storage"
)

// listing lists a page, from one of many kinds of marker.
type listing struct {
	queue            int
	limit            int
	notFrom          string
	claimed, delayed bool
	marker           marking
}

// marking is a marker by where it came from.
type marking struct {
	kind   int
	latest int
}

// The kinds of marking.
const (
	fromStart = iota
	fromPage
	fromMessage
	fromNonsense
)

func inventList(r *rand.Rand) step {
	return listing{
		queue: whichQueue(r), limit: []int{1, 2, 3, 5, 20}[r.IntN(5)],
		notFrom: []string{"", "", "me", "nobody"}[r.IntN(4)], claimed: r.IntN(2) == 0, delayed: r.IntN(2) == 0,
		marker: marking{[]int{fromStart, fromStart, fromPage, fromPage, fromPage, fromMessage, fromMessage, fromNonsense}[r.IntN(8)], r.IntN(10)},
	}
}

// markerOf says how a side calls a marker. The ID of a message that was posted
// delayed with others that were not is left out: what the tail was at its
// posting may be told in more than one way.
func (m marking) markerOf(w *world) (text string, of func(s *side) string) {
	start := func(*side) string { return "" }
	switch m.kind {
	case fromPage:
		if _, i, any := latest(w.sides[0].markers, m.latest); any {
			return fmt.Sprint("page ", i), func(s *side) string { return s.markers[i] }
		}
	case fromMessage:
		if one, i, any := latest(w.messages, m.latest); any && !one.mixed {
			return fmt.Sprint("m", i), func(s *side) string { return s.ids[i] }
		}
	case fromNonsense:
		nonsense := []string{"nonsense", "00000001-000000000000000", "0000000A-0000000000000001", "00000001-00000000000000001"}
		text := nonsense[m.latest%len(nonsense)]
		return text, func(*side) string { return text }
	}
	return "the start", start
}

func (l listing) play(w *world) error {
	f := storage.MessageFilter{
		Queue: modelQueues()[l.queue], Now: w.now, Limit: l.limit,
		NotFrom: l.notFrom, IncludeClaimed: l.claimed, IncludeDelayed: l.delayed,
	}
	text, marker := l.marker.markerOf(w)
	w.note("list %d of %q after %s, not from %q, claimed %v, delayed %v: page %d",
		f.Limit, f.Queue, text, f.NotFrom, f.IncludeClaimed, f.IncludeDelayed, len(w.sides[0].markers))
	keep := false
	err := w.both(func(s *side, a *answer) {
		f.Marker = marker(s)
		page, err := s.d.ListMessages(w.ctx, f)
		if a.refused(err) {
			return
		}
		a.messages(s, f.Queue, page.Items)
		a.say("goes on %v, epoch %d", page.Next != "", page.Epoch)
		a.place(f.Queue, page.Tail)
		a.wake(f.Queue, page.Wake)
		s.next, keep = page.Next, l.keeps(page)
	})
	if err == nil && keep {
		for _, s := range w.sides {
			s.markers = append(s.markers, s.next)
		}
	}
	return err
}

// keeps is whether a page's Next can mean only one thing. Behind the log of a
// listing that left something out it may lie before or behind what was left out.
func (l listing) keeps(page storage.MessagePage) bool {
	if len(page.Items) == 0 {
		return false
	}
	whole := l.claimed && l.notFrom == ""
	inLog := page.Items[len(page.Items)-1].Position > 0 && len(page.Items) == l.limit
	return whole || inLog
}
