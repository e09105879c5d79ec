package loadtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stackforge/marconi/clients/go"
)

// listenScenario posts while others listen. Its operations are posts and its
// messages those that listeners were told; its first latency is from a post's
// start, as the listeners' clock is the poster's, to a message's arrival.
func listenScenario() Scenario {
	return Scenario{
		Name:  "listen",
		About: "post messages one at a time, while listeners are told of them",
		Run:   runListen,
	}
}

const partTold = "post to told"

// listening is a run of the scenario.
type listening struct {
	load
	*meter
	config Config
	client *client.Client
	queues []string
	began  time.Time

	posted []atomic.Int64 // by queue
	told   atomic.Int64
	memory Memory
}

func runListen(ctx context.Context, c Config) (r Result, err error) {
	c.Stop = nil
	c = c.withDefaults(1)
	if err := c.check(); err != nil {
		return r, err
	}
	api, hangUp, err := c.dial(-1)
	if err != nil {
		return r, err
	}
	defer hangUp()
	l := &listening{config: c, client: api, meter: newMeter([]string{"post", partTold}), posted: make([]atomic.Int64, c.Queues)}
	l.load = load{name: "listen", parts: []string{"post"}, operation: l.post}
	l.queues, err = makeQueues(ctx, api, "load-listen", c.Queues)
	defer func() { err = errors.Join(err, deleteQueues(ctx, api, l.queues)) }()
	if err != nil {
		return r, err
	}
	return l.run(ctx)
}

func (l *listening) run(ctx context.Context) (r Result, err error) {
	c := l.config
	l.memory = Memory{Listeners: c.Listeners, Before: residentOf(c.Process)}
	listen, end := context.WithCancel(ctx)
	var all sync.WaitGroup
	defer func() { end(); all.Wait() }()
	if err := l.listen(listen, &all); err != nil {
		return r, err
	}
	l.memory.Idle = residentOf(c.Process)

	workers := make([]*worker, c.Connections)
	for i := range workers {
		workers[i] = &worker{meter: l.meter, client: l.client, queue: strconv.Itoa(i % len(l.queues))}
	}
	if err := connect(ctx, workers); err != nil {
		return r, err
	}
	l.began = time.Now()
	p := newPace(c, l.began)
	l.drive(ctx, workers, p)
	took := time.Since(l.began)
	l.memory.Active = residentOf(c.Process)
	l.await(ctx)
	return l.sum(p, took), ctx.Err()
}

// sum is what was measured. What the listeners had to be told after the last post
// counts for the rate.
func (l *listening) sum(p *pace, posting time.Duration) Result {
	r := l.result(l.config, l.meter, p)
	r.Messages = l.told.Load()
	if missing := l.due() - r.Messages; missing > 0 {
		r.Errors["listen: not told"] = missing
	}
	r.Latencies[0].Name = "post"
	r.Latencies = append([]Latency{latencyOf(partTold, l.meter.parts[partTold])}, r.Latencies...)
	r.Memory = l.memory
	return r
}

// due is how many messages are to be told to all listeners together.
func (l *listening) due() (n int64) {
	for i := range l.config.Listeners {
		n += l.posted[i%len(l.queues)].Load()
	}
	return n
}

// await waits until all was told that was posted.
func (l *listening) await(ctx context.Context) {
	for before, since := int64(-1), time.Now(); l.told.Load() < l.due() && time.Since(since) < requestTimeout; {
		if now := l.told.Load(); now != before {
			before, since = now, time.Now()
		}
		if pause(ctx, idle) != nil {
			return
		}
	}
}

const stampWidth = 19 // digits of nanoseconds

// post posts a message that says when.
func (l *listening) post(ctx context.Context, w *worker) (int, bool) {
	q, _ := strconv.Atoi(w.queue)
	pad := max(0, l.config.Size-len(`{"at":"","pad":""}`)-stampWidth)
	body := fmt.Appendf(nil, `{"at":"%0*d","pad":"%s"}`, stampWidth, time.Since(l.began).Nanoseconds(), bytes.Repeat([]byte("x"), pad))
	ok := l.time("post", func() error {
		_, err := l.client.Post(ctx, l.queues[q], client.Draft{Body: json.RawMessage(body), TTL: loadTTL})
		return err
	})
	if ok {
		l.posted[q].Add(1)
	}
	return 1, ok
}

// dialers is how many listeners connect at the same time.
const dialers = 64

// listen lets all listeners listen, and returns when they do.
func (l *listening) listen(ctx context.Context, all *sync.WaitGroup) error {
	begun := make(chan error, 2*l.config.Listeners)
	turn := make(chan struct{}, dialers)
	for i := range l.config.Listeners {
		turn <- struct{}{}
		tell := sync.OnceFunc(func() { <-turn })
		all.Go(func() {
			defer tell()
			begun <- l.hear(ctx, l.queues[i%len(l.queues)], func() { tell(); begun <- nil })
		})
	}
	for range l.config.Listeners {
		if err := <-begun; err != nil {
			return fmt.Errorf("loadtest: listening: %w", err)
		}
	}
	return nil
}

// hear listens until ctx is done. It calls begun when it does listen, and answers
// what kept it from that.
func (l *listening) hear(ctx context.Context, queue string, begun func()) error {
	begun = sync.OnceFunc(begun)
	o := client.ListenOptions{Position: client.Latest, Lost: func(err error) { l.fail("listen: " + kindOf(err)) }}
	for news, err := range l.client.Listen(ctx, queue, o) {
		switch {
		case err != nil:
			return err
		case news.Fact == "":
			l.arrive(news.Message)
		default:
			begun()
		}
	}
	return nil
}

// arrive notes a message that was told.
func (l *listening) arrive(m client.Message) {
	now := time.Since(l.began)
	var body struct{ At string }
	if m.Decode(&body) != nil {
		return
	}
	if at, err := strconv.ParseInt(body.At, 10, 64); err == nil {
		l.meter.parts[partTold].Record(now - time.Duration(at))
		l.told.Add(1)
	}
}
