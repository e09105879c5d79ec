package core

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/stackforge/marconi/core/push"
	"github.com/stackforge/marconi/storage"
)

// hub tells listeners of the queues of a store, and wakes those who wait.
type hub = push.Hub[storage.QueueID, *Heard]

func (b *Broker) newHub() *hub {
	return push.New(push.Source[storage.QueueID, *Heard]{
		Follow: b.follow,
		Look:   b.outlook,
		Read:   b.read,
		Now:    b.now,
		Failed: b.unfollowed,
	})
}

func (b *Broker) follow(ctx context.Context, id storage.QueueID, see func(push.Event)) (func(), error) {
	return b.store.Follow(ctx, id, func(e storage.Event) {
		see(push.Event{
			Life: e.Epoch, First: uint64(e.First), Last: uint64(e.Last),
			Freed: e.Freed, Due: e.Due, Lost: e.Lost,
		})
	})
}

// outlook is where the log of a queue ends, and when the first of its delayed
// messages falls due.
func (b *Broker) outlook(ctx context.Context, id storage.QueueID) (push.Outlook, error) {
	s, err := b.store.QueueStats(ctx, id, b.now())
	if errors.Is(err, storage.ErrQueueNotFound) {
		return push.Outlook{}, nil
	}
	if err != nil {
		return push.Outlook{}, err
	}
	o := push.Outlook{Life: s.Epoch, Tail: uint64(s.Tail)}
	if s.Delayed > 0 {
		o.Due, err = b.nextDue(ctx, id, s)
	}
	return o, err
}

// nextDue is when the first delayed message falls due. Should the queue change in
// between, it is when something may happen.
func (b *Broker) nextDue(ctx context.Context, id storage.QueueID, s storage.Stats) (time.Time, error) {
	page, err := b.store.ListMessages(ctx, storage.MessageFilter{
		Queue: id, Now: b.now(), Marker: storage.PositionText(s.Epoch, s.Tail), Limit: 1,
		IncludeClaimed: true, IncludeDelayed: true,
	})
	switch {
	case errors.Is(err, storage.ErrQueueNotFound):
		return time.Time{}, nil
	case err != nil:
		return time.Time{}, err
	case len(page.Items) > 0 && page.Items[0].Position == 0:
		return page.Items[0].Visible, nil
	}
	return page.Wake, nil
}

// read reads the log of a queue behind a place.
func (b *Broker) read(ctx context.Context, id storage.QueueID, after push.Place, limit int) (push.Page[*Heard], error) {
	f := storage.MessageFilter{Queue: id, Now: b.now(), Limit: limit, IncludeClaimed: true}
	if after.Life != 0 {
		f.Marker = storage.PositionText(after.Life, storage.Position(after.At))
	}
	read, err := b.store.ListMessages(ctx, f)
	if errors.Is(err, storage.ErrQueueNotFound) {
		return push.Page[*Heard]{}, nil
	}
	if err != nil {
		return push.Page[*Heard]{}, err
	}
	page := push.Page[*Heard]{Life: read.Epoch, Tail: uint64(read.Tail), Items: make([]push.Item[*Heard], len(read.Items))}
	for i := range read.Items {
		page.Items[i] = heard(id, read.Epoch, viewOf(&read.Items[i], f.Now))
	}
	return page, nil
}

const heardSize = 512 // bytes of a Heard besides its body, about

func heard(id storage.QueueID, epoch uint32, m Message) push.Item[*Heard] {
	return push.Item[*Heard]{
		At:    uint64(m.Position),
		Size:  heardSize + len(m.Body),
		Value: &Heard{Queue: id.Name, Position: storage.PositionText(epoch, m.Position), Message: m},
	}
}

// heardOf is what listeners hear of a post: nothing if it was none.
func heardOf(p storage.Post, posted storage.Posted) (epoch uint32, items []push.Item[*Heard]) {
	if posted.First == 0 {
		return 0, nil
	}
	items = make([]push.Item[*Heard], 0, len(p.Drafts))
	at := posted.First
	for i, d := range p.Drafts {
		if d.Visible.After(p.Now) {
			continue
		}
		marker, _ := storage.ParseMarker(posted.IDs[i])
		epoch = marker.Epoch
		items = append(items, heard(p.Queue, epoch, Message{
			ID: posted.IDs[i], TTL: int64(d.Expires.Sub(p.Now) / time.Second),
			Body: d.Body, Raw: d.Encoding == encodingRaw, Checksum: d.Checksum, Position: at,
		}))
		at++
	}
	if at != posted.Last+1 {
		return 0, nil
	}
	return epoch, items
}

// complaint lets one log line pass a second.
type complaint struct{ last atomic.Int64 }

func (c *complaint) pass(now time.Time) bool {
	last := c.last.Load()
	return now.Unix() != last && c.last.CompareAndSwap(last, now.Unix())
}

// unfollowed is told why a queue could not be followed or read.
func (b *Broker) unfollowed(id storage.QueueID, err error) {
	if b.complaint.pass(b.now()) {
		b.options.Log.Warn("a queue could not be followed", "project", id.Project, "queue", id.Name, "error", err)
	}
}
