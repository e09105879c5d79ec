package redisstore

import (
	"context"
	"time"

	"github.com/stackforge/marconi/storage"
)

// Joint brings posts together on their way to Run.
type Joint struct{ j *joint }

// The bounds of a Joint.
const (
	Flights       = flights
	JointMessages = jointMessages
	JointBytes    = jointBytes
	MaxWaiting    = maxWaiting
)

// NewJoint makes one whose script is run, which is told how many messages and
// bytes go together and answers the tail before them.
func NewJoint(run func(ctx context.Context, now time.Time, messages, bytes int) (uint64, error)) Joint {
	j := newJoint(&Store{})
	j.run = func(ctx context.Context, _ string, _ storage.QueueID, now time.Time, args ...any) (string, []any, error) {
		bytes := 0
		for _, m := range args[9:] {
			bytes += len(*m.(*message))
		}
		tail, err := run(ctx, now, len(args)-9, bytes)
		return "ok", []any{"00000001", int64(tail), "0", args[5]}, err
	}
	return Joint{j}
}

// Post answers the positions of a post.
func (j Joint) Post(ctx context.Context, p storage.Post) (storage.Posted, error) {
	return j.j.post(ctx, &p)
}

// Waiting is how many posts to a queue wait.
func (j Joint) Waiting(id storage.QueueID) int {
	j.j.mu.Lock()
	defer j.j.mu.Unlock()
	if c := j.j.crowds[id]; c != nil {
		return len(c.waiting)
	}
	return 0
}

// Idle is whether nothing is remembered.
func (j Joint) Idle() bool {
	j.j.mu.Lock()
	defer j.j.mu.Unlock()
	return len(j.j.crowds) == 0
}

// Close ends all that is under way.
func (j Joint) Close() {
	j.j.end()
	j.j.ended.Wait()
}
