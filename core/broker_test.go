package core_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/memstore"
)

func TestNewChecksLimits(t *testing.T) {
	_, err := core.New(t.Context(), memstore.New(memstore.Config{}), core.Options{Limits: core.Limits{MaxClaimTTL: 59}})
	if err == nil || !strings.Contains(err.Error(), "max_claim_ttl") {
		t.Errorf("got %v, want an error that names the option", err)
	}
}

func TestNewNeedsTheStoresClock(t *testing.T) {
	store, broken := tap(memstore.New(memstore.Config{})), errors.New("broken")
	store.fail("Now", broken)
	if _, err := core.New(t.Context(), store, core.Options{}); !errors.Is(err, broken) {
		t.Errorf("got %v, want the store's error", err)
	}
	if _, err := core.New(t.Context(), store, core.Options{Now: time.Now}); err != nil {
		t.Errorf("with a clock of its own: %v", err)
	}
}

func TestBrokerTakesTheStoresTime(t *testing.T) {
	theirs := time.Date(2040, 5, 6, 7, 8, 9, 0, time.UTC)
	store := memstore.New(memstore.Config{Now: func() time.Time { return theirs }})
	b, err := core.New(t.Context(), store, core.Options{})
	if err != nil {
		t.Fatal(err)
	}
	w := &world{Broker: b, t: t, ctx: t.Context(), who: core.Caller{Project: "p"}}
	w.post("q", `1`)
	created, err := time.Parse(time.RFC3339, w.stats("q").Oldest.Created)
	if err != nil || created.Before(theirs) || created.After(theirs.Add(time.Minute)) {
		t.Errorf("created %v (%v), want the store's %v", created, err, theirs)
	}
}

// instants notes the instants of posts.
type instants struct {
	storage.Driver
	seen []time.Time
}

func (s *instants) PostMessages(ctx context.Context, p storage.Post) (storage.Posted, error) {
	s.seen = append(s.seen, p.Now, p.Drafts[0].Visible, p.Drafts[0].Expires)
	return s.Driver.PostMessages(ctx, p)
}

func TestInstantsAreWholeMilliseconds(t *testing.T) {
	w := newWorld(t, core.Options{})
	store := &instants{Driver: w.store.Driver}
	w.store.Driver = store
	w.create("q", `{}`)
	w.pass(1_999_999 * time.Nanosecond)
	w.post("q", `1`)
	at := w.now().Truncate(time.Millisecond)
	sameAll(t, "now, visible, expires", store.seen, at, at, at.Add(time.Hour))
}

func TestLimitsInForce(t *testing.T) {
	w := newWorld(t, core.Options{Limits: core.Limits{MaxMessageTTL: 7200}})
	want := core.DefaultLimits()
	want.MaxMessageTTL = 7200
	same(t, "limits", w.Limits(), want)
}

func TestRunEndsWithItsContext(t *testing.T) {
	for _, o := range []core.Options{{}, {Now: time.Now}} {
		synctest.Test(t, func(t *testing.T) {
			b, err := core.New(t.Context(), memstore.New(memstore.Config{}), o)
			if err != nil {
				t.Fatal(err)
			}
			ctx, cancel := context.WithTimeout(t.Context(), time.Hour)
			defer cancel()
			start := time.Now()
			if err := b.Run(ctx); err != nil {
				t.Errorf("Run: %v", err)
			}
			same(t, "time it ran", time.Since(start), time.Hour)
		})
	}
}

func TestProjectsAreApart(t *testing.T) {
	w := newWorld(t, core.Options{})
	other := w.of("project2")
	w.create("q", `{"mine":true}`)
	ids := w.post("q", `1`)
	claim := w.claim("q", 1, 60)

	same(t, "queues", len(do(other, other.ListQueues, core.QueueListRequest{}).Queues), 0)
	same(t, "metadata", other.stored("q"), `{}`)
	same(t, "total", other.stats("q").Total, 0)
	same(t, "messages", len(other.list("q")), 0)
	same(t, "code of a message", core.CodeOf(try(other, other.GetMessage, core.MessageGetRequest{Queue: "q", ID: ids[0]})), core.NotFound)
	same(t, "code of a claim", core.CodeOf(try(other, other.GetClaim, core.ClaimGetRequest{Queue: "q", ID: claim.ID})), core.NotFound)
	do(other, other.DeleteMessage, core.MessageDeleteRequest{Queue: "q", ID: ids[0]})
	do(other, other.DeleteClaim, core.ClaimDeleteRequest{Queue: "q", ID: claim.ID})
	do(other, other.DeleteQueue, core.QueueDeleteRequest{Queue: "q"})
	same(t, "claimed", w.stats("q").Claimed, 1)
}

const noQueue = "Queue q does not exist for project project"

