package core

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"errors"
	"strings"
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
	MustExist bool    `json:"-" dialect:"must_exist"`
}

// Draft is a message to post. Its body is valid JSON and is kept byte for byte.
type Draft struct {
	Body  jsontext.Value `json:"body"`
	TTL   *int64         `json:"ttl"`   // seconds; nil: the queue's
	Delay *int64         `json:"delay"` // seconds, on a queue that delays; nil: the queue's
}

// MessagePosted names messages that are stored.
type MessagePosted struct {
	IDs []string `json:"message_ids"` // in the order they were posted
}

// PostMessages stores all the messages or none. The queue is made if it is not
// there.
func (b *Broker) PostMessages(ctx context.Context, who Caller, r MessagePostRequest) (MessagePosted, error) {
	const spoiled = "Messages could not be enqueued."
	id := who.queue(r.Queue)
	for {
		now := b.now()
		s, err := b.settingsFor(ctx, id, now)
		var posted storage.Posted
		if err == nil {
			var order storage.Post
			if order, err = b.order(who, id, r, s, now); err != nil {
				return MessagePosted{}, err
			}
			posted, err = b.store.PostMessages(ctx, order)
		}
		switch {
		case err == nil:
			return MessagePosted{posted.IDs}, nil
		case !errors.Is(err, storage.ErrQueueNotFound):
			return MessagePosted{}, fault(err, spoiled)
		case r.MustExist:
			return MessagePosted{}, noQueue(who, r.Queue)
		}
		if _, err := b.order(who, id, r, b.limits.settingsOf(nil), now); err != nil {
			return MessagePosted{}, err // a bad request makes no queue
		}
		if _, err := b.create(ctx, id, nil); err != nil {
			return MessagePosted{}, fault(err, queueNotCreated)
		}
	}
}

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
	for i, d := range r.Messages {
		ttl, delay, err := b.limits.spans(d, s)
		if err != nil {
			return storage.Post{}, err
		}
		p.Drafts[i] = storage.Draft{
			Body:    d.Body,
			Visible: now.Add(seconds(delay)),
			Expires: now.Add(seconds(ttl)),
		}
		if b.options.Checksum {
			p.Drafts[i].Checksum = checksum(d.Body)
		}
	}
	return p, b.once(&p, r)
}

// spans are a message's ttl and delay. A delay counts only on a queue that delays.
func (l Limits) spans(d Draft, s settings) (ttl, delay int64, err error) {
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

const maxKey = 255 // characters of an idempotency key

// once makes a post with a key idempotent.
func (b *Broker) once(p *storage.Post, r MessagePostRequest) error {
	if r.Key == "" {
		return nil
	}
	printable := !strings.ContainsFunc(r.Key, func(c rune) bool { return c < ' ' || c > '~' })
	if len(r.Key) > maxKey || !printable {
		return invalid("An idempotency key must be 1 to %d printable ASCII characters.", maxKey)
	}
	p.Once = storage.Once{Key: r.Key, Sum: contentOf(r.Messages), Until: p.Now.Add(seconds(b.limits.IdempotencyKeyTTL))}
	return nil
}

// contentOf tells posts with other content apart: bodies, ttls and delays as they
// were sent.
func contentOf(drafts []Draft) (sum [16]byte) {
	h := sha256.New()
	var b []byte
	for _, d := range drafts {
		b = binary.AppendUvarint(b[:0], uint64(len(d.Body)))
		b = appendSpan(appendSpan(b, d.TTL), d.Delay)
		h.Write(b)
		h.Write(d.Body)
	}
	copy(sum[:], h.Sum(nil))
	return sum
}

func appendSpan(b []byte, n *int64) []byte {
	if n == nil {
		return append(b, 0)
	}
	return binary.AppendVarint(append(b, 1), *n)
}
