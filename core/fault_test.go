package core_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"testing"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/storage"
)

// operations are all there are, by method, and some in two ways.
var operations = map[string]func(*world) error{
	"CreateQueue":         calling((*core.Broker).CreateQueue, core.QueueCreateRequest{Queue: "q"}),
	"GetQueue":            calling((*core.Broker).GetQueue, core.QueueGetRequest{Queue: "q"}),
	"UpdateQueue":         calling((*core.Broker).UpdateQueue, core.QueueUpdateRequest{Queue: "q"}),
	"ListQueues":          calling((*core.Broker).ListQueues, core.QueueListRequest{WithCount: true}),
	"DeleteQueue":         calling((*core.Broker).DeleteQueue, core.QueueDeleteRequest{Queue: "q"}),
	"QueueStats":          calling((*core.Broker).QueueStats, core.QueueStatsRequest{Queue: "q"}),
	"PurgeQueue":          calling((*core.Broker).PurgeQueue, core.QueuePurgeRequest{Queue: "q"}),
	"PostMessages":        calling((*core.Broker).PostMessages, core.MessagePostRequest{Queue: "q", Messages: drafts(`1`)}),
	"PostMessages, anew":  calling((*core.Broker).PostMessages, core.MessagePostRequest{Queue: "new", Messages: drafts(`1`)}),
	"ListMessages":        calling((*core.Broker).ListMessages, core.MessageListRequest{Queue: "q"}),
	"GetMessage":          calling((*core.Broker).GetMessage, core.MessageGetRequest{Queue: "q", ID: "m"}),
	"GetMessages":         calling((*core.Broker).GetMessages, core.MessageGetManyRequest{Queue: "q", IDs: []string{"m"}}),
	"DeleteMessage":       calling((*core.Broker).DeleteMessage, core.MessageDeleteRequest{Queue: "q", ID: "m", Claim: "c"}),
	"RemoveMessages":      calling((*core.Broker).RemoveMessages, core.MessageRemoveRequest{Queue: "q", IDs: []string{"m"}}),
	"RemoveMessages, pop": calling((*core.Broker).RemoveMessages, core.MessageRemoveRequest{Queue: "q", Pop: seconds(1)}),
	"CreateClaim":         calling((*core.Broker).CreateClaim, core.ClaimCreateRequest{Queue: "q"}),
	"GetClaim":            calling((*core.Broker).GetClaim, core.ClaimGetRequest{Queue: "q", ID: "c"}),
	"UpdateClaim":         calling((*core.Broker).UpdateClaim, core.ClaimUpdateRequest{Queue: "q", ID: "c"}),
	"DeleteClaim":         calling((*core.Broker).DeleteClaim, core.ClaimDeleteRequest{Queue: "q", ID: "c"}),
	"ListSubscriptions":   calling((*core.Broker).ListSubscriptions, core.SubscriptionListRequest{Queue: "q"}),
	"CreateSubscription":  calling((*core.Broker).CreateSubscription, core.SubscriptionCreateRequest{Queue: "q", Subscriber: "http://x/"}),
	"GetSubscription":     calling((*core.Broker).GetSubscription, core.SubscriptionGetRequest{Queue: "q", ID: "s"}),
	"UpdateSubscription":  calling((*core.Broker).UpdateSubscription, core.SubscriptionUpdateRequest{Queue: "q", ID: "s", TTL: seconds(60)}),
	"UpdateSubscription, subscriber": calling((*core.Broker).UpdateSubscription,
		core.SubscriptionUpdateRequest{Queue: "q", ID: "s", Subscriber: new("http://y/")}),
	"DeleteSubscription": calling((*core.Broker).DeleteSubscription, core.SubscriptionDeleteRequest{Queue: "q", ID: "s"}),
	"Ping":               calling((*core.Broker).Ping, core.PingRequest{}),
	"Health":             calling((*core.Broker).Health, core.HealthRequest{}),
}

