package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/signal"
	"slices"
	"strings"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/stackforge/marconi/loadtest"
)

// The runs that are no scenarios.
const (
	benchCheck    = "check"
	benchAudience = "audience"
)

// benchOrder is what the flags of bench say.
type benchOrder struct {
	loadtest.Config
	asJSON bool
}

func newBench() *cobra.Command {
	var o benchOrder
	c := &cobra.Command{
		Use:   "bench [SCENARIO]...",
		Short: "Put a running broker under load, and check that it keeps its promises",
		Long:  benchHelp(),
		Example: `  marconi bench post --connections 64 --duration 30s
  marconi bench post cycle --rate 2000 --size 100 --json
  TOKEN=mrc_... marconi bench check --url https://queue.example.org --count 100000`,
		RunE: func(c *cobra.Command, names []string) error {
			if err := o.check(); err != nil {
				return usage(err)
			}
			ctx, stop := signal.NotifyContext(c.Context(), syscall.SIGINT, syscall.SIGTERM)
			defer stop()
			if o.Token == "" {
				o.Token = os.Getenv("TOKEN")
			}
			return o.carryOut(ctx, c.OutOrStdout(), names)
		},
	}
	set := c.Flags()
	set.SortFlags = false
	set.StringVar(&o.URL, "url", "http://127.0.0.1:8888", "where the broker is")
	set.StringVar(&o.Project, "project", "", "whose queues to use (default loadtest, or the token's)")
	set.StringVar(&o.Token, "token", "", "token to call with; better given by the variable TOKEN")
	set.IntVar(&o.Connections, "connections", 8, "requests under way at once")
	set.DurationVar(&o.Duration, "duration", 0, "end after this time (default 10s if there is no --count)")
	set.IntVar(&o.Count, "count", 0, "end after so many operations")
	set.Float64Var(&o.Rate, "rate", 0, "operations due in a second, all together; 0: as fast as they are answered")
	set.IntVar(&o.Size, "size", 1024, "bytes of a message's body")
	set.IntVar(&o.Queues, "queues", 0, "queues to spread the load over (default 1, for check and audience 3)")
	set.IntVar(&o.Prefill, "prefill", 1000, "messages in each queue before they are listed")
	set.IntVar(&o.Listeners, "listeners", 0, "listeners, each on a connection of its own besides (default 100)")
	set.IntVar(&o.Process, "pid", 0, "the broker's process on this machine, whose memory to tell")
	set.Uint64Var(&o.Seed, "seed", 0, "of all that is random")
	set.BoolVar(&o.asJSON, "json", false, "print a JSON object for each run")
	return c
}

func benchHelp() string {
	var b strings.Builder
	b.WriteString("Bench runs scenarios against a running broker, all but check and audience if none is\n" +
		"named, and prints rates and latencies. It makes queues of its own and deletes them again.\n\n")
	for _, s := range loadtest.Scenarios() {
		fmt.Fprintf(&b, "  %-8s %s\n", s.Name, s.About)
	}
	fmt.Fprintf(&b, "  %-8s %s\n", benchCheck, "random producers and consumers; what went in must come out once and in order")
	fmt.Fprintf(&b, "  %-8s %s\n", benchAudience, "many listen while messages come and go; each must be told of all, once and in order")
	b.WriteString("\nIt exits with 1 if the broker cannot be reached, a request of a scenario failed, check or\n" +
		"audience found a broken promise, or it was stopped by a signal. Check and audience go on\n" +
		"through restarts of the broker: a request that failed breaks no promise.")
	return b.String()
}

func (o benchOrder) carryOut(ctx context.Context, w io.Writer, names []string) error {
	scenarios := make(map[string]loadtest.Scenario)
	var known, all []string
	for _, s := range loadtest.Scenarios() {
		scenarios[s.Name] = s
		all = append(all, s.Name)
	}
	known = append(all[:len(all):len(all)], benchCheck, benchAudience)
	if len(names) == 0 {
		names = all
	}
	for _, name := range names {
		if !slices.Contains(known, name) {
			return usage(fmt.Errorf("there is no scenario %q%s", name, nearest("; the nearest is %q", name, known)))
		}
	}
	var problems []error
	for i, name := range names {
		problems = append(problems, o.run(ctx, w, name, scenarios[name]))
		if left := names[i+1:]; ctx.Err() != nil && len(left) > 0 {
			problems = append(problems, fmt.Errorf("%s: not begun: %w", strings.Join(left, ", "), context.Cause(ctx)))
			break
		}
	}
	return errors.Join(problems...)
}

