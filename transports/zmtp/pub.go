package zmtp

import (
	"sync"

	"context"

	"github.com/go-zeromq/zmq4"
)

// Pub tells SUB and XSUB peers what they have subscribed to.
type Pub struct {
	*Listener
	audience Audience

	mu     sync.Mutex
	topics *topics
	frames []byte // of the message that is being told
}

// Audience says who may have what. Its functions are called with a lock held: they
// may neither wait nor call the Pub. Those that are nil say yes, or nothing.
type Audience struct {
	// May is asked for every message and every peer that has subscribed to it.
	May func(p *Peer, topic []byte) bool

	// Subscribed is told of a peer's new subscriptions and of those that end, also
	// with the peer. The empty prefix means all.
	Subscribed func(p *Peer, prefix string, on bool)
}

// ListenPub binds the endpoint. Nobody is greeted before Serve.
func ListenPub(c Config, a Audience) (*Pub, error) {
	l, err := newListener(c, zmq4.Pub)
	if err != nil {
		return nil, err
	}
	if a.May == nil {
		a.May = func(*Peer, []byte) bool { return true }
	}
	if a.Subscribed == nil {
		a.Subscribed = func(*Peer, string, bool) {}
	}
	return &Pub{Listener: l, audience: a, topics: newTopics(l.config.MaxTopic)}, nil
}

// Serve serves until ctx is done, and returns when all it started has ended. It is
// called once; being told to end is no error. A peer that subscribes to more, or to
// longer topics, than Config allows is cut off.
func (l *Pub) Serve(ctx context.Context) error { return l.serve(ctx, l.attend) }

func (l *Pub) attend(p *Peer) error {
	defer l.cancelAll(p)
	p.subscribe = func(topic []byte, on bool) error { return l.subscribe(p, topic, on) }
	m := l.memory.messages.message()
	for {
		m.reset()
		if err := p.reader.next(m); err != nil {
			return err
		}
		if err := l.heed(p, m); err != nil {
			return err
		}
	}
}

// heed takes a message for what it is in ZMTP 3.0: 1 or 0, and a topic to have or
// to have no more. What else an XSUB may send is for nobody.
func (l *Pub) heed(p *Peer, m *Message) error {
	head := m.Parts[0]
	if len(m.Parts) > 1 || len(head) == 0 || head[0] > 1 {
		return nil
	}
	return l.subscribe(p, head[1:], head[0] == 1)
}

func (l *Pub) subscribe(p *Peer, topic []byte, on bool) error {
	if len(topic) > l.config.MaxTopic {
		return tooLong("a topic has", l.config.MaxTopic, "bytes")
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	prefix := string(topic)
	changed := false
	switch {
	case !on:
		changed = l.topics.remove(p, prefix)
	default:
		changed = l.topics.add(p, prefix)
	}
	if changed {
		l.audience.Subscribed(p, prefix, on)
	}
	if len(p.topics) > l.config.MaxSubscriptions {
		return tooLong("a peer has", l.config.MaxSubscriptions, "subscriptions")
	}
	return nil
}

func (l *Pub) cancelAll(p *Peer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for prefix := range p.topics {
		l.topics.remove(p, prefix)
		l.audience.Subscribed(p, prefix, false)
	}
}

// Publish sends a message to every peer that has subscribed to a beginning of
// topic, which is the message's first part, and may have it. It waits for no peer:
// one whose mailbox is full loses the message. told is how many mailboxes it got
// into.
func (l *Pub) Publish(topic []byte, parts ...[]byte) (told int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.frames = appendParts(l.frames[:0], [][]byte{topic}, len(parts) > 0)
	l.frames = appendParts(l.frames, parts, false)
	l.topics.readers(topic, func(p *Peer) {
		if !l.audience.May(p, topic) {
			return
		}
		if p.mailbox.framed(l.frames) == nil {
			told++
		} else {
			l.counters.lost.Add(1)
		}
	})
	if cap(l.frames) > maxReused {
		l.frames = nil
	}
	return told
}
