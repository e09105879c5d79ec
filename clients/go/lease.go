package client

import (
	"context"
	"iter"
	"time"
)

// StreamOptions says how messages are claimed. The zero value takes the server's
// defaults.
type StreamOptions struct {
	TTL   time.Duration // as in ClaimOptions: how long a claim outlives a broker that dies
	Grace time.Duration // as in ClaimOptions

	// Credit is how many messages may be unfinished at a time, 1 to 1000; 0 is the
	// server's choice, commonly 20.
	Credit int

	// Lost is as in ListenOptions.
	Lost func(error)
}

// Lease is a claim that the broker renews by itself, for as long as the
// connection lasts by which it came. Its methods may be called by many goroutines
// at once.
type Lease struct {
	Claim
	queue string
	from  *talk
}

// ClaimStream claims the messages of a queue, which need not be there yet, as they
// come and until ctx is done: the loop over it is a worker.
//
//	for lease, err := range c.ClaimStream(ctx, "orders", client.StreamOptions{Credit: 50}) {
//		if err != nil {
//			return err
//		}
//		for _, m := range lease.Messages {
//			// … work …
//			err = lease.Delete(ctx, m.ID)
//		}
//	}
//
// A message is finished when it is deleted or its claim is released, by whomever,
// though what is not done by way of the Lease may take half a minute to be
// noticed. Never more than Credit messages are unfinished, and the broker renews
// the claims on them. When the loop ends, what is unfinished is free for others
// at once.
//
// When the connection is lost a new one is made, as by Listen. What was claimed
// over the old one is free again then, or soon: Lease.Lost tells of it, and
// Lease.Delete fails. The loop ends with an error as that of Listen does, and
// needs the same.
func (c *Client) ClaimStream(ctx context.Context, queue string, o StreamOptions) iter.Seq2[*Lease, error] {
	return func(yield func(*Lease, error) bool) {
		err := c.stay(ctx, o.Lost, func(s *socket) (worked bool, err error) {
			t := s.talk(max(o.Credit, defaultCredit))
			defer t.end()
			return t.claims(queue, o, yield)
		})
		if err != nil {
			yield(nil, err)
		}
	}
}

const defaultCredit = 20 // leases that are kept at hand, at least

// claims tells of claims until the socket fails or nobody wants to hear more.
func (t *talk) claims(queue string, o StreamOptions, yield func(*Lease, error) bool) (worked bool, err error) {
	if err := t.begin(queue, o); err != nil {
		return false, err
	}
	for {
		f, err := t.push()
		switch {
		case err != nil:
			return worked, err
		case f.Kind == kindFact && f.Fact == "end":
			return worked, ended(f)
		case f.Kind != kindClaim:
			continue
		}
		worked = true
		l := &Lease{Claim: Claim{ID: f.wireMessage.ClaimID, Messages: f.all()}, queue: queue, from: t}
		if !yield(l, nil) {
			return worked, errEnough
		}
	}
}

// begin starts a claim stream.
func (t *talk) begin(queue string, o StreamOptions) error {
	_, err := t.ask(context.Background(), "claim_stream", struct { // the socket ends with the loop's context
		Queue  string `json:"queue_name"`
		Credit int    `json:"credit,omitzero"`
		TTL    span   `json:"ttl,omitzero"`
		Grace  span   `json:"grace,omitzero"`
	}{queue, o.Credit, span(o.TTL), span(o.Grace)})
	return err
}

// Lost is closed when the connection has ended by which the lease came. What is
// unfinished of it is in others' hands then, or will be.
func (l *Lease) Lost() <-chan struct{} { return l.from.gone }

// Delete removes messages of the lease. All are tried; the error is the first. Its
// status is 400 if the claim has ended. Without a status the connection is lost,
// or ctx is done, and nobody knows which of them were removed.
func (l *Lease) Delete(ctx context.Context, ids ...string) error {
	return l.from.askAll(ctx, "message_delete", len(ids), func(i int) any {
		return map[string]string{"queue_name": l.queue, "message_id": ids[i], "claim_id": l.ID}
	})
}

// Release gives back what is left of the lease; it is free at once. A claim that
// has ended is no error.
func (l *Lease) Release(ctx context.Context) error {
	_, err := l.from.ask(ctx, "claim_delete", map[string]string{"queue_name": l.queue, "claim_id": l.ID})
	return err
}
