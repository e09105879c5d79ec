package client

import (
	"context"
	"crypto/rand"
	"net/http"
	"path"
	"time"
)

// Draft is a message to be posted.
type Draft struct {
	// Body is any JSON value: a json.RawMessage is sent as it is but for white
	// space, anything else as encoding/json writes it. nil is null.
	Body any

	// TTL is how long the message lives, commonly a minute to 14 days. 0 is the
	// queue's default.
	TTL time.Duration

	// Delay hides the message at first, on a queue that delays messages. nil is
	// the queue's default.
	Delay *time.Duration
}

// Post stores messages, all of them or none, in a queue that is made if it is
// not there. It returns their IDs in the same order.
//
// A lost connection or a 503 makes it try again, as Config.Retries says, with
// growing pauses of at most five seconds and for at most five minutes. Every try
// carries the same idempotency key, so that a server that knows such keys
// stores the messages once. If the last error is of that kind, or the context's,
// they may be stored or not.
func (c *Client) Post(ctx context.Context, queue string, drafts ...Draft) (ids []string, err error) {
	var key string
	if c.retries > 0 {
		key = rand.Text()
	}
	return c.post(ctx, queue, key, drafts)
}

// PostOnce is Post with the caller's own idempotency key of 1 to 255 printable
// ASCII characters: the same messages under the same key and in the same queue
// are stored once, whoever posts them, and however often, for ten minutes
// commonly. The IDs are those of the first time. The error's status is 409 if
// the key was used for other messages.
func (c *Client) PostOnce(ctx context.Context, queue, key string, drafts ...Draft) (ids []string, err error) {
	return c.post(ctx, queue, key, drafts)
}

func (c *Client) post(ctx context.Context, queue, key string, drafts []Draft) ([]string, error) {
	body, err := encode(map[string][]wireDraft{"messages": wireDrafts(drafts)})
	if err != nil {
		return nil, err
	}
	a, err := c.persist(ctx, request{
		method: http.MethodPost, at: []string{"queues", queue, "messages"}, body: body, key: key,
	})
	if err != nil {
		return nil, err
	}
	var said struct {
		Resources []string `json:"resources"`
	}
	if err := a.decode(&said); err != nil {
		return nil, err
	}
	for i, href := range said.Resources {
		said.Resources[i] = path.Base(href)
	}
	return said.Resources, nil
}

type wireDraft struct {
	Body  any   `json:"body"`
	TTL   span  `json:"ttl,omitzero"`
	Delay *span `json:"delay,omitempty"`
}

func wireDrafts(drafts []Draft) []wireDraft {
	out := make([]wireDraft, len(drafts))
	for i, d := range drafts {
		out[i] = wireDraft{Body: d.Body, TTL: span(d.TTL), Delay: (*span)(d.Delay)}
	}
	return out
}
