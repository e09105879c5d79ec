package core

import (
	"context"
	"errors"
	"sync"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/stackforge/marconi/storage"
)

// Bounds of ClaimStreamRequest.Credit.
const (
	DefaultCredit = 20
	MaxCredit     = 1000
)

const (
	streamLook   = MaxWait * time.Second // a stream that finds nothing looks again after that
	streamRenew  = 20 * time.Second      // it renews its claims so often, at least
	streamClaim  = 10 * time.Second      // it may take so long to make a claim
	streamRest   = time.Second           // before it tries again what has failed
	streamAtOnce = 16                    // claims renewed or released at a time
)

// ClaimStreamRequest claims messages as they come.
type ClaimStreamRequest struct {
	Queue  string `json:"queue_name"`
	Credit *int64 `json:"credit"` // messages unfinished at most, 1 to MaxCredit; nil: DefaultCredit
	TTL    *int64 `json:"ttl"`    // seconds that each claim lasts without being renewed
	Grace  *int64 `json:"grace"`  // as in ClaimCreateRequest
}

// StreamClaims claims messages for a connection as they come, until ctx is done,
// tell fails or the broker stops, and renews the claims; it answers why it has
// ended. After StopWaiting it claims nothing more. While the store cannot be
// reached it goes on trying. Never more than Credit messages are unfinished. A
// message is finished when it is deleted or its claim is released: what this
// broker does counts at once, what others do at the next renewal. Tell is called
// by one goroutine at a time and may block. When StreamClaims returns, what is
// unfinished has been released, if the store can be reached.
func (b *Broker) StreamClaims(ctx context.Context, who Caller, r ClaimStreamRequest, tell func(ClaimCreated) error) error {
	credit := int64(DefaultCredit)
	if r.Credit != nil {
		credit = *r.Credit
	}
	expires, _, err := b.hold(time.Time{}, r.TTL, r.Grace, MinClaimGrace)
	switch {
	case credit < 1 || credit > MaxCredit:
		return invalid("The credit of a claim stream must be at least 1 and may not be greater than %d.", MaxCredit)
	case err != nil:
		return err
	case ctx.Err() != nil:
		return ctx.Err()
	}
	defer b.waiters.Add(-1)
	if b.waiters.Add(1) > b.limits.MaxWaiters {
		return newError(Unavailable, tooManyWait)
	}
	s := &stream{
		broker: b, who: who, queue: who.queue(r.Queue), leased: b.leases.begin(who.queue(r.Queue), int(credit)),
		order: ClaimCreateRequest{Queue: r.Queue, TTL: r.TTL, Grace: r.Grace, Wait: new(int64(MaxWait))},
		ttl:   expires.Sub(time.Time{}),
	}
	return s.run(ctx, tell)
}

// stream is the claims of a StreamClaims.
type stream struct {
	broker *Broker
	who    Caller
	queue  storage.QueueID
	leased *leased
	order  ClaimCreateRequest
	ttl    time.Duration // of its claims

	// The claim of which it is not known what became, or "", and when it was
	// first asked for: to ask again by the same ID answers it if it was made.
	unsure string
	since  time.Time
}

func (s *stream) run(ctx context.Context, tell func(ClaimCreated) error) error {
	span := min(streamRenew, s.ttl/3)
	renewing, stop := context.WithCancel(ctx)
	var renewer sync.WaitGroup
	renewer.Go(func() { _ = every(renewing, span, func() { s.renew(renewing) }) })
	err := s.serve(ctx, tell)
	stop()
	renewer.Wait()
	s.release(ctx)
	return err
}

// serve claims and tells until something ends it.
func (s *stream) serve(ctx context.Context, tell func(ClaimCreated) error) error {
	for {
		room, err := s.leased.room(ctx, s.broker.hub.Ended())
		if err != nil {
			return err
		}
		made, err := s.next(ctx, min(room, int(s.broker.limits.MaxMessagesPerClaimOrPop)))
		if err != nil && CodeOf(err) == Unavailable {
			err = s.rest(ctx, err)
		}
		if err != nil {
			return err
		}
		if len(made.Messages) == 0 {
			continue
		}
		if err := tell(made); err != nil {
			return err
		}
	}
}

// rest lets the store recover, unless the stream is over.
func (s *stream) rest(ctx context.Context, cause error) error {
	if err := over(ctx, s.broker.hub.Ended()); err != nil {
		return err
	}
	s.complain("a claim stream could not claim", cause)
	t := time.NewTimer(streamRest)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	case <-s.broker.hub.Ended():
	}
	return over(ctx, s.broker.hub.Ended())
}

