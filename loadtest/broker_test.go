package loadtest_test

import (
	"syscall"
	"testing"
	"time"

	"github.com/stackforge/marconi/clients/go"
	"github.com/stackforge/marconi/loadtest"
)

// TestBroker runs the client, the scenarios and the check against a real broker,
// built with the race detector.
func TestBroker(t *testing.T) {
	for name, test := range map[string]func(*testing.T, string){
		"queues":        testQueues,
		"messages":      testMessages,
		"claims":        testClaims,
		"keys":          testKeys,
		"scenarios":     testScenarios,
		"check":         testCheck,
		"lost answers":  testLostAnswers,
		"broken broker": testBrokenBroker,
		"listening":     testListening,
		"leases":        testLeases,
		"waiting":       testWaiting,
		"audience":      testCheckListening,
	} {
		t.Run(name, func(t *testing.T) { test(t, start(t)) })
	}
}

// start runs a broker in memory for the length of a test and returns its URL. The
// test fails if it does not end well when it is told to.
func start(t *testing.T) string {
	t.Helper()
	b := launch(t, "serve", "--http", "127.0.0.1:0", "--ws", "127.0.0.1:0", "--zmq", "tcp://127.0.0.1:0", "--store", "memory:")
	t.Cleanup(func() {
		if err := b.end(syscall.SIGTERM); err != nil || t.Failed() {
			t.Errorf("the broker ended with %v and said\n%s", err, b.log.String())
		}
	})
	return b.listens()
}

func testScenarios(t *testing.T, url string) {
	for _, s := range loadtest.Scenarios() {
		for name, rate := range map[string]float64{"closed": 0, "open": 50} {
			t.Run(s.Name+" "+name, func(t *testing.T) {
				r, err := s.Run(t.Context(), loadtest.Config{
					URL: url, Connections: 4, Duration: 300 * time.Millisecond, Rate: rate, Prefill: 50, Queues: 2,
				})
				if err != nil || r.Failed() > 0 || r.Operations == 0 || r.Messages < r.Operations {
					t.Errorf("%v\n%s", err, r)
				}
				if rate > 0 && r.Operations+r.Unstarted != 15 {
					t.Errorf("%d operations and %d unstarted, want the 15 that were due", r.Operations, r.Unstarted)
				}
			})
		}
	}
	nothingLeft(t, url)
}

// nothingLeft expects that no queue of a load is left.
func nothingLeft(t *testing.T, url string) {
	t.Helper()
	c := dial(t, url, "loadtest")
	for q, err := range c.AllQueues(t.Context(), client.QueueOptions{}) {
		t.Errorf("queue %q is left, %v", q.Name, err)
	}
}

func testCheck(t *testing.T, url string) {
	r, err := loadtest.Check(t.Context(), loadtest.Config{URL: url, Connections: 12, Duration: 3 * time.Second, Seed: 1})
	if err != nil || !r.OK() || len(r.Errors) > 0 {
		t.Errorf("%v\n%s", err, r)
	}
	for name, n := range map[string]int{
		"listed": r.Listed, "claimed": r.Claimed, "deleted": r.Deleted, "popped": r.Popped, "released": r.Released,
	} {
		if n == 0 {
			t.Errorf("nothing was %s", name)
		}
	}
	if gone := r.Deleted + r.Popped; r.Attempted != r.Answered || gone != r.Answered {
		t.Errorf("%d attempted, %d answered, %d gone, want the same", r.Attempted, r.Answered, gone)
	}
	t.Logf("\n%s", r)
	nothingLeft(t, url)
}
