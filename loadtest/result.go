package loadtest

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"text/tabwriter"
	"time"
)

// Result is what a scenario measured. Operations and messages, and the latencies,
// are of operations that succeeded.
type Result struct {
	Scenario   string
	Config     Config // with the defaults filled in, without the Token and the HTTPClient
	Started    time.Time
	Elapsed    time.Duration
	Operations int64
	Messages   int64
	Unstarted  int64            // operations of an open loop that were due and never got a connection
	Latencies  []Latency        // of the whole operation first
	Errors     map[string]int64 // how often, by the request and the kind of error
	Memory     Memory           // of the scenario "listen", if Config.Process is known
}

// Latency sums up a Histogram.
type Latency struct {
	Name                           string
	Count                          int64
	Mean, P50, P90, P99, P999, Max time.Duration
}

func latencyOf(name string, h *Histogram) Latency {
	return Latency{
		Name: name, Count: h.Count(), Mean: h.Mean(),
		P50: h.Quantile(0.5), P90: h.Quantile(0.9), P99: h.Quantile(0.99), P999: h.Quantile(0.999), Max: h.Max(),
	}
}

// OperationsPerSecond is the rate at which operations succeeded.
func (r Result) OperationsPerSecond() float64 { return perSecond(r.Operations, r.Elapsed) }

// MessagesPerSecond is the rate at which messages went through.
func (r Result) MessagesPerSecond() float64 { return perSecond(r.Messages, r.Elapsed) }

func perSecond(n int64, d time.Duration) float64 {
	if d <= 0 {
		return 0
	}
	return float64(n) / d.Seconds()
}

// Failed is how many requests did not succeed.
func (r Result) Failed() int64 { return total(r.Errors) }

// String is a table of several lines with all that is needed to compare runs.
func (r Result) String() string {
	var b strings.Builder
	t := tabwriter.NewWriter(&b, 0, 8, 2, ' ', 0)
	fmt.Fprintf(t, "scenario\t%s\n", r.Scenario)
	fmt.Fprintf(t, "broker\t%s\n", r.Config.URL)
	fmt.Fprintf(t, "load\t%s\n", r.load())
	fmt.Fprintf(t, "started\t%s, took %v\n", r.Started.UTC().Format(time.RFC3339), r.Elapsed.Round(time.Millisecond))
	fmt.Fprintf(t, "operations\t%d, %.1f/s\n", r.Operations, r.OperationsPerSecond())
	fmt.Fprintf(t, "messages\t%d, %.1f/s\n", r.Messages, r.MessagesPerSecond())
	if r.Config.Rate > 0 {
		fmt.Fprintf(t, "unstarted\t%d\n", r.Unstarted)
	}
	if r.Memory.Before > 0 {
		fmt.Fprintf(t, "memory\t%s\n", r.Memory)
	}
	fmt.Fprintf(t, "errors\t%d\n", r.Failed())
	t.Flush()
	writeCounts(&b, r.Errors)
	r.writeLatencies(&b)
	return b.String()
}

func (r Result) load() string {
	c := r.Config
	loop := "closed loop"
	if c.Rate > 0 {
		loop = fmt.Sprintf("open loop of %g/s", c.Rate)
	}
	if r.Memory.Listeners > 0 {
		loop += fmt.Sprintf(", listeners %d", c.Listeners)
	}
	return fmt.Sprintf("%s, connections %d, queues %d, bodies of %d bytes, prefill %d, seed %d",
		loop, c.Connections, c.Queues, c.Size, c.Prefill, c.Seed)
}

func (r Result) writeLatencies(b *strings.Builder) {
	t := tabwriter.NewWriter(b, 0, 8, 2, ' ', tabwriter.AlignRight)
	fmt.Fprintln(t, "latency\tcount\tmean\tp50\tp90\tp99\tp99.9\tmax\t")
	for _, l := range r.Latencies {
		fmt.Fprintf(t, "%s\t%d\t", l.Name, l.Count)
		for _, d := range []time.Duration{l.Mean, l.P50, l.P90, l.P99, l.P999, l.Max} {
			fmt.Fprintf(t, "%.3fms\t", d.Seconds()*1000)
		}
		fmt.Fprintln(t)
	}
	t.Flush()
}

// writeCounts writes a line for each kind of error.
func writeCounts(b *strings.Builder, counts map[string]int64) {
	for _, kind := range slices.Sorted(maps.Keys(counts)) {
		fmt.Fprintf(b, "  %8d  %s\n", counts[kind], kind)
	}
}
