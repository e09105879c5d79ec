package redisstore

import (
	"context"
	"sync"

	"golang.org/x/sync/semaphore"

	"github.com/stackforge/marconi/storage"
)

// Posts that were started are carried in lanes, one a queue, with one flight at a
// time: so they are stored in their order. What waits for the flight before it
// goes together if it can.
const (
	laneRoom    = 64 << 20 // bytes of all posts that were started and are not answered
	laneWeight  = 512      // bytes of a post beside its drafts, about
	draftWeight = 128      // bytes of a draft beside its body, about
)

// lanes are those of a store.
type lanes struct {
	fly   func(ctx context.Context, f flight)
	room  *semaphore.Weighted
	ctx   context.Context // until end
	stop  context.CancelFunc
	ended sync.WaitGroup // of carry

	mu     sync.Mutex // guards what follows
	closed bool
	lanes  map[storage.QueueID]*lane // those on which something is under way
}

// lane is what waits behind the flight that is under way. The mutex of lanes
// guards it.
type lane struct{ waiting []*started }

// started is a post that was started. It is a storage.Waiter.
type started struct {
	post   storage.Post
	weight int64
	done   chan struct{}
	posted storage.Posted // when done
	err    error
}

func newLanes(fly func(context.Context, flight)) *lanes {
	l := &lanes{fly: fly, room: semaphore.NewWeighted(laneRoom), lanes: map[storage.QueueID]*lane{}}
	l.ctx, l.stop = context.WithCancel(context.Background())
	return l
}

// StartPost implements storage.Messages.
func (s *Store) StartPost(ctx context.Context, p storage.Post) storage.Pending {
	return s.lanes.start(ctx, p)
}

func (l *lanes) start(ctx context.Context, p storage.Post) storage.Pending {
	if err := ctx.Err(); err != nil {
		return storage.Concluded(storage.Posted{}, err)
	}
	who := &started{post: p, done: make(chan struct{})}
	who.weight = min(laneRoom, int64(laneWeight+draftWeight*len(p.Drafts)+bytesOf(&p)))
	if err := l.room.Acquire(ctx, who.weight); err != nil {
		return storage.Concluded(storage.Posted{}, err)
	}
	if !l.enter(who) {
		l.room.Release(who.weight)
		return storage.Concluded(storage.Posted{}, errClosed)
	}
	return storage.Awaited(who)
}

func (l *lanes) enter(who *started) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.closed {
		return false
	}
	id := who.post.Queue
	ln := l.lanes[id]
	if ln == nil {
		ln = &lane{}
		l.lanes[id] = ln
		l.ended.Go(func() { l.carry(id, ln) })
	}
	ln.waiting = append(ln.waiting, who)
	return true
}

// carry flies until nobody waits on a lane.
func (l *lanes) carry(id storage.QueueID, ln *lane) {
	for f := l.next(id, ln); f != nil; f = l.next(id, ln) {
		if l.ctx.Err() != nil {
			f.fail(errClosed)
		} else {
			l.fly(l.ctx, f)
		}
		for _, who := range f {
			l.room.Release(who.weight)
			close(who.done)
		}
		clear(f) // it lies before what waits, in memory that may stay for long
	}
}

// next is the flight that goes next; nil ends the lane.
func (l *lanes) next(id storage.QueueID, ln *lane) flight {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(ln.waiting) == 0 {
		delete(l.lanes, id)
		return nil
	}
	n := companions(ln.waiting)
	f := flight(ln.waiting[:n:n])
	ln.waiting = ln.waiting[n:]
	return f
}

// Wait implements storage.Waiter. A post that is not waited for goes on.
func (w *started) Wait(ctx context.Context) (storage.Posted, error) {
	select {
	case <-w.done:
		return w.posted, w.err
	case <-ctx.Done():
		return storage.Posted{}, ctx.Err()
	}
}

// end lets no post start any more. What is under way ends with the client, and
// with it what ended waits for.
func (l *lanes) end() {
	l.mu.Lock()
	l.closed = true
	l.mu.Unlock()
	l.stop()
}
