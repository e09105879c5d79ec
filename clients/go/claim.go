package client

import (
	"context"
	"errors"
	"net/http"
	"path"
	"time"
)

// Claim is a hold on messages: until it ends, nobody else is given them.
type Claim struct {
	ID       string
	TTL      time.Duration // from its making or renewal to its end; only GetClaim tells
	Age      time.Duration // since its making or renewal; only GetClaim tells
	Messages []Message
}

// ClaimOptions says what to claim, and for how long. The zero value takes the
// server's defaults.
type ClaimOptions struct {
	Limit int           // at most so many messages; commonly up to 20, and 10 for 0
	TTL   time.Duration // how long the claim lasts; commonly a minute to 12 hours, and 5 minutes for 0
	Grace time.Duration // how long its messages live beyond it, at least; commonly from a minute on, which is also what 0 means
	Wait  time.Duration // for a message to come if there is none, at most 20 seconds; servers other than Marconi do not wait
}

// Claim claims the oldest free messages. There being none is no error: the Claim
// is then the zero value.
func (c *Client) Claim(ctx context.Context, queue string, o ClaimOptions) (Claim, error) {
	body, err := terms(o.TTL, o.Grace)
	if err != nil {
		return Claim{}, err
	}
	q := paging("", o.Limit)
	waiting(q, o.Wait)
	a, err := c.do(ctx, request{
		method: http.MethodPost, at: []string{"queues", queue, "claims"}, query: q, body: body,
	})
	if err != nil || a.status == http.StatusNoContent {
		return Claim{}, err
	}
	at := a.header.Get("Location")
	if at == "" {
		return Claim{}, errors.New("marconi: the answer does not name the claim")
	}
	var said wireMessages
	err = a.decode(&said)
	return Claim{ID: path.Base(at), Messages: said.all()}, err
}

// GetClaim shows a claim and what is left in it. The error's status is 404 if it
// has ended.
func (c *Client) GetClaim(ctx context.Context, queue, id string) (Claim, error) {
	var said struct {
		wireMessages
		TTL int64 `json:"ttl"`
		Age int64 `json:"age"`
	}
	if err := c.get(ctx, claimAt(http.MethodGet, queue, id), &said); err != nil {
		return Claim{}, err
	}
	return Claim{ID: id, TTL: seconds(said.TTL), Age: seconds(said.Age), Messages: said.all()}, nil
}

// RenewClaim lets a claim end a ttl from now, with a grace as in ClaimOptions. A
// span of 0 is the server's default, not what the claim had before. The error's
// status is 404 if it has ended.
func (c *Client) RenewClaim(ctx context.Context, queue, id string, ttl, grace time.Duration) error {
	r := claimAt(http.MethodPatch, queue, id)
	var err error
	if r.body, err = terms(ttl, grace); err != nil {
		return err
	}
	return c.tell(ctx, r)
}

// ReleaseClaim ends a claim; what was not deleted is free at once. A claim that
// has ended is no error.
func (c *Client) ReleaseClaim(ctx context.Context, queue, id string) error {
	return c.tell(ctx, claimAt(http.MethodDelete, queue, id))
}

func claimAt(method, queue, id string) request {
	return request{method: method, at: []string{"queues", queue, "claims", id}}
}

// terms is the body that says how long a claim lasts.
func terms(ttl, grace time.Duration) ([]byte, error) {
	return encode(struct {
		TTL   span `json:"ttl,omitzero"`
		Grace span `json:"grace,omitzero"`
	}{span(ttl), span(grace)})
}
