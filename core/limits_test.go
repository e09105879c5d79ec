package core_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/stackforge/marconi/core"
)

func TestDefaultLimits(t *testing.T) {
	same(t, "defaults", core.DefaultLimits(), core.Limits{
		DefaultMessageTTL: 3600, DefaultMessageDelay: 0, DefaultClaimTTL: 300, DefaultClaimGrace: 60,
		DefaultSubscriptionTTL: 3600, MaxSubscriptionsPerPage: 20,
		MaxQueuesPerPage: 20, MaxMessagesPerPage: 20, MaxMessagesPerClaimOrPop: 20,
		MaxQueueMetadata: 65536, MaxMessagesPostSize: 262144,
		MaxMessageTTL: 1209600, MaxMessageDelay: 900, MaxClaimTTL: 43200, MaxClaimGrace: 43200,
		IdempotencyKeyTTL: 600, MaxListeners: 100_000, MaxWaiters: 10_000,
	})
	if err := core.DefaultLimits().Check(); err != nil {
		t.Error(err)
	}
}

var senselessLimits = []struct {
	limits core.Limits
	option string // the one that is named; "": none
}{
	{core.Limits{}, ""},
	{core.Limits{MaxMessageTTL: 60, DefaultMessageTTL: 60}, ""},
	{core.Limits{MaxMessageTTL: 59}, "max_message_ttl"},
	{core.Limits{MaxMessageTTL: 1 << 40}, "max_message_ttl"},
	{core.Limits{DefaultMessageTTL: 59}, "default_message_ttl"},
	{core.Limits{MaxMessageTTL: 3599}, "default_message_ttl"},
	{core.Limits{MaxMessageDelay: -1}, "max_message_delay"},
	{core.Limits{DefaultMessageDelay: 900}, ""},
	{core.Limits{DefaultMessageDelay: 901}, "default_message_delay"},
	{core.Limits{DefaultMessageDelay: -1}, "default_message_delay"},
	{core.Limits{MaxClaimTTL: 59}, "max_claim_ttl"},
	{core.Limits{DefaultClaimTTL: 43201}, "default_claim_ttl"},
	{core.Limits{MaxClaimGrace: 59}, "max_claim_grace"},
	{core.Limits{DefaultClaimGrace: 59}, "default_claim_grace"},
	{core.Limits{MaxQueuesPerPage: -1}, "max_queues_per_page"},
	{core.Limits{MaxQueuesPerPage: 1001}, "max_queues_per_page"},
	{core.Limits{MaxMessagesPerPage: 1000}, ""},
	{core.Limits{MaxMessagesPerPage: 1001}, "max_messages_per_page"},
	{core.Limits{MaxMessagesPerClaimOrPop: 1001}, "max_messages_per_claim_or_pop"},
	{core.Limits{MaxQueueMetadata: -1}, "max_queue_metadata"},
	{core.Limits{MaxMessagesPostSize: -1}, "max_messages_post_size"},
	{core.Limits{IdempotencyKeyTTL: -1}, "idempotency_key_ttl"},
	{core.Limits{DefaultSubscriptionTTL: 59}, "default_subscription_ttl"},
	{core.Limits{MaxSubscriptionsPerPage: 1001}, "max_subscriptions_per_page"},
	{core.Limits{MaxListeners: -1}, "max_listeners"},
	{core.Limits{MaxWaiters: 2_000_000}, "max_waiters"},
}

func TestLimitsCheck(t *testing.T) {
	for _, c := range senselessLimits {
		switch err := c.limits.Check(); {
		case c.option == "" && err != nil:
			t.Errorf("%+v: %v", c.limits, err)
		case c.option != "" && (err == nil || !strings.HasPrefix(err.Error(), c.option+" is ")):
			t.Errorf("%+v: got %v, want an error about %s", c.limits, err, c.option)
		}
	}
}

const (
	badQueuePage   = "Limit must be at least 1 and no greater than 20."
	badMessagePage = "Limit must be at least 1 and may not be greater than 20."
	badPop         = "Pop value must be at least 1 and may not be greater than 20."
	badDeletion    = "The ids to delete must be at least 1 and may not be more than 20."
)

// pages are the operations that take a number of items.
var pages = []struct {
	name string
	call func(w *world, n int64) error
	text string
}{
	{"queues", func(w *world, n int64) error { return try(w, w.ListQueues, core.QueueListRequest{Limit: &n}) }, badQueuePage},
	{"messages", func(w *world, n int64) error {
		return try(w, w.ListMessages, core.MessageListRequest{Queue: "q", Limit: &n})
	}, badMessagePage},
	{"claim", func(w *world, n int64) error {
		return try(w, w.CreateClaim, core.ClaimCreateRequest{Queue: "q", Limit: &n})
	}, badMessagePage},
	{"pop", func(w *world, n int64) error {
		return try(w, w.RemoveMessages, core.MessageRemoveRequest{Queue: "q", Pop: &n})
	}, badPop},
	{"messages by ID", func(w *world, n int64) error {
		return try(w, w.GetMessages, core.MessageGetManyRequest{Queue: "q", IDs: make([]string, max(0, n))})
	}, badMessagePage},
	{"deletion by ID", func(w *world, n int64) error {
		return try(w, w.RemoveMessages, core.MessageRemoveRequest{Queue: "q", IDs: make([]string, max(0, n))})
	}, badDeletion},
}

func TestPagesHaveLimits(t *testing.T) {
	w := newWorld(t, core.Options{})
	w.create("q", `{}`)
	for _, p := range pages {
		t.Run(p.name, func(t *testing.T) {
			for _, n := range []int64{-1, 0, 21, 1 << 20} {
				refused(t, p.call(w, n), core.Invalid, "", p.text)
			}
			for _, n := range []int64{1, 20} {
				if err := p.call(w, n); err != nil {
					t.Errorf("%d: %v", n, err)
				}
			}
		})
	}
}

func TestPagesWithoutALimit(t *testing.T) {
	for most, want := range map[int64]int{0: 10, 3: 3, 15: 10} {
		w := newWorld(t, core.Options{Limits: core.Limits{
			MaxQueuesPerPage: most, MaxMessagesPerPage: most, MaxMessagesPerClaimOrPop: most,
		}})
		for i := range 12 {
			w.create(fmt.Sprintf("q%02d", i), `{}`)
			w.post("q00", `1`)
		}
		list := core.MessageListRequest{Queue: "q00", Echo: true}
		same(t, "queues", len(do(w, w.ListQueues, core.QueueListRequest{}).Queues), want)
		same(t, "messages", len(do(w, w.ListMessages, list).Messages), want)
		same(t, "claimed", len(do(w, w.CreateClaim, core.ClaimCreateRequest{Queue: "q00"}).Messages), want)
	}
}
