package core_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/memstore"
)

var examinations = []string{
	"bulk_delete_messages", "claim_messages", "create_queue", "delete_claim",
	"delete_messages", "delete_queue", "list_messages", "post_messages",
}

func TestPing(t *testing.T) {
	w := newWorld(t, core.Options{})
	do(w, w.Ping, core.PingRequest{})
	w.store.fail("Ping", errors.New("broken"))
	refused(t, try(w, w.Ping, core.PingRequest{}), core.Unavailable, "", "The store cannot be reached.")
}

func TestHealth(t *testing.T) {
	w := newWorld(t, core.Options{})
	w.post("q", `1`, `2`, `3`)
	w.claim("q", 1, 60)
	for i := range 205 { // more than are read at once
		w.post(fmt.Sprint("r", i), `1`)
	}
	w.of("project2").post("q", `1`)

	h := do(w, w.Health, core.HealthRequest{})
	same(t, "reachable", h.StorageReachable, true)
	same(t, "volume", h.MessageVolume, core.Volume{Free: 207, Claimed: 1, Total: 208})
	sameAll(t, "operations", slices.Sorted(maps.Keys(h.OperationStatus)), examinations...)
	for name, a := range h.OperationStatus {
		if !a.Succeeded || a.Ref != nil || a.Seconds < 0 || a.Seconds > 60 {
			t.Errorf("%s: %+v", name, a)
		}
	}
	same(t, "queues", do(w, w.ListQueues, core.QueueListRequest{WithCount: true}).Count, 206)
}

// troubles are calls that fail, and the operations that do not succeed then.
var troubles = map[string][]string{
	"Ping":           {},
	"CreateQueue":    {"create_queue", "post_messages", "claim_messages", "list_messages", "delete_messages"},
	"PostMessages":   {"post_messages", "delete_messages"},
	"CreateClaim":    {"claim_messages", "delete_messages"},
	"ListMessages":   {"list_messages"},
	"DeleteMessage":  {"delete_messages"},
	"ReleaseClaim":   {"delete_claim"},
	"DeleteMessages": {"bulk_delete_messages"},
	"DeleteQueue":    {"delete_queue"},
}

func TestHealthTellsWhatFails(t *testing.T) {
	for call, want := range troubles {
		t.Run(call, func(t *testing.T) {
			var log bytes.Buffer
			w := newWorld(t, core.Options{Log: slog.New(slog.NewTextHandler(&log, nil))})
			w.store.fail(call, errors.New("disk on fire"))
			h := do(w, w.Health, core.HealthRequest{})
			same(t, "reachable", h.StorageReachable, call != "Ping")
			var failed []string
			for name, a := range h.OperationStatus {
				if !a.Succeeded {
					failed = append(failed, name)
					logged(t, log.String(), name, *a.Ref)
				}
			}
			slices.Sort(failed)
			slices.Sort(want)
			sameAll(t, "failed", failed, want...)
		})
	}
}

// logged checks that there is a line on an operation that names the reference.
func logged(t *testing.T, log, operation, ref string) {
	t.Helper()
	for line := range strings.Lines(log) {
		if strings.Contains(line, "operation="+operation) && strings.Contains(line, "ref="+ref) &&
			strings.Contains(line, "level=ERROR") {
			return
		}
	}
	t.Errorf("no line of the log tells why %s failed (%s):\n%s", operation, ref, log)
}

func TestHealthNeedsTheVolume(t *testing.T) {
	for _, call := range []string{"ListQueues", "QueueStats"} {
		w := newWorld(t, core.Options{})
		w.post("q", `1`)
		w.store.fail(call, errors.New("broken"))
		refused(t, try(w, w.Health, core.HealthRequest{}), core.Unavailable, "", "Health could not be read.")
	}
}

func TestHealthLeavesNothingBehind(t *testing.T) {
	w := newWorld(t, core.Options{})
	ctx, cancel := context.WithCancel(t.Context())
	w.store.once("ListMessages", cancel) // nobody waits for the answer any more
	if _, err := w.Health(ctx, w.who, core.HealthRequest{}); !errors.Is(err, context.Canceled) {
		t.Errorf("got %v, want the context's error", err)
	}
	same(t, "queues", len(do(w, w.ListQueues, core.QueueListRequest{}).Queues), 0)
}

// stuck is a store that never ends a queue.
type stuck struct{ storage.Driver }

func (stuck) DeleteQueue(ctx context.Context, _ storage.QueueID) error {
	<-ctx.Done()
	return ctx.Err()
}

func TestHealthEnds(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		b, err := core.New(t.Context(), stuck{memstore.New(memstore.Config{})}, core.Options{})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, err := b.Health(ctx, someone, core.HealthRequest{}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("got %v, want the context's error", err)
		}
	})
}
