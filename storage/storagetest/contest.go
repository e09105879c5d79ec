package storagetest

import (
	"context"
	"fmt"
	"runtime"
	"sync"
	"sync/atomic"

	"github.com/stackforge/marconi/storage"
)

// race lets eight callers at once try what one of them can do, and tells which
// one did.
func race(t T, try func(ctx context.Context, member int) (bool, error)) int {
	t.Helper()
	var winners atomic.Int32
	var winner atomic.Int32
	c := newCrowd(t)
	c.enter(8, func(ctx context.Context, member int) error {
		won, err := try(ctx, member)
		if won {
			winners.Add(1)
			winner.Store(int32(member))
		}
		return err
	})
	c.run()
	same(t, "callers who succeeded", winners.Load(), 1)
	return int(winner.Load())
}

// reader checks the letters of one subscription.
type reader struct {
	mu   sync.Mutex
	busy bool
	next int
}

// begin notes that somebody works for the subscription.
func (r *reader) begin(d storage.Delivery) error {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.busy {
		return fmt.Errorf("%s is under two leases", d.Subscription.ID)
	}
	r.busy = true
	for i, letter := range d.Letters {
		if want := fmt.Sprint(r.next + i); string(letter.Message.Body) != want {
			return fmt.Errorf("%s was delivered %q, want %q", d.Subscription.ID, letter.Message.Body, want)
		}
	}
	return nil
}

// end notes that so many letters are about to be accepted.
func (r *reader) end(accepted int) {
	r.mu.Lock()
	defer r.mu.Unlock()
	r.busy = false
	r.next += accepted
}

func (r *reader) done(total int) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.next == total
}

// round is subscriptions whose letters are handed out by many workers.
type round struct {
	d       storage.Driver
	tide    tide
	total   int
	readers map[string]*reader
}

// raceDeliveries posts numbers while workers accept them in parts.
func raceDeliveries(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	r := &round{d: d, total: 60, readers: map[string]*reader{}}
	for _, id := range []string{"s1", "s2", "s3"} {
		q.subscribe(durable(id), at(0))
		r.readers[id] = &reader{}
	}
	c := newCrowd(t)
	c.enter(1, func(ctx context.Context, _ int) error { return r.post(ctx, q.id) })
	c.enter(4, r.worker)
	c.run()
	takes(t, d, "the last", at(0), "s1")
}

func (r *round) post(ctx context.Context, q storage.QueueID) error {
	for i := range r.total {
		post := storage.Post{Queue: q, Now: at(0), Drafts: texts(fmt.Sprint(i))}
		if _, err := r.d.PostMessages(ctx, post); err != nil {
			return fmt.Errorf("PostMessages: %w", err)
		}
		r.tide.rise()
	}
	return nil
}

// worker takes deliveries until every reader has all letters.
func (r *round) worker(ctx context.Context, worker int) error {
	for n := 0; ; n++ {
		rise := r.tide.next()
		o := storage.DeliveryOrder{
			Lease: fmt.Sprint("worker ", worker, ".", n), Now: at(0), Until: at(60), Subscriptions: 1 + worker%2, Messages: 1 + worker,
		}
		taken, err := r.d.TakeDeliveries(ctx, o)
		if err != nil {
			return fmt.Errorf("TakeDeliveries: %w", err)
		}
		if err := r.deliver(ctx, taken); err != nil {
			return err
		}
		switch {
		case r.done():
			return nil
		case len(taken) > 0:
			continue
		}
		if err := wait(ctx, rise); err != nil {
			return err
		}
	}
}

func (r *round) done() bool {
	for _, one := range r.readers {
		if !one.done(r.total) {
			return false
		}
	}
	return true
}

// deliver accepts the first half of each delivery's letters, or its only one.
func (r *round) deliver(ctx context.Context, taken []storage.Delivery) error {
	defer r.tide.rise()
	for _, one := range taken {
		if err := r.readers[one.Subscription.ID].begin(one); err != nil {
			return err
		}
	}
	runtime.Gosched() // let the others in while all is leased
	for _, one := range taken {
		accepted := (len(one.Letters) + 1) / 2
		r.readers[one.Subscription.ID].end(accepted)
		if err := r.d.SettleDelivery(ctx, settlement(one, accepted, at(0))); err != nil {
			return fmt.Errorf("SettleDelivery: %w", err)
		}
	}
	return nil
}
