package loadtest

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

// Report is what a check found. Its numbers count every message once, Released
// every claim.
type Report struct {
	Attempted int // messages that a producer wanted to post
	Answered  int // of these, that the broker said it had stored
	Listed    int
	Claimed   int
	Popped    int
	Deleted   int
	Released  int

	// Unaccounted are messages that never came out and may have gone with pops
	// whose answer was lost.
	Unaccounted int

	Lost        []Fault // stored, and neither popped nor deleted
	Unexpected  []Fault // never posted, or not to this queue, or not so
	Duplicated  []Fault // stored twice, removed twice, or seen after they were removed
	Reordered   []Fault // seen before an earlier message of the same producer
	Overlapping []Fault // in two claims at the same time, or popped while claimed
	Skipped     []Fault // never shown to a reader that went past them
	Wrong       []Fault // answers that a correct broker never gives

	Seed    uint64
	Elapsed time.Duration
	Errors  map[string]int64 // how often, by the request and the kind of error
}

// Fault is one thing that should not be.
type Fault struct {
	Queue    string
	Producer string
	Seq      int
	ID       string
	What     string
}

func (f Fault) String() string {
	return fmt.Sprintf("%s: message %d of %s, ID %s: %s", f.Queue, f.Seq, f.Producer, f.ID, f.What)
}

// list names a kind of fault.
type list struct {
	name   string
	faults []Fault
}

func (r Report) lists() []list {
	return []list{
		{"lost", r.Lost}, {"unexpected", r.Unexpected}, {"duplicated", r.Duplicated}, {"reordered", r.Reordered},
		{"overlapping", r.Overlapping}, {"skipped", r.Skipped}, {"wrong", r.Wrong},
	}
}

// OK reports whether there is no fault. A check in which no message was stored,
// or in which none was removed, has shown nothing and is not OK.
func (r Report) OK() bool {
	for _, l := range r.lists() {
		if len(l.faults) > 0 {
			return false
		}
	}
	return r.Answered > 0 && r.Deleted+r.Popped > 0
}

const faultsShown = 10 // of each kind

// String is a table of several lines with the first faults of each kind.
func (r Report) String() string {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	verdict := "OK"
	if !r.OK() {
		verdict = "NOT OK"
	}
	fmt.Fprintf(t, "check\t%s, took %v, seed %d\n", verdict, r.Elapsed.Round(time.Millisecond), r.Seed)
	for _, n := range []struct {
		name  string
		value int
	}{
		{"attempted", r.Attempted}, {"answered", r.Answered}, {"listed", r.Listed}, {"claimed", r.Claimed},
		{"popped", r.Popped}, {"deleted", r.Deleted}, {"released", r.Released}, {"unaccounted", r.Unaccounted},
	} {
		fmt.Fprintf(t, "%s\t%d\n", n.name, n.value)
	}
	for _, l := range r.lists() {
		fmt.Fprintf(t, "%s\t%d\n", l.name, len(l.faults))
	}
	fmt.Fprintf(t, "errors\t%d\n", total(r.Errors))
	t.Flush()
	writeCounts(&b, r.Errors)
	for _, l := range r.lists() {
		for _, f := range l.faults[:min(len(l.faults), faultsShown)] {
			fmt.Fprintf(&b, "%s: %s\n", l.name, f)
		}
	}
	return b.String()
}

func total(counts map[string]int64) (n int64) {
	for _, times := range counts {
		n += times
	}
	return n
}
