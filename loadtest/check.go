package loadtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stackforge/marconi/clients/go"
)

const (
	claimTTL   = time.Minute          // the shortest that brokers take
	surelyHeld = claimTTL / 10 * 9    // leaves room for clocks that run at different speeds
	parcelTTL  = 24 * time.Hour       // of messages: none may expire during a check
	backlog    = 1000                 // free messages in a queue above which its producers wait
	patience   = claimTTL * 3 / 2     // without any progress, at the end
	idle       = 5 * time.Millisecond // between looking for messages and looking again
	setback    = 10 * idle            // after a failure
)

// Check finds out whether a broker loses, invents, repeats or reorders messages,
// stores half of a post, or lets two have a message at a time. It makes
// Config.Queues queues and lets loose on them, for every six connections, two
// producers; two claimers, who delete what they claimed, sometimes release it half
// done, and sometimes let the claim go; and one popper, who keeps to one queue.
// What connections remain are readers, one for each queue at least, who follow it
// from its start. There is at least one of each. At the end the readers read to the
// end, claims that are left are released, and all that is left is claimed and
// deleted.
//
// Requests that fail during the check, as when the broker is killed and started
// again, are part of it and no error. An error means that the check could not be
// begun or brought to its end; the Report then tells of what was done, and of
// messages lost that are only left.
func Check(ctx context.Context, c Config) (r Report, err error) {
	k, end, err := begin(ctx, c, "check")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, end()) }()
	began := time.Now()
	k.run(ctx)
	err = k.drain(ctx)
	r = Judge(k.events)
	r.Seed, r.Elapsed = k.config.Seed, time.Since(began)
	return r, err
}

// begin makes the queues of a check. End deletes them.
func begin(ctx context.Context, c Config, name string) (k *check, end func() error, err error) {
	c = c.withDefaults(3)
	if err := c.check(); err != nil {
		return nil, nil, err
	}
	api, hangUp, err := c.dial(0)
	if err != nil {
		return nil, nil, err
	}
	queues, err := makeQueues(ctx, api, name, c.Queues)
	end = func() error {
		defer hangUp()
		return deleteQueues(ctx, api, queues)
	}
	if err != nil {
		return nil, nil, errors.Join(err, end())
	}
	return &check{config: c, client: api, queues: queues}, end, nil
}

// check is a check under way.
type check struct {
	config Config
	client *client.Client
	queues []string

	attempted atomic.Int64 // messages, as far as Config.Count matters

	mu     sync.Mutex // guards what follows
	events []Event
	adrift []adrift
}

// adrift is a claim that its claimer let go.
type adrift struct{ queue, claim string }

// run lets all workers loose. It ends consumers after producers, and readers
// after both.
func (k *check) run(ctx context.Context) {
	produce, endProducers := k.load(ctx)
	defer endProducers()
	consume, endConsumers := context.WithCancel(ctx)
	defer endConsumers()
	follow, endReaders := context.WithCancel(ctx)
	defer endReaders()

	n := k.config.Connections
	producers := k.start(ctx, produce, "producer", max(1, n/3), (*hand).produce)
	claimers := k.start(ctx, consume, "claimer", max(1, n/3), (*hand).claim)
	poppers := k.start(ctx, consume, "popper", max(1, n/6), (*hand).pop)
	readers := k.start(ctx, follow, "reader", max(len(k.queues), n-2*(n/3)-n/6), (*hand).read)

	producers.Wait()
	endConsumers()
	claimers.Wait()
	poppers.Wait()
	endReaders()
	readers.Wait()
}

// load is as long as the config lets producers work. End ends it, and what
// watches over it.
func (k *check) load(ctx context.Context) (load context.Context, end func()) {
	load, cancel := context.WithCancel(ctx)
	var over <-chan time.Time
	if k.config.Duration > 0 {
		over = time.After(k.config.Duration)
	}
	var watch sync.WaitGroup
	watch.Go(func() {
		defer cancel()
		select { // what the config does not say never comes
		case <-k.config.Stop:
		case <-over:
		case <-load.Done():
		}
	})
	return load, func() { cancel(); watch.Wait() }
}

// start lets workers of one role loose until a context is done. Their requests
// have another, so that the end of a role cuts none off.
func (k *check) start(ctx, until context.Context, role string, n int, work func(w *hand, ctx, until context.Context)) *sync.WaitGroup {
	var all sync.WaitGroup
	for i := range n {
		w := k.hand(role, i)
		all.Go(func() { work(w, ctx, until) })
	}
	return &all
}

// add takes down what a request came to.
func (k *check) add(e Event) {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.events = append(k.events, e)
}

// drain empties the queues.
func (k *check) drain(ctx context.Context) error {
	w := k.hand("drain", 0)
	for _, a := range k.adrift {
		w.release(ctx, a.queue, a.claim)
	}
	for _, q := range k.queues {
		if err := k.empty(ctx, w, q); err != nil {
			return err
		}
	}
	return nil
}

// empty claims and deletes until a queue shows no message, claimed or not. Claims
// that nobody knows of, since their answers were lost, it releases.
func (k *check) empty(ctx context.Context, w *hand, queue string) error {
	for progress := time.Now(); ; {
		h := w.take(ctx, queue, batch)
		if len(h.messages) > 0 && w.removeAll(ctx, h) {
			progress = time.Now()
			continue
		}
		left, err := k.client.Messages(ctx, queue, client.MessageOptions{Limit: batch, Echo: true, IncludeClaimed: true})
		switch {
		case err == nil && len(left.Messages) == 0:
			return nil
		case ctx.Err() != nil:
			return ctx.Err()
		case time.Since(progress) > patience && err != nil:
			return fmt.Errorf("loadtest: queue %s could not be emptied: %w", queue, err)
		case time.Since(progress) > patience:
			k.add(Event{Kind: Listed, Outcome: Refused, Worker: w.name, Queue: queue,
				Wrong: fmt.Sprintf("message %s is there and cannot be claimed, though all claims have ended", left.Messages[0].ID)})
			return nil
		}
		w.releaseAll(ctx, queue, left.Messages)
		if err := pause(ctx, setback); err != nil {
			return err
		}
	}
}
