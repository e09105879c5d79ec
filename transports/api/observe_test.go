package api_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"log/slog"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
)

// heard is what an observer was told.
type heard struct {
	action, transport string
	status            int
}

type observer struct{ calls []heard }

func (o *observer) Observed(action, transport string, status int, took time.Duration) {
	if took < 0 {
		status = -1
	}
	o.calls = append(o.calls, heard{action, transport, status})
}

// observed handles a call under observation and answers the line of the log, nil
// if there is none.
func observed(t *testing.T, ctx context.Context, level slog.Level, o api.Observer, h api.Handler, c *api.Call) (api.Reply, map[string]any) {
	t.Helper()
	var log bytes.Buffer
	logger := slog.New(slog.NewJSONHandler(&log, &slog.HandlerOptions{Level: level}))
	reply := api.Observe(logger, o)(h).Handle(ctx, c)
	if log.Len() == 0 {
		return reply, nil
	}
	if n := strings.Count(log.String(), "\n"); n != 1 {
		t.Errorf("got %d lines, want 1:\n%s", n, log.String())
	}
	var line map[string]any
	if err := json.Unmarshal(log.Bytes(), &line); err != nil {
		t.Fatal(err)
	}
	return reply, line
}

// answering is a handler with one answer.
func answering(r api.Reply) api.Handler {
	return api.HandlerFunc(func(context.Context, *api.Call) api.Reply { return r })
}

func TestLogLine(t *testing.T) {
	c := call("queue_list", "")
	c.Transport, c.ID, c.Remote = "http", "req-1", netip.MustParseAddr("192.0.2.1")
	reply, line := observed(t, t.Context(), slog.LevelDebug, nil, newHandler(t, api.Options{}), c)
	same(t, "status", reply.Status, 200)
	for name, want := range map[string]any{
		"level": "DEBUG", "msg": "call", "action": "queue_list", "transport": "http", "status": 200.0,
		"request_id": "req-1", "project": "project", "remote": "192.0.2.1",
	} {
		same(t, name, line[name], want)
	}
	if took, ok := line["took"].(float64); !ok || took < 0 {
		t.Errorf("took: got %v, want a time", line["took"])
	}
	if line["error"] != nil {
		t.Errorf("error: got %v, want none", line["error"])
	}
}

func TestLogLevels(t *testing.T) {
	gone, cancel := context.WithCancel(t.Context())
	cancel()
	cause := errors.New("connection refused")
	for _, c := range []struct {
		name  string
		ctx   context.Context
		reply api.Reply
		level string
		err   any
	}{
		{"success", t.Context(), api.Reply{Status: 200, Result: core.None{}}, "DEBUG", nil},
		{"a mistake of the caller's", t.Context(), api.Failed(&core.Error{Code: core.Invalid, Text: "Oh."}), "DEBUG", "Oh."},
		{"a failure of the store's", t.Context(), api.Failed(&core.Error{Code: core.Unavailable, Text: "Oh.", Err: cause}), "WARN", "Oh.: connection refused"},
		{"a failure of the broker's", t.Context(), api.Failed(cause), "ERROR", "connection refused"},
		{"a caller who has gone", gone, api.Failed(context.Canceled), "DEBUG", "context canceled"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, line := observed(t, c.ctx, slog.LevelDebug, nil, answering(c.reply), call("queue_list", ""))
			same(t, "level", line["level"], any(c.level))
			same(t, "error", line["error"], c.err)
		})
	}
}

func TestLogIsSilentBelowItsLevel(t *testing.T) {
	_, line := observed(t, t.Context(), slog.LevelInfo, nil, newHandler(t, api.Options{}), call("queue_list", ""))
	if line != nil {
		t.Errorf("got %v, want no line", line)
	}
}

func TestObserverHearsOfEveryCall(t *testing.T) {
	o := &observer{}
	h := newHandler(t, api.Options{})
	for _, c := range []*api.Call{
		{Action: "queue_list", Transport: "http", Header: headers("Client-ID", client, "X-Project-Id", "p")},
		{Action: "queue_list", Transport: "ws", Header: headers()},
		{Action: "check_node_health", Transport: "ws", Header: headers("Client-ID", client, "X-Project-Id", "p")},
		{Action: "made_up_by_a_caller", Transport: "ws", Header: headers("Client-ID", client, "X-Project-Id", "p")},
		{Action: "", Transport: "http", Header: headers()},
	} {
		observed(t, t.Context(), slog.LevelError, o, h, c)
	}
	sameAll(t, "heard", o.calls,
		heard{"queue_list", "http", 200}, heard{"queue_list", "ws", 400}, heard{"check_node_health", "ws", 400},
		heard{"", "ws", 400}, heard{"", "http", 400})
}

func TestPanicIsAnsweredLoggedAndObserved(t *testing.T) {
	o := &observer{}
	h := api.HandlerFunc(func(context.Context, *api.Call) api.Reply { panic("it fell over") })
	reply, line := observed(t, t.Context(), slog.LevelDebug, o, h, call("queue_list", ""))
	answered(t, reply, 500, "Internal server error", "The request could not be completed.")
	same(t, "level", line["level"], any("ERROR"))
	text, _ := line["error"].(string)
	for _, part := range []string{"panic: it fell over", "TestPanicIsAnsweredLoggedAndObserved", "observe_test.go"} {
		if !strings.Contains(text, part) {
			t.Errorf("the log does not tell of %q:\n%s", part, text)
		}
	}
	sameAll(t, "heard", o.calls, heard{"queue_list", "", 500})
}

func TestObserveNeedsNobody(t *testing.T) {
	reply := api.Observe(nil, nil)(newHandler(t, api.Options{})).Handle(t.Context(), call("queue_list", ""))
	same(t, "status", reply.Status, 200)
	h := api.HandlerFunc(func(context.Context, *api.Call) api.Reply { panic("it fell over") })
	same(t, "status of a panic", api.Observe(nil, nil)(h).Handle(t.Context(), call("queue_list", "")).Status, 500)
}
