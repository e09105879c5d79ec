package api

import (
	"context"
	"errors"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stackforge/marconi/core"
)

// Operations on a session: they need a connection and not the broker alone.

// subscribeRequest subscribes a URI or, if it names none, the connection. A
// connection that names a position, "latest" for now, is told positions and facts
// as well.
type subscribeRequest struct {
	Queue      string   `json:"queue_name"`
	Subscriber string   `json:"subscriber"`
	TTL        *int64   `json:"ttl" wrong:"TTL must be an integer."`
	Options    anything `json:"options"`
	From       string   `json:"position"`
	Again      bool     `json:"-" dialect:"again"` // a subscriber that is there is told its subscription
}

// errSubscribed is for subscribers that are there and unconfirmed.
var errSubscribed = &core.Error{Code: core.Conflict, Text: "Such subscription already exists."}

// subscribe is "subscription_create".
func subscribe(ctx context.Context, b *core.Broker, c *Call, r subscribeRequest) (core.SubscriptionCreated, error) {
	if c.Session != nil && r.Subscriber == "" {
		return c.Session.subscribe(ctx, c, r)
	}
	made, err := b.CreateSubscription(ctx, c.Caller, core.SubscriptionCreateRequest{
		Queue: r.Queue, Subscriber: r.Subscriber, TTL: r.TTL, Options: jsontext.Value(r.Options),
	})
	if err == nil && !made.Created && !r.Again {
		err = errSubscribed
	}
	return made, err
}

// resubscribeRequest is a change of a subscription.
type resubscribeRequest struct {
	Queue      string   `json:"queue_name"`
	ID         string   `json:"subscription_id"`
	Subscriber *string  `json:"subscriber"`
	TTL        *int64   `json:"ttl" wrong:"TTL must be an integer."`
	Options    anything `json:"options"`
}

// resubscribe is "subscription_update".
func resubscribe(ctx context.Context, b *core.Broker, c *Call, r resubscribeRequest) (core.None, error) {
	return b.UpdateSubscription(ctx, c.Caller, core.SubscriptionUpdateRequest{
		Queue: r.Queue, ID: r.ID, Subscriber: r.Subscriber, TTL: r.TTL, Options: jsontext.Value(r.Options),
	})
}

func (s *Session) subscribe(ctx context.Context, c *Call, r subscribeRequest) (core.SubscriptionCreated, error) {
	src := &source{place: place{project: c.Caller.Project, queue: r.Queue}}
	if err := s.reserve(src.place); err != nil {
		return core.SubscriptionCreated{}, err
	}
	made, err := s.broker.Subscribe(ctx, c.Caller, core.SubscribeRequest{
		Queue: r.Queue, TTL: r.TTL, Options: jsontext.Value(r.Options), From: r.From, Connection: s.id,
	}, func() { s.wake(src) })
	if err != nil {
		s.release(src.place)
		return core.SubscriptionCreated{}, err
	}
	src.id, src.end = made.ID, made.End
	s.listen(src, made.Listener, Push{Queue: r.Queue, Subscription: made.ID, Positions: r.From != ""})
	return core.SubscriptionCreated{ID: made.ID, Created: true}, s.begin(ctx, src, c)
}

// begin makes a source part of the session. What woke it before could not be told
// yet, so it has a turn at once.
func (s *Session) begin(ctx context.Context, src *source, c *Call) error {
	if err := s.keep(src, c); err != nil {
		_ = src.end(context.WithoutCancel(ctx)) // it ends with its time at the latest
		s.release(src.place)
		return err
	}
	s.wake(src)
	return nil
}

// unsubscribe is "subscription_delete". One of the connection's own ends at once.
func unsubscribe(ctx context.Context, b *core.Broker, c *Call, r core.SubscriptionDeleteRequest) (core.None, error) {
	if s := c.Session; s != nil {
		src := s.find(r.ID)
		mine := src != nil && src.place == place{project: c.Caller.Project, queue: r.Queue}
		if mine && s.drop(src) {
			return core.None{}, src.end(ctx)
		}
	}
	return b.DeleteSubscription(ctx, c.Caller, r)
}

// streamStarted names a watch or a claim stream.
type streamStarted struct {
	ID string `json:"stream_id"`
}

