package zmtp

import (
	"context"

	"github.com/go-zeromq/zmq4"
)

// Router answers DEALER, REQ and ROUTER peers, each apart from the others.
type Router struct{ *Listener }

// ListenRouter binds the endpoint. Nobody is greeted before Serve.
func ListenRouter(c Config) (*Router, error) {
	l, err := newListener(c, zmq4.Router)
	if err != nil {
		return nil, err
	}
	return &Router{l}, nil
}

// Serve serves until ctx is done, and returns when all it started has ended. It is
// called once; being told to end is no error.
//
// handle is called for every message, for up to InFlight of each peer at a time, on
// goroutines of the peer: their order is kept only if InFlight is 1. While that
// many, or InFlightBytes, are being handled the peer is not read from. The context
// is the peer's. With an InFlight of 1, Peer.More tells whether there is more.
// What is in progress when ctx ends has StopTimeout to answer; then its context
// ends, and handle must return. A panic in handle cuts the peer off.
func (r *Router) Serve(ctx context.Context, handle func(context.Context, *Peer, *Message)) error {
	return r.serve(ctx, func(p *Peer) error {
		if r.config.InFlight == 1 {
			return r.oneByOne(p, handle)
		}
		return r.atOnce(p, handle)
	})
}

func (r *Router) oneByOne(p *Peer, handle func(context.Context, *Peer, *Message)) error {
	for {
		m := r.memory.messages.message()
		if err := p.reader.next(m); err != nil {
			return err
		}
		handle(p.ctx, p, m)
	}
}

func (r *Router) atOnce(p *Peer, handle func(context.Context, *Peer, *Message)) error {
	crew := newCrew(r.config.InFlight, r.config.InFlightBytes, func(m *Message) {
		err := r.guarded(func() error { handle(p.ctx, p, m); return nil })
		if err != nil {
			p.Cut(err)
		}
	})
	defer crew.wait()
	for {
		m := r.memory.messages.message()
		if err := p.reader.next(m); err != nil {
			return err
		}
		crew.handle(m)
	}
}
