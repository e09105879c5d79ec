package memstore

import "github.com/stackforge/marconi/storage"

// buryWorn buries those free messages that the order does not want claimed once
// more, and returns the others.
func (s *Store) buryWorn(q *queue, ms []*message, o storage.ClaimOrder) []*message {
	if o.Bury == nil {
		return ms
	}
	var worn, fit []*message
	for _, m := range ms {
		if m.Claims >= o.Bury.Max {
			worn = append(worn, m)
		} else {
			fit = append(fit, m)
		}
	}
	if len(worn) > 0 {
		s.bury(q, worn, o)
	}
	return fit
}

// bury moves messages to the dead letters, which may lie in the same queue.
func (s *Store) bury(from *queue, ms []*message, o storage.ClaimOrder) {
	to := s.settle(o.Bury.Queue, o.Now)
	if to == nil {
		to = s.makeQueue(storage.Queue{ID: o.Bury.Queue, Epoch: o.Bury.Epoch, Created: o.Now})
	}
	before := to.tail
	for _, m := range ms {
		from.remove(m)
		s.enter(to, to.buried(m.Message, o))
	}
	s.tellEntered(to, before)
}

// buried makes of a message one that has no place in the queue yet.
func (q *queue) buried(record storage.Message, o storage.ClaimOrder) *message {
	record.Claims = 0
	if !o.Bury.Expires.IsZero() {
		record.Expires, record.Since = o.Bury.Expires, o.Now
	}
	m := &message{number: q.number(), Message: record}
	q.expiring.add(m)
	return m
}
