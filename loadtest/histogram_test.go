package loadtest_test

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/stackforge/marconi/loadtest"
)

func TestAnEmptyHistogram(t *testing.T) {
	var h loadtest.Histogram
	if h.Count() != 0 || h.Mean() != 0 || h.Max() != 0 || h.Quantile(0.5) != 0 || h.Quantile(1) != 0 {
		t.Error("something in an empty histogram")
	}
}

func TestQuantiles(t *testing.T) {
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 0))
		var h loadtest.Histogram
		exact := make([]time.Duration, 1+r.IntN(5000))
		for i := range exact {
			exact[i] = time.Duration(math.Exp(r.Float64() * 43)) // from a nanosecond to centuries
			h.Record(exact[i])
		}
		slices.Sort(exact)
		for _, q := range []float64{0, 0.001, 0.5, 0.9, 0.99, 0.999, 1} {
			want := exact[max(0, int(math.Ceil(q*float64(len(exact))))-1)]
			got := h.Quantile(q)
			if got < want || float64(got) > float64(want)*1.01 {
				t.Errorf("seed %d, quantile %v of %d: got %d, want %d or up to one percent more", seed, q, len(exact), got, want)
			}
		}
		if got, want := h.Max(), exact[len(exact)-1]; got != want {
			t.Errorf("seed %d: max %d, want %d", seed, got, want)
		}
	}
}

func TestDurationsAtTheEdges(t *testing.T) {
	for _, d := range []time.Duration{0, 1, 127, 128, 255, 256, 1<<40 - 1, 1 << 40, math.MaxInt64 - 1, math.MaxInt64} {
		var h loadtest.Histogram
		h.Record(d)
		if h.Quantile(0.5) != d || h.Max() != d || h.Mean() != d {
			t.Errorf("%d: quantile %d, max %d, mean %d", d, h.Quantile(0.5), h.Max(), h.Mean())
		}
	}
	var h loadtest.Histogram
	h.Record(-1)
	if h.Count() != 1 || h.Max() != 0 {
		t.Error("a negative duration is not counted as 0")
	}
}

func TestRecordingAtOnce(t *testing.T) {
	var h loadtest.Histogram
	var all sync.WaitGroup
	for i := range 8 {
		all.Go(func() {
			for n := range 1000 {
				h.Record(time.Duration(i*1000 + n + 1))
			}
		})
	}
	all.Wait()
	if h.Count() != 8000 || h.Max() != 8000 || h.Mean() != 4000 {
		t.Errorf("%d durations with max %d and mean %d", h.Count(), h.Max(), h.Mean())
	}
}
