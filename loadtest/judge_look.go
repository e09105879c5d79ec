package loadtest

import (
	"fmt"
	"time"
)

// reader follows a queue from its start.
type reader struct {
	queue string
	last  map[string]int     // the highest Seq seen, by producer
	seen  map[name]time.Time // when the page with it was asked for, first
	ends  []*Event           // pages without messages
}

// look finds what is wrong about the messages that an event shows, and remembers
// who held them.
func (j *judge) look(e *Event) {
	if e.Outcome != Succeeded {
		return
	}
	switch e.Kind {
	case Listed:
		j.lookAtPage(e)
	case Claimed, Popped:
		j.lookInside(e)
	}
}

// sight is a message seen: the fate it belongs to, or nil if it belongs nowhere.
func (j *judge) sight(e *Event, item Item) *fate {
	f := j.fates[item.name()]
	if f == nil || f.queue != e.Queue {
		what := fmt.Sprintf("seen by %s, but nobody posted it there", e.Worker)
		j.report.Unexpected = append(j.report.Unexpected, Fault{e.Queue, item.Producer, item.Seq, item.ID, what})
		return nil
	}
	switch {
	case f.id == "":
		f.id = item.ID
	case item.ID != "" && item.ID != f.id:
		j.report.Duplicated = append(j.report.Duplicated, f.fault("stored again under ID %s", item.ID))
	}
	f.post.shown(e.Done)
	if !f.removed.IsZero() && e.Sent.After(f.removed) {
		j.report.Duplicated = append(j.report.Duplicated, f.fault("seen by %s (%s) after it was removed by %s", e.Worker, e.Kind, f.removal[0]))
	}
	return f
}

// lookAtPage expects a producer's messages in their order, each once.
func (j *judge) lookAtPage(e *Event) {
	r := j.readers[e.Worker]
	if r == nil {
		r = &reader{queue: e.Queue, last: make(map[string]int), seen: make(map[name]time.Time)}
		j.readers[e.Worker] = r
	}
	if len(e.Items) == 0 {
		r.ends = append(r.ends, e)
	}
	for _, item := range e.Items {
		f := j.sight(e, item)
		if f == nil {
			continue
		}
		f.listed = true
		if _, again := r.seen[f.name]; again {
			j.report.Duplicated = append(j.report.Duplicated, f.fault("shown to %s again", e.Worker))
			continue
		}
		r.seen[f.name] = e.Sent
		j.expectAfter(r.last, f, e)
	}
}

// lookInside expects what one claim or pop gave out in its order, each once.
func (j *judge) lookInside(e *Event) {
	last := make(map[string]int)
	seen := make(map[name]bool)
	for _, item := range e.Items {
		f := j.sight(e, item)
		if f == nil {
			continue
		}
		if seen[f.name] {
			j.report.Duplicated = append(j.report.Duplicated, f.fault("twice in one %s of %s", e.Kind, e.Worker))
			continue
		}
		seen[f.name] = true
		j.expectAfter(last, f, e)
		if e.Kind == Popped {
			f.popped = true
			continue
		}
		f.claimed = true
		f.holds = append(f.holds, hold{e.Claim, e.Done, j.endOf(e, f)})
	}
}

// expectAfter finds a message that comes after a later one of its producer.
func (j *judge) expectAfter(last map[string]int, f *fate, e *Event) {
	if before, ok := last[f.producer]; ok && f.seq < before {
		j.report.Reordered = append(j.report.Reordered, f.fault("after message %d in a %s of %s", before, e.Kind, e.Worker))
		return
	}
	last[f.producer] = f.seq
}

// endOf is until when a claim surely held a message.
func (j *judge) endOf(e *Event, f *fate) time.Time {
	end := e.Holds
	if at, ok := j.claims[e.Claim]; ok && at.Before(end) {
		end = at
	}
	if at, ok := f.deletes[e.Claim]; ok && at.Before(end) {
		end = at
	}
	return end
}
