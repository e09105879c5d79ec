package loadtest_test

import (
	"context"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stackforge/marconi/loadtest"
	"github.com/stackforge/marconi/loadtest/processtest"
)

// victim is a broker on disk that is killed under load and started again, with the
// same directory and address.
type victim struct {
	*testing.T
	dir, address string
	rand         *rand.Rand
	unsure       func() bool
	broker       *broker
	starts       []time.Duration // from the start of the program to its address
	aborted      int             // starts that were killed themselves

	posts chan struct{} // tells of posts answered, of most at least
	lost  sync.Map      // the keys of posts whose answer was lost and that are not sent again
}

// TestKills kills a broker with SIGKILL while producers, claimers, poppers and
// readers are at work. LOADTEST_KILLS says how often, LOADTEST_SEED repeats the
// choices, though not the moments.
func TestKills(t *testing.T) {
	kills, seed := setting(t, "LOADTEST_KILLS", 5), setting(t, "LOADTEST_SEED", rand.Uint64N(1<<32))
	v := &victim{
		T: t, dir: filepath.Join(t.TempDir(), "data"), address: processtest.FreeAddress(t),
		rand: rand.New(rand.NewPCG(seed, 0)), unsure: every(2), posts: make(chan struct{}, 1),
	}
	v.launch()
	t.Cleanup(func() { _ = v.broker.end(syscall.SIGKILL) }) // if the test ended early
	url := v.broker.listens()

	stop := make(chan struct{})
	ended := v.check(loadtest.Config{URL: url, Connections: 24, Queues: 5, Size: 2000, Seed: seed, Stop: stop})
	v.await(50) // the queues are there
	for range kills {
		v.kill()
		v.restart()
		v.await(10 + v.rand.IntN(200))
	}
	close(stop)
	got := <-ended
	v.judge(got.report, got.err, int(kills))
}

func setting(t *testing.T, name string, otherwise uint64) uint64 {
	t.Helper()
	text := os.Getenv(name)
	if text == "" {
		return otherwise
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

func (v *victim) launch() {
	v.broker = launch(v.T, "serve", "--http", v.address, "--ws", "127.0.0.1:0", "--zmq", "tcp://127.0.0.1:0", "--store", "pebble://"+v.dir)
}

// verdict is what a check came to.
type verdict struct {
	report loadtest.Report
	err    error
}

// check lets the load loose. It ends before the test does.
func (v *victim) check(c loadtest.Config) <-chan verdict {
	send := &http.Transport{MaxIdleConnsPerHost: c.Connections}
	c.HTTPClient = &http.Client{Timeout: 20 * time.Second, Transport: middleman{send, v.watch}}
	ctx, cancel := context.WithCancel(context.Background())
	ended, over := make(chan verdict, 1), make(chan struct{})
	go func() {
		defer close(over)
		defer send.CloseIdleConnections()
		r, err := loadtest.Check(ctx, c)
		ended <- verdict{r, err}
	}()
	v.Cleanup(func() { cancel(); <-over })
	return ended
}

// watch sees the answers to posts. Of those that are lost it leaves every other
// unanswered, as with callers who give up.
func (v *victim) watch(send http.RoundTripper, r *http.Request) (*http.Response, error) {
	if !posts(r) {
		return send.RoundTrip(r)
	}
	key := r.Header.Get("Idempotency-Key")
	if _, lost := v.lost.Load(key); lost {
		return nil, io.ErrUnexpectedEOF
	}
	resp, err := send.RoundTrip(r)
	switch {
	case err == nil && resp.StatusCode == http.StatusCreated:
		select {
		case v.posts <- struct{}{}:
		default:
		}
	case err != nil && v.unsure():
		v.lost.Store(key, true)
	}
	return resp, err
}

// await waits until so many posts more have been answered.
func (v *victim) await(n int) {
	v.Helper()
	late := time.NewTimer(time.Minute)
	defer late.Stop()
	for range n {
		select {
		case <-v.posts:
		case <-late.C:
			v.Fatalf("no posts are answered; the broker says\n%s", v.ended(syscall.SIGKILL))
		}
	}
}

// kill kills the broker, and sometimes the next one while it starts. What is on
// disk then must be sound.
func (v *victim) kill() {
	v.Helper()
	v.sound(v.ended(syscall.SIGKILL))
	for v.rand.IntN(3) == 0 {
		v.launch()
		moment := time.NewTimer(time.Duration(v.rand.Int64N(int64(slices.Max(append(v.starts, 100*time.Millisecond))))))
		<-moment.C
		v.sound(v.ended(syscall.SIGKILL))
		v.aborted++
	}
}

// ended ends the broker and answers its log.
func (v *victim) ended(signal syscall.Signal) string {
	_ = v.broker.end(signal)
	return v.broker.log.String()
}

// sound expects that a broker has ended without complaints, and has left nothing
// damaged.
func (v *victim) sound(log string) {
	v.Helper()
	for _, bad := range []string{"DATA RACE", "panic", "level=ERROR"} {
		if strings.Contains(log, bad) {
			v.Errorf("the broker said\n%s", log)
		}
	}
	if out, err := command(v.T, "inspect", v.dir).CombinedOutput(); err != nil {
		v.Fatalf("after the kill: %v\n%s", err, out)
	}
}

func (v *victim) restart() {
	v.Helper()
	began := time.Now()
	v.launch()
	v.broker.listens()
	v.starts = append(v.starts, time.Since(began))
}

func (v *victim) judge(r loadtest.Report, err error, kills int) {
	v.Helper()
	if err != nil || !r.OK() {
		v.Errorf("the check ended with %v", err)
	}
	if r.Listed == 0 || r.Claimed == 0 || r.Deleted == 0 || r.Popped == 0 || r.Attempted == r.Answered {
		v.Error("nothing was listed, claimed, deleted, popped, or disturbed")
	}
	if log := v.ended(syscall.SIGTERM); !strings.Contains(log, "msg=stopped") {
		v.Errorf("the last broker did not stop well:\n%s", log)
	} else {
		v.sound(log)
	}
	slices.Sort(v.starts)
	v.Logf("%d kills, and %d of brokers that were starting; start within %v, median %v, at most %v\n%s", kills, v.aborted,
		v.starts[0].Round(time.Millisecond), v.starts[len(v.starts)/2].Round(time.Millisecond), v.starts[len(v.starts)-1].Round(time.Millisecond), r)
}
