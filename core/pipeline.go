package core

import (
	"context"
	"fmt"
	"runtime/debug"
	"sync"

	"github.com/stackforge/marconi/storage"
)

// What a Pipeline holds back at the most before it goes to the store.
const (
	bundleMessages = 256
	bundleBytes    = 256 << 10
)

// Pipeline brings the posts of one connection together. Those to one queue that
// come one behind the other go to the store as one, which costs it little more than
// one of them: each is still answered, and told to listeners, by itself. What was
// started is held back until Flush, or until a post comes that cannot go with it;
// who uses a Pipeline flushes it before waiting for anything.
//
// The zero value is ready. One goroutine uses it. The contexts in which its posts are
// waited for end together.
type Pipeline struct {
	open *bundle // nil: nothing is held back
}

// StartPost begins to store messages as PostMessages does, and leaves waiting for
// the answer to PendingPost.Wait. What is posted to a queue is stored in the order
// in which it was started in the pipeline.
func (b *Broker) StartPost(ctx context.Context, l *Pipeline, who Caller, r MessagePostRequest) PendingPost {
	return b.start(ctx, l, who, r)
}

// Flush takes to the store what was held back. As StartPost, it may wait for room
// there.
func (l *Pipeline) Flush(ctx context.Context) {
	if l == nil || l.open == nil {
		return
	}
	b := l.open
	l.open = nil
	b.start(ctx)
}

// carry holds a post back, or takes it to the store behind those that were. Without
// a pipeline it is stored at once.
func (l *Pipeline) carry(ctx context.Context, b *Broker, p storage.Post) storage.Pending {
	if l == nil {
		return storage.Concluded(b.store.PostMessages(ctx, p))
	}
	size, plain := plainSize(&p)
	if l.open != nil && !(plain && l.open.takes(b, &p, size)) {
		l.Flush(ctx)
	}
	if !plain {
		return b.store.StartPost(ctx, p)
	}
	if l.open == nil {
		l.open = &bundle{broker: b, started: make(chan struct{})}
	}
	return storage.Awaited(l.open.add(p, size))
}

// plainSize is how many bytes a post has, and whether it may go with others: all
// of it is visible at once, and nothing about it is remembered.
func plainSize(p *storage.Post) (size int, plain bool) {
	for i := range p.Drafts {
		if p.Drafts[i].Visible.After(p.Now) {
			return 0, false
		}
		size += len(p.Drafts[i].Body)
	}
	return size, p.Once == storage.Once{} && len(p.Drafts) <= bundleMessages && size <= bundleBytes
}

// bundle is posts that go to the store as one.
type bundle struct {
	broker  *Broker
	post    storage.Post
	size    int
	members []member
	started chan struct{} // closed when pending is set, or panic
	pending storage.Pending

	mu     sync.Mutex // guards the following, but of start
	known  bool
	posted storage.Posted
	err    error
	panic  any // what the store panicked with
}

func (b *bundle) takes(by *Broker, p *storage.Post, size int) bool {
	return by == b.broker && p.Queue == b.post.Queue && p.ClientID == b.post.ClientID &&
		len(b.post.Drafts)+len(p.Drafts) <= bundleMessages && b.size+size <= bundleBytes
}

// add makes a post go with those before it, as if it had come with the first: nothing
// of it is visible later, or lives for less.
func (b *bundle) add(p storage.Post, size int) *member {
	first := len(b.post.Drafts)
	if first == 0 {
		b.post = p
	} else {
		earlier := b.post.Now.Sub(p.Now)
		b.post.Drafts = append(b.post.Drafts, p.Drafts...)
		for i := first; i < len(b.post.Drafts); i++ {
			d := &b.post.Drafts[i]
			d.Visible, d.Expires = b.post.Now, d.Expires.Add(earlier)
		}
	}
	b.size += size
	b.members = append(b.members, member{b, first, len(b.post.Drafts)})
	return &b.members[len(b.members)-1]
}

func (b *bundle) start(ctx context.Context) {
	defer close(b.started)
	b.guard(func() { b.pending = b.broker.store.StartPost(ctx, b.post) })
}

// guard keeps what the store panics with for those who wait: each of them has to
// hear of it.
func (b *bundle) guard(ask func()) {
	defer func() {
		if v := recover(); v != nil {
			b.panic = fmt.Sprintf("%v\n%s", v, debug.Stack())
		}
	}()
	ask()
}

// wait waits for what became of all. Only the first to ask asks the store.
func (b *bundle) wait(ctx context.Context) (storage.Posted, error) {
	select {
	case <-b.started:
	case <-ctx.Done():
		return storage.Posted{}, ctx.Err()
	}
	b.mu.Lock()
	defer b.mu.Unlock()
	if !b.known {
		b.known = true
		b.guard(func() { b.posted, b.err = b.pending.Wait(ctx) })
	}
	if b.panic != nil {
		panic(b.panic)
	}
	return b.posted, b.err
}

// member is a post of a bundle: those of its messages from first to last. It is a
// storage.Waiter.
type member struct {
	of          *bundle
	first, last int
}

// Wait implements storage.Waiter.
func (m *member) Wait(ctx context.Context) (storage.Posted, error) {
	all, err := m.of.wait(ctx)
	if err != nil {
		return storage.Posted{}, err
	}
	return storage.Posted{
		IDs:   all.IDs[m.first:m.last:m.last],
		First: all.First + storage.Position(m.first),
		Last:  all.First + storage.Position(m.last) - 1,
	}, nil
}
