package rest

import (
	"context"
	"net/http"
	"sync"
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

	lastWords = time.Second // for a client to take the end
)

// stream is an event stream that is being written.
type stream struct {
	door    *door
	call    *api.Call // that it answers
	path    string    // of the queue
	woken   chan struct{}
	writer  http.ResponseWriter
	control *http.ResponseController
	life    context.Context // done: nothing more is told
	err     error           // of writing; nothing more is written

	mu sync.Mutex // held to give the writer a deadline
}

// watch answers a call with an event stream, until its client leaves, what proved
// who it is holds no more, its listening ends, or the server stops.
func (d *door) watch(c echo.Context, p place, r *route, call *api.Call) error {
	if full := d.seats.take(call.Remote); full != nil {
		call.Late = full
	} else {
		defer d.seats.leave(call.Remote)
	}
	s := &stream{
		door: d, call: call, path: pathOf(p.prefix, call), woken: make(chan struct{}, 1),
		writer: c.Response(), control: http.NewResponseController(c.Response().Writer),
	}
	call.Session = api.NewSession(d.config.Broker, api.SessionOptions{Subscriptions: 1, Streams: 1, Wake: s.wake})
	defer finish(c.Request().Context(), call.Session)
	reply := d.config.Handler.Handle(c.Request().Context(), call)
	if _, refused := reply.Result.(*api.Problem); refused {
		return d.reply(c, p, r, call, reply)
	}
	var end context.CancelFunc
	s.life, end = lasting(c.Request().Context(), call.Caller)
	defer end()
	defer context.AfterFunc(d.serving, end)()
	s.serve()
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
		return context.WithCancel(ctx)
	}
	return context.WithDeadline(ctx, who.Expires)
}

// wake has the stream look for what is new.
func (s *stream) wake() {
	select {
	case s.woken <- struct{}{}:
	default: // it will look anyhow
	}
}

// serve writes until there is a reason to end. An end waits for no client that does
// not read: it finds on its next connection what it has not taken.
func (s *stream) serve() {
	hurry := sync.OnceFunc(s.hurry)
	defer hurry() // to take the end of the answer
	defer context.AfterFunc(s.life, hurry)()
	s.begin()
	pulse, recheck := time.NewTicker(s.door.config.StreamPulse), time.NewTicker(s.door.config.RecheckInterval)
	defer pulse.Stop()
	defer recheck.Stop()
	for s.err == nil && s.life.Err() == nil && !s.tell() {
		select {
		case <-s.woken:
		case <-pulse.C:
			s.write(signOfLife)
		case <-recheck.C:
			if !s.known() {
				return
			}
		case <-s.life.Done():
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

// known asks again who the caller is: it may have been shut out since. While nobody
// can tell, it may stay.
func (s *stream) known() bool {
	c := s.call
	again := &api.Call{
		Action: "authenticate", Dialect: c.Dialect, Transport: c.Transport, ID: c.ID, Remote: c.Remote,
		Method: c.Method, Path: c.Path, Header: c.Header,
	}
	reply := s.door.config.Handler.Handle(s.life, again)
	return reply.Status == http.StatusServiceUnavailable || reply.Status < 400 && again.Caller.Project == c.Caller.Project
}

// tell writes some of what there is, and tells whether that was the end.
func (s *stream) tell() (ended bool) {
	pushes := s.call.Session.Take(pushesAtOnce)
	for i := range pushes {
		s.write(eventOf(s.path, &pushes[i]))
		ended = ended || isEnd(&pushes[i])
	}
	if len(pushes) == pushesAtOnce && !ended {
		s.wake() // there may be more
	} else {
		s.flush()
	}
	return ended
}

// write gives the client the time of a body to take it.
func (s *stream) write(event []byte) {
	if s.err == nil {
		s.allow(s.door.config.BodyTimeout)
		_, s.err = s.writer.Write(event)
	}
}

// flush makes the client have what was written. Until more is, it has no deadline:
// over HTTP/2 one would end the stream though nothing is late.
func (s *stream) flush() {
	if s.err == nil {
		s.allow(s.door.config.BodyTimeout)
		s.err = s.control.Flush()
		s.allow(0)
	}
}

// allow gives what is written so much time to be taken, 0 for any, unless the end
// has come.
func (s *stream) allow(patience time.Duration) {
	var until time.Time
	if patience > 0 {
		until = time.Now().Add(patience)
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.life.Err() == nil {
		_ = s.control.SetWriteDeadline(until)
	}
}

// hurry gives what is left to be written little time.
func (s *stream) hurry() {
	s.mu.Lock()
	defer s.mu.Unlock()
	_ = s.control.SetWriteDeadline(time.Now().Add(lastWords))
}