const subscriberTaken = "Such subscription already exists.Subscriptions are unique by project + queue + subscriber URI."

// A new operation must not be forgotten here.
func TestFaultsOfEveryOperation(t *testing.T) {
	tried := map[string]bool{"ShareQueue": true} // it asks the store nothing
	for _, c := range storeCalls {
		tried[c.operation] = true
	}
	broker := reflect.TypeFor[*core.Broker]()
	for m := range broker.Methods() {
		takesCaller := m.Type.NumIn() == 4 && m.Type.In(2) == reflect.TypeFor[core.Caller]()
		if takesCaller && m.Type.NumOut() == 2 && !tried[m.Name] {
			t.Errorf("%s is not among storeCalls", m.Name)
		}
	}
}

// storeCalls are all calls by which operations reach the store, and what the
// caller is told when they fail.
var storeCalls = []struct {
	operation string
	call      string
	text      string
}{
	{"CreateQueue", "CreateQueue", "Queue could not be created."},
	{"GetQueue", "GetQueue", "Queue metadata could not be retrieved."},
	{"UpdateQueue", "GetQueue", "Queue could not be updated."},
	{"UpdateQueue", "SetMetadata", "Queue could not be updated."},
	{"ListQueues", "ListQueues", "Queues could not be listed."},
	{"ListQueues", "CountQueues", "Queues could not be listed."},
	{"DeleteQueue", "DeleteQueue", "Queue could not be deleted."},
	{"QueueStats", "QueueStats", "Queue stats could not be read."},
	{"PurgeQueue", "PurgeMessages", "Queue could not be purged."},
	{"PurgeQueue", "ListSubscriptions", "Subscriptions could not be deleted."},
	{"PurgeQueue", "DeleteSubscription", "Subscriptions could not be deleted."},
	{"PostMessages", "GetQueue", "Messages could not be enqueued."},
	{"PostMessages", "PostMessages", "Messages could not be enqueued."},
	{"PostMessages, anew", "CreateQueue", "Queue could not be created."},
	{"ListMessages", "GetQueue", "Messages could not be listed."},
	{"ListMessages", "ListMessages", "Messages could not be listed."},
	{"GetMessage", "GetMessages", "Message could not be retrieved."},
	{"GetMessages", "GetMessages", "Messages could not be retrieved."},
	{"DeleteMessage", "DeleteMessage", "Message could not be deleted."},
	{"RemoveMessages", "DeleteMessages", "Messages could not be deleted."},
	{"RemoveMessages, pop", "PopMessages", "Messages could not be popped."},
	{"CreateClaim", "GetQueue", "Claim could not be created."},
	{"CreateClaim", "CreateClaim", "Claim could not be created."},
	{"GetClaim", "GetClaim", "Claim could not be queried."},
	{"UpdateClaim", "RenewClaim", "Claim could not be updated."},
	{"DeleteClaim", "ReleaseClaim", "Claim could not be deleted."},
	{"ListSubscriptions", "ListSubscriptions", "Subscriptions could not be listed."},
	{"CreateSubscription", "CreateQueue", "Queue could not be created."},
	{"CreateSubscription", "CreateSubscription", "Subscription could not be created."},
	{"GetSubscription", "GetSubscription", "Subscription could not be retrieved."},
	{"UpdateSubscription", "ChangeSubscription", "Subscription could not be updated."},
	{"UpdateSubscription, subscriber", "GetSubscription", "Subscription could not be updated."},
	{"DeleteSubscription", "DeleteSubscription", "Subscription could not be deleted."},
	{"Ping", "Ping", "The store cannot be reached."},
	{"Health", "ListQueues", "Health could not be read."},
}

