package api

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"slices"
	"time"

	"github.com/stackforge/marconi/core"
)

// Observer hears of every call once it is answered. The action is "" where a
// caller named none that there is, so that nobody can make up names without end.
// It may be called by many goroutines at once.
type Observer interface {
	Observed(action, transport string, status int, took time.Duration)
}

// Observe logs calls, tells an observer of them, and answers 500 where a call
// panics. A call is one line at debug; a failure of the broker's own is an error,
// one of the store a warning. Either argument may be nil.
func Observe(log *slog.Logger, o Observer) Middleware {
	if log == nil {
		log = slog.New(slog.DiscardHandler)
	}
	w := &watcher{log: log, observer: o, known: Actions(true)}
	return func(next Handler) Handler {
		return HandlerFunc(func(ctx context.Context, c *Call) Reply {
			start := time.Now()
			return w.watch(ctx, c, start, func(ctx context.Context) Reply { return next.Handle(ctx, c) })
		})
	}
}

// watcher sees calls to their end.
type watcher struct {
	log      *slog.Logger
	observer Observer
	known    []string
}

// watch does a step of a call that began at an instant. Only the last one tells
// what became of it.
func (w *watcher) watch(ctx context.Context, c *Call, start time.Time, step func(context.Context) Reply) Reply {
	reply := survive(ctx, step)
	if pending := reply.Pending; pending != nil {
		return Reply{Pending: func(ctx context.Context) Reply { return w.watch(ctx, c, start, pending) }}
	}
	took := time.Since(start)
	if w.observer != nil {
		w.observer.Observed(among(w.known, c.Action), c.Transport, reply.Status, took)
	}
	logCall(ctx, w.log, c, reply, took)
	return reply
}

func among(known []string, action string) string {
	if _, ok := slices.BinarySearch(known, action); ok {
		return action
	}
	return ""
}

func logCall(ctx context.Context, log *slog.Logger, c *Call, reply Reply, took time.Duration) {
	level := slog.LevelDebug
	switch {
	case ctx.Err() != nil: // the caller has gone
	case reply.Status == 503:
		level = slog.LevelWarn
	case reply.Status >= 500:
		level = slog.LevelError
	}
	if !log.Enabled(ctx, level) {
		return
	}
	attrs := []slog.Attr{
		slog.String("action", c.Action), slog.String("transport", c.Transport), slog.Int("status", reply.Status),
		slog.Duration("took", took), slog.String("request_id", c.ID), slog.String("project", c.Caller.Project),
		slog.String("remote", c.Remote.String()),
	}
	if p, ok := reply.Result.(*Problem); ok && p.Err != nil {
		attrs = append(attrs, slog.String("error", p.Err.Error()))
	}
	log.LogAttrs(ctx, level, "call", attrs...)
}

// survive turns a panic into an answer: one bad call must not end the others.
func survive(ctx context.Context, step func(context.Context) Reply) (reply Reply) {
	defer func() {
		if v := recover(); v != nil {
			reply = failed(&core.Error{Code: core.Internal, Text: "The request could not be completed.",
				Err: fmt.Errorf("panic: %v\n%s", v, debug.Stack())})
		}
	}()
	return step(ctx)
}