// watch is "message_watch": to listen without a subscription that others see.
func watch(ctx context.Context, b *core.Broker, c *Call, r core.ListenRequest) (streamStarted, error) {
	s := c.Session
	if s == nil {
		return streamStarted{}, errNoSession
	}
	src := &source{id: newUUID(), place: place{project: c.Caller.Project, queue: r.Queue}}
	if err := s.reserve(src.place); err != nil {
		return streamStarted{}, err
	}
	l, err := b.Listen(ctx, c.Caller, r, func() { s.wake(src) })
	if err != nil {
		s.release(src.place)
		return streamStarted{}, err
	}
	src.end = func(context.Context) error { l.Close(); return nil }
	s.listen(src, l, Push{Queue: r.Queue, Stream: src.id, Positions: true})
	return streamStarted{src.id}, s.begin(ctx, src, c)
}

// streamDeleteRequest names a watch or a claim stream.
type streamDeleteRequest struct {
	ID string `json:"stream_id"`
}

// endStream is "stream_delete". When it answers, nothing more comes of the
// stream, and what was claimed for it and not finished is free.
func endStream(ctx context.Context, _ *core.Broker, c *Call, r streamDeleteRequest) (core.None, error) {
	s := c.Session
	if s == nil {
		return core.None{}, errNoSession
	}
	src := s.find(r.ID)
	if src == nil || src.place.project != c.Caller.Project || !s.drop(src) {
		return core.None{}, &core.Error{Code: core.NotFound, Text: "Stream " + r.ID + " does not exist on this connection."}
	}
	return core.None{}, src.end(ctx)
}

// claimStream claims messages for a connection.
type claimStream struct {
	claims chan core.ClaimCreated // one at most: the next is claimed when it is taken
	ended  chan struct{}          // closed when nothing is claimed any more
}

// streamClaims is "claim_stream".
func streamClaims(ctx context.Context, b *core.Broker, c *Call, r core.ClaimStreamRequest) (streamStarted, error) {
	s := c.Session
	if s == nil {
		return streamStarted{}, errNoSession
	}
	if err := checkStream(ctx, b, c.Caller, r); err != nil {
		return streamStarted{}, err
	}
	src := &source{id: newUUID(), place: place{project: c.Caller.Project, queue: r.Queue, stream: true}}
	if err := s.reserve(src.place); err != nil {
		return streamStarted{}, err
	}
	select {
	case s.starting <- s.stream(ctx, src, c.Caller, r):
		return streamStarted{src.id}, s.begin(ctx, src, c)
	case <-s.gone:
		s.release(src.place)
		return streamStarted{}, errOver
	case <-ctx.Done():
		s.release(src.place)
		return streamStarted{}, ctx.Err()
	}
}

// checkStream finds out what is wrong with a request: a stream that is to end
// before it has begun says that and nothing else.
func checkStream(ctx context.Context, b *core.Broker, who core.Caller, r core.ClaimStreamRequest) error {
	ctx, cancel := context.WithCancel(ctx)
	cancel()
	err := b.StreamClaims(ctx, who, r, func(core.ClaimCreated) error { return ctx.Err() })
	if errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// stream makes a claim stream a source. What it answers has to be run.
func (s *Session) stream(ctx context.Context, src *source, who core.Caller, r core.ClaimStreamRequest) (run func(context.Context)) {
	ctx, stop := context.WithCancel(context.WithoutCancel(ctx))
	st := &claimStream{claims: make(chan core.ClaimCreated, 1), ended: make(chan struct{})}
	src.take = func(out []Push, _ int) ([]Push, bool) {
		return st.take(out, Push{Queue: r.Queue, Stream: src.id}, func() { s.drop(src) })
	}
	src.end = func(ctx context.Context) error {
		stop()
		select {
		case <-st.ended:
			return nil
		case <-ctx.Done():
			return ctx.Err()
		}
	}
	return func(session context.Context) {
		defer context.AfterFunc(session, stop)()
		defer s.wake(src)
		defer close(st.ended)
		defer stop()
		_ = s.broker.StreamClaims(ctx, who, r, func(c core.ClaimCreated) error {
			select {
			case st.claims <- c:
				s.wake(src)
				return nil
			case <-ctx.Done():
				return ctx.Err()
			}
		})
	}
}

// take adds the claim that waits or, behind the last one, that there are no more.
func (st *claimStream) take(out []Push, head Push, drop func()) ([]Push, bool) {
	select {
	case c := <-st.claims:
		head.Claim = &c
		return append(out, head), true
	default:
	}
	select {
	case <-st.ended:
		head.News.Fact = core.Fact{Kind: core.End, Reason: "failed"}
		drop()
		return append(out, head), false
	default:
		return out, false
	}
}
