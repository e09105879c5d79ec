package loadtest

import (
	"cmp"
	"fmt"
	"slices"
	"time"
)

// Judge compares what came out of a broker with what was put in. The events may
// be in any order. A history is complete if the queues were empty at its end:
// what was stored and not removed counts as lost.
//
// It finds fault only where no correct broker could have behaved so. A request
// without an answer may have been carried out or not, as a whole; a message that a lost pop
// may have taken is unaccounted for, not lost; and two claims overlap only where
// both were surely held.
func Judge(history []Event) Report {
	events := slices.Clone(history)
	slices.SortStableFunc(events, func(a, b Event) int { return a.Sent.Compare(b.Sent) })
	j := &judge{
		fates:   make(map[name]*fate),
		claims:  make(map[string]time.Time),
		lostPop: make(map[string]*lostPops),
		readers: make(map[string]*reader),
		report:  Report{Errors: make(map[string]int64)},
	}
	for i := range events {
		if events[i].Kind == Posted { // first: a pop may be sent before the post it gets its messages of
			j.notePost(&events[i])
		}
	}
	for i := range events {
		j.note(&events[i])
	}
	for i := range events {
		j.look(&events[i])
	}
	for _, f := range j.inOrder() {
		j.conclude(f)
	}
	return j.report
}

// name tells messages apart.
type name struct {
	producer string
	seq      int
}

// fate is what became of a message that a producer wanted to post.
type fate struct {
	name
	queue string
	id    string // as first seen
	post  *posting

	taken   time.Time // when first somebody asked to remove it; zero: never
	removed time.Time // when it surely was gone
	removal []string  // who surely removed it: claims and pops
	perhaps bool      // a removal had no answer

	holds   []hold
	pops    []*Event
	deletes map[string]time.Time // by claim, when the first was sent

	listed, claimed, popped, deleted bool
}

// posting is what the messages of a post share: all of them were stored or none.
type posting struct {
	answered bool
	stored   time.Time // since when they surely were; zero: perhaps never
}

// shown takes note of a message that somebody had at an instant. If its post had
// no answer, that is the answer for all of them.
func (p *posting) shown(at time.Time) {
	if !p.answered && (p.stored.IsZero() || at.Before(p.stored)) {
		p.stored = at
	}
}

// hold is a span in which a claim surely held a message.
type hold struct {
	claim    string
	from, to time.Time
}

// lostPops are the pops of a queue that had no answer.
type lostPops struct {
	limit int
	first time.Time
}

type judge struct {
	fates   map[name]*fate
	claims  map[string]time.Time // when a claim was first asked to be released
	lostPop map[string]*lostPops // by queue
	readers map[string]*reader   // by worker
	names   []string             // of the readers, in order
	report  Report
}

// note takes down what requests did, so that all of it is known when they are
// looked at.
func (j *judge) note(e *Event) {
	if e.Error != "" {
		j.report.Errors[e.Kind.String()+": "+e.Error]++
	}
	if e.Wrong != "" {
		j.report.Wrong = append(j.report.Wrong, Fault{Queue: e.Queue, What: fmt.Sprintf("%s by %s: %s", e.Kind, e.Worker, e.Wrong)})
	}
	switch e.Kind {
	case Deleted:
		j.noteDelete(e)
	case Popped:
		j.notePop(e)
	case Released:
		setFirst(j.claims, e.Claim, e.Sent)
		if e.Outcome == Succeeded {
			j.report.Released++
		}
	}
}

func (j *judge) notePost(e *Event) {
	j.report.Attempted += len(e.Items)
	if e.Outcome == Refused {
		return // should they turn up, nobody posted them
	}
	post := &posting{answered: e.Outcome == Succeeded}
	if post.answered {
		post.stored = e.Done
		j.report.Answered += len(e.Items)
	}
	for _, item := range e.Items {
		f := &fate{name: item.name(), queue: e.Queue, id: item.ID, post: post, deletes: make(map[string]time.Time)}
		j.fates[f.name] = f
	}
}

func (j *judge) noteDelete(e *Event) {
	for _, item := range e.Items {
		f := j.fates[item.name()]
		if f == nil {
			continue // Judge tells of it where it was claimed
		}
		setFirst(f.deletes, e.Claim, e.Sent)
		f.takenBy(e, "claim "+e.Claim)
		f.deleted = f.deleted || e.Outcome == Succeeded
	}
}

func (j *judge) notePop(e *Event) {
	if e.Outcome == Unanswered {
		l := j.lostPop[e.Queue]
		if l == nil {
			l = &lostPops{first: e.Sent}
			j.lostPop[e.Queue] = l
		}
		l.limit += e.Limit
	}
	for _, item := range e.Items {
		if f := j.fates[item.name()]; f != nil {
			f.takenBy(e, fmt.Sprintf("pop %s by %s", e.Sent.Format(time.RFC3339Nano), e.Worker))
			f.pops = append(f.pops, e)
		}
	}
}

// takenBy notes a request to remove the message.
func (f *fate) takenBy(e *Event, who string) {
	if e.Outcome == Refused {
		return
	}
	if f.taken.IsZero() {
		f.taken = e.Sent // events come in the order they were sent
	}
	if e.Outcome == Unanswered {
		f.perhaps = true
		return
	}
	if f.removed.IsZero() || e.Done.Before(f.removed) {
		f.removed = e.Done
	}
	if !slices.Contains(f.removal, who) {
		f.removal = append(f.removal, who)
	}
}

// inOrder are the fates in an order that is the same each time.
func (j *judge) inOrder() []*fate {
	out := make([]*fate, 0, len(j.fates))
	for _, f := range j.fates {
		out = append(out, f)
	}
	slices.SortFunc(out, func(a, b *fate) int {
		return cmp.Or(cmp.Compare(a.queue, b.queue), cmp.Compare(a.producer, b.producer), cmp.Compare(a.seq, b.seq))
	})
	return out
}

func (i Item) name() name { return name{i.Producer, i.Seq} }

func (f *fate) fault(format string, args ...any) Fault {
	return Fault{f.queue, f.producer, f.seq, f.id, fmt.Sprintf(format, args...)}
}

func setFirst(m map[string]time.Time, key string, at time.Time) {
	if _, ok := m[key]; !ok {
		m[key] = at
	}
}
