package redisstore

import (
	"context"

	"github.com/stackforge/marconi/storage"
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
	return joins(&before.post, 1) && joins(&w.post, 1) || follows(&before.post, &w.post)
}

func (f flight) fail(err error) {
	for _, who := range f {
		who.err = err
	}
}

// fly carries a flight and notes what became of its posts.
func (s *Store) fly(ctx context.Context, f flight) {
	if len(f) == 1 && !joins(&f[0].post, 1) || !s.flyJointly(ctx, f) {
		for _, who := range f {
			who.posted, who.err = s.PostMessages(ctx, who.post)
		}
	}
}

// flyJointly stores all posts at once. It is false if it stored none: those of a
// producer are not all new.
func (s *Store) flyJointly(ctx context.Context, f flight) bool {
	c := s.joint.cargos.Get().(*cargo)
	defer s.joint.cargos.Put(c)
	c.clear()
	posts := make([]*storage.Post, len(f))
	for i, who := range f {
		posts[i] = &who.post
		c.load(posts[i], who.post.Drafts)
	}
	now, args := together(posts)
	var l landing
	l.word, l.reply, l.err = s.run(ctx, "post", posts[0].Queue, now, c.appendTo(args)...)
	if l.err == nil && l.word == "apart" {
		return false
	}
	f.land(&l, make([]string, len(c.messages)))
	return true
}

// land notes what became of posts that went together.
func (f flight) land(l *landing, ids []string) {
	for _, who := range f {
		n := len(who.post.Drafts)
		who.posted, who.err = l.posted(&who.post, ids[:0:n])
		l.before, ids = l.before+uint64(n), ids[n:]
	}
}
