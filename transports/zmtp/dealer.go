package zmtp

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/go-zeromq/zmq4"
)

// Dealer is one connection to a ROUTER, or to another that takes what a DEALER
// sends. It does not connect again: who made it knows what was lost.
type Dealer struct {
	peer     *Peer
	memory   memory
	counters counters
	inbox    chan *Message
	running  sync.WaitGroup
}

// Dial connects, within ctx and HandshakeTimeout. Of Config, what is for listeners
// is left alone; InFlight is how many messages are read ahead of Receive.
func Dial(ctx context.Context, c Config) (*Dealer, error) {
	c = c.withDefaults()
	conn, err := dial(ctx, c)
	if err != nil {
		return nil, err
	}
	d := &Dealer{inbox: make(chan *Message, c.InFlight)}
	d.memory.counters = &d.counters
	cut := context.AfterFunc(ctx, func() { conn.Close() })
	defer cut()
	if d.peer, err = open(context.WithoutCancel(ctx), conn, zmq4.Dealer, false, c, &d.memory); err != nil {
		conn.Close()
		return nil, err
	}
	d.running.Go(d.read)
	d.running.Go(func() { d.keep(c.Heartbeat) })
	return d, nil
}

// Peer is who is at the other end.
func (d *Dealer) Peer() *Peer { return d.peer }

// Send sends a message, and waits for room in the mailbox until ctx is done. The
// parts are copied. Messages sent by one goroutine are sent in its order.
func (d *Dealer) Send(ctx context.Context, parts ...[]byte) error {
	for {
		err := d.peer.Send(parts...)
		if !errors.Is(err, ErrFull) {
			return err
		}
		if err = d.peer.Await(ctx, parts...); err != nil {
			return err
		}
	}
}

// Receive waits for the next message, until ctx is done. At the end of the
// connection it returns what had come before, then the reason.
func (d *Dealer) Receive(ctx context.Context) (*Message, error) {
	if ctx.Err() != nil {
		return nil, context.Cause(ctx)
	}
	select {
	case m, ok := <-d.inbox:
		if !ok {
			return nil, context.Cause(d.peer.ctx)
		}
		return m, nil
	case <-ctx.Done():
		return nil, context.Cause(ctx)
	}
}

// Waiting is how many messages have come and were not yet received.
func (d *Dealer) Waiting() int { return len(d.inbox) }

// Close ends the connection. What waits in the mailbox is written until ctx is done.
func (d *Dealer) Close(ctx context.Context) error {
	cut := context.AfterFunc(ctx, func() { d.peer.Cut(context.Cause(ctx)) })
	defer cut()
	d.peer.mailbox.close(ErrStopped, true)
	d.peer.Cut(ErrStopped)
	d.running.Wait()
	return ctx.Err()
}

func (d *Dealer) read() {
	defer close(d.inbox)
	d.peer.end(d.readAll())
}

func (d *Dealer) readAll() (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = d.memory.panicked(v)
		}
	}()
	for {
		m := d.memory.messages.message()
		if err = d.peer.reader.next(m); err != nil {
			return err
		}
		select {
		case d.inbox <- m:
		case <-d.peer.ctx.Done():
			return context.Cause(d.peer.ctx)
		}
	}
}

func (d *Dealer) keep(heartbeat time.Duration) {
	tick := time.NewTicker(heartbeat / looks)
	defer tick.Stop()
	for {
		select {
		case <-d.peer.ctx.Done():
			return
		case <-tick.C:
			d.peer.askWhenSilent()
		}
	}
}
