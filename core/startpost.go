package core

import (
	"context"
	"errors"

	"github.com/stackforge/marconi/core/push"
	"github.com/stackforge/marconi/storage"
)

// PendingPost is a post that was started. Its Wait must be called, once, by any
// goroutine: those who listen to the queue wait for it.
type PendingPost struct {
	broker  *Broker
	who     Caller
	request MessagePostRequest
	order   storage.Post
	posting *push.Posting[storage.QueueID, *Heard] // nil: nobody listens here
	pending storage.Pending
	refused error // it got no further
}

// Wait answers what became of the post. When ctx is done before that is known, it
// answers the context's error, and the post goes on. A queue that is deleted
// under a post is not made again for it, as others may have been stored since:
// that is Unavailable.
func (p *PendingPost) Wait(ctx context.Context) (MessagePosted, error) {
	posted, err := p.settle(ctx)
	if p.missing(err) {
		return MessagePosted{}, &Error{Code: Unavailable, Text: "The queue was deleted while messages were on their way to it."}
	}
	return p.answer(posted, err)
}

// start checks a request, makes its queue if need be, and starts the post: in a
// pipeline, or without one at once and whole.
func (b *Broker) start(ctx context.Context, l *Pipeline, who Caller, r MessagePostRequest) PendingPost {
	p := PendingPost{broker: b, who: who, request: r}
	id := who.queue(r.Queue)
	for {
		now := b.now()
		s, known := b.settings.get(id, now)
		var err error
		if !known {
			l.Flush(ctx) // the store may take its time
			s, err = b.askSettings(ctx, id, now)
		}
		if err == nil {
			if p.order, p.refused = b.order(who, id, r, s, now); p.refused == nil {
				p.carry(ctx, l)
			}
			return p
		}
		if p.refused = p.without(ctx, err); p.refused != nil {
			return p
		}
	}
}

// carry starts the post, and tells the listeners here that it is on its way.
func (p *PendingPost) carry(ctx context.Context, l *Pipeline) {
	p.posting = p.broker.hub.Post(p.order.Queue)
	begun := false
	defer func() {
		if !begun && p.posting != nil {
			p.posting.Done(0, nil) // the store panicked
		}
	}()
	p.pending = l.carry(ctx, p.broker, p.order)
	begun = true
}

// without makes the queue that was not there, or says why the post is refused.
func (p *PendingPost) without(ctx context.Context, err error) error {
	b, id := p.broker, p.who.queue(p.request.Queue)
	switch {
	case !errors.Is(err, storage.ErrQueueNotFound):
		return fault(err, messagesNotPosted)
	case p.request.MustExist:
		return noQueue(p.who, p.request.Queue)
	}
	if _, err := b.order(p.who, id, p.request, b.limits.settingsOf(nil), b.now()); err != nil {
		return err // a bad request makes no queue
	}
	if _, err := b.create(ctx, id, nil); err != nil {
		return fault(err, queueNotCreated)
	}
	return nil
}

// settle waits for the store's answer. If somebody listens to the queue here, what
// was posted is handed over, so that it need not be read.
func (p *PendingPost) settle(ctx context.Context) (posted storage.Posted, err error) {
	if p.refused != nil {
		return posted, p.refused
	}
	if p.posting != nil {
		defer func() { p.posting.Done(heardOf(p.order, posted)) }()
	}
	posted, err = p.pending.Wait(ctx)
	return posted, err
}

// missing is whether the queue was not there any more, as it was remembered, and
// might be made.
func (p *PendingPost) missing(err error) bool {
	if p.refused != nil || !errors.Is(err, storage.ErrQueueNotFound) {
		return false
	}
	p.broker.settings.forget(p.order.Queue)
	return !p.request.MustExist
}

func (p *PendingPost) answer(posted storage.Posted, err error) (MessagePosted, error) {
	switch {
	case p.refused != nil:
		return MessagePosted{}, p.refused
	case errors.Is(err, storage.ErrQueueNotFound):
		return MessagePosted{}, noQueue(p.who, p.request.Queue)
	case err != nil:
		return MessagePosted{}, fault(err, messagesNotPosted)
	}
	return MessagePosted{IDs: posted.IDs, Again: posted.Again && p.order.Once.Producer != ""}, nil
}
