package zmq

import (
	"context"
	"strconv"
	"sync"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/zmtp"
)

// conn is a connection for commands.
type conn struct {
	*guest
	door *Commands
	name string          // for logs
	ctx  context.Context // of what is in progress; ends with the peer

	// Of the goroutine that reads.
	headers   *api.Headers // for requests without; nil: there were none yet
	before    api.Before
	count     uint64 // requests so far
	pipeline  core.Pipeline
	pipelined []*request // posts that are held back in it

	tasks sync.WaitGroup // goroutines beside the one that reads
	freed chan struct{}  // closed when the peer's end has been noted

	mu       sync.Mutex
	changed  sync.Cond // something below has
	inFlight int       // requests that are not yet answered
	alone    bool      // the one in flight wants to be the only one
	over     bool      // nothing can be sent any more

	posts     []*request // that were started, in their order
	answered  []*request // empty: the other piece of memory for them
	answering bool       // a goroutine waits for them
	waiting   []*request // others that are to be carried out
	workers   int        // goroutines that do

	session *api.Session // nil: there is nothing that could be pushed
	streams bool         // the session has a goroutine
	held    int          // requests whose answers go before any news
	news    bool         // the session may have something
	pushing bool         // a goroutine sends it
}

func newConn(d *Commands, p *zmtp.Peer) *conn {
	c := &conn{guest: d.gate.receive(p), door: d, name: transport + "-" + strconv.FormatUint(p.ID(), 10), ctx: p.Context(), freed: make(chan struct{})}
	c.changed.L = &c.mu
	context.AfterFunc(p.Context(), c.cut)
	return c
}

// cut lets go of all who wait.
func (c *conn) cut() {
	defer close(c.freed)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.over = true
	c.changed.Broadcast()
}

// take begins the request that a message is. It waits while there are as many in
// flight as may be, and answers false if no more are taken.
func (c *conn) take(m *zmtp.Message) bool {
	r := c.newRequest(m)
	if !c.admit(r) {
		c.flush()
		return false
	}
	if r.call.Early == nil {
		c.identify(r)
	}
	if r.keepsOrder() {
		c.start(r)
		return true
	}
	c.flush()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.waiting = append(c.waiting, r)
	if c.workers < c.door.config.MaxWorkers {
		c.workers++
		c.tasks.Go(c.work)
	}
	return true
}

// admit waits until the request may be in flight, and answers false if no more are.
// One without an ID is so alone.
func (c *conn) admit(r *request) bool {
	alone := r.envelope.ID == ""
	c.mu.Lock()
	defer c.mu.Unlock()
	for {
		switch {
		case c.over || c.door.serving.Err() != nil:
			return false
		case !c.alone && c.inFlight < c.door.config.MaxInFlight && (!alone || c.inFlight == 0):
			c.inFlight++
			c.alone = alone
			return true
		case len(c.pipelined) > 0:
			c.mu.Unlock()
			c.flush()
			c.mu.Lock()
		default:
			c.changed.Wait()
		}
	}
}

// done notes that a request was answered.
func (c *conn) done() {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.inFlight--
	c.alone = false
	c.changed.Broadcast()
}

// start starts a post. While more has come that may go with it, it is held back.
func (c *conn) start(r *request) {
	r.call.Pipeline = &c.pipeline
	r.reply = c.door.config.Handler.Handle(c.ctx, &r.call)
	c.pipelined = append(c.pipelined, r)
	if !c.peer.More() {
		c.flush()
	}
}

// flush starts the posts that were held back, and leaves the answers to who waits
// for those before them.
func (c *conn) flush() {
	if len(c.pipelined) == 0 {
		return
	}
	c.pipeline.Flush(c.ctx)
	c.mu.Lock()
	defer c.mu.Unlock()
	c.posts = append(c.posts, c.pipelined...)
	clear(c.pipelined)
	c.pipelined = c.pipelined[:0]
	if !c.answering {
		c.answering = true
		c.tasks.Go(c.answerPosts)
	}
}

// answerPosts answers posts in their order until none is left.
func (c *conn) answerPosts() {
	for {
		batch := c.startedPosts()
		if len(batch) == 0 {
			return
		}
		for i, r := range batch {
			if r.reply.Pending != nil {
				r.reply = r.reply.Pending(c.ctx)
			}
			c.answer(r)
			batch[i] = nil
		}
	}
}

// startedPosts are those that were started since it was last asked, and answered.
func (c *conn) startedPosts() (batch []*request) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.posts) == 0 {
		c.answering = false
		return nil
	}
	batch, c.posts, c.answered = c.posts, c.answered, c.posts[:0]
	return batch
}

// work carries out requests until none waits.
func (c *conn) work() {
	for r := c.next(); r != nil; r = c.next() {
		listens := r.listens()
		if listens {
			c.hold(1)
		}
		r.reply = c.carryOut(&r.call)
		c.answer(r)
		if listens {
			c.hold(-1)
		}
	}
}

func (c *conn) next() *request {
	c.mu.Lock()
	defer c.mu.Unlock()
	if len(c.waiting) == 0 || c.over {
		c.workers--
		return nil
	}
	r := c.waiting[0]
	c.waiting[0] = nil
	c.waiting = c.waiting[1:]
	return r
}

// finish waits until the requests in progress are answered, now that no more begin.
// It is false if that took too long: then the connection is cut.
func (c *conn) finish(patience context.Context) bool {
	late := false
	stop := context.AfterFunc(patience, func() {
		c.mu.Lock()
		late = c.inFlight > 0 && !c.over
		c.mu.Unlock()
		if late {
			c.peer.Cut(zmtp.ErrStopped)
		}
	})
	defer stop()
	c.mu.Lock()
	defer c.mu.Unlock()
	c.changed.Broadcast() // one that waits to begin does not
	for c.inFlight > 0 && !c.over {
		c.changed.Wait()
	}
	return !late
}

// ended is the end of a connection whose peer has gone: what it had begun has come
// to an end when it returns, and what it listened to is let go.
func (c *conn) ended() {
	c.flush() // the message behind the last one was no good
	c.leave()
	<-c.freed // from now on no task begins
	c.tasks.Wait()
	c.endSession()
}
