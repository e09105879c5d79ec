package redisstore

import (
	"context"
)

// flight is posts to a queue that go together, in their order: one post, or
// several that a script takes for one.
type flight []*started

// companions is how many of those who wait fly next.
func companions(waiting []*started) int {
	messages, bytes, n := 0, 0, 0
	for ; n < len(waiting); n++ {
		p := &waiting[n].post
		messages += len(p.Drafts)
		bytes += bytesOf(p)
		if n > 0 && (messages > jointMessages || bytes > jointBytes || !waiting[n].joins(waiting[n-1])) {
			break
		}
	}
	return n
}

func (w *started) joins(before *started) bool {
	return joins(&before.post) && joins(&w.post) || follows(&before.post, &w.post)
}

func (f flight) fail(err error) {
	for _, who := range f {
		who.err = err
	}
}

// fly carries a flight and notes what became of its posts.
func (s *Store) fly(ctx context.Context, f flight) {
	if len(f) == 1 && !joins(&f[0].post) || !s.flyJointly(ctx, f) {
		for _, who := range f {
			who.posted, who.err = s.PostMessages(ctx, who.post)
		}
	}
}

// flyJointly stores all posts at once. It is false if it stored none: those of a
// producer are not all new.
func (s *Store) flyJointly(ctx context.Context, f flight) bool {
	batch := make([]*passenger, len(f))
	for i, who := range f {
		batch[i] = s.joint.check(&who.post)
	}
	s.joint.fly(ctx, batch)
	for i, who := range f {
		l := <-batch[i].landed
		s.joint.buffers.Put(batch[i].buffer)
		if l.err == nil && l.word == "apart" {
			return false
		}
		if who.err = l.err; l.err == nil {
			who.posted, who.err = posted(&who.post, l.word, l.reply)
		}
	}
	return true
}
