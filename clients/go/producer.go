package client

import (
	"context"
	"errors"
	"net/http"
	"sync"
	"time"

	"github.com/stackforge/marconi/transports/zmtp"
)

// ProducerConfig says what a Producer posts, and as whom.
type ProducerConfig struct {
	ZMQConfig
	PostOptions

	Queue string // that it posts to

	// Name is the producer's, 1 to 255 printable ASCII characters: no two may
	// post to a queue under one name at a time.
	Name string

	// First is the number of the first post: 0 means 1, for a name that is new. One
	// that goes on under a name says what follows the last number it has used: posts
	// under numbers that the broker knows are answered, and not stored.
	First int64
}

// PostOptions are of all messages of a post. What is zero is the queue's.
type PostOptions struct {
	TTL      time.Duration
	Delay    time.Duration
	Encoding string // of the bodies: "" or "json", "msgpack", or "raw" for any bytes
}

// Producer posts to one queue over ZeroMQ, each post once and all in their order,
// however often the connection is lost: its posts are numbered, and sent again until
// they are answered. Posts are under way at once, up to InFlight. It may be used by
// many goroutines.
type Producer struct {
	config ProducerConfig
	cancel context.CancelFunc
	room   chan struct{} // has as many as are under way
	work   chan struct{} // has a token when there may be something to send
	ended  chan struct{} // closed when nothing is sent any more

	mu     sync.Mutex
	window []*Posting // posts that are under way, by their numbers
	sent   int        // of them, on this connection
	next   int64      // number
	asked  uint64     // IDs of requests so far
	over   error      // why no post is taken any more
}

// ErrProducerClosed is the error of posts that a Producer did not come to, or to know
// the end of, before it was closed.
var ErrProducerClosed = errors.New("marconi: the producer was closed")

// Posting is a post that is under way.
type Posting struct {
	bodies [][]byte
	seq    int64
	id     uint64 // of the request that carried it last
	done   chan struct{}
	ids    []string
	err    error
}

// NewProducer starts a producer, which connects by itself and goes on trying. Close
// must be called.
func NewProducer(c ProducerConfig) (*Producer, error) {
	var err error
	if c.ZMQConfig, err = c.ZMQConfig.withDefaults(); err != nil {
		return nil, err
	}
	p := &Producer{
		config: c, next: max(c.First, 1),
		room: make(chan struct{}, c.InFlight), work: make(chan struct{}, 1),
		ended: make(chan struct{}),
	}
	ctx, cancel := context.WithCancel(context.Background())
	p.cancel = cancel
	go p.run(ctx)
	return p, nil
}

// Post begins to post messages, all of them or none. It waits while as many posts are
// under way as may be. The bodies must not be changed before the posting is done.
func (p *Producer) Post(ctx context.Context, bodies ...[]byte) (*Posting, error) {
	select {
	case p.room <- struct{}{}:
	case <-ctx.Done():
		return nil, ctx.Err()
	case <-p.ended:
		return nil, p.reason()
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over != nil {
		<-p.room
		return nil, p.over
	}
	t := &Posting{bodies: bodies, seq: p.next, done: make(chan struct{})}
	p.next++
	p.window = append(p.window, t)
	p.more()
	return t, nil
}

// Wait waits for the answer. The IDs are those of the messages in their order; there
// are none of a post that was stored and answered so long ago that the broker has
// forgotten them. An error that is an *Error says that the messages were not stored;
// any other leaves that open.
func (t *Posting) Wait(ctx context.Context) (ids []string, err error) {
	select {
	case <-t.done:
		return t.ids, t.err
	case <-ctx.Done():
		return nil, ctx.Err()
	}
}

// Next is the number of the next post. Who goes on under the same name later begins
// with that.
func (p *Producer) Next() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.next
}

// Close takes no more posts, and waits until those that are under way are answered,
// or ctx is done; then they end with ErrProducerClosed.
func (p *Producer) Close(ctx context.Context) error {
	p.mu.Lock()
	if p.over == nil {
		p.over = ErrProducerClosed
	}
	idle := len(p.window) == 0
	p.mu.Unlock()
	if idle {
		p.cancel()
	}
	stop := context.AfterFunc(ctx, p.cancel)
	defer stop()
	p.more()
	<-p.ended
	return ctx.Err()
}

func (p *Producer) reason() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.over
}

// more wakes who sends.
func (p *Producer) more() {
	select {
	case p.work <- struct{}{}:
	default:
	}
}

