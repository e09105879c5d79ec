package redisstore

import (
	"context"

	"github.com/stackforge/marconi/storage"
)

// Lanes carry posts in flights, each by Fly.
type Lanes struct{ l *lanes }

// LaneRoom is how many bytes may be on the way.
const LaneRoom = laneRoom

// NewLanes makes lanes whose flights are told what goes together, by the first
// bodies of the posts.
func NewLanes(fly func(ctx context.Context, id storage.QueueID, bodies []string) error) Lanes {
	return Lanes{newLanes(func(ctx context.Context, f flight) {
		bodies := make([]string, len(f))
		for i, who := range f {
			bodies[i] = string(who.post.Drafts[0].Body)
		}
		f.fail(fly(ctx, f[0].post.Queue, bodies))
	})}
}

// Start is StartPost.
func (l Lanes) Start(ctx context.Context, p storage.Post) storage.Pending { return l.l.start(ctx, p) }

// Idle is whether nothing is remembered.
func (l Lanes) Idle() bool {
	l.l.mu.Lock()
	defer l.l.mu.Unlock()
	return len(l.l.lanes) == 0
}

// Close ends all that is under way.
func (l Lanes) Close() {
	l.l.end()
	l.l.ended.Wait()
}