// run runs what has a name; s is of scenarios.
func (o benchOrder) run(ctx context.Context, w io.Writer, name string, s loadtest.Scenario) error {
	switch name {
	case benchCheck:
		r, err := loadtest.Check(ctx, o.Config)
		return o.judge(ctx, w, name, r, r.Elapsed, stopped(ctx, name, err))
	case benchAudience:
		r, err := loadtest.CheckListening(ctx, o.Config)
		return o.judge(ctx, w, name, r, r.Elapsed, stopped(ctx, name, err))
	}
	return o.measure(ctx, w, s)
}

func (o benchOrder) measure(ctx context.Context, w io.Writer, s loadtest.Scenario) error {
	r, err := s.Run(ctx, o.Config)
	err = stopped(ctx, s.Name, err)
	if r.Started.IsZero() {
		return err
	}
	if o.asJSON {
		err = errors.Join(err, writeJSON(w, summary(r)))
	} else {
		fmt.Fprintln(w, r)
	}
	if n := r.Failed(); n > 0 {
		err = errors.Join(err, fmt.Errorf("%s: requests that failed: %d", s.Name, n))
	}
	return err
}

// stopped tells what a signal has ended by that, and keeps what else went wrong.
func stopped(ctx context.Context, name string, err error) error {
	if ctx.Err() == nil || !errors.Is(err, context.Canceled) {
		return err
	}
	all := []error{fmt.Errorf("%s: stopped before its end: %w", name, context.Cause(ctx))}
	if joined, ok := err.(interface{ Unwrap() []error }); ok {
		for _, e := range joined.Unwrap() {
			if !errors.Is(e, context.Canceled) {
				all = append(all, e)
			}
		}
	}
	return errors.Join(all...)
}

// report is what a check found.
type report interface {
	fmt.Stringer
	OK() bool
}

func (o benchOrder) judge(ctx context.Context, w io.Writer, name string, r report, took time.Duration, err error) error {
	if took == 0 { // it did not begin
		return err
	}
	if o.asJSON {
		err = errors.Join(err, writeJSON(w, r))
	} else {
		fmt.Fprintln(w, r)
	}
	if ctx.Err() != nil && err != nil {
		return err // what the signal cut off looks as if it had failed or were lost
	}
	if !r.OK() {
		err = errors.Join(err, errors.New(name+": the broker did not keep its promises"))
	}
	return err
}

// benchSummary is a Result for other programs.
type benchSummary struct {
	Scenario            string           `json:"scenario"`
	Started             time.Time        `json:"started"`
	Seconds             float64          `json:"seconds"`
	Operations          int64            `json:"operations"`
	OperationsPerSecond float64          `json:"operations_per_second"`
	MessagesPerSecond   float64          `json:"messages_per_second"`
	Unstarted           int64            `json:"unstarted"`
	Memory              *loadtest.Memory `json:"memory,omitempty"`
	Errors              map[string]int64 `json:"errors"`
	Latencies           []benchLatency   `json:"latencies"`
}

type benchLatency struct {
	Name  string  `json:"name"`
	Count int64   `json:"count"`
	Mean  float64 `json:"mean_seconds"`
	P50   float64 `json:"p50_seconds"`
	P90   float64 `json:"p90_seconds"`
	P99   float64 `json:"p99_seconds"`
	P999  float64 `json:"p999_seconds"`
	Max   float64 `json:"max_seconds"`
}

func summary(r loadtest.Result) benchSummary {
	s := benchSummary{
		Scenario: r.Scenario, Started: r.Started, Seconds: r.Elapsed.Seconds(), Operations: r.Operations,
		OperationsPerSecond: r.OperationsPerSecond(), MessagesPerSecond: r.MessagesPerSecond(),
		Unstarted: r.Unstarted, Errors: r.Errors,
	}
	if r.Memory.Before > 0 {
		s.Memory = &r.Memory
	}
	for _, l := range r.Latencies {
		s.Latencies = append(s.Latencies, benchLatency{l.Name, l.Count, l.Mean.Seconds(),
			l.P50.Seconds(), l.P90.Seconds(), l.P99.Seconds(), l.P999.Seconds(), l.Max.Seconds()})
	}
	return s
}
