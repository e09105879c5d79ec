package pebblestore

import (
	"context"

	"github.com/stackforge/marconi/storage"
)

// PostMessages implements storage.Messages.
func (s *Store) PostMessages(ctx context.Context, p storage.Post) (storage.Posted, error) {
	return s.StartPost(ctx, p).Wait(ctx)
}

// StartPost implements storage.Messages. What it decides holds when the groups
// are durable that the answer depends on; their order is that of the calls.
func (s *Store) StartPost(ctx context.Context, p storage.Post) storage.Pending {
	sl, err := s.enter(ctx, p.Queue)
	if err != nil {
		return storage.Concluded(storage.Posted{}, err)
	}
	defer sl.leave()
	if _, err := sl.settle(ms(p.Now)); err != nil {
		return storage.Concluded(storage.Posted{}, err)
	}
	l := sl.life
	if l == nil {
		return sl.remade.answering(storage.Posted{}, storage.ErrQueueNotFound)
	}
	known, err := l.known(p)
	if err != nil {
		return storage.Concluded(storage.Posted{}, err)
	}
	posted, again, err := l.repeated(p.Once, known)
	if again || err != nil {
		return l.posted.answering(posted, err)
	}
	if err := joinErrors(sl.e.backlog(), s.room.check(sizeOf(p.Drafts))); err != nil {
		return storage.Concluded(storage.Posted{}, err)
	}
	t := sl.e.begin()
	posted = l.post(t, p, known)
	g := sl.submit(t)
	if p.Once != (storage.Once{}) {
		l.posted = g
	}
	return g.answering(posted, nil)
}

// answer is what a call answers once a group is durable.
type answer struct {
	group  *group
	posted storage.Posted
	err    error
}

// answering is a post whose answer holds when the group is durable.
func (g *group) answering(posted storage.Posted, err error) storage.Pending {
	if g.settled() {
		return storage.Concluded(posted, err)
	}
	return storage.Awaited(&answer{g, posted, err})
}

// Wait implements storage.Waiter.
func (a *answer) Wait(ctx context.Context) (storage.Posted, error) {
	if err := a.group.wait(ctx); err != nil {
		return storage.Posted{}, err
	}
	return a.posted, a.err
}

func (l *life) known(p storage.Post) (*once, error) {
	name := onceName(p.Once)
	if name == "" {
		return nil, nil
	}
	return l.remembered(name, ms(p.Now))
}

// post stores the drafts.
func (l *life) post(t *tx, p storage.Post, known *once) storage.Posted {
	posted := storage.Posted{IDs: make([]string, len(p.Drafts))}
	before, first, due := l.tail, int64(never), int64(never)
	once, runs := p.Once != (storage.Once{}), []run(nil)
	for i, d := range p.Drafts {
		m := draft(p, d)
		if d.Visible.After(p.Now) {
			m.Visible = d.Visible
			due = min(due, ms(d.Visible))
			l.postpone(t, &m)
			posted.IDs[i] = m.ID
			if once {
				runs = addRun(runs, true, l.counter)
			}
			continue
		}
		l.append(t, &m)
		first = min(first, ms(m.Expires))
		posted.IDs[i] = storage.PositionText(l.record.Epoch, m.Position)
		if once {
			runs = addRun(runs, false, uint64(m.Position))
		}
	}
	if l.tail > before {
		posted.First, posted.Last = before+1, l.tail
	}
	if len(p.Drafts) > 0 {
		l.enter(t, before, first, due)
	}
	l.remember(t, p.Once, known, runs)
	return posted
}

// sizeOf is about how many bytes the drafts take on disk.
func sizeOf(drafts []storage.Draft) (size int) {
	for i := range drafts {
		size += envelopeSize + len(drafts[i].Body)
	}
	return size
}

// draft makes a message that has no place in the queue yet.
func draft(p storage.Post, d storage.Draft) storage.Message {
	return storage.Message{
		ClientID: p.ClientID,
		Body:     d.Body,
		Encoding: d.Encoding,
		Created:  p.Now,
		Visible:  p.Now,
		Expires:  d.Expires,
		Since:    p.Now,
		Checksum: d.Checksum,
	}
}
