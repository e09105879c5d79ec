package core

import (
	"context"
	"strings"
)

// MessageDeleteRequest names a message to delete and the claim on it.
type MessageDeleteRequest struct {
	Queue string `json:"queue_name"`
	ID    string `json:"message_id"`
	Claim string `json:"claim_id"`
}

// DeleteMessage removes a message. One that is not there is no error; a claimed
// one needs its claim.
func (b *Broker) DeleteMessage(ctx context.Context, who Caller, r MessageDeleteRequest) (None, error) {
	if err := b.store.DeleteMessage(ctx, who.queue(r.Queue), r.ID, r.Claim, b.now()); err != nil {
		return None{}, fault(err, "Message could not be deleted.")
	}
	b.leases.finish(who.queue(r.Queue), r.ID)
	return None{}, nil
}

// MessageRemoveRequest either names messages to delete or pops some.
type MessageRemoveRequest struct {
	Queue  string   `json:"queue_name"`
	IDs    []string `json:"message_ids"`
	Claims []string `json:"claim_ids"` // looked at only if the broker insists on claims
	Pop    *int64   `json:"pop"`
}

// MessagesRemoved are the messages that were popped.
type MessagesRemoved struct {
	Popped   bool
	Messages []Message
}

// RemoveMessages deletes the named messages, whether claimed or not, or takes the
// first free ones out of the queue and returns them.
func (b *Broker) RemoveMessages(ctx context.Context, who Caller, r MessageRemoveRequest) (MessagesRemoved, error) {
	switch {
	case r.Pop != nil && r.IDs != nil:
		return MessagesRemoved{}, invalid("pop and id params cannot be present together in the delete request.")
	case r.Pop != nil:
		return b.pop(ctx, who, r)
	case r.IDs != nil:
		return MessagesRemoved{}, b.deleteMany(ctx, who, r)
	}
	return MessagesRemoved{}, invalid(`The request should have either "ids" or "pop" parameter in the request, to be able to delete.`)
}

func (b *Broker) pop(ctx context.Context, who Caller, r MessageRemoveRequest) (MessagesRemoved, error) {
	limit, err := page(r.Pop, b.limits.MaxMessagesPerClaimOrPop, "Pop value must be at least 1 and may not be greater than %d.")
	if err != nil {
		return MessagesRemoved{}, err
	}
	now := b.now()
	popped, err := b.store.PopMessages(ctx, who.queue(r.Queue), limit, now)
	if err != nil {
		return MessagesRemoved{}, fault(err, "Messages could not be popped.")
	}
	return MessagesRemoved{Popped: true, Messages: viewsOf(popped, now)}, nil
}

func (b *Broker) deleteMany(ctx context.Context, who Caller, r MessageRemoveRequest) error {
	named := int64(len(r.IDs))
	if _, err := page(&named, b.limits.MaxMessagesPerPage, "The ids to delete must be at least 1 and may not be more than %d."); err != nil {
		return err
	}
	var claims []string
	if b.options.DeleteNeedsClaim {
		if len(r.Claims) == 0 {
			return invalid("Deleting messages needs the claim_ids parameter on this server.")
		}
		claims = r.Claims
	}
	err := b.store.DeleteMessages(ctx, who.queue(r.Queue), r.IDs, claims, b.now())
	if err != nil {
		return fault(err, "Messages could not be deleted.")
	}
	b.leases.finish(who.queue(r.Queue), r.IDs...)
	return nil
}

// quoted lists texts as Zaqar shows them.
func quoted(texts []string) string {
	return "['" + strings.Join(texts, "', '") + "']"
}
