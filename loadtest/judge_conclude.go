package loadtest

import (
	"slices"
	"sort"
	"strings"
	"time"
)

// conclude finds what only a message's whole history shows.
func (j *judge) conclude(f *fate) {
	j.count(f)
	j.concludeRemoval(f)
	j.concludeHolds(f)
	j.concludeReaders(f)
}

func (j *judge) count(f *fate) {
	for _, c := range []struct {
		yes   bool
		count *int
	}{
		{f.listed, &j.report.Listed}, {f.claimed, &j.report.Claimed},
		{f.popped, &j.report.Popped}, {f.deleted, &j.report.Deleted},
	} {
		if c.yes {
			*c.count++
		}
	}
}

func (j *judge) concludeRemoval(f *fate) {
	if len(f.removal) > 1 {
		j.report.Duplicated = append(j.report.Duplicated, f.fault("removed by %s", strings.Join(f.removal, " and by ")))
	}
	if f.post.stored.IsZero() || len(f.removal) > 0 || f.perhaps {
		return
	}
	if l := j.lostPop[f.queue]; l != nil && l.limit > 0 {
		l.limit--
		j.report.Unaccounted++
		return
	}
	if !f.post.answered {
		j.report.Torn = append(j.report.Torn, f.fault("not stored, or lost, though others of its post came out"))
		return
	}
	j.report.Lost = append(j.report.Lost, f.fault("stored, and gone without being removed"))
}

// concludeHolds finds moments at which two held the message.
func (j *judge) concludeHolds(f *fate) {
	slices.SortFunc(f.holds, func(a, b hold) int { return a.from.Compare(b.from) })
	var longest hold
	for _, h := range f.holds {
		if !h.from.Before(h.to) {
			continue // released before it was known to be held
		}
		if h.from.Before(longest.to) {
			j.report.Overlapping = append(j.report.Overlapping, f.fault("in claims %s and %s at once", longest.claim, h.claim))
		}
		if h.to.After(longest.to) {
			longest = h
		}
	}
	for _, p := range f.pops {
		for _, h := range f.holds {
			if p.Sent.After(h.from) && p.Done.Before(h.to) {
				j.report.Overlapping = append(j.report.Overlapping, f.fault("popped by %s while in claim %s", p.Worker, h.claim))
			}
		}
	}
}

// concludeReaders finds readers that came to the end of the queue while the
// message was in it, and had not been shown it.
func (j *judge) concludeReaders(f *fate) {
	stored := f.post.stored
	if stored.IsZero() {
		return
	}
	surely := f.taken // until then the message surely was there
	if l := j.lostPop[f.queue]; l != nil && (surely.IsZero() || l.first.Before(surely)) {
		surely = l.first
	}
	for _, worker := range j.workers() {
		r := j.readers[worker]
		first := sort.Search(len(r.ends), func(i int) bool { return r.ends[i].Sent.After(stored) })
		if r.queue != f.queue || first == len(r.ends) {
			continue
		}
		end := r.ends[first]
		if !surely.IsZero() && !end.Done.Before(surely) {
			continue
		}
		if seen, ok := r.seen[f.name]; !ok || seen.After(end.Sent) {
			what := f.fault("not shown to %s, who was at the end %v after it was stored", worker, end.Sent.Sub(stored).Round(time.Microsecond))
			j.report.Skipped = append(j.report.Skipped, what)
		}
	}
}

// workers are the readers' names in their order.
func (j *judge) workers() []string {
	if len(j.names) != len(j.readers) {
		j.names = j.names[:0]
		for worker := range j.readers {
			j.names = append(j.names, worker)
		}
		slices.Sort(j.names)
	}
	return j.names
}
