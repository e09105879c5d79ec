package redisstore

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/stackforge/marconi/storage"
)

// Small posts that arrive while others to their queue are under way wait for
// these, and then go together: a script costs as much as several messages. Who is
// alone does not wait.
const (
	flights       = 2         // of a queue that are under way at once
	jointMessages = 256       // of a flight, at the most
	jointBytes    = 256 << 10 // the same
	maxWaiting    = 1024      // posts of a queue; further ones go by themselves
)

// joint brings posts together.
type joint struct {
	run   func(ctx context.Context, name string, id storage.QueueID, now time.Time, args ...any) (string, []any, error)
	ctx   context.Context // until end
	stop  context.CancelFunc
	ended sync.WaitGroup // of carry

	cargos sync.Pool // of *cargo

	mu     sync.Mutex // guards what follows
	closed bool
	crowds map[storage.QueueID]*crowd // of queues to which something is under way
}

// crowd is the posts to a queue. The mutex of joint guards it.
type crowd struct {
	flying  int
	waiting []*passenger
}

// passenger is a post.
type passenger struct {
	post   *storage.Post
	cargo  *cargo
	bytes  int
	landed chan landing // takes one without anybody waiting for it
}

func newJoint(s *Store) *joint {
	j := &joint{run: s.run, crowds: map[storage.QueueID]*crowd{}}
	j.cargos.New = func() any { return new(cargo) }
	j.ctx, j.stop = context.WithCancel(context.Background())
	return j
}

// post stores a post. If ctx is done before it is under way, it is not stored.
func (j *joint) post(ctx context.Context, p *storage.Post) (storage.Posted, error) {
	who := j.check(p)
	var l landing
	switch j.board(who) {
	case first:
		j.fly(ctx, []*passenger{who})
		j.next(p.Queue)
		l = <-who.landed
	case alone:
		j.fly(ctx, []*passenger{who})
		l = <-who.landed
	case waiting:
		select {
		case l = <-who.landed:
		case <-ctx.Done():
			j.leave(who)
			return storage.Posted{}, ctx.Err() // its cargo may be under way
		}
	}
	j.cargos.Put(who.cargo)
	return l.posted(p, make([]string, 0, len(p.Drafts)))
}

// check makes a post ready to go with others.
func (j *joint) check(p *storage.Post) *passenger {
	who := &passenger{post: p, cargo: j.cargos.Get().(*cargo), bytes: bytesOf(p), landed: make(chan landing, 1)}
	who.cargo.clear()
	who.cargo.load(p, p.Drafts)
	return who
}

// How a post goes.
type boarding int

const (
	first   boarding = iota // at once; who waits goes next
	alone                   // at once, and beside the others
	waiting                 // with others
)

func (j *joint) board(who *passenger) boarding {
	j.mu.Lock()
	defer j.mu.Unlock()
	c := j.crowds[who.post.Queue]
	if c == nil {
		c = &crowd{}
		j.crowds[who.post.Queue] = c
	}
	switch {
	case c.flying < flights:
		c.flying++
		return first
	case len(c.waiting) >= maxWaiting || j.closed:
		return alone
	}
	c.waiting = append(c.waiting, who)
	return waiting
}

// leave takes a post back that is not yet under way.
func (j *joint) leave(who *passenger) {
	j.mu.Lock()
	defer j.mu.Unlock()
	if c := j.crowds[who.post.Queue]; c != nil {
		c.waiting = slices.DeleteFunc(c.waiting, func(w *passenger) bool { return w == who })
	}
}

// next ends a flight, and lets those who wait go in the next one: not on the time
// of who came first.
func (j *joint) next(id storage.QueueID) {
	j.mu.Lock()
	defer j.mu.Unlock()
	c := j.crowds[id]
	if j.closed {
		for _, who := range c.waiting {
			who.landed <- landing{err: errClosed}
		}
		c.waiting = nil
	}
	switch {
	case len(c.waiting) > 0:
		j.ended.Go(func() { j.carry(id) })
	case c.flying == 1:
		delete(j.crowds, id)
	default:
		c.flying--
	}
}

// carry flies until nobody waits.
func (j *joint) carry(id storage.QueueID) {
	for {
		j.mu.Lock()
		c := j.crowds[id]
		if len(c.waiting) == 0 {
			j.mu.Unlock()
			j.next(id)
			return
		}
		batch := c.batch()
		j.mu.Unlock()
		j.fly(j.ctx, batch)
	}
}

// batch takes those who have waited longest.
func (c *crowd) batch() []*passenger {
	n, messages, bytes := 0, 0, 0
	for ; n < len(c.waiting); n++ {
		messages += len(c.waiting[n].post.Drafts)
		bytes += c.waiting[n].bytes
		if n > 0 && (messages > jointMessages || bytes > jointBytes) {
			break
		}
	}
	batch := slices.Clone(c.waiting[:n])
	c.waiting = slices.Delete(c.waiting, 0, n)
	return batch
}

// fly stores posts, and tells each of it.
func (j *joint) fly(ctx context.Context, batch []*passenger) {
	posts := make([]*storage.Post, len(batch))
	for i, who := range batch {
		posts[i] = who.post
	}
	now, args := together(posts)
	for _, who := range batch {
		args = who.cargo.appendTo(args)
	}
	var l landing
	l.word, l.reply, l.err = j.run(ctx, "post", posts[0].Queue, now, args...)
	for _, who := range batch {
		who.landed <- l
		l.before += uint64(len(who.post.Drafts))
	}
}

// end lets nobody wait any more. What is under way ends with the client, and with
// it what ended waits for.
func (j *joint) end() {
	j.mu.Lock()
	j.closed = true
	j.mu.Unlock()
	j.stop()
}
