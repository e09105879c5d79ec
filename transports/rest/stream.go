package rest

import (
	"context"
	"net/http"
	"time"

	"github.com/labstack/echo/v4"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
)

// An event stream (WHATWG HTML, server-sent events) is the answer to a call that
// listens. One goroutine, the request's own, writes it; it takes what is new at
// the speed at which its client takes it, and holds up nobody else.

const (
	eventType   = "text/event-stream"
	lastEventID = "Last-Event-ID"

	pushesAtOnce = 64 // taken together
)

// stream is an event stream that is being written.
type stream struct {
	door    *door
	path    string // of the queue
	session *api.Session
	woken   <-chan struct{}
	writer  http.ResponseWriter
	control *http.ResponseController
	err     error // of writing; nothing more is written
}

// watch answers a call with an event stream, until its client leaves, what proved
// who it is expires, its listening ends, or the server stops.
func (d *door) watch(c echo.Context, p place, r *route, call *api.Call) error {
	if full := d.seats.take(call.Remote); full != nil {
		call.Late = full
	} else {
		defer d.seats.leave(call.Remote)
	}
	woken := make(chan struct{}, 1)
	call.Session = api.NewSession(d.config.Broker, api.SessionOptions{Subscriptions: 1, Streams: 1, Wake: func() {
		select {
		case woken <- struct{}{}:
		default: // it will look anyhow
		}
	}})
	defer finish(c.Request().Context(), call.Session)
	reply := d.config.Handler.Handle(c.Request().Context(), call)
	if _, refused := reply.Result.(*api.Problem); refused {
		return d.reply(c, p, r, call, reply)
	}
	s := &stream{
		door: d, path: pathOf(p.prefix, call), session: call.Session, woken: woken,
		writer: c.Response(), control: http.NewResponseController(c.Response().Writer),
	}
	ctx, cancel := lasting(c.Request().Context(), call.Caller)
	defer cancel()
	s.serve(ctx)
	return nil
}

// finish ends all that a session has begun.
func finish(ctx context.Context, s *api.Session) {
	ended, cancel := context.WithCancel(context.WithoutCancel(ctx))
	cancel()
	_ = s.Run(ended)
}

// lasting is done when the request is, or what is known of the caller expires.
func lasting(ctx context.Context, who core.Caller) (context.Context, context.CancelFunc) {
	if who.Expires.IsZero() {
		return ctx, func() {}
	}
	return context.WithDeadline(ctx, who.Expires)
}

// serve writes until there is a reason to end.
func (s *stream) serve(ctx context.Context) {
	defer s.deadline() // of the end of the answer
	s.begin()
	pulse := time.NewTicker(s.door.config.StreamPulse)
	defer pulse.Stop()
	for s.err == nil {
		if s.takeAll(ctx) {
			return
		}
		select {
		case <-s.woken:
		case <-pulse.C:
			s.write(signOfLife)
		case <-s.door.serving.Done():
			return
		case <-ctx.Done():
			return
		}
	}
}

func (s *stream) begin() {
	h := s.writer.Header()
	h.Set(echo.HeaderContentType, eventType)
	h.Set(echo.HeaderCacheControl, "no-store")
	h.Set("X-Accel-Buffering", "no") // or nginx keeps events back
	s.writer.WriteHeader(http.StatusOK)
	s.write(retryAfter())
}

// takeAll writes what there is, and tells whether that was the end.
func (s *stream) takeAll(ctx context.Context) (ended bool) {
	for ctx.Err() == nil && s.err == nil {
		pushes := s.session.Take(pushesAtOnce)
		for i := range pushes {
			s.write(eventOf(s.path, &pushes[i]))
			ended = ended || isEnd(&pushes[i])
		}
		if len(pushes) == 0 || ended {
			s.flush()
			return ended
		}
	}
	return ended
}

// write gives the client the time of a body to take it.
func (s *stream) write(event []byte) {
	if s.err == nil {
		s.deadline()
		_, s.err = s.writer.Write(event)
	}
}

// flush makes the client have what was written. Until more is, it has no deadline:
// over HTTP/2 one would end the stream though nothing is late.
func (s *stream) flush() {
	if s.err == nil {
		s.deadline()
		s.err = s.control.Flush()
		_ = s.control.SetWriteDeadline(time.Time{})
	}
}

func (s *stream) deadline() {
	_ = s.control.SetWriteDeadline(time.Now().Add(s.door.config.BodyTimeout))
}
