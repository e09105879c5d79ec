package loadtest_test

import (
	"bufio"
	"bytes"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"syscall"
	"testing"
	"time"

	"github.com/stackforge/marconi/clients/go"
	"github.com/stackforge/marconi/loadtest"
)

// TestBroker runs the client, the scenarios and the check against a real broker,
// built with the race detector.
func TestBroker(t *testing.T) {
	binary := filepath.Join(t.TempDir(), "broker")
	if out, err := exec.Command("go", "build", "-race", "-o", binary, "../cmd/marconi").CombinedOutput(); err != nil {
		t.Fatalf("go build: %v\n%s", err, out)
	}
	for name, test := range map[string]func(*testing.T, string){
		"queues":        testQueues,
		"messages":      testMessages,
		"claims":        testClaims,
		"keys":          testKeys,
		"scenarios":     testScenarios,
		"check":         testCheck,
		"lost answers":  testLostAnswers,
		"broken broker": testBrokenBroker,
	} {
		t.Run(name, func(t *testing.T) { test(t, start(t, binary)) })
	}
}

var listening = regexp.MustCompile(`http://127\.0\.0\.1:[0-9]+`)

// start runs a broker for the length of a test and returns its URL. The test
// fails if it does not end well when it is told to.
func start(t *testing.T, binary string) string {
	t.Helper()
	var said bytes.Buffer
	cmd := exec.Command(binary, "serve", "--http", "127.0.0.1:0", "--store", "memory:")
	cmd.Stderr = &said
	cmd.Env = append(os.Environ(), "GORACE=halt_on_error=1 atexit_sleep_ms=0")
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	url := ""
	for url == "" && lines.Scan() {
		url = listening.FindString(lines.Text())
	}
	read := make(chan struct{})
	go func() { // a pipe that nobody reads would hold the broker up
		defer close(read)
		io.Copy(io.Discard, out)
	}()
	t.Cleanup(func() {
		if err := cmd.Process.Signal(syscall.SIGTERM); err != nil {
			t.Error(err)
		}
		<-read
		if err := cmd.Wait(); err != nil || t.Failed() {
			t.Errorf("the broker ended with %v and said\n%s", err, said.String())
		}
	})
	if url == "" {
		t.Fatal("the broker did not say where it listens")
	}
	return url
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
