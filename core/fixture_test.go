package core_test

import (
	"context"
	"errors"
	"slices"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/memstore"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// watch is a clock that stands still until the test moves it.
type watch struct {
	mu sync.Mutex
	at time.Time
}

func newWatch() *watch { return &watch{at: time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)} }

func (w *watch) now() time.Time {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.at
}

func (w *watch) pass(d time.Duration) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.at = w.at.Add(d)
}

// world is a broker with a store and a clock of its own, and somebody who calls it.
type world struct {
	*core.Broker
	*watch
	t     *testing.T
	ctx   context.Context // of all its calls
	store *tapped
	who   core.Caller
}

func newWorld(t *testing.T, o core.Options) *world {
	w := &world{
		t:     t,
		ctx:   t.Context(),
		watch: newWatch(),
		store: tap(memstore.New(memstore.Config{})),
		who:   core.Caller{Project: "project", Client: "alice"},
	}
	return w.beside(o)
}

// beside is the same world seen through another broker.
func (w *world) beside(o core.Options) *world {
	w.t.Helper()
	o.Now = w.now
	b, err := core.New(w.t.Context(), w.store, o)
	if err != nil {
		w.t.Fatal(err)
	}
	other := *w
	other.Broker = b
	return &other
}

// as is the same world called by another client.
func (w *world) as(client string) *world {
	other := *w
	other.who.Client = client
	return &other
}

// of is the same world called from another project.
func (w *world) of(project string) *world {
	other := *w
	other.who.Project = project
	return &other
}

// operation is the shape of every operation.
type operation[Req, Res any] func(context.Context, core.Caller, Req) (Res, error)

// do calls an operation that must succeed.
func do[Req, Res any](w *world, op operation[Req, Res], r Req) Res {
	w.t.Helper()
	res, err := op(w.ctx, w.who, r)
	if err != nil {
		w.t.Fatalf("%T: %v", r, err)
	}
	return res
}

// try calls an operation of which only the error matters.
func try[Req, Res any](w *world, op operation[Req, Res], r Req) error {
	_, err := op(w.ctx, w.who, r)
	return err
}

// calling is a call of an operation for a table.
func calling[Req, Res any](method func(*core.Broker, context.Context, core.Caller, Req) (Res, error), r Req) func(*world) error {
	return func(w *world) error {
		_, err := method(w.Broker, w.ctx, w.who, r)
		return err
	}
}

func (w *world) create(queue, metadata string) {
	w.t.Helper()
	do(w, w.CreateQueue, core.QueueCreateRequest{Queue: queue, Metadata: jsontext.Value(metadata)})
}

// stored is the metadata of a queue without defaults.
func (w *world) stored(queue string) string {
	w.t.Helper()
	return string(do(w, w.GetQueue, core.QueueGetRequest{Queue: queue, Bare: true}).Metadata)
}

func (w *world) exists(queue string) bool {
	w.t.Helper()
	_, err := w.store.below.GetQueue(w.t.Context(), storage.QueueID{Project: w.who.Project, Name: queue})
	if err != nil && !errors.Is(err, storage.ErrQueueNotFound) {
		w.t.Fatal(err)
	}
	return err == nil
}

// post posts messages that ask for nothing in particular.
func (w *world) post(queue string, bodies ...string) []string {
	w.t.Helper()
	return w.postDrafts(queue, drafts(bodies...)...)
}

func (w *world) postDrafts(queue string, drafts ...core.Draft) []string {
	w.t.Helper()
	return do(w, w.PostMessages, core.MessagePostRequest{Queue: queue, Messages: drafts}).IDs
}

func drafts(bodies ...string) []core.Draft {
	out := make([]core.Draft, len(bodies))
	for i, body := range bodies {
		out[i] = core.Draft{Body: jsontext.Value(body)}
	}
	return out
}

// mortal is a draft with a ttl.
func mortal(body string, ttl int64) core.Draft {
	return core.Draft{Body: jsontext.Value(body), TTL: &ttl}
}

// list shows all that the first page can show.
func (w *world) list(queue string) []core.Message {
	w.t.Helper()
	return do(w, w.ListMessages, core.MessageListRequest{
		Queue: queue, Limit: new(int64(20)), Echo: true, IncludeClaimed: true, IncludeDelayed: new(true),
	}).Messages
}

func (w *world) get(queue, id string) core.Message {
	w.t.Helper()
	return do(w, w.GetMessage, core.MessageGetRequest{Queue: queue, ID: id})
}

func (w *world) stats(queue string) core.MessageStats {
	w.t.Helper()
	return do(w, w.QueueStats, core.QueueStatsRequest{Queue: queue}).Messages
}

// claim claims up to limit messages for ttl seconds, with the least grace.
func (w *world) claim(queue string, limit, ttl int64) core.ClaimCreated {
	w.t.Helper()
	return do(w, w.CreateClaim, core.ClaimCreateRequest{Queue: queue, Limit: &limit, TTL: &ttl, Grace: new(int64(60))})
}

func (w *world) patch(queue string, changes ...core.Change) {
	w.t.Helper()
	do(w, w.UpdateQueue, core.QueueUpdateRequest{Queue: queue, Changes: changes})
}

// add is the change that sets an attribute.
func add(name, value string) core.Change {
	return core.Change{Op: "add", Path: "/metadata/" + name, Value: jsontext.Value(value)}
}

func bodies(ms []core.Message) []string {
	out := make([]string, len(ms))
	for i, m := range ms {
		out[i] = string(m.Body)
	}
	return out
}

func same[T comparable](t *testing.T, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func sameAll[T comparable](t *testing.T, what string, got []T, want ...T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// refused checks that an error is the broker's, and all that callers see of it.
func refused(t *testing.T, err error, code core.Code, title, text string) {
	t.Helper()
	var e *core.Error
	if !errors.As(err, &e) {
		t.Fatalf("got error %v, want one of the broker's: %s", err, text)
	}
	if e.Code != code || e.Title != title || e.Text != text {
		t.Errorf("got  %d %q %q\nwant %d %q %q", e.Code, e.Title, e.Text, code, title, text)
	}
}
