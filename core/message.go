package core

import (
	"context"
	"errors"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stackforge/marconi/storage"
)

// Message is a message as callers see it.
type Message struct {
	ID         string           `json:"id"`
	Claim      string           `json:"claim_id"` // the live claim on it, or ""
	ClaimCount int              `json:"-"`
	TTL        int64            `json:"ttl"`  // seconds
	Age        int64            `json:"age"`  // seconds since it was posted
	Body       jsontext.Value   `json:"body"` // any bytes if it is raw
	Raw        bool             `json:"-"`    // the body is not JSON
	Checksum   string           `json:"-"`
	Position   storage.Position `json:"-"` // 0 while it is delayed
}

func viewOf(m *storage.Message, now time.Time) Message {
	return Message{
		ID:         m.ID,
		Claim:      m.Claim,
		ClaimCount: m.Claims,
		TTL:        int64(m.Expires.Sub(m.Since) / time.Second),
		Age:        wholeSeconds(now.Sub(m.Created)),
		Body:       m.Body,
		Raw:        m.Encoding == encodingRaw,
		Checksum:   m.Checksum,
		Position:   m.Position,
	}
}

func viewsOf(items []storage.Message, now time.Time) []Message {
	out := make([]Message, len(items))
	for i := range items {
		out[i] = viewOf(&items[i], now)
	}
	return out
}

// MessagePage is part of a queue's messages.
type MessagePage struct {
	Messages []Message `json:"messages"`
	Next     string    `json:"-"` // the marker after the last; "" on an empty page
	Delayed  bool      `json:"-"` // the delayed were asked for, or could not matter
}

// MessageListRequest reads messages without claiming them.
type MessageListRequest struct {
	Queue          string `json:"queue_name"`
	Marker         string `json:"marker"` // where to go on; of an earlier page, or a message's ID
	Limit          *int64 `json:"limit"`
	Echo           bool   `json:"echo"` // the caller's own messages too
	IncludeClaimed bool   `json:"include_claimed"`
	IncludeDelayed *bool  `json:"include_delayed"` // false on a queue that delays, and true on others
	Wait           *int64 `json:"wait"`            // seconds to wait for a message if there is none, 0 to MaxWait; nil: 0
	MustExist      bool   `json:"-" dialect:"must_exist"`
}

// ListMessages reads messages in their order. A marker that is none lists
// nothing. If it is to wait, and there is nothing to show, it waits.
func (b *Broker) ListMessages(ctx context.Context, who Caller, r MessageListRequest) (MessagePage, error) {
	limit, err := page(r.Limit, b.limits.MaxMessagesPerPage, messagePage)
	if err != nil {
		return MessagePage{}, err
	}
	var out MessagePage
	err = b.wait(ctx, who.queue(r.Queue), r.Wait, 0, func() (seen sight, err error) {
		out, seen.wake, err = b.list(ctx, who, r, limit)
		seen.found = len(out.Messages)
		return seen, err
	})
	return out, err
}

// list lists what there is now, and says when there may be something else without
// anybody's doing.
func (b *Broker) list(ctx context.Context, who Caller, r MessageListRequest, limit int) (MessagePage, time.Time, error) {
	f := storage.MessageFilter{
		Queue: who.queue(r.Queue), Now: b.now(), Marker: r.Marker, Limit: limit,
		IncludeClaimed: r.IncludeClaimed,
	}
	if !r.Echo {
		f.NotFrom = who.Client
	}
	var read storage.MessagePage
	s, err := b.settingsFor(ctx, f.Queue, f.Now)
	if err == nil {
		f.IncludeDelayed = s.delay == 0 || r.IncludeDelayed != nil && *r.IncludeDelayed
		read, err = b.store.ListMessages(ctx, f)
	}
	switch {
	case errors.Is(err, storage.ErrQueueNotFound) && r.MustExist:
		return MessagePage{}, time.Time{}, noQueue(who, r.Queue)
	case errors.Is(err, storage.ErrQueueNotFound):
		return MessagePage{Messages: []Message{}}, time.Time{}, nil
	case err != nil:
		return MessagePage{}, time.Time{}, fault(err, "Messages could not be listed.")
	}
	return MessagePage{Messages: viewsOf(read.Items, f.Now), Next: read.Next, Delayed: f.IncludeDelayed}, read.Wake, nil
}

// MessageGetRequest names a message.
type MessageGetRequest struct {
	Queue string `json:"queue_name"`
	ID    string `json:"message_id"`
}

// GetMessage shows one message, claimed or delayed or not.
func (b *Broker) GetMessage(ctx context.Context, who Caller, r MessageGetRequest) (Message, error) {
	now := b.now()
	found, err := b.store.GetMessages(ctx, who.queue(r.Queue), []string{r.ID}, now)
	if err != nil {
		return Message{}, fault(err, "Message could not be retrieved.")
	}
	if len(found) == 0 {
		return Message{}, notFound("Message %s does not exist in queue %s for project %s", r.ID, r.Queue, who.Project)
	}
	return viewOf(&found[0], now), nil
}

// MessageGetManyRequest names messages.
type MessageGetManyRequest struct {
	Queue     string   `json:"queue_name"`
	IDs       []string `json:"message_ids"`
	MustExist bool     `json:"-" dialect:"must_exist"` // at least one of them
}

// Messages are messages that were asked for by name.
type Messages struct {
	Messages []Message `json:"messages"`
}

// GetMessages shows those of the messages that are there, in the order asked.
func (b *Broker) GetMessages(ctx context.Context, who Caller, r MessageGetManyRequest) (Messages, error) {
	named := int64(len(r.IDs))
	if _, err := page(&named, b.limits.MaxMessagesPerPage, messagePage); err != nil {
		return Messages{}, err
	}
	now := b.now()
	found, err := b.store.GetMessages(ctx, who.queue(r.Queue), r.IDs, now)
	if err != nil {
		return Messages{}, fault(err, "Messages could not be retrieved.")
	}
	if len(found) == 0 && r.MustExist {
		return Messages{}, notFound("No messages with IDs: %s found in the queue %s for project %s.", quoted(r.IDs), r.Queue, who.Project)
	}
	return Messages{viewsOf(found, now)}, nil
}
