package core

import (
	"context"
	"slices"

	"github.com/stackforge/marconi/storage"
)

// What a purge can remove.
const (
	purgeMessages      = "messages"
	purgeSubscriptions = "subscriptions"
)

// QueuePurgeRequest says what to remove from a queue.
type QueuePurgeRequest struct {
	Queue string   `json:"queue_name"`
	Types []string `json:"resource_types"` // "messages", "subscriptions"; nil: both
}

// PurgeQueue removes all messages of a queue, claimed and delayed ones too, all
// its subscriptions, or both. The queue and its metadata stay.
func (b *Broker) PurgeQueue(ctx context.Context, who Caller, r QueuePurgeRequest) (None, error) {
	all := []string{purgeMessages, purgeSubscriptions}
	for _, t := range r.Types {
		if !slices.Contains(all, t) {
			return None{}, invalid("Resource types must be a sub set of {'messages', 'subscriptions'}.")
		}
	}
	if r.Types == nil {
		r.Types = all
	}
	id := who.queue(r.Queue)
	if slices.Contains(r.Types, purgeMessages) {
		held := b.leases.claims(id)
		if err := b.store.PurgeMessages(ctx, id); err != nil {
			return None{}, fault(err, "Queue could not be purged.")
		}
		b.leases.finishClaims(id, held...)
	}
	if slices.Contains(r.Types, purgeSubscriptions) {
		if err := b.dropSubscriptions(ctx, id); err != nil {
			return None{}, fault(err, "Subscriptions could not be deleted.")
		}
	}
	return None{}, nil
}

func (b *Broker) dropSubscriptions(ctx context.Context, id storage.QueueID) error {
	f := storage.SubscriptionFilter{Queue: id, Now: b.now(), Limit: 100}
	for {
		p, err := b.store.ListSubscriptions(ctx, f)
		if err != nil {
			return err
		}
		for _, s := range p.Items {
			if err := b.dropSubscription(ctx, id, s.ID); err != nil {
				return err
			}
		}
		if len(p.Items) < f.Limit {
			return nil
		}
		f.Marker = p.Next
	}
}
