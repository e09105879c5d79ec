package loadtest

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/stackforge/marconi/clients/go"
)

const (
	mostPosted = 10 // messages in a post
	lookEvery  = 10 // posts
)

// produce posts batches to one queue, one after the other. After a post that may
// or may not be stored, or still come to be, it goes on under a new name: nothing
// can be said of the order then.
func (w *hand) produce(ctx, until context.Context) {
	queue, life, seq := w.ownQueue(), 0, 0
	for posts := 0; until.Err() == nil; posts++ {
		if posts%lookEvery == 0 {
			w.waitForRoom(ctx, until, queue)
		}
		n := w.mayPost(1 + w.rand.IntN(mostPosted))
		if n == 0 {
			return
		}
		e := w.post(ctx, queue, fmt.Sprintf("%s.%d", w.name, life), seq, n)
		seq += n
		if e.Outcome != Succeeded {
			life, seq = life+1, 0
			pause(until, setback)
		}
	}
}

// waitForRoom holds a producer up while the consumers are far behind.
func (w *hand) waitForRoom(ctx, until context.Context, queue string) {
	for until.Err() == nil {
		if s, err := w.client.Stats(ctx, queue); err != nil || s.Free <= backlog {
			return
		}
		pause(until, 10*idle)
	}
}

// mayPost is how many of n messages the check's count still leaves.
func (w *hand) mayPost(n int) int {
	count := int64(w.config.Count)
	if count == 0 {
		return n
	}
	before := w.attempted.Add(int64(n)) - int64(n)
	return int(max(0, min(int64(n), count-before)))
}

func (w *hand) post(ctx context.Context, queue, producer string, seq, n int) Event {
	items, drafts := make([]Item, n), make([]client.Draft, n)
	for i := range n {
		items[i] = Item{Producer: producer, Seq: seq + i}
		drafts[i] = client.Draft{Body: pack(items[i], letters(w.rand, w.rand.IntN(w.config.Size))), TTL: parcelTTL}
	}
	return w.ask(Event{Kind: Posted, Queue: queue, Items: items}, func(e *Event) error {
		ids, err := w.client.Post(ctx, queue, drafts...)
		if err == nil && len(ids) != n {
			e.Wrong = fmt.Sprintf("%d IDs for %d messages", len(ids), n)
			return errors.New("the wrong number of IDs")
		}
		for i, id := range ids {
			e.Items[i].ID = id
		}
		return err
	})
}

// claim works on what it claims, or lets it be.
func (w *hand) claim(ctx, until context.Context) {
	for until.Err() == nil {
		h := w.take(ctx, w.anyQueue(), 1+w.rand.IntN(batch))
		if len(h.messages) == 0 {
			w.rest(until, h.outcome, w.upTo(2*idle))
			continue
		}
		switch mood := w.rand.IntN(20); {
		case mood == 0:
			w.letGo(h)
		case mood < 4:
			w.work(ctx, h, h.messages[:w.rand.IntN(len(h.messages))])
			w.release(ctx, h.queue, h.claim)
		case mood < 6:
			pause(until, w.upTo(10*idle))
			w.work(ctx, h, h.messages)
		default:
			w.work(ctx, h, h.messages)
		}
	}
}

// letGo leaves a claim to end by itself. If the check ends before, it is released
// then.
func (w *hand) letGo(h held) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.adrift = append(w.adrift, adrift{h.queue, h.claim})
}

// work deletes messages one at a time, as long as the claim is sure to last. At
// a failure it lets the claim go.
func (w *hand) work(ctx context.Context, h held, messages []Item) {
	for _, item := range messages {
		if !h.safe() || !w.remove(ctx, h, item) {
			w.letGo(h)
			return
		}
	}
}

// pop takes a few messages now and then, always of one queue: where nobody pops,
// every message is accounted for even when answers are lost.
func (w *hand) pop(ctx, until context.Context) {
	for until.Err() == nil {
		limit := 1 + w.rand.IntN(5)
		e := w.ask(Event{Kind: Popped, Queue: w.ownQueue(), Limit: limit}, func(e *Event) error {
			messages, err := w.client.Pop(ctx, e.Queue, limit)
			e.Items = itemsOf(messages)
			return err
		})
		w.rest(until, e.Outcome, w.upTo(4*idle))
	}
}

// read follows one queue from its start, claimed messages and all. Once it is
// told to stop, it goes on to the end, or until it has waited long enough for one.
func (w *hand) read(ctx, until context.Context) {
	queue, marker := w.ownQueue(), ""
	var deadline time.Time // zero: not told yet
	for ctx.Err() == nil {
		if until.Err() != nil && deadline.IsZero() {
			deadline = time.Now().Add(patience)
		}
		e := w.list(ctx, queue, &marker)
		if len(e.Items) > 0 {
			continue
		}
		if !deadline.IsZero() && (e.Outcome == Succeeded || time.Now().After(deadline)) {
			return
		}
		w.rest(ctx, e.Outcome, idle)
	}
}

// list reads the page after a marker and moves the marker on.
func (w *hand) list(ctx context.Context, queue string, marker *string) Event {
	return w.ask(Event{Kind: Listed, Queue: queue}, func(e *Event) error {
		page, err := w.client.Messages(ctx, queue, client.MessageOptions{
			Marker: *marker, Limit: 1 + w.rand.IntN(batch), Echo: true, IncludeClaimed: true, IncludeDelayed: true,
		})
		e.Items = itemsOf(page.Messages)
		*marker = cmp.Or(page.Next, *marker)
		return err
	})
}
