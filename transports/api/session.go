package api

import (
	"cmp"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/stackforge/marconi/core"
)

// Session is a connection over which things can be pushed: what it listens to,
// and what of that waits to be taken. Of what was not taken it keeps the place to
// go on at, and a page of each log at most, however slow the connection is.
type Session struct {
	broker   *core.Broker
	options  SessionOptions
	id       string
	starting chan func(context.Context) // streams, on their way to Run
	gone     chan struct{}              // closed when Run takes no more of them

	mu      sync.Mutex
	sources []*source // few, and mostly one: a map would take more than all else
	places  []place   // what is listened to, or about to be
	streams int       // claim streams, or what is about to be one
	ready   []*source // those that may have something to take
	manner  pushed    // of the last call that subscribed
	over    bool
}

// pushed is how a connection wants to be told.
type pushed struct {
	codec  Codec
	frames bool
}

// SessionOptions of a Session.
type SessionOptions struct {
	// Subscriptions and watches, and claim streams, that there may be at once;
	// 0: 64 and 16.
	Subscriptions, Streams int

	// Wake is called when there may be something to take after a Take that
	// answered less than it was asked for. It is called from any goroutine,
	// more often than needed, and must not block. nil: nobody is woken.
	Wake func()
}

// NewSession makes the session of one connection. Its calls are to be handled
// while Run runs.
func NewSession(b *core.Broker, o SessionOptions) *Session {
	o.Subscriptions, o.Streams = cmp.Or(o.Subscriptions, 64), cmp.Or(o.Streams, 16)
	if o.Wake == nil {
		o.Wake = func() {}
	}
	return &Session{
		broker: b, options: o, id: newUUID(),
		starting: make(chan func(context.Context)),
		gone:     make(chan struct{}),
	}
}

// newUUID is a random UUID of RFC 9562.
func newUUID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails: the program ends first
	b[6] = b[6]&0x0f | 0x40
	b[8] = b[8]&0x3f | 0x80
	h := hex.EncodeToString(b[:])
	return h[:8] + "-" + h[8:12] + "-" + h[12:16] + "-" + h[16:20] + "-" + h[20:]
}

// ID is a UUID that names the connection.
func (s *Session) ID() string { return s.id }

// Run carries the claim streams of the session until ctx is done. Then it ends
// all that the session listens to: subscriptions are deleted and claims released
// when it returns, or it answers why not. It is called once.
func (s *Session) Run(ctx context.Context) error {
	var streams sync.WaitGroup
	for {
		select {
		case stream := <-s.starting:
			streams.Go(func() { stream(ctx) })
		case <-ctx.Done():
			err := s.end(context.WithoutCancel(ctx))
			streams.Wait()
			return err
		}
	}
}

const farewell = 10 * time.Second // to delete the subscriptions of a connection that has gone

func (s *Session) end(ctx context.Context) error {
	close(s.gone)
	ctx, cancel := context.WithTimeout(ctx, farewell)
	defer cancel()
	s.mu.Lock()
	s.over = true
	left := s.sources
	s.sources, s.ready = nil, nil
	for _, src := range left {
		src.kept = false
	}
	s.mu.Unlock()
	return endAll(ctx, left)
}

// endAll ends sources side by side: one that takes its time costs the others none.
func endAll(ctx context.Context, left []*source) error {
	failed := make(chan error, len(left))
	var all sync.WaitGroup
	for _, src := range left {
		all.Go(func() { failed <- src.end(ctx) })
	}
	all.Wait()
	close(failed)
	var errs []error
	for err := range failed {
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// turn is how much one source may give before the next has its turn.
const turn = 8

// Take removes and returns what is to be pushed next, at most max, and never
// blocks. Less than max is all that there is now. What the connection listens to
// takes turns. One goroutine takes at a time.
func (s *Session) Take(max int) []Push {
	var out []Push
	for len(out) < max {
		src, manner := s.next()
		if src == nil {
			break
		}
		before := len(out)
		out = slices.Grow(out, min(turn, max-before))
		var more bool
		out, more = src.take(out, min(turn, max-len(out)))
		for i := range out[before:] {
			out[before+i].Codec, out[before+i].Frames = manner.codec, manner.frames
		}
		if more {
			s.again(src)
		}
	}
	return out
}

// next takes the source whose turn it is.
func (s *Session) next() (*source, pushed) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.ready) == 0 {
		return nil, pushed{}
	}
	src := s.ready[0]
	s.ready = s.ready[1:]
	src.queued = false
	return src, s.manner
}

// again lets a source that is part of the session have another turn. It tells
// whether the source was waiting for none.
func (s *Session) again(src *source) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if src.queued || !src.kept {
		return false
	}
	src.queued = true
	s.ready = append(s.ready, src)
	return true
}

// wake is called when a source has something to take.
func (s *Session) wake(src *source) {
	if s.again(src) {
		s.options.Wake()
	}
}
