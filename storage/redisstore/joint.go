package redisstore

import (
	"context"
	"slices"
	"strconv"
	"strings"
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

	buffers sync.Pool // of *[]byte

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
	post     *storage.Post
	messages []any // in buffer
	buffer   *[]byte
	bytes    int
	landed   chan landing // takes one without anybody waiting for it
}

// landing is what a script answered to a post.
type landing struct {
	word  string
	reply []any
	err   error
}

func newJoint(s *Store) *joint {
	j := &joint{run: s.run, crowds: map[storage.QueueID]*crowd{}}
	j.buffers.New = func() any { return new([]byte) }
	j.ctx, j.stop = context.WithCancel(context.Background())
	return j
}

// joins is whether a post may go with others: it is small, and nothing about it is
// to be looked up.
func joins(p *storage.Post) bool {
	return p.Once.Key == "" && p.Once.Producer == "" && small(p)
}

// small is whether several such posts may go together: all is visible at once.
func small(p *storage.Post) bool {
	return len(p.Drafts) <= jointMessages/8 && firstDue(p) == 0 && bytesOf(p) <= jointBytes/8
}

// follows is whether a post is the next one of another's producer, and may go with it.
func follows(before, p *storage.Post) bool {
	return before.Once.Producer != "" && p.Once.Producer == before.Once.Producer && p.Once.Seq == before.Once.Seq+1 &&
		small(before) && small(p)
}

func bytesOf(p *storage.Post) (n int) {
	for i := range p.Drafts {
		n += len(p.Drafts[i].Body)
	}
	return n
}

// post answers as the script would to this post alone. If ctx is done before the
// post is under way, it is not stored.
func (j *joint) post(ctx context.Context, p *storage.Post) (string, []any, error) {
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
			return "", nil, ctx.Err() // its buffer may be under way
		}
	}
	j.buffers.Put(who.buffer)
	return l.word, l.reply, l.err
}

// check makes a post ready to go with others.
func (j *joint) check(p *storage.Post) *passenger {
	who := &passenger{post: p, buffer: j.buffers.Get().(*[]byte), bytes: bytesOf(p), landed: make(chan landing, 1)}
	who.messages = appendDrafts(make([]any, 0, len(p.Drafts)), p, p.Drafts, who.buffer)
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
		messages += len(c.waiting[n].messages)
		bytes += c.waiting[n].bytes
		if n > 0 && (messages > jointMessages || bytes > jointBytes) {
			break
		}
	}
	batch := slices.Clone(c.waiting[:n])
	c.waiting = slices.Delete(c.waiting, 0, n)
	return batch
}

// fly stores posts, and tells each what the script would have answered to it.
func (j *joint) fly(ctx context.Context, batch []*passenger) {
	now, args := jointArguments(batch)
	word, r, err := j.run(ctx, "post", batch[0].post.Queue, now, args...)
	if err != nil || word != "ok" || len(r) != 4 {
		for _, who := range batch {
			who.landed <- landing{word, r, err}
		}
		return
	}
	tail := number(r[1])
	for _, who := range batch {
		who.landed <- landing{word, []any{r[0], strconv.FormatUint(tail, 10), r[2], shapeOf(who.post)}, nil}
		tail += uint64(len(who.messages))
	}
}

// jointArguments are those of one post that is all of them. Posts of a producer
// are told apart, as each is remembered.
func jointArguments(batch []*passenger) (now time.Time, args []any) {
	messages, ends := 0, int64(0)
	for _, who := range batch {
		messages += len(who.messages)
		if end := firstEnd(who.post, who.post.Drafts); ends == 0 || end < ends {
			ends = end
		}
		if who.post.Now.After(now) {
			now = who.post.Now
		}
	}
	args = make([]any, 0, 10+messages)
	if once := &batch[0].post.Once; once.Producer == "" {
		args = append(args, "", "", "", 0, 0, strconv.Itoa(messages)+"i", 0, ends, "")
	} else {
		until := batch[len(batch)-1].post.Once.Until
		args = append(args, "p", once.Producer, "", once.Seq, until.UnixMilli(), shapesOf(batch), 0, ends, "")
	}
	for _, who := range batch {
		args = append(args, who.messages...)
	}
	return now, args
}

func shapesOf(batch []*passenger) string {
	shapes := make([]string, len(batch))
	for i, who := range batch {
		shapes[i] = shapeOf(who.post)
	}
	return strings.Join(shapes, ",")
}

// end lets nobody wait any more. What is under way ends with the client, and with
// it what ended waits for.
func (j *joint) end() {
	j.mu.Lock()
	j.closed = true
	j.mu.Unlock()
	j.stop()
}
