package core

import (
	"context"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stackforge/marconi/storage"
)

// MessagePostRequest stores messages.
type MessagePostRequest struct {
	Queue     string  `json:"queue_name"`
	Messages  []Draft `json:"messages"`
	Size      int     `json:"-"`                          // of the request, in bytes
	Key       string  `json:"-" header:"Idempotency-Key"` // the same key again is the same post
	Producer  string  `json:"producer"`                   // who numbers its posts to the queue; not with a key
	Seq       *int64  `json:"seq"`                        // the number of this one, from 1; with a producer only
	MustExist bool    `json:"-" dialect:"must_exist"`
}

// Draft is a message to post. Its body is valid JSON, or any bytes if it is raw,
// and is kept byte for byte.
type Draft struct {
	Body  jsontext.Value `json:"body"`
	Raw   bool           `json:"-"`
	TTL   *int64         `json:"ttl"`   // seconds; nil: the queue's
	Delay *int64         `json:"delay"` // seconds, on a queue that delays; nil: the queue's
}

// MessagePosted names messages that are stored.
type MessagePosted struct {
	// IDs are in the order in which the messages were posted. There are none of
	// a producer's post that is sent again too late to be remembered.
	IDs   []string `json:"message_ids,omitempty"`
	Again bool     `json:"again,omitempty"` // the producer's post had been stored before
}

// PostMessages stores all the messages or none. The queue is made if it is not
// there.
func (b *Broker) PostMessages(ctx context.Context, who Caller, r MessagePostRequest) (MessagePosted, error) {
	for {
		p := b.start(ctx, nil, who, r)
		posted, err := p.settle(ctx)
		if !p.missing(err) {
			return p.answer(posted, err)
		}
	}
}

const messagesNotPosted = "Messages could not be enqueued."

// order checks a request and turns it into what the store is told.
func (b *Broker) order(who Caller, id storage.QueueID, r MessagePostRequest, s settings, now time.Time) (storage.Post, error) {
	if int64(r.Size) > s.postSize {
		return storage.Post{}, invalid("Message collection size is too large. Max size %d", s.postSize)
	}
	if len(r.Messages) == 0 {
		return storage.Post{}, invalid("No messages to enqueu.") // sic: Zaqar's clients know it
	}
	if s.encrypt {
		return storage.Post{}, invalid("Queue %s asks for encrypted messages (%s), which this server cannot store.", r.Queue, attrEncrypt)
	}
	p := storage.Post{Queue: id, ClientID: who.Client, Now: now, Drafts: make([]storage.Draft, len(r.Messages))}
	for i := range r.Messages {
		d := &r.Messages[i]
		ttl, delay, err := b.limits.spans(d, s)
		if err != nil {
			return storage.Post{}, err
		}
		p.Drafts[i] = storage.Draft{
			Body:     d.Body,
			Encoding: d.encoding(),
			Visible:  now.Add(seconds(delay)),
			Expires:  now.Add(seconds(ttl)),
		}
		if b.options.Checksum {
			p.Drafts[i].Checksum = d.checksum()
		}
	}
	return p, b.once(&p, &r)
}

// encodingRaw is what the store calls a body that is not JSON.
const encodingRaw = "raw"

func (d *Draft) encoding() string {
	if d.Raw {
		return encodingRaw
	}
	return ""
}

func (d *Draft) checksum() string {
	if d.Raw {
		return rawChecksum(d.Body)
	}
	return checksum(d.Body)
}

// spans are a message's ttl and delay. A delay counts only on a queue that delays.
func (l *Limits) spans(d *Draft, s settings) (ttl, delay int64, err error) {
	ttl, delay = s.ttl, s.delay
	if d.TTL != nil {
		ttl = *d.TTL
	}
	if d.Delay != nil && s.delay != 0 {
		delay = *d.Delay
	}
	return ttl, delay, firstError(
		checkSpan("TTL for a message", ttl, MinMessageTTL, l.MaxMessageTTL),
		checkSpan("delay for a message", delay, MinMessageDelay, l.MaxMessageDelay))
}
