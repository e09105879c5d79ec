package loadtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"sync"
	"time"

	"github.com/stackforge/marconi/clients/go"
)

// Scenario is a load with a name.
type Scenario struct {
	Name  string // one word
	About string // one line

	// Run makes queues, puts them under the load, and deletes them. It fails
	// if the broker cannot be reached at the start; errors after that are
	// counted in the Result. If ctx is done before the end, the Result has what
	// was measured until then, and the error is that of ctx.
	Run func(context.Context, Config) (Result, error)
}

// Scenarios are all there are, in the order in which to show them.
func Scenarios() []Scenario {
	loads := []load{postLoad(), cycleLoad(), listLoad()}
	out := make([]Scenario, len(loads))
	for i, l := range loads {
		out[i] = Scenario{Name: l.name, About: l.about, Run: l.run}
	}
	return append(out, listenScenario())
}

// load is what the scenarios differ in.
type load struct {
	name, about string
	parts       []string // the requests an operation consists of
	fill        bool     // with messages before it starts
	operation   func(context.Context, *worker) (messages int, ok bool)
}

// worker sends the operations of one connection.
type worker struct {
	*meter
	client *client.Client
	queue  string
	draft  client.Draft
	marker string // of a load that reads
}

const (
	loadTTL      = time.Hour             // of messages
	afterFailure = 20 * time.Millisecond // so that a broker that is down is not asked in a busy loop
	fillBytes    = 200 << 10             // in one post before the start; brokers take 256 KiB by default
)

func (l load) run(ctx context.Context, c Config) (r Result, err error) {
	c.Stop = nil
	c = c.withDefaults(1)
	if err := c.check(); err != nil {
		return r, err
	}
	api, hangUp, err := c.dial(-1) // a retry would hide an error and blur a latency
	if err != nil {
		return r, err
	}
	defer hangUp()
	queues, err := makeQueues(ctx, api, "load-"+l.name, c.Queues)
	defer func() { err = errors.Join(err, deleteQueues(ctx, api, queues)) }()
	if err != nil {
		return r, err
	}
	draft := client.Draft{Body: bodyOf(c.Size, c.Seed), TTL: loadTTL}
	for _, q := range queues {
		if err := l.prepare(ctx, api, q, draft, c); err != nil {
			return r, err
		}
	}
	m := newMeter(l.parts)
	workers := make([]*worker, c.Connections)
	for i := range workers {
		workers[i] = &worker{meter: m, client: api, queue: queues[i%len(queues)], draft: draft}
	}
	if err := connect(ctx, workers); err != nil {
		return r, err
	}
	p := newPace(c, time.Now())
	l.drive(ctx, workers, p)
	return l.result(c, m, p), ctx.Err()
}

// prepare fills a queue, if the load wants it full.
func (l load) prepare(ctx context.Context, api *client.Client, queue string, d client.Draft, c Config) error {
	if !l.fill {
		return nil
	}
	at := max(1, min(batch, fillBytes/c.Size))
	for left := c.Prefill; left > 0; left -= at {
		if _, err := api.Post(ctx, queue, repeated(d, min(at, left))...); err != nil {
			return fmt.Errorf("loadtest: filling a queue: %w", err)
		}
	}
	return nil
}

// drive lets the workers loose until the pace ends the run.
func (l load) drive(ctx context.Context, workers []*worker, p *pace) {
	var all sync.WaitGroup
	for _, w := range workers {
		all.Go(func() {
			for {
				due, ok := p.next(ctx)
				if !ok {
					return
				}
				began := time.Now()
				if messages, ok := l.operation(ctx, w); ok {
					w.done(due, began, messages)
				} else if pause(ctx, afterFailure) != nil {
					return
				}
			}
		})
	}
	all.Wait()
}

func (l load) result(c Config, m *meter, p *pace) Result {
	now := time.Now()
	c.Token, c.HTTPClient = "", nil
	r := Result{
		Scenario: l.name, Config: c, Started: p.start, Elapsed: now.Sub(p.start),
		Operations: m.operations.Load(), Messages: m.messages.Load(), Unstarted: p.unstarted(now),
		Latencies: []Latency{latencyOf(l.name, &m.whole)}, Errors: m.failures(),
	}
	if c.Rate > 0 {
		r.Latencies = append(r.Latencies, latencyOf("waiting to start", &m.lag))
	}
	if len(l.parts) > 1 {
		for _, name := range l.parts {
			r.Latencies = append(r.Latencies, latencyOf(name, m.parts[name]))
		}
	}
	return r
}

// connect opens the workers' connections, so that dialing is not measured.
func connect(ctx context.Context, workers []*worker) error {
	failed := make([]error, len(workers))
	var all sync.WaitGroup
	for i, w := range workers {
		all.Go(func() { failed[i] = w.client.Ping(ctx) })
	}
	all.Wait()
	for _, err := range failed {
		if err != nil {
			return fmt.Errorf("loadtest: %w", err)
		}
	}
	return nil
}

// bodyOf is a JSON text of so many bytes that hardly compresses.
func bodyOf(size int, seed uint64) json.RawMessage {
	return json.RawMessage(`"` + letters(rand.New(rand.NewPCG(seed, 0)), size-smallestBody) + `"`)
}

func letters(r *rand.Rand, n int) string {
	const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
	var b strings.Builder
	for range n {
		b.WriteByte(alphabet[r.IntN(len(alphabet))])
	}
	return b.String()
}