// run keeps a connection until all is done that there was to do.
func (p *Producer) run(ctx context.Context) {
	defer close(p.ended)
	defer p.cancel()
	for tries := 0; ; tries++ {
		worked, err := p.connect(ctx)
		if p.finished() {
			return
		}
		if worked && !errors.Is(err, errBusy) {
			tries = 0
		}
		if !hopeless(err) {
			err = pause(ctx, delayAfter(tries))
		}
		switch {
		case ctx.Err() != nil:
			p.fail(ErrProducerClosed)
			return
		case err != nil:
			p.fail(err)
			return
		}
	}
}

// finished tells whether it was closed and has nothing under way.
func (p *Producer) finished() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.over != nil && len(p.window) == 0
}

// fail ends all that is under way.
func (p *Producer) fail(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.over == nil || !errors.Is(err, ErrProducerClosed) {
		p.over = err
	}
	for len(p.window) > 0 {
		p.finish(nil, err)
	}
}

// finish ends the oldest post. The caller holds mu.
func (p *Producer) finish(ids []string, err error) {
	t := p.window[0]
	p.window[0] = nil
	p.window = p.window[1:]
	p.sent = max(p.sent-1, 0)
	t.ids, t.err = ids, err
	close(t.done)
	<-p.room
}

// connect works with one connection until that is over, and tells whether a post
// was answered.
func (p *Producer) connect(ctx context.Context) (worked bool, err error) {
	d, err := p.config.dial(ctx)
	if err != nil {
		return false, err
	}
	ctx, stop := context.WithCancel(ctx)
	p.again()
	var sender sync.WaitGroup
	sender.Go(func() {
		defer stop()
		p.sendAll(ctx, d)
	})
	worked, err = p.receiveAll(ctx, d)
	stop()
	sender.Wait()
	_ = d.Close(ctx) // ctx is done: it ends at once
	return worked, err
}

// again has all that is under way be sent again.
func (p *Producer) again() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.sent = 0
	p.more()
}

func (p *Producer) sendAll(ctx context.Context, d *zmtp.Dealer) {
	headers := p.config.headers()
	for !p.finished() {
		t, head := p.unsent(headers)
		if t == nil {
			select {
			case <-p.work:
				continue
			case <-ctx.Done():
				return
			}
		}
		if d.Send(ctx, append([][]byte{head}, t.bodies...)...) != nil {
			return
		}
		headers = nil
	}
}

// receiveAll takes answers until the connection is lost or cannot be used.
func (p *Producer) receiveAll(ctx context.Context, d *zmtp.Dealer) (worked bool, err error) {
	for !p.finished() {
		m, err := d.Receive(ctx)
		if err != nil {
			return worked, &lostError{err}
		}
		r, id, err := parseZMQReply(m.Parts)
		if err != nil {
			return worked, err
		}
		answered, err := p.answered(r, id)
		if err != nil {
			return worked, err
		}
		worked = worked || answered
	}
	return true, nil
}

// errBusy ends a connection over which a post could not be stored for now.
var errBusy = errors.New("marconi: the broker cannot store at this moment")

// answered takes an answer. Posts are answered in their order: if this is not the
// oldest, it is to something that was sent again since.
func (p *Producer) answered(r *ZMQReply, id uint64) (bool, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if len(p.window) == 0 || p.sent == 0 || p.window[0].id != id {
		return false, p.stray(r, id)
	}
	refusal := r.refusal()
	switch {
	case refusal == nil:
		posted, err := r.posted()
		p.finish(posted.IDs, err)
	case r.Status >= http.StatusInternalServerError:
		return false, &lostError{errBusy}
	case r.Status == http.StatusConflict, r.Status == http.StatusUnauthorized, r.Status == http.StatusForbidden:
		return false, refusal // of the producer, not of this post
	default:
		p.skip(refusal)
	}
	return true, nil
}

// stray is an answer without a post. One without an ID is about what the broker could
// not even read.
func (p *Producer) stray(r *ZMQReply, id uint64) error {
	if id == 0 && r.Status >= http.StatusBadRequest {
		return r.refusal()
	}
	return nil
}

// skip ends the oldest post, which was refused. Those behind it have its number and
// the next ones, and are sent again under them. The caller holds mu.
func (p *Producer) skip(refusal error) {
	p.finish(nil, refusal)
	for _, t := range p.window {
		t.seq--
	}
	p.next--
	p.sent = 0
	p.more()
}
