package core

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"

	"github.com/stackforge/marconi/core/push"
	"github.com/stackforge/marconi/storage"
)

// From where to listen, besides a marker.
const (
	FromLatest   = "latest"
	FromEarliest = "earliest"
)

// ListenRequest says what to listen to, and from where.
type ListenRequest struct {
	Queue string `json:"queue_name"`
	// From is "" or "latest": from now on; "earliest": from the oldest message
	// there is; or a marker, a position or a message's ID: what comes after it.
	From string `json:"position"`
}

// Listener is a place in a queue's log that goes forward as its news is taken.
type Listener struct {
	below *push.Listener[storage.QueueID, *Heard]
	count *atomic.Int64 // of the broker's listeners
	close sync.Once
}

// Listen begins to listen to a queue, which need not be there yet. Every message
// that becomes visible from then on, and is still there when its turn comes, is
// told once, in the order of the log, whether it is claimed or not; what is gone
// by then is told as a gap.
//
// Wake is called when there is something to take after a Take that found nothing,
// and the first time there is, which may be before Listen has returned: take once
// after it. It is called from any goroutine; it must not block, listen, or close
// a listener. Nobody is told anything while the broker does not Run.
func (b *Broker) Listen(ctx context.Context, who Caller, r ListenRequest, wake func()) (*Listener, error) {
	if b.listeners.Add(1) > b.limits.MaxListeners {
		b.listeners.Add(-1)
		return nil, newError(Unavailable, "There are too many listeners.")
	}
	id := who.queue(r.Queue)
	from, err := b.startOf(ctx, id, r.From)
	if err != nil {
		b.listeners.Add(-1)
		return nil, err
	}
	return &Listener{
		below: b.hub.Listen(id, from, r.From == FromEarliest, wake),
		count: &b.listeners,
	}, nil
}

// Take removes and returns the next news, at most max. It never blocks; none
// means that there is none now. One goroutine takes at a time.
func (l *Listener) Take(max int) []News {
	var few [8]push.News[*Heard]
	taken := l.below.Take(few[:0], max)
	if len(taken) == 0 {
		return nil
	}
	news := make([]News, len(taken))
	for i := range taken {
		news[i] = newsOf(&taken[i])
	}
	return news
}

func newsOf(n *push.News[*Heard]) News {
	switch n.Kind {
	case push.Live:
		return News{Fact: Fact{Kind: Live, Position: placeText(n.To)}}
	case push.Gap:
		to := placeText(n.To)
		return News{Fact: Fact{Kind: Gap, Position: to, From: placeText(n.From), To: to}}
	case push.End:
		return News{Fact: Fact{Kind: End, Reason: n.Reason}}
	}
	return News{Heard: n.Value}
}

// Close ends the listening. Wake is not called after it has returned. It may be
// called more than once, but not by wake.
func (l *Listener) Close() {
	l.close.Do(func() {
		l.below.Close()
		l.count.Add(-1)
	})
}

// end tells the listener that it is told no more.
func (l *Listener) end(reason string) { l.below.End(reason) }

// placeText is the marker of a place. No life has the epoch 0: that is a place
// before the queue was made, and all that there will be comes after it.
func placeText(p push.Place) string {
	return storage.PositionText(p.Life, storage.Position(p.At))
}

const (
	notHeard   = "Messages could not be listened to."
	noPosition = "The position must be 'latest', 'earliest', or the position or ID of a message."
)

// startOf is the place behind which a listener begins.
func (b *Broker) startOf(ctx context.Context, id storage.QueueID, from string) (push.Place, error) {
	at, ok := storage.ParseMarker(from)
	switch {
	case from == FromEarliest:
		return push.Place{}, ctx.Err()
	case from == "", from == FromLatest:
		at = storage.Marker{}
	case !ok:
		return push.Place{}, invalid(noPosition)
	}
	end, err := b.outlook(ctx, id)
	if err != nil {
		return push.Place{}, fault(err, notHeard)
	}
	place := push.Place{Life: at.Epoch, At: uint64(at.Position)}
	switch {
	case at.Kind == storage.NoMarker:
		return push.Place{Life: end.Life, At: end.Tail}, nil
	case end.Life == 0, at.Epoch == 0, end.Life == at.Epoch && at.Kind != storage.AtDelayed:
		return place, nil
	}
	place, err = b.placeOf(ctx, id, from, place)
	if err != nil {
		return push.Place{}, fault(err, notHeard)
	}
	return place, nil
}

// placeOf is the place of a message by an ID that does not spell it: one that was
// delayed, or is a dead letter. If the store knows no such message, nor where it
// was, the ID is taken for a place in another life.
func (b *Broker) placeOf(ctx context.Context, id storage.QueueID, marker string, otherwise push.Place) (push.Place, error) {
	now := b.now()
	found, err := b.store.GetMessages(ctx, id, []string{marker}, now)
	if err != nil {
		return push.Place{}, err
	}
	from, err := b.first(ctx, id, marker)
	if err != nil {
		return push.Place{}, err
	}
	if len(found) > 0 {
		if found[0].Position > 0 {
			from.At = uint64(found[0].Position)
		}
		return from, nil
	}
	start, err := b.first(ctx, id, "")
	if err != nil {
		return push.Place{}, err
	}
	if from == start {
		return otherwise, nil
	}
	return from, nil
}

// first is the place before the first message behind a marker.
func (b *Broker) first(ctx context.Context, id storage.QueueID, marker string) (push.Place, error) {
	page, err := b.store.ListMessages(ctx, storage.MessageFilter{
		Queue: id, Now: b.now(), Marker: marker, Limit: 1, IncludeClaimed: true,
	})
	switch {
	case errors.Is(err, storage.ErrQueueNotFound):
		return push.Place{}, nil
	case err != nil:
		return push.Place{}, err
	case len(page.Items) > 0:
		return push.Place{Life: page.Epoch, At: uint64(page.Items[0].Position) - 1}, nil
	}
	return push.Place{Life: page.Epoch, At: uint64(page.Tail)}, nil
}
