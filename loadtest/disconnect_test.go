package loadtest_test

import (
	"context"
	"math/rand/v2"
	"net/http"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stackforge/marconi/loadtest"
	"github.com/stackforge/marconi/loadtest/processtest"
)

// house is one or more brokers on one store, whom listeners reach through a
// switchboard.
type house struct {
	*testing.T
	store     string
	addresses []string
	brokers   []*broker
	board     *switchboard
	rand      *rand.Rand
	posts     chan struct{} // tells of posts answered, of most at least
}

// TestDisconnects cuts the connections of listeners, and kills brokers with
// SIGKILL, while messages come and go: each listener must be told of all, once and
// in order. LOADTEST_DISCONNECTS says how many connections to cut; a broker is
// killed for every thirty of them. LOADTEST_SEED repeats the choices, though not
// the moments.
func TestDisconnects(t *testing.T) {
	for name, tt := range map[string]struct {
		brokers int
		store   func(*testing.T) string
	}{
		"one broker on disk":      {1, func(t *testing.T) string { return "pebble://" + filepath.Join(t.TempDir(), "data") }},
		"three brokers and Redis": {3, func(t *testing.T) string { return processtest.StartRedis(t) }},
	} {
		t.Run(name, func(t *testing.T) {
			cuts, seed := setting(t, "LOADTEST_DISCONNECTS", 100), setting(t, "LOADTEST_SEED", rand.Uint64N(1<<32))
			h := build(t, tt.store(t), tt.brokers, seed)
			stop := make(chan struct{})
			ended := h.check(loadtest.Config{URL: h.board.url(), Listeners: 50, Connections: 6, Queues: 3, Size: 500, Seed: seed, Stop: stop})
			h.await(20) // everybody listens
			kills := h.disturb(int(cuts), max(3, int(cuts)/30))
			close(stop)
			got := <-ended
			h.judge(got.report, got.err, int(cuts), kills)
		})
	}
}

// build starts the brokers.
func build(t *testing.T, store string, brokers int, seed uint64) *house {
	t.Helper()
	h := &house{T: t, store: store, rand: rand.New(rand.NewPCG(seed, 0)), posts: make(chan struct{}, 1)}
	for i := range brokers {
		h.addresses = append(h.addresses, processtest.FreeAddress(t))
		h.brokers = append(h.brokers, nil)
		h.launch(i)
	}
	for _, b := range h.brokers {
		b.listens()
	}
	h.board = connecting(t, seed, h.addresses...)
	return h
}

func (h *house) launch(i int) {
	b := launch(h.T, "serve", "--http", h.addresses[i], "--ws", "", "--zmq", "", "--store", h.store)
	h.brokers[i] = b
	h.Cleanup(func() { _ = b.end(syscall.SIGKILL) }) // if the test ended early
}

// heard is what a check of listening came to.
type heard struct {
	report loadtest.ListenReport
	err    error
}

// check lets the load loose. It ends before the test does.
func (h *house) check(c loadtest.Config) <-chan heard {
	send := &http.Transport{MaxIdleConnsPerHost: c.Connections}
	c.HTTPClient = &http.Client{Timeout: 20 * time.Second, Transport: middleman{send, h.watch}}
	ctx, cancel := context.WithCancel(context.Background())
	ended, over := make(chan heard, 1), make(chan struct{})
	go func() {
		defer close(over)
		defer send.CloseIdleConnections()
		r, err := loadtest.CheckListening(ctx, c)
		ended <- heard{r, err}
	}()
	h.Cleanup(func() { cancel(); <-over })
	return ended
}

// watch sees the answers to posts.
func (h *house) watch(send http.RoundTripper, r *http.Request) (*http.Response, error) {
	resp, err := send.RoundTrip(r)
	if posts(r) && err == nil && resp.StatusCode == http.StatusCreated {
		select {
		case h.posts <- struct{}{}:
		default:
		}
	}
	return resp, err
}

// await waits until so many posts more have been answered.
func (h *house) await(n int) {
	h.Helper()
	late := time.NewTimer(time.Minute)
	defer late.Stop()
	for range n {
		select {
		case <-h.posts:
		case <-late.C:
			h.Fatal("no posts are answered")
		}
	}
}

// disturb cuts connections and kills brokers, evenly among each other.
func (h *house) disturb(cuts, kills int) (killed int) {
	for done := 0; done < cuts; {
		if h.board.cut() {
			done++
		}
		h.await(h.rand.IntN(4))
		if done*kills/cuts > killed {
			killed++
			h.kill(h.rand.IntN(len(h.brokers)))
		}
	}
	return killed
}

// kill kills a broker and starts it again, sometimes after the others have been at
// work for a while.
func (h *house) kill(i int) {
	h.Helper()
	_ = h.brokers[i].end(syscall.SIGKILL)
	h.clean(h.brokers[i])
	if len(h.brokers) > 1 {
		h.await(h.rand.IntN(30))
	}
	h.launch(i)
	h.brokers[i].listens()
	h.await(10 + h.rand.IntN(20))
}

// clean expects that a broker that has ended did not complain.
func (h *house) clean(b *broker) {
	h.Helper()
	for _, bad := range []string{"DATA RACE", "panic", "level=ERROR"} {
		if strings.Contains(b.log.String(), bad) {
			h.Errorf("the broker said\n%s", b.log.String())
		}
	}
}

func (h *house) judge(r loadtest.ListenReport, err error, cuts, kills int) {
	h.Helper()
	lost := 0
	for what, n := range r.Errors {
		if strings.HasPrefix(what, "listen: ") {
			lost += int(n)
		}
	}
	if err != nil || !r.OK() || r.Removed == 0 || r.Gaps == 0 || lost < cuts {
		h.Errorf("the check ended with %v; %d connections were lost", err, lost)
	}
	for _, b := range h.brokers {
		if end := b.end(syscall.SIGTERM); end != nil || !strings.Contains(b.log.String(), "msg=stopped") {
			h.Errorf("a broker did not stop well: %v\n%s", end, b.log.String())
		}
		h.clean(b)
	}
	h.Logf("%d connections were cut, %d in all lost, %d brokers killed\n%s", cuts, lost, kills, r)
}
