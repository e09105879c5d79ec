package pebblestore_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"time"

	"github.com/stackforge/marconi/storage"
)

// op is a call that does the same to every driver that is in the same state.
type op struct {
	name string
	now  int
	do   func(ctx context.Context, d storage.Driver) error
}

// history invents calls that change three queues, large posts and deletions
// among them, so that blocks of the log come and go.
type history struct {
	dice   *rand.Rand
	now    int
	claims int
	leases int
	lives  uint32
}

var queues = []storage.QueueID{{Project: "p", Name: "a"}, {Project: "p", Name: "b"}, {Project: "p", Name: "dead"}}

func second(n int) time.Time { return time.UnixMilli(2_000_000_000_000 + int64(n)*1000) }

func invent(seed uint64, steps int) []op {
	h := &history{dice: rand.New(rand.NewPCG(seed, 7))}
	var ops []op
	for _, id := range queues[:2] {
		ops = append(ops, h.create(id))
	}
	for len(ops) < steps {
		ops = append(ops, h.step())
	}
	return ops
}

func (h *history) step() op {
	h.now += h.dice.IntN(3)
	id := queues[h.dice.IntN(len(queues))]
	switch h.dice.IntN(24) {
	case 0:
		return h.create(id)
	case 1:
		return h.subscribe(id)
	case 2:
		return h.take()
	case 3, 4:
		return h.popSome(id)
	case 5, 6, 7, 8:
		return h.claim(id)
	case 9, 10:
		return h.endClaim(id)
	case 11, 12:
		return h.deleteClaimed(id)
	case 13:
		return h.sweep()
	case 14:
		return h.rare(id)
	default:
		return h.post(id)
	}
}

func (h *history) op(name string, do func(ctx context.Context, d storage.Driver) error) op {
	return op{fmt.Sprintf("%d: %s", h.now, name), h.now, do}
}

func (h *history) create(id storage.QueueID) op {
	h.lives++
	q := storage.Queue{ID: id, Epoch: 100 + h.lives, Metadata: []byte("{}"), Created: second(h.now)}
	return h.op("create "+id.Name, func(ctx context.Context, d storage.Driver) error {
		_, err := d.CreateQueue(ctx, q)
		return err
	})
}

func (h *history) post(id storage.QueueID) op {
	p := storage.Post{Queue: id, ClientID: "c", Now: second(h.now)}
	size := 1 + h.dice.IntN(4)
	if h.dice.IntN(4) == 0 {
		size = 90 + h.dice.IntN(120)
	}
	for i := range size {
		d := storage.Draft{Body: fmt.Appendf(nil, "%d/%d", h.now, i), Expires: second(h.now + 5 + h.dice.IntN(60))}
		if h.dice.IntN(8) == 0 {
			d.Visible = second(h.now + h.dice.IntN(20))
		}
		p.Drafts = append(p.Drafts, d)
	}
	if h.dice.IntN(3) == 0 {
		p.Once = storage.Once{Key: fmt.Sprint("k", h.dice.IntN(20)), Until: second(h.now + 30)}
	}
	return h.op(fmt.Sprint("post ", id.Name, " ", size), func(ctx context.Context, d storage.Driver) error {
		_, err := d.PostMessages(ctx, p)
		return err
	})
}

func (h *history) claim(id storage.QueueID) op {
	h.claims++
	o := storage.ClaimOrder{
		ID: fmt.Sprint("claim", h.claims), Queue: id, Now: second(h.now), Limit: 1 + h.dice.IntN(40),
		Expires: second(h.now + 10), Keep: second(h.now + 15),
	}
	if id != queues[2] && h.dice.IntN(2) == 0 {
		h.lives++
		o.Bury = &storage.Bury{Max: 1, Queue: queues[2], Epoch: 100 + h.lives}
	}
	return h.op("claim "+id.Name, func(ctx context.Context, d storage.Driver) error {
		_, err := d.CreateClaim(ctx, o)
		return err
	})
}

// recent is the ID of a claim that may be live.
func (h *history) recent() string { return fmt.Sprint("claim", h.claims-h.dice.IntN(3)) }

func (h *history) endClaim(id storage.QueueID) op {
	claim, now, visible := h.recent(), second(h.now), second(h.now+h.dice.IntN(9)-4)
	if h.dice.IntN(2) == 0 {
		return h.op("renew "+id.Name, func(ctx context.Context, d storage.Driver) error {
			return d.RenewClaim(ctx, id, claim, now, now.Add(9*time.Second), now.Add(20*time.Second))
		})
	}
	return h.op("release "+id.Name, func(ctx context.Context, d storage.Driver) error {
		return d.ReleaseClaim(ctx, id, claim, now, visible)
	})
}

