package loadtest

import (
	"math"
	"math/bits"
	"sync/atomic"
	"time"
)

// Values below 2^precision nanoseconds have a bucket each; above, every power of
// two has 2^precision buckets.
const (
	precision = 7
	buckets   = (64 - precision) << precision
)

// Histogram counts durations in buckets that grow with the duration, so that
// each is known to better than one percent, from a nanosecond to the longest
// there is. The zero value is empty. It may be used by many goroutines at once.
type Histogram struct {
	counts [buckets]atomic.Uint64
	total  atomic.Uint64
	sum    atomic.Uint64 // of nanoseconds
	max    atomic.Int64
}

// Record counts a duration. A negative one counts as 0.
func (h *Histogram) Record(d time.Duration) {
	d = max(d, 0)
	h.counts[bucketOf(uint64(d))].Add(1)
	h.total.Add(1)
	h.sum.Add(uint64(d))
	for seen := h.max.Load(); int64(d) > seen && !h.max.CompareAndSwap(seen, int64(d)); {
		seen = h.max.Load()
	}
}

// Count is the number of durations recorded.
func (h *Histogram) Count() int64 { return int64(h.total.Load()) }

// Max is the longest duration recorded, exactly, or 0.
func (h *Histogram) Max() time.Duration { return time.Duration(h.max.Load()) }

// Mean is the average of the durations, or 0 if there are none.
func (h *Histogram) Mean() time.Duration {
	n := h.total.Load()
	if n == 0 {
		return 0
	}
	return time.Duration(h.sum.Load() / n)
}

// Quantile is a duration that a share of q of the durations do not exceed: half
// of them for 0.5. It is never less than the exact one and at most one percent
// more. It is 0 if nothing was recorded.
func (h *Histogram) Quantile(q float64) time.Duration {
	rank := uint64(math.Ceil(q * float64(h.total.Load())))
	var below uint64
	for i := range h.counts {
		below += h.counts[i].Load()
		if below > 0 && below >= rank {
			return min(longestIn(i), h.Max())
		}
	}
	return h.Max()
}

func bucketOf(v uint64) int {
	shift := max(0, bits.Len64(v)-precision-1)
	return shift<<precision + int(v>>shift)
}

// longestIn is the longest duration of a bucket.
func longestIn(bucket int) time.Duration {
	shift := max(0, bucket>>precision-1)
	first := uint64(bucket-shift<<precision) << shift
	return time.Duration(min(first+1<<shift-1, math.MaxInt64))
}
