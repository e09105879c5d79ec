package loadtest

import (
	"fmt"
	"strings"
	"text/tabwriter"
	"time"
)

// ListenReport is what CheckListening found.
type ListenReport struct {
	Attempted int `json:"attempted"` // messages that a producer wanted to post
	Answered  int `json:"answered"`  // of these, that the broker said it had stored
	Removed   int `json:"removed"`   // that somebody wanted to remove
	Told      int `json:"told"`      // messages, to all listeners together
	Gaps      int `json:"gaps"`      // the same, of gaps
	Late      int `json:"late"`      // listeners that were not told of the end in time

	Faults []Fault `json:"faults"` // all that should not be

	Seed    uint64           `json:"seed"`
	Elapsed time.Duration    `json:"elapsed_nanoseconds"`
	Errors  map[string]int64 `json:"errors"` // how often, by the request and the kind of error; lost connections are those of "listen"
}

// OK reports whether there is no fault. A check in which nobody was told anything
// has shown nothing and is not OK.
func (r ListenReport) OK() bool { return len(r.Faults) == 0 && r.Late == 0 && r.Told > 0 }

// Failed is how many requests did not succeed, and how many connections to listen
// by were lost. That alone is no fault.
func (r ListenReport) Failed() int64 { return total(r.Errors) }

// String is a table of several lines with the first faults.
func (r ListenReport) String() string {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	verdict := "OK"
	if !r.OK() {
		verdict = "NOT OK"
	}
	fmt.Fprintf(t, "listening\t%s, took %v, seed %d\n", verdict, r.Elapsed.Round(time.Millisecond), r.Seed)
	for _, n := range []struct {
		name  string
		value int
	}{
		{"attempted", r.Attempted}, {"answered", r.Answered}, {"removed", r.Removed},
		{"told", r.Told}, {"gaps", r.Gaps}, {"late", r.Late}, {"faults", len(r.Faults)},
	} {
		fmt.Fprintf(t, "%s\t%d\n", n.name, n.value)
	}
	fmt.Fprintf(t, "errors\t%d\n", r.Failed())
	t.Flush()
	writeCounts(&b, r.Errors)
	for _, f := range r.Faults[:min(len(r.Faults), faultsShown)] {
		fmt.Fprintln(&b, f)
	}
	return b.String()
}
