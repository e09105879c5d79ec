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
	Attempted int `json:"attempted"` // messages that a producer wanted to post
	Answered  int `json:"answered"`  // of these, that the broker said it had stored
	Listed    int `json:"listed"`
	Claimed   int `json:"claimed"`
	Popped    int `json:"popped"`
	Deleted   int `json:"deleted"`
	Released  int `json:"released"`

	// Unaccounted are messages that never came out and may have gone with pops
	// whose answer was lost.
	Unaccounted int `json:"unaccounted"`

	Lost        []Fault `json:"lost"`        // stored, and neither popped nor deleted
	Torn        []Fault `json:"torn"`        // the same, of posts without an answer of which other messages came out
	Unexpected  []Fault `json:"unexpected"`  // never posted, or not to this queue, or not so
	Duplicated  []Fault `json:"duplicated"`  // stored twice, removed twice, or seen after they were removed
	Reordered   []Fault `json:"reordered"`   // seen before an earlier message of the same producer
	Overlapping []Fault `json:"overlapping"` // in two claims at the same time, or popped while claimed
	Skipped     []Fault `json:"skipped"`     // never shown to a reader that went past them
	Wrong       []Fault `json:"wrong"`       // answers that a correct broker never gives

	Seed    uint64           `json:"seed"`
	Elapsed time.Duration    `json:"elapsed_nanoseconds"`
	Errors  map[string]int64 `json:"errors"` // how often, by the request and the kind of error
}

// Fault is one thing that should not be.
type Fault struct {
	Queue    string `json:"queue"`
	Producer string `json:"producer"`
	Seq      int    `json:"seq"`
	ID       string `json:"id"`
	What     string `json:"what"`
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
		{"lost", r.Lost}, {"torn", r.Torn}, {"unexpected", r.Unexpected}, {"duplicated", r.Duplicated}, {"reordered", r.Reordered},
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

// Failed is how many requests did not succeed. That alone is no fault.
func (r Report) Failed() int64 { return total(r.Errors) }

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
	fmt.Fprintf(t, "errors\t%d\n", r.Failed())
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
