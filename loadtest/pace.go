package loadtest

import (
	"context"
	"math"
	"sync/atomic"
	"time"
)

// pace hands out the operations of a run to its workers.
type pace struct {
	start time.Time
	end   time.Time // zero: the run has no set duration
	count int64     // 0: any number
	rate  float64   // a second; 0: closed loop

	taken   atomic.Int64 // operations that a worker came for
	started atomic.Int64
}

func newPace(c Config, start time.Time) *pace {
	p := &pace{start: start, count: int64(c.Count), rate: c.Rate}
	if c.Duration > 0 {
		p.end = start.Add(c.Duration)
	}
	return p
}

// next waits for the instant at which an operation is due and returns it. In a
// closed loop that is now. It answers false once the run is over.
func (p *pace) next(ctx context.Context) (due time.Time, ok bool) {
	n := p.taken.Add(1) - 1
	now := time.Now()
	if p.count > 0 && n >= p.count || ctx.Err() != nil || p.over(now) {
		return due, false
	}
	due = now
	if p.rate > 0 {
		due = p.start.Add(time.Duration(float64(n) / p.rate * float64(time.Second)))
		if p.over(due) || pause(ctx, due.Sub(now)) != nil {
			return due, false
		}
	}
	p.started.Add(1)
	return due, true
}

func (p *pace) over(at time.Time) bool { return !p.end.IsZero() && !at.Before(p.end) }

// unstarted is how many operations were due before an instant and not started.
func (p *pace) unstarted(until time.Time) int64 {
	if p.rate == 0 {
		return 0
	}
	if p.over(until) {
		until = p.end
	}
	due := int64(math.Ceil(until.Sub(p.start).Seconds() * p.rate))
	if p.count > 0 {
		due = min(due, p.count)
	}
	return max(0, due-p.started.Load())
}

// pause waits, unless ctx is done before.
func pause(ctx context.Context, d time.Duration) error {
	if d <= 0 {
		return ctx.Err()
	}
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}
