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
	known := Actions(true)
	return func(next Handler) Handler {
		return HandlerFunc(func(ctx context.Context, c *Call) Reply {
			start := time.Now()
			reply := survive(ctx, c, next)
			took := time.Since(start)
			if o != nil {
				o.Observed(among(known, c.Action), c.Transport, reply.Status, took)
			}
			logCall(ctx, log, c, reply, took)
			return reply
		})
	}
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
func survive(ctx context.Context, c *Call, next Handler) (reply Reply) {
	defer func() {
		if v := recover(); v != nil {
			reply = failed(&core.Error{Code: core.Internal, Text: "The request could not be completed.",
				Err: fmt.Errorf("panic: %v\n%s", v, debug.Stack())})
		}
	}()
	return next.Handle(ctx, c)
}
