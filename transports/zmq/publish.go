package zmq

import (
	"context"
	"maps"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports"
	"github.com/stackforge/marconi/transports/zmtp"
)

// Publish is the endpoint that tells what becomes visible, for SUB.
type Publish struct {
	config    Config
	gate      *gate
	pub       *zmtp.Pub
	refused   atomic.Int64
	published atomic.Int64
	log       paced

	mu       sync.Mutex
	guests   map[*zmtp.Peer]*guest
	channels map[string]*channel // by topic
	ready    []*channel          // that may have something to do
	failed   []*channel          // that could not be listened to, and will be tried again
	wake     chan struct{}       // has a token when ready got one
}

var _ transports.Transport = (*Publish)(nil)

// PublishStats is what a Publish has seen.
type PublishStats struct {
	zmtp.Stats
	Topics    int   // that somebody has subscribed to now
	Published int64 // messages, each counted once
	Refused   int64 // subscriptions that were ignored: to no whole topic, or to another project's
}

// channel is a queue that somebody has subscribed to.
type channel struct {
	topic          []byte
	project, queue string
	peers          map[*zmtp.Peer]struct{} // guarded by the Publish, as is queued
	queued         bool
	listener       *core.Listener // of the goroutine that publishes
}

// ListenPublish opens the endpoint. Nothing is served before Serve. Of Config, what
// is about requests is left alone.
func ListenPublish(c Config) (*Publish, error) {
	l := &Publish{
		config: c.withDefaults(), guests: make(map[*zmtp.Peer]*guest),
		channels: make(map[string]*channel), wake: make(chan struct{}, 1),
	}
	l.gate = &gate{&l.config}
	of := l.config.peers(l.gate)
	of.MaxFrame, of.MaxMessage, of.MaxParts, of.StopTimeout = maxTopic+1, maxTopic+1, 1, l.config.StopTimeout
	of.MaxTopic, of.MaxSubscriptions = maxTopic, l.config.MaxSubscriptions
	of.Connected, of.Gone = l.connected, l.gone
	var err error
	if l.pub, err = zmtp.ListenPub(of, zmtp.Audience{May: l.may, Subscribed: l.subscribed}); err != nil {
		return nil, err // which says where it is from
	}
	return l, nil
}

// maxTopic is how long a topic can be whose queue there can be, in bytes.
const maxTopic = 3*4*core.MaxProjectID + core.MaxQueueName + 2

// Addr implements transports.Transport.
func (l *Publish) Addr() string { return l.pub.Addr() }

// Stats is what was seen so far.
func (l *Publish) Stats() PublishStats {
	s := PublishStats{Stats: l.pub.Stats(), Published: l.published.Load(), Refused: l.refused.Load()}
	l.mu.Lock()
	defer l.mu.Unlock()
	s.Topics = len(l.channels)
	return s
}

// Serve implements transports.Transport.
func (l *Publish) Serve(ctx context.Context) error {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	over := make(chan error, 1)
	go func() {
		over <- l.pub.Serve(ctx)
		stop()
	}()
	l.run(ctx)
	return <-over
}

func (l *Publish) connected(p *zmtp.Peer) {
	g := l.gate.receive(p)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.guests[p] = g
}

func (l *Publish) gone(p *zmtp.Peer, _ error) {
	l.mu.Lock()
	g := l.guests[p]
	delete(l.guests, p)
	l.mu.Unlock()
	if g != nil {
		g.leave()
	}
}

// may tells whether a peer has subscribed to the whole topic.
func (l *Publish) may(p *zmtp.Peer, topic []byte) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.channels[string(topic)]
	if c == nil {
		return false
	}
	_, has := c.peers[p]
	return has
}

// subscribed notes who wants to hear what.
func (l *Publish) subscribed(p *zmtp.Peer, prefix string, on bool) {
	project, queue, ok := parseTopic(prefix)
	if !ok || core.CheckQueue(project, queue) != nil || !l.entitled(p, project) {
		if on {
			l.refused.Add(1)
		}
		return
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	c := l.channels[prefix]
	switch {
	case c == nil && !on:
		return
	case c == nil:
		c = &channel{topic: []byte(prefix), project: project, queue: queue, peers: make(map[*zmtp.Peer]struct{})}
		l.channels[prefix] = c
	}
	if on {
		c.peers[p] = struct{}{}
	} else {
		delete(c.peers, p)
	}
	l.again(c)
}

// entitled tells whether a peer may hear of a project. It has to have proven so
// when it connected: there is no later occasion.
func (l *Publish) entitled(p *zmtp.Peer, project string) bool {
	who, _ := p.Credentials().(*identity)
	if who == nil {
		return l.config.Authenticator == nil
	}
	return who.caller.Project == "" || who.caller.Project == project
}

// again has a channel be looked at. The caller holds mu.
func (l *Publish) again(c *channel) {
	if c.queued {
		return
	}
	c.queued = true
	l.ready = append(l.ready, c)
	select {
	case l.wake <- struct{}{}:
	default:
	}
}

// retry is how long a queue that could not be listened to is left alone.
const retry = time.Second

// run publishes until ctx is done.
func (l *Publish) run(ctx context.Context) {
	defer l.closeAll()
	look := time.NewTicker(retry)
	defer look.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-look.C:
			l.tryAgain()
		case <-l.wake:
		}
		l.attendAll(ctx)
	}
}

// attendAll attends to channels until none may have something to do.
func (l *Publish) attendAll(ctx context.Context) {
	for ctx.Err() == nil {
		c, wanted := l.next()
		if c == nil {
			return
		}
		l.attend(ctx, c, wanted)
	}
}

// next takes the channel whose turn it is. One that nobody wants any more is
// forgotten.
func (l *Publish) next() (c *channel, wanted bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.ready) == 0 {
		return nil, false
	}
	c, l.ready = l.ready[0], l.ready[1:]
	c.queued = false
	if wanted = len(c.peers) > 0; !wanted && l.channels[string(c.topic)] == c {
		delete(l.channels, string(c.topic))
	}
	return c, wanted
}

func (l *Publish) tryAgain() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.failed {
		l.again(c)
	}
	l.failed = nil
}

func (l *Publish) closeAll() {
	l.mu.Lock()
	channels := slices.Collect(maps.Values(l.channels))
	l.mu.Unlock()
	for _, c := range channels {
		if c.listener != nil {
			c.listener.Close()
		}
	}
}
