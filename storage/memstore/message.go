package memstore

import (
	"context"
	"slices"
	"time"

	"github.com/stackforge/marconi/storage"
)

// PostMessages implements storage.Messages.
func (s *Store) PostMessages(ctx context.Context, p storage.Post) (storage.Posted, error) {
	if err := s.begin(ctx); err != nil {
		return storage.Posted{}, err
	}
	defer s.mu.Unlock()
	q, err := s.settled(p.Queue, p.Now)
	if err != nil {
		return storage.Posted{}, err
	}
	posted, again, err := q.repeated(p.Once)
	if again || err != nil {
		return posted, err
	}
	posted = s.post(q, p)
	q.remember(p.Once, posted.IDs)
	return posted, nil
}

// StartPost implements storage.Messages. The post is stored when it returns.
func (s *Store) StartPost(ctx context.Context, p storage.Post) storage.Pending {
	return storage.Concluded(s.PostMessages(ctx, p))
}

// post stores the drafts and tells the followers.
func (s *Store) post(q *queue, p storage.Post) storage.Posted {
	posted := storage.Posted{IDs: make([]string, len(p.Drafts))}
	before := q.tail
	var due time.Time
	for i, d := range p.Drafts {
		m := q.draft(p, d)
		if d.Visible.After(p.Now) {
			m.Visible = d.Visible
			q.postpone(m)
			due = earlier(due, m.Visible)
		} else {
			s.enter(q, m)
		}
		posted.IDs[i] = m.ID
	}
	if q.tail > before {
		posted.First, posted.Last = before+1, q.tail
	}
	if len(p.Drafts) > 0 {
		s.tell(q.ID, storage.Event{Epoch: q.Epoch, First: posted.First, Last: posted.Last, Due: due})
	}
	return posted
}

// draft makes a message that has no place in the queue yet.
func (q *queue) draft(p storage.Post, d storage.Draft) *message {
	m := &message{number: q.number(), Message: storage.Message{
		ClientID: p.ClientID,
		Body:     d.Body,
		Encoding: d.Encoding,
		Created:  p.Now,
		Visible:  p.Now,
		Expires:  d.Expires,
		Since:    p.Now,
		Checksum: d.Checksum,
	}}
	q.expiring.add(m)
	return m
}

// GetMessages implements storage.Messages.
func (s *Store) GetMessages(ctx context.Context, id storage.QueueID, ids []string, now time.Time) ([]storage.Message, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	q := s.settle(id, now)
	if q == nil {
		return nil, nil
	}
	return records(q.findAll(ids)), nil
}

// findAll are the messages that have the IDs, each once, in their order.
func (q *queue) findAll(ids []string) []*message {
	var ms []*message
	seen := make(map[*message]bool, len(ids))
	for _, id := range ids {
		if m := q.find(id); m != nil && !seen[m] {
			seen[m] = true
			ms = append(ms, m)
		}
	}
	return ms
}

// DeleteMessage implements storage.Messages.
func (s *Store) DeleteMessage(ctx context.Context, id storage.QueueID, message, claim string, now time.Time) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	q := s.settle(id, now)
	if q == nil {
		return nil
	}
	m := q.find(message)
	if m == nil {
		return nil
	}
	if err := q.mayDelete(m, claim); err != nil {
		return err
	}
	q.remove(m)
	return nil
}

func (q *queue) mayDelete(m *message, claim string) error {
	switch {
	case m.Claim == claim:
		return nil
	case claim == "":
		return storage.ErrClaimed
	case q.claims[claim] == nil:
		return storage.ErrClaimNotFound
	case m.Claim == "":
		return storage.ErrNotClaimed
	default:
		return storage.ErrClaimed
	}
}

// DeleteMessages implements storage.Messages.
func (s *Store) DeleteMessages(ctx context.Context, id storage.QueueID, ids, claims []string, now time.Time) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	q := s.settle(id, now)
	if q == nil {
		return nil
	}
	ms := q.findAll(ids)
	for _, m := range ms {
		if claims != nil && m.Claim != "" && !slices.Contains(claims, m.Claim) {
			return storage.ErrClaimed
		}
	}
	for _, m := range ms {
		q.remove(m)
	}
	return nil
}

// PopMessages implements storage.Messages.
func (s *Store) PopMessages(ctx context.Context, id storage.QueueID, limit int, now time.Time) ([]storage.Message, error) {
	if err := s.begin(ctx); err != nil {
		return nil, err
	}
	defer s.mu.Unlock()
	q := s.settle(id, now)
	if q == nil {
		return nil, nil
	}
	ms := q.first(limit)
	for _, m := range ms {
		q.remove(m)
	}
	return records(ms), nil
}

// PurgeMessages implements storage.Messages.
func (s *Store) PurgeMessages(ctx context.Context, id storage.QueueID) error {
	if err := s.begin(ctx); err != nil {
		return err
	}
	defer s.mu.Unlock()
	if q := s.queues[id]; q != nil {
		q.clear()
	}
	return nil
}
