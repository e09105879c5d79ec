package loadtest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/stackforge/marconi/clients/go"
)

// hand is a worker of a check. Its methods send one request each and take down
// what came of it.
type hand struct {
	*check
	name  string
	index int
	rand  *rand.Rand
}

func (k *check) hand(role string, index int) *hand {
	var stream uint64 // one for each worker
	for _, b := range []byte(role) {
		stream = stream*31 + uint64(b)
	}
	return &hand{
		check: k, name: fmt.Sprintf("%s %d", role, index), index: index,
		rand: rand.New(rand.NewPCG(k.config.Seed, stream+uint64(index))),
	}
}

// ask sends a request and takes down what it came to. The request fills in what
// it knows of the event.
func (w *hand) ask(e Event, request func(*Event) error) Event {
	e.Worker = w.name
	e.Sent = time.Now()
	err := request(&e)
	e.Done = time.Now()
	e.Outcome = outcomeOf(err)
	if err != nil {
		e.Error = kindOf(err)
	}
	if status := client.StatusOf(err); status >= 400 && status <= 500 && status != tooMany {
		e.Wrong = err.Error() // there was nothing wrong about the request
	}
	w.add(e)
	return e
}

const tooMany = 429

func outcomeOf(err error) Outcome {
	status := client.StatusOf(err)
	switch {
	case err == nil:
		return Succeeded
	case status >= 400 && status < 500:
		return Refused
	}
	return Unanswered
}

// held is a claim that a worker has.
type held struct {
	queue, claim string
	asked        time.Time
	messages     []Item
	outcome      Outcome // of asking
}

func (w *hand) take(ctx context.Context, queue string, limit int) held {
	e := w.ask(Event{Kind: Claimed, Queue: queue}, func(e *Event) error {
		c, err := w.client.Claim(ctx, queue, client.ClaimOptions{Limit: limit, TTL: claimTTL, Grace: claimTTL})
		e.Claim, e.Items, e.Holds = c.ID, itemsOf(c.Messages), e.Sent.Add(surelyHeld)
		return err
	})
	return held{queue, e.Claim, e.Sent, e.Items, e.Outcome}
}

// safe reports whether a request sent now comes well before the claim's end.
func (h held) safe() bool { return time.Since(h.asked) < claimTTL/2 }

func (w *hand) remove(ctx context.Context, h held, item Item) bool {
	e := w.ask(Event{Kind: Deleted, Queue: h.queue, Claim: h.claim, Items: []Item{item}}, func(*Event) error {
		return w.client.DeleteMessage(ctx, h.queue, item.ID, h.claim)
	})
	return e.Outcome == Succeeded
}

func (w *hand) removeAll(ctx context.Context, h held) bool {
	e := w.ask(Event{Kind: Deleted, Queue: h.queue, Claim: h.claim, Items: h.messages}, func(e *Event) error {
		ids := make([]string, len(e.Items))
		for i, item := range e.Items {
			ids[i] = item.ID
		}
		return w.client.DeleteMessages(ctx, h.queue, ids, h.claim)
	})
	return e.Outcome == Succeeded
}

func (w *hand) release(ctx context.Context, queue, claim string) {
	w.ask(Event{Kind: Released, Queue: queue, Claim: claim}, func(*Event) error {
		return w.client.ReleaseClaim(ctx, queue, claim)
	})
}

// releaseAll releases the claims that messages are in.
func (w *hand) releaseAll(ctx context.Context, queue string, messages []client.Message) {
	done := make(map[string]bool)
	for _, m := range messages {
		if m.ClaimID != "" && !done[m.ClaimID] {
			done[m.ClaimID] = true
			w.release(ctx, queue, m.ClaimID)
		}
	}
}

// rest waits, and longer after a failure.
func (w *hand) rest(until context.Context, after Outcome, d time.Duration) {
	if after != Succeeded {
		d = setback
	}
	pause(until, d)
}

// anyQueue is one of the queues at random.
func (w *hand) anyQueue() string { return w.queues[w.rand.IntN(len(w.queues))] }

// ownQueue is the same each time.
func (w *hand) ownQueue() string { return w.queues[w.index%len(w.queues)] }

// upTo is a random span.
func (w *hand) upTo(d time.Duration) time.Duration { return time.Duration(w.rand.Int64N(int64(d))) }