// inTrouble makes a queue with what every operation needs, and lets a call fail.
func inTrouble(t *testing.T, call string, err error) *world {
	t.Helper()
	w := newWorld(t, core.Options{Subscribers: []string{"http"}})
	if _, err := w.store.CreateQueue(t.Context(), storage.Queue{
		ID: storage.QueueID{Project: w.who.Project, Name: "q"}, Epoch: 1, Metadata: []byte(`{}`), Created: w.now(),
	}); err != nil {
		t.Fatal(err)
	}
	w.subscribe("q", 1)
	w.store.fail(call, err)
	return w
}

func TestStoreFails(t *testing.T) {
	cause := errors.New("secret: disk on fire")
	for _, c := range storeCalls {
		t.Run(c.call+": "+c.text, func(t *testing.T) {
			err := operations[c.operation](inTrouble(t, c.call, cause))
			refused(t, err, core.Unavailable, "", c.text)
			same(t, "the cause is for the log", errors.Is(err, cause) && strings.Contains(err.Error(), "secret"), true)
		})
	}
}

func TestContextErrorsPass(t *testing.T) {
	wrapped := fmt.Errorf("waiting for the store: %w", context.DeadlineExceeded)
	for _, c := range storeCalls {
		for _, cause := range []error{context.Canceled, context.DeadlineExceeded, wrapped} {
			got := operations[c.operation](inTrouble(t, c.call, cause))
			if !errors.Is(got, cause) || core.CodeOf(got) != core.Unavailable {
				t.Errorf("%s: got %v, want %v", c.call, got, cause)
			}
			var e *core.Error
			same(t, c.call+": made the broker's own", errors.As(got, &e), false)
		}
	}
}

// words are what a store may answer to any of its calls, as far as it means the
// same everywhere.
var words = []struct {
	err   error
	code  core.Code
	title string
	text  string
}{
	{storage.ErrFull, core.Unavailable, "", "There is no room for more messages."},
	{storage.ErrKeyReused, core.Conflict, "", "This idempotency key was used for other messages."},
	{storage.ErrClaimed, core.Forbidden, "Unable to delete", isClaimed},
	{storage.ErrSubscriberTaken, core.Conflict, "", subscriberTaken},
	{storage.ErrNotClaimed, core.Invalid, "Unable to delete", notClaimed},
	{storage.OutOfOrder{Want: 7}, core.Conflict, "", "The sequence number is out of order: 7 is expected."},
}

func TestStoreAnswers(t *testing.T) {
	for _, word := range words {
		for _, err := range []error{word.err, fmt.Errorf("redis: %w", word.err)} {
			refused(t, operations["PostMessages"](inTrouble(t, "PostMessages", err)), word.code, word.title, word.text)
			refused(t, operations["DeleteMessage"](inTrouble(t, "DeleteMessage", err)), word.code, word.title, word.text)
		}
	}
	refused(t, operations["DeleteMessage"](inTrouble(t, "DeleteMessage", fmt.Errorf("redis: %w", storage.ErrClaimNotFound))),
		core.Invalid, "Unable to delete", noClaim)
}

// What a store holds may be spoiled too.
func TestStoredMetadataIsBroken(t *testing.T) {
	for text, operation := range map[string]string{
		"Queue metadata could not be read.": "GetQueue",
		"Queue could not be updated.":       "UpdateQueue",
		"Messages could not be enqueued.":   "PostMessages",
		"Messages could not be listed.":     "ListMessages",
		"Claim could not be created.":       "CreateClaim",
	} {
		w := inTrouble(t, "no such call", nil)
		id := storage.QueueID{Project: w.who.Project, Name: "q"}
		if err := w.store.SetMetadata(t.Context(), id, []byte(`{"a":`), 1); err != nil {
			t.Fatal(err)
		}
		refused(t, operations[operation](w), core.Unavailable, "", text)
	}
}

func TestDoneContexts(t *testing.T) {
	w := newWorld(t, core.Options{Subscribers: []string{"http"}})
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	w.ctx = ctx
	for name, operation := range operations {
		same(t, name, operation(w), context.Canceled)
	}
	same(t, "the queue is there", w.exists("q"), false)
}
