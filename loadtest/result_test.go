package loadtest_test

import (
	"testing"
	"time"

	"github.com/stackforge/marconi/loadtest"
)

func TestResultText(t *testing.T) {
	ms := time.Millisecond
	r := loadtest.Result{
		Scenario:   "post",
		Config:     loadtest.Config{URL: "http://broker", Connections: 8, Rate: 100, Size: 1024, Queues: 1, Prefill: 1000, Seed: 7},
		Started:    time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC),
		Elapsed:    10 * time.Second,
		Operations: 995, Messages: 1990, Unstarted: 3,
		Errors: map[string]int64{"post: 503 Busy": 1, "post: timeout": 1},
		Latencies: []loadtest.Latency{
			{Name: "post", Count: 995, Mean: 2 * ms, P50: 1500 * time.Microsecond, P90: 3 * ms, P99: 4 * ms, P999: 5 * ms, Max: 6 * ms},
		},
	}
	const want = `scenario    post
broker      http://broker
load        open loop of 100/s, connections 8, queues 1, bodies of 1024 bytes, prefill 1000, seed 7
started     2026-01-02T03:04:05Z, took 10s
operations  995, 99.5/s
messages    1990, 199.0/s
unstarted   3
errors      2
         1  post: 503 Busy
         1  post: timeout
  latency  count     mean      p50      p90      p99    p99.9      max
     post    995  2.000ms  1.500ms  3.000ms  4.000ms  5.000ms  6.000ms
`
	if got := r.String(); got != want {
		t.Errorf("got\n%s\nwant\n%s", got, want)
	}
}

func TestRatesOfNothing(t *testing.T) {
	var r loadtest.Result
	if r.OperationsPerSecond() != 0 || r.MessagesPerSecond() != 0 {
		t.Error("a rate without time")
	}
}
