package api

import (
	"maps"
	"slices"

	"github.com/stackforge/marconi/core"
)

// roleAdmin is what operators are.
const roleAdmin = "admin"

// table is every operation there is, by the name that doors know it by.
func table(adminMode bool) map[string]operation {
	t := map[string]operation{
		"queue_list":      does((*core.Broker).ListQueues, always[core.QueuePage](200)),
		"queue_create":    does((*core.Broker).CreateQueue, created),
		"queue_get":       does((*core.Broker).GetQueue, always[core.Queue](200)),
		"queue_update":    does((*core.Broker).UpdateQueue, always[core.Queue](200)),
		"queue_delete":    does((*core.Broker).DeleteQueue, always[core.None](204)),
		"queue_get_stats": does((*core.Broker).QueueStats, always[core.Stats](200)),
		"queue_purge":     does((*core.Broker).PurgeQueue, always[core.None](204)),
		"queue_share":     does((*core.Broker).ShareQueue, always[core.Grant](200)),

		"message_post":        posts(),
		"message_list":        does((*core.Broker).ListMessages, always[core.MessagePage](200)),
		"message_get":         does((*core.Broker).GetMessage, always[core.Message](200)),
		"message_get_many":    does((*core.Broker).GetMessages, always[core.Messages](200)),
		"message_delete":      does((*core.Broker).DeleteMessage, always[core.None](204)),
		"message_delete_many": does((*core.Broker).RemoveMessages, popped),

		"claim_create": does((*core.Broker).CreateClaim, claimed),
		"claim_get":    does((*core.Broker).GetClaim, always[core.Claim](200)),
		"claim_update": does((*core.Broker).UpdateClaim, always[core.None](204)),
		"claim_delete": does((*core.Broker).DeleteClaim, always[core.None](204)),

		"subscription_list":   does((*core.Broker).ListSubscriptions, always[core.SubscriptionPage](200)),
		"subscription_create": serves(subscribe, always[core.SubscriptionCreated](201)),
		"subscription_get":    does((*core.Broker).GetSubscription, always[core.Subscription](200)),
		"subscription_update": serves(resubscribe, always[core.None](204)),
		"subscription_delete": serves(unsubscribe, always[core.None](204)),

		"message_watch": serves(watch, always[streamStarted](201)),
		"claim_stream":  serves(streamClaims, always[streamStarted](201)),
		"stream_delete": serves(endStream, always[core.None](204)),

		"ping_node":    does((*core.Broker).Ping, always[core.None](204)),
		"get_home_doc": {run: nothing}, // what there is to say is the door's
		"authenticate": {run: nothing}, // it was done on the way here
	}
	if adminMode {
		t["check_node_health"] = does((*core.Broker).Health, always[core.Health](200)).needs(roleAdmin)
	}
	return t
}

// Actions are the names of all operations in their order, with those of operators
// if they are offered.
func Actions(adminMode bool) []string {
	return slices.Sorted(maps.Keys(table(adminMode)))
}

// always is the status of an operation that has only one.
func always[Res any](status int) func(Res) int {
	return func(Res) int { return status }
}

func posted(r core.MessagePosted) int {
	if r.Again {
		return 200
	}
	return 201
}

func created(r core.QueueCreated) int {
	if r.Created {
		return 201
	}
	return 204
}

func popped(r core.MessagesRemoved) int {
	if r.Popped {
		return 200
	}
	return 204
}

func claimed(r core.ClaimCreated) int {
	if len(r.Messages) > 0 {
		return 201
	}
	return 204
}