// next waits for a claim.
func (s *stream) next(ctx context.Context, limit int) (ClaimCreated, error) {
	w := s.broker.hub.Wait(s.queue, limit)
	defer w.Leave()
	for {
		if err := s.closing(ctx); err != nil {
			return ClaimCreated{}, err
		}
		w.Look()
		made, seen, err := s.claim(ctx, limit)
		if err != nil {
			return ClaimCreated{}, err
		}
		if seen.found > 0 {
			w.Found(seen.found, seen.more)
			return made, nil
		}
		if seen.more {
			continue
		}
		round, cancel := context.WithTimeout(ctx, streamLook)
		w.Sleep(round, seen.wake)
		cancel()
	}
}

// closing says why the stream is over. While doors close it waits for that: who
// is about to leave is given nothing more, and may finish what it has.
func (s *stream) closing(ctx context.Context) error {
	ended := s.broker.hub.Ended()
	select {
	case <-s.broker.hub.InVain():
	default:
		return ctx.Err()
	}
	select {
	case <-ended:
	case <-ctx.Done():
	}
	return over(ctx, ended)
}

// claim claims what is free. It is not cut short when ctx is done: nobody would
// know what had been claimed.
func (s *stream) claim(ctx context.Context, limit int) (ClaimCreated, sight, error) {
	whole, cancel := context.WithTimeout(context.WithoutCancel(ctx), streamClaim)
	defer cancel()
	if err := s.name(whole); err != nil {
		return ClaimCreated{}, sight{}, fault(err, claimNotCreated)
	}
	made, seen, err := s.broker.claim(whole, s.who, s.order, s.unsure, limit)
	if err == nil {
		s.unsure = ""
		s.leased.add(made)
	}
	return made, seen, err
}

// name sees to it that the next claim has an ID: that of the last, while it is not
// known what became of it. As no ID names two claims, it ends with the first that it
// may have named; another may have been made since, and is given back.
func (s *stream) name(ctx context.Context) error {
	now := s.broker.now()
	if s.unsure != "" {
		if now.Sub(s.since) < s.ttl {
			return nil
		}
		if err := s.broker.store.ReleaseClaim(ctx, s.queue, s.unsure, now, now); err != nil {
			return err
		}
	}
	s.unsure, s.since = newID(), now
	return nil
}

// renew finds out what is left of the claims, and lets them last.
func (s *stream) renew(ctx context.Context) {
	each(s.leased.claims(), func(id string) {
		err := s.renewOne(ctx, id)
		switch {
		case errors.Is(err, storage.ErrClaimNotFound):
			s.leased.left(id, nil)
		case err != nil && ctx.Err() == nil:
			s.complain("a claim could not be renewed", err)
		}
	})
}

func (s *stream) renewOne(ctx context.Context, id string) error {
	now := s.broker.now()
	expires, keep, err := s.broker.hold(now, s.order.TTL, s.order.Grace, MinClaimGrace)
	if err != nil {
		return err
	}
	if err := s.broker.store.RenewClaim(ctx, s.queue, id, now, expires, keep); err != nil {
		return err
	}
	c, err := s.broker.store.GetClaim(ctx, s.queue, id, now)
	if err == nil {
		s.leased.left(id, c.Messages)
	}
	return err
}

// release gives back what is unfinished.
func (s *stream) release(ctx context.Context) {
	s.broker.leases.end(s.leased)
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleaning)
	defer cancel()
	now := s.broker.now()
	claims := s.leased.claims()
	if s.unsure != "" {
		claims = append(claims, s.unsure)
	}
	each(claims, func(id string) {
		if err := s.broker.store.ReleaseClaim(ctx, s.queue, id, now, now); err != nil {
			s.complain("a claim could not be released", err)
		}
	})
}

// each does something with claims, several at a time: there may be many, and the
// store far away.
func each(claims []string, do func(id string)) {
	var all errgroup.Group
	all.SetLimit(streamAtOnce)
	for _, id := range claims {
		all.Go(func() error { do(id); return nil })
	}
	_ = all.Wait()
}

// complain lets one log line of queues that fail pass a second.
func (s *stream) complain(what string, err error) {
	if s.broker.complaint.pass(s.broker.now()) {
		s.broker.options.Log.Warn(what, "project", s.queue.Project, "queue", s.queue.Name, "error", err)
	}
}

// over says why there is nothing more to wait for.
func over(ctx context.Context, ended <-chan struct{}) error {
	select {
	case <-ended:
		return newError(Unavailable, "The broker is stopping.")
	default:
		return ctx.Err()
	}
}
