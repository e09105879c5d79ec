package zmtp

import (
	"context"

	"github.com/go-zeromq/zmq4"
)

// Pull takes what PUSH peers send.
type Pull struct{ *Listener }

// ListenPull binds the endpoint. Nobody is greeted before Serve.
func ListenPull(c Config) (*Pull, error) {
	l, err := newListener(c, zmq4.Pull)
	if err != nil {
		return nil, err
	}
	return &Pull{l}, nil
}

// Serve serves until ctx is done, and returns when all it started has ended. It is
// called once; being told to end is no error.
//
// handle gets what each peer sends in its order, as many messages at a time as have
// already come, at least one and Batch at most: it never waits for a batch to fill.
// The slice is used again, the messages in it are not. A peer is not read from until
// handle has returned, which is all the flow control that a PUSH knows. The context
// is the peer's, and lasts for StopTimeout after ctx. A panic in handle cuts the
// peer off.
func (l *Pull) Serve(ctx context.Context, handle func(context.Context, *Peer, []*Message)) error {
	return l.serve(ctx, func(p *Peer) error {
		batch := make([]*Message, 0, 8)
		for {
			var err error
			batch, err = l.batch(p, batch[:0])
			if len(batch) > 0 {
				handle(p.ctx, p, batch)
			}
			if err != nil {
				return err
			}
			clear(batch)
		}
	})
}

// batch waits for one message and takes those that are there besides.
func (l *Pull) batch(p *Peer, batch []*Message) ([]*Message, error) {
	for {
		m := l.memory.messages.message()
		if err := p.reader.next(m); err != nil {
			return batch, err
		}
		batch = append(batch, m)
		if !p.More() || len(batch) == l.config.Batch {
			return batch, nil
		}
	}
}
