package storagetest_test

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/memstore"
	"github.com/stackforge/marconi/storage/storagetest"
)

// The suite asks for no more than the contract: a driver that uses every freedom
// which the contract leaves passes as well.
func TestFreedom(t *testing.T) {
	t.Parallel()
	t.Run("Run", func(t *testing.T) { storagetest.Run(t, lawful) })
	t.Run("Race", func(t *testing.T) { storagetest.Race(t, lawful) })
	t.Run("Model", func(t *testing.T) { storagetest.Model(t, lawful, memory) })
}

func lawful(*testing.T) storage.Driver {
	return &free{Driver: memstore.New(memstore.Config{}), settled: map[storage.QueueID]time.Time{}}
}

// free wakes early, leaves bodies out of stats, takes one delivery at a time,
// tells events late and several as one, and gives delayed messages their
// positions as if somebody had looked every second.
type free struct {
	storage.Driver

	mu      sync.Mutex
	settled map[storage.QueueID]time.Time // when a queue was last looked at
	pumps   []*pump
}

// catchUp looks at a queue once for each second since it was last looked at.
func (f *free) catchUp(ctx context.Context, q storage.QueueID, now time.Time) {
	f.mu.Lock()
	defer f.mu.Unlock()
	last, known := f.settled[q]
	if !known || now.Sub(last) > time.Minute {
		last = now
	}
	for at := last; at.Before(now); at = at.Add(time.Second) {
		f.Driver.QueueStats(ctx, q, at) // what it answers is nobody's business
	}
	f.settled[q] = now
}

func (f *free) DeleteQueue(ctx context.Context, q storage.QueueID) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	delete(f.settled, q)
	return f.Driver.DeleteQueue(ctx, q)
}

func early(now, wake time.Time) time.Time {
	if wake.IsZero() {
		return wake
	}
	return now.Add(time.Millisecond)
}

func (f *free) QueueStats(ctx context.Context, q storage.QueueID, now time.Time) (storage.Stats, error) {
	f.catchUp(ctx, q, now)
	s, err := f.Driver.QueueStats(ctx, q, now)
	s.Wake = early(now, s.Wake)
	for _, m := range []*storage.Message{s.Oldest, s.Newest} {
		if m != nil {
			m.Body = nil
		}
	}
	return s, err
}

func (f *free) PostMessages(ctx context.Context, p storage.Post) (storage.Posted, error) {
	f.catchUp(ctx, p.Queue, p.Now)
	return f.Driver.PostMessages(ctx, p)
}

func (f *free) StartPost(ctx context.Context, p storage.Post) storage.Pending {
	f.catchUp(ctx, p.Queue, p.Now)
	return f.Driver.StartPost(ctx, p)
}

func (f *free) CreateClaim(ctx context.Context, o storage.ClaimOrder) (storage.Claim, error) {
	f.catchUp(ctx, o.Queue, o.Now)
	c, err := f.Driver.CreateClaim(ctx, o)
	c.Wake = early(o.Now, c.Wake)
	return c, err
}

func (f *free) ListMessages(ctx context.Context, filter storage.MessageFilter) (storage.MessagePage, error) {
	f.catchUp(ctx, filter.Queue, filter.Now)
	page, err := f.Driver.ListMessages(ctx, filter)
	page.Wake = early(filter.Now, page.Wake)
	page.Next = lastListed(filter.Marker, page)
	return page, err
}

// lastListed lets a place say how far the log was listed, where it could have
// said how far the log goes.
func lastListed(marker string, page storage.MessagePage) string {
	next, _ := storage.ParseMarker(page.Next)
	from, ok := storage.ParseMarker(marker)
	if next.Kind != storage.AmongDelayed || !ok || from.Kind == storage.AtDelayed || from.Epoch != page.Epoch {
		return page.Next
	}
	next.Position = min(from.Position, next.Position)
	for _, m := range page.Items {
		next.Position = max(next.Position, m.Position)
	}
	return next.String()
}

func (f *free) TakeDeliveries(ctx context.Context, o storage.DeliveryOrder) ([]storage.Delivery, error) {
	o.Subscriptions = 1
	return f.Driver.TakeDeliveries(ctx, o)
}

func (f *free) Follow(ctx context.Context, q storage.QueueID, see func(storage.Event)) (func(), error) {
	p := &pump{news: make(chan struct{}, 1), end: make(chan struct{})}
	stop, err := f.Driver.Follow(ctx, q, p.add)
	if err != nil {
		return nil, err
	}
	p.done.Go(func() { p.run(see) })
	f.mu.Lock()
	defer f.mu.Unlock()
	f.pumps = append(f.pumps, p)
	return func() { stop(); p.stop() }, nil
}

func (f *free) Close() error {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, p := range f.pumps {
		p.stop()
	}
	return f.Driver.Close()
}

// pump tells events in a goroutine of its own.
type pump struct {
	news chan struct{} // holds one once there is something to tell
	end  chan struct{}
	once sync.Once
	done sync.WaitGroup

	mu      sync.Mutex
	waiting []storage.Event
}

// add joins an event to the last one if they are of one life.
func (p *pump) add(e storage.Event) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if last := len(p.waiting) - 1; last >= 0 && p.waiting[last].Epoch == e.Epoch {
		p.waiting[last] = joinEvents(p.waiting[last], e)
	} else {
		p.waiting = append(p.waiting, e)
	}
	select {
	case p.news <- struct{}{}:
	default:
	}
}

func joinEvents(a, b storage.Event) storage.Event {
	if a.First == 0 {
		a.First = b.First
	}
	a.Last = max(a.Last, b.Last)
	if a.Due.IsZero() || !b.Due.IsZero() && b.Due.Before(a.Due) {
		a.Due = b.Due
	}
	a.Freed, a.Lost = a.Freed || b.Freed, a.Lost || b.Lost
	return a
}

func (p *pump) run(see func(storage.Event)) {
	for {
		select {
		case <-p.end:
			return
		case <-p.news:
		}
		p.mu.Lock()
		events := p.waiting
		p.waiting = nil
		p.mu.Unlock()
		for _, e := range events {
			see(e)
		}
	}
}

func (p *pump) stop() {
	p.once.Do(func() { close(p.end) })
	p.done.Wait()
}
