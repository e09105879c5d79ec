package core

import (
	"cmp"
	"fmt"
	"time"
)

// Limits bounds what callers may ask for. The names of the options (the json
// tags) and their defaults are Zaqar's. Sizes are bytes of the whole request,
// spans are seconds. A field that is zero takes its default.
type Limits struct {
	DefaultMessageTTL   int64 `json:"default_message_ttl"`
	DefaultMessageDelay int64 `json:"default_message_delay"`
	DefaultClaimTTL     int64 `json:"default_claim_ttl"`
	DefaultClaimGrace   int64 `json:"default_claim_grace"`

	DefaultSubscriptionTTL int64 `json:"default_subscription_ttl"`

	MaxQueuesPerPage         int64 `json:"max_queues_per_page"`
	MaxMessagesPerPage       int64 `json:"max_messages_per_page"`
	MaxMessagesPerClaimOrPop int64 `json:"max_messages_per_claim_or_pop"`
	MaxSubscriptionsPerPage  int64 `json:"max_subscriptions_per_page"`

	MaxQueueMetadata    int64 `json:"max_queue_metadata"`
	MaxMessagesPostSize int64 `json:"max_messages_post_size"`
	MaxMessageTTL       int64 `json:"max_message_ttl"`
	MaxMessageDelay     int64 `json:"max_message_delay"`
	MaxClaimTTL         int64 `json:"max_claim_ttl"`
	MaxClaimGrace       int64 `json:"max_claim_grace"`

	IdempotencyKeyTTL int64 `json:"idempotency_key_ttl"` // how long a resent post is recognised

	MaxListeners int64 `json:"max_listeners"` // at once, of all queues of this broker together
	MaxWaiters   int64 `json:"max_waiters"`   // claims and listings that wait at once
}

// What no option changes.
const (
	MinMessageTTL   = 60 // seconds
	MinMessageDelay = 0  // seconds
	MinClaimTTL     = 60 // seconds
	MinClaimGrace   = 60 // seconds

	MinSubscriptionTTL = 60 // seconds

	MaxWait = 20 // seconds that a claim or a listing may wait

	MaxQueueName = 64  // characters
	MaxProjectID = 256 // characters

	DefaultPage = 10 // items, when a listing or a claim names no limit
)

// longest bounds every span, so that an instant plus a span is an instant: a
// hundred years.
const longest = 100 * 366 * 24 * 3600

// DefaultLimits are the limits of Zaqar.
func DefaultLimits() Limits {
	return Limits{}.withDefaults()
}

func (l Limits) withDefaults() Limits {
	return Limits{
		DefaultMessageTTL:        cmp.Or(l.DefaultMessageTTL, 3600),
		DefaultMessageDelay:      l.DefaultMessageDelay,
		DefaultClaimTTL:          cmp.Or(l.DefaultClaimTTL, 300),
		DefaultClaimGrace:        cmp.Or(l.DefaultClaimGrace, 60),
		DefaultSubscriptionTTL:   cmp.Or(l.DefaultSubscriptionTTL, 3600),
		MaxQueuesPerPage:         cmp.Or(l.MaxQueuesPerPage, 20),
		MaxMessagesPerPage:       cmp.Or(l.MaxMessagesPerPage, 20),
		MaxMessagesPerClaimOrPop: cmp.Or(l.MaxMessagesPerClaimOrPop, 20),
		MaxSubscriptionsPerPage:  cmp.Or(l.MaxSubscriptionsPerPage, 20),
		MaxQueueMetadata:         cmp.Or(l.MaxQueueMetadata, 64<<10),
		MaxMessagesPostSize:      cmp.Or(l.MaxMessagesPostSize, 256<<10),
		MaxMessageTTL:            cmp.Or(l.MaxMessageTTL, 14*24*3600),
		MaxMessageDelay:          cmp.Or(l.MaxMessageDelay, 900),
		MaxClaimTTL:              cmp.Or(l.MaxClaimTTL, 12*3600),
		MaxClaimGrace:            cmp.Or(l.MaxClaimGrace, 12*3600),
		IdempotencyKeyTTL:        cmp.Or(l.IdempotencyKeyTTL, 600),
		MaxListeners:             cmp.Or(l.MaxListeners, 100_000),
		MaxWaiters:               cmp.Or(l.MaxWaiters, 10_000),
	}
}

// Check names the first option that makes no sense.
func (l Limits) Check() error {
	l = l.withDefaults()
	for _, o := range []struct {
		name          string
		value, lo, hi int64
	}{
		{"max_message_ttl", l.MaxMessageTTL, MinMessageTTL, longest},
		{"default_message_ttl", l.DefaultMessageTTL, MinMessageTTL, l.MaxMessageTTL},
		{"max_message_delay", l.MaxMessageDelay, MinMessageDelay, longest},
		{"default_message_delay", l.DefaultMessageDelay, MinMessageDelay, l.MaxMessageDelay},
		{"max_claim_ttl", l.MaxClaimTTL, MinClaimTTL, longest},
		{"default_claim_ttl", l.DefaultClaimTTL, MinClaimTTL, l.MaxClaimTTL},
		{"max_claim_grace", l.MaxClaimGrace, MinClaimGrace, longest},
		{"default_claim_grace", l.DefaultClaimGrace, MinClaimGrace, l.MaxClaimGrace},
		{"default_subscription_ttl", l.DefaultSubscriptionTTL, MinSubscriptionTTL, longest},
		{"max_queues_per_page", l.MaxQueuesPerPage, 1, 1000},
		{"max_messages_per_page", l.MaxMessagesPerPage, 1, 1000},
		{"max_messages_per_claim_or_pop", l.MaxMessagesPerClaimOrPop, 1, 1000},
		{"max_subscriptions_per_page", l.MaxSubscriptionsPerPage, 1, 1000},
		{"max_queue_metadata", l.MaxQueueMetadata, 1, 16 << 20},
		{"max_messages_post_size", l.MaxMessagesPostSize, 1, 64 << 20},
		{"idempotency_key_ttl", l.IdempotencyKeyTTL, 1, longest},
		{"max_listeners", l.MaxListeners, 1, 10_000_000},
		{"max_waiters", l.MaxWaiters, 1, 1_000_000},
	} {
		if o.value < o.lo || o.value > o.hi {
			return fmt.Errorf("%s is %d; it must be from %d to %d", o.name, o.value, o.lo, o.hi)
		}
	}
	return nil
}

// Zaqar says the same of every page size, in two ways.
const (
	queuePage   = "Limit must be at least 1 and no greater than %d."
	messagePage = "Limit must be at least 1 and may not be greater than %d."
)

// page is a checked page size.
func page(limit *int64, most int64, otherwise string) (int, error) {
	if limit == nil {
		return int(min(DefaultPage, most)), nil
	}
	if *limit < 1 || *limit > most {
		return 0, invalid(otherwise, most)
	}
	return int(*limit), nil
}

// checkSpan bounds a span of seconds that a request names.
func checkSpan(what string, seconds, lo, hi int64) error {
	if seconds < lo || seconds > hi {
		return invalid("The %s may not exceed %d seconds, and must be at least %d seconds long.", what, hi, lo)
	}
	return nil
}

func seconds(n int64) time.Duration { return time.Duration(n) * time.Second }
