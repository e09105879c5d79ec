package zmq

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/zmtp"
)

// Ingest is the endpoint for posts that are not answered, for PUSH.
type Ingest struct {
	config  Config
	gate    *gate
	pull    *zmtp.Pull
	stored  atomic.Int64
	refused atomic.Int64
	log     paced

	mu      sync.Mutex
	sources map[*zmtp.Peer]*source
}

var _ transports.Transport = (*Ingest)(nil)

// IngestStats is what an Ingest has seen.
type IngestStats struct {
	zmtp.Stats
	Stored, Refused int64 // requests; those that are sent again and were stored before count as stored
}

// source is a peer that posts.
type source struct {
	*guest
	name    string
	headers *api.Headers
	before  api.Before
	refused string  // the last token that was no good
	posts   []*post // to be used again

	pipeline core.Pipeline
}

// post is one that was started.
type post struct {
	message  *zmtp.Message
	envelope api.Envelope
	call     api.Call
	reply    api.Reply
}

// free lets go of a post that was settled, but for the bodies, which the broker keeps.
func (p *post) free() {
	p.message.ReleaseFrame()
	p.envelope.Forget()
	p.message, p.call, p.reply = nil, api.Call{}, api.Reply{}
}

// post is the i-th of a batch.
func (s *source) post(i int) *post {
	if i == len(s.posts) {
		s.posts = append(s.posts, new(post))
	}
	return s.posts[i]
}

// ListenIngest opens the endpoint. Nothing is served before Serve. Of Config, what
// is about answers and pushes is left alone.
func ListenIngest(c Config) (*Ingest, error) {
	l := &Ingest{config: c.withDefaults(), sources: make(map[*zmtp.Peer]*source)}
	l.gate = &gate{&l.config}
	of := l.config.peers(l.gate)
	of.Connected, of.Gone, of.StopTimeout = l.connected, l.gone, l.config.StopTimeout
	var err error
	if l.pull, err = zmtp.ListenPull(of); err != nil {
		return nil, err // which says where it is from
	}
	return l, nil
}

// Addr implements transports.Transport.
func (l *Ingest) Addr() string { return l.pull.Addr() }

// Serve implements transports.Transport. When ctx is done nothing more is read, and
// what was read is stored.
func (l *Ingest) Serve(ctx context.Context) error { return l.pull.Serve(ctx, l.handle) }

// Stats is what was seen so far.
func (l *Ingest) Stats() IngestStats {
	return IngestStats{l.pull.Stats(), l.stored.Load(), l.refused.Load()}
}

func (l *Ingest) connected(p *zmtp.Peer) {
	s := &source{guest: l.gate.receive(p), name: fmt.Sprintf("%s-in-%d", transport, p.ID())}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.sources[p] = s
}

func (l *Ingest) find(p *zmtp.Peer) *source {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.sources[p]
}

func (l *Ingest) gone(p *zmtp.Peer, _ error) {
	if s := l.find(p); s != nil {
		s.leave()
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.sources, p)
}

// handle starts all the posts that have come, and then waits for what became of
// them. Meanwhile the peer is not read from.
func (l *Ingest) handle(ctx context.Context, p *zmtp.Peer, batch []*zmtp.Message) {
	s := l.find(p)
	for i, m := range batch {
		p := s.post(i)
		p.message = m
		p.reply = l.config.Handler.Handle(ctx, l.call(s, p))
	}
	s.pipeline.Flush(ctx)
	for _, p := range s.posts[:len(batch)] {
		l.settle(ctx, s, p)
		p.free()
	}
}

// call is what a message asks for: to post.
func (l *Ingest) call(s *source, p *post) *api.Call {
	_, frames := p.message.Split()
	e := &p.envelope
	wrong := parse(e, frames, api.Head{Headers: s.headers, Before: &s.before, Action: actionPost}, l.config.MaxHead)
	call := e.FillCall(&p.call)
	call.Transport, call.Remote, call.ID, call.Pipeline = transport, s.remote, s.name, &s.pipeline
	switch {
	case wrong != nil:
		call.Early = wrong
		return call
	case call.Action != actionPost:
		call.Early = onlyPosts
		return call
	}
	s.headers = inheritable(s.headers, e)
	s.identify(call)
	return call
}

// identify gives a call the identity of its peer, or an objection to its having
// none. A token that was refused is not asked for again with each of thousands.
func (s *source) identify(call *api.Call) {
	known := false
	call.Caller, known = s.caller()
	token, given := call.Header(headerToken)
	switch {
	case s.gate.config.Authenticator == nil:
	case given && s.shown(token):
	case given && token != s.refused:
		s.pipeline.Flush(s.peer.Context()) // asking takes its time
		if call.Early = s.show(token); call.Early != nil && call.Early != unknowable {
			s.refused = token
		}
		call.Caller, _ = s.caller()
	case given, !known:
		call.Early = unauthenticated
	}
}

func (l *Ingest) settle(ctx context.Context, s *source, p *post) {
	if p.reply.Pending != nil {
		p.reply = p.reply.Pending(ctx)
	}
	problem, bad := p.reply.Result.(*api.Problem)
	if !bad {
		l.stored.Add(1)
		return
	}
	l.refused.Add(1)
	if more, now := l.log.turn(); now {
		l.config.Log.Warn("posts that nobody is answered were refused", "peer", s.remote, "project", p.call.Caller.Project,
			"status", p.reply.Status, "reason", problem.Description, "since_last", more)
	}
}