var missingQueue = []struct {
	name string
	call func(*world) error
	text string // of the error; "": there is none
}{
	{"get", calling((*core.Broker).GetQueue, core.QueueGetRequest{Queue: "q"}), ""},
	{"update", calling((*core.Broker).UpdateQueue, core.QueueUpdateRequest{Queue: "q"}), noQueue},
	{"delete", calling((*core.Broker).DeleteQueue, core.QueueDeleteRequest{Queue: "q"}), ""},
	{"stats", calling((*core.Broker).QueueStats, core.QueueStatsRequest{Queue: "q"}), ""},
	{"stats, strictly", calling((*core.Broker).QueueStats, core.QueueStatsRequest{Queue: "q", MustExist: true}), noQueue},
	{"purge", calling((*core.Broker).PurgeQueue, core.QueuePurgeRequest{Queue: "q"}), ""},

	{"post, strictly", calling((*core.Broker).PostMessages,
		core.MessagePostRequest{Queue: "q", Messages: drafts(`1`), MustExist: true}), noQueue},
	{"list", calling((*core.Broker).ListMessages, core.MessageListRequest{Queue: "q"}), ""},
	{"list, strictly", calling((*core.Broker).ListMessages, core.MessageListRequest{Queue: "q", MustExist: true}), noQueue},
	{"message", calling((*core.Broker).GetMessage, core.MessageGetRequest{Queue: "q", ID: "m"}),
		"Message m does not exist in queue q for project project"},
	{"messages", calling((*core.Broker).GetMessages, core.MessageGetManyRequest{Queue: "q", IDs: []string{"m"}}), ""},
	{"messages, strictly", calling((*core.Broker).GetMessages,
		core.MessageGetManyRequest{Queue: "q", IDs: []string{"m", "n"}, MustExist: true}),
		"No messages with IDs: ['m', 'n'] found in the queue q for project project."},
	{"delete a message", calling((*core.Broker).DeleteMessage,
		core.MessageDeleteRequest{Queue: "q", ID: "m", Claim: "c"}), ""},
	{"delete messages", calling((*core.Broker).RemoveMessages, core.MessageRemoveRequest{Queue: "q", IDs: []string{"m"}}), ""},
	{"pop", calling((*core.Broker).RemoveMessages, core.MessageRemoveRequest{Queue: "q", Pop: new(int64(1))}), ""},

	{"claim", calling((*core.Broker).CreateClaim, core.ClaimCreateRequest{Queue: "q"}), ""},
	{"get a claim", calling((*core.Broker).GetClaim, core.ClaimGetRequest{Queue: "q", ID: "c"}),
		"Claim c does not exist in queue q for project project"},
	{"renew a claim", calling((*core.Broker).UpdateClaim, core.ClaimUpdateRequest{Queue: "q", ID: "c"}),
		"Claim c does not exist in queue q for project project"},
	{"release a claim", calling((*core.Broker).DeleteClaim, core.ClaimDeleteRequest{Queue: "q", ID: "c"}), ""},
}

func TestMissingQueue(t *testing.T) {
	for _, c := range missingQueue {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t, core.Options{})
			switch err := c.call(w); {
			case c.text != "":
				refused(t, err, core.NotFound, "", c.text)
			case err != nil:
				t.Errorf("got %v, want no error", err)
			}
			if w.exists("q") {
				t.Error("it made the queue")
			}
		})
	}
}

// work claims and deletes messages until all of them are done.
func work(ctx context.Context, w *world, done *sync.Map, left *atomic.Int64) error {
	for left.Load() > 0 {
		made, err := w.CreateClaim(ctx, w.who, core.ClaimCreateRequest{Queue: "q", Limit: new(int64(5))})
		if err != nil {
			return err
		}
		for _, m := range made.Messages {
			if _, again := done.LoadOrStore(string(m.Body), true); again {
				return fmt.Errorf("message %s was claimed twice", m.Body)
			}
			r := core.MessageDeleteRequest{Queue: "q", ID: m.ID, Claim: made.ID}
			if _, err := w.DeleteMessage(ctx, w.who, r); err != nil {
				return err
			}
			left.Add(-1)
		}
	}
	return nil
}

func postEach(ctx context.Context, w *world, from, n int) error {
	for i := range n {
		r := core.MessagePostRequest{Queue: "q", Messages: drafts(fmt.Sprint(from + i))}
		if _, err := w.PostMessages(ctx, w.who, r); err != nil {
			return err
		}
	}
	return nil
}

func TestManyAtOnce(t *testing.T) {
	const posters, each, workers = 4, 50, 4
	w := newWorld(t, core.Options{})
	var done sync.Map
	var left atomic.Int64
	left.Store(posters * each)
	all, ctx := errgroup.WithContext(t.Context())
	for p := range posters {
		all.Go(func() error { return postEach(ctx, w, p*each, each) })
	}
	for range workers {
		all.Go(func() error { return work(ctx, w, &done, &left) })
	}
	if err := all.Wait(); err != nil {
		t.Fatal(err)
	}
	same(t, "messages left", w.stats("q").Total, 0)
}