// deleteClaimed deletes all messages of a claim, or all but one.
func (h *history) deleteClaimed(id storage.QueueID) op {
	claim, now, spare := h.recent(), second(h.now), h.dice.IntN(2)
	return h.op("delete claimed "+id.Name, func(ctx context.Context, d storage.Driver) error {
		c, err := d.GetClaim(ctx, id, claim, now)
		if err != nil || len(c.Messages) <= spare {
			return err
		}
		var ids []string
		for _, m := range c.Messages[spare:] {
			ids = append(ids, m.ID)
		}
		return d.DeleteMessages(ctx, id, ids, []string{claim}, now)
	})
}

func (h *history) popSome(id storage.QueueID) op {
	limit, now := 1+h.dice.IntN(100), second(h.now)
	return h.op(fmt.Sprint("pop ", id.Name, " ", limit), func(ctx context.Context, d storage.Driver) error {
		_, err := d.PopMessages(ctx, id, limit, now)
		return err
	})
}

func (h *history) subscribe(id storage.QueueID) op {
	name := fmt.Sprint("s", h.dice.IntN(3))
	s := storage.Subscription{
		ID: name, Queue: id, Subscriber: "http://" + name, Options: []byte("{}"), Created: second(h.now),
		Since: second(h.now), Expires: second(h.now + 40), Deliver: h.dice.IntN(3) > 0,
	}
	return h.op("subscribe "+id.Name, func(ctx context.Context, d storage.Driver) error {
		_, _, err := d.CreateSubscription(ctx, s, s.Created)
		return err
	})
}

// take takes a delivery and settles half of it: two steps in one call, which is
// why the delivery is taken for one subscription alone.
func (h *history) take() op {
	h.leases++
	o := storage.DeliveryOrder{
		Lease: fmt.Sprint("lease", h.leases), Now: second(h.now), Until: second(h.now + 3), Subscriptions: 1, Messages: 10,
	}
	return h.op("take", func(ctx context.Context, d storage.Driver) error {
		_, err := d.TakeDeliveries(ctx, o)
		return err
	})
}

func (h *history) sweep() op {
	now := second(h.now)
	return h.op("sweep", func(ctx context.Context, d storage.Driver) error {
		_, err := d.Sweep(ctx, now, 50)
		return err
	})
}

func (h *history) rare(id storage.QueueID) op {
	if h.dice.IntN(2) == 0 {
		return h.op("purge "+id.Name, func(ctx context.Context, d storage.Driver) error {
			return d.PurgeMessages(ctx, id)
		})
	}
	return h.op("drop "+id.Name, func(ctx context.Context, d storage.Driver) error {
		return d.DeleteQueue(ctx, id)
	})
}

// dump tells all that can be seen of a driver's three queues at an instant.
func dump(ctx context.Context, d storage.Driver, now time.Time, claims int) (string, error) {
	var b strings.Builder
	for _, id := range queues {
		q, err := d.GetQueue(ctx, id)
		if err != nil {
			fmt.Fprintln(&b, id.Name, err)
			continue
		}
		fmt.Fprintln(&b, q.ID.Name, q.Epoch, q.Version, string(q.Metadata))
		if err := dumpQueue(ctx, d, &b, id, now, claims); err != nil {
			return "", err
		}
	}
	n, err := d.CountQueues(ctx, "p")
	fmt.Fprintln(&b, "queues", n, err)
	return b.String(), err
}

func dumpQueue(ctx context.Context, d storage.Driver, b *strings.Builder, id storage.QueueID, now time.Time, claims int) error {
	page, err := d.ListMessages(ctx, storage.MessageFilter{
		Queue: id, Now: now, Limit: 1 << 20, IncludeClaimed: true, IncludeDelayed: true,
	})
	if err != nil {
		return err
	}
	for _, m := range page.Items {
		fmt.Fprintf(b, "%s %d %q %q %d %d %d %d\n", m.ID, m.Position, m.Body, m.Claim, m.Claims, m.Visible.Unix(), m.Since.Unix(), m.Expires.Unix())
	}
	free, err := d.ListMessages(ctx, storage.MessageFilter{Queue: id, Now: now, Limit: 1 << 20})
	if err != nil {
		return err
	}
	st, err := d.QueueStats(ctx, id, now)
	if err != nil {
		return err
	}
	fmt.Fprintln(b, len(free.Items), st.Total, st.Claimed, st.Delayed, st.Tail, st.Wake.Unix())
	for i := range claims + 1 {
		if c, err := d.GetClaim(ctx, id, fmt.Sprint("claim", i), now); err == nil {
			fmt.Fprintln(b, c.ID, c.Created.Unix(), c.Expires.Unix(), len(c.Messages))
		}
	}
	subs, err := d.ListSubscriptions(ctx, storage.SubscriptionFilter{Queue: id, Now: now, Limit: 100})
	for _, s := range subs.Items {
		fmt.Fprintln(b, s.ID, s.Subscriber, s.Deliver, s.Expires.Unix())
	}
	return err
}
