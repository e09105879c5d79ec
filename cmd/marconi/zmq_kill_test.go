package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stackforge/marconi/clients/go"
)

// numbered is what producers post: who, and the how manieth.
type numbered struct {
	Producer, Number int
}

// TestProducersOutliveKills has producers post over ZeroMQ while the broker is
// killed and started again. Every post is answered in the end, and is in the log
// once, in its producer's order and under the ID that was answered. ZMQ_KILLS says
// how often.
func TestProducersOutliveKills(t *testing.T) {
	kills := 2
	if text := os.Getenv("ZMQ_KILLS"); text != "" {
		var err error
		if kills, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	const producers, queues = 50, 5
	ctx, cancel := context.WithTimeout(t.Context(), time.Duration(1+kills)*patience)
	defer cancel()
	data, endpoint, address := filepath.Join(t.TempDir(), "data"), "tcp://"+freePort(t), freePort(t)
	launch := func() *process {
		p := startIn(t, t.TempDir(), nil, "serve", "--http", address, "--ws", "", "--zmq", endpoint, "--store", "pebble://"+data)
		p.await(&p.out, `(?m)^zmq +(\S+) `)
		return p
	}
	broker := launch()

	var answered atomic.Int64
	var stop atomic.Bool
	ids := make([][]string, producers)
	var all sync.WaitGroup
	for n := range producers {
		all.Go(func() {
			ids[n] = produce(ctx, t, client.ProducerConfig{
				ZMQConfig: client.ZMQConfig{Endpoint: endpoint, Project: "shop", InFlight: 32},
				Queue:     fmt.Sprint("q", n%queues), Name: fmt.Sprint("producer ", n),
			}, n, &answered, &stop)
		})
	}
	for range kills {
		more := answered.Load() + 500 + rand.Int64N(2000)
		awaitThat(t, broker, func() bool { return answered.Load() >= more })
		broker.signal(syscall.SIGKILL)
		<-broker.ended
		broker = launch()
	}
	more := answered.Load() + 500
	awaitThat(t, broker, func() bool { return answered.Load() >= more })
	stop.Store(true)
	all.Wait()
	judgeLog(ctx, t, "http://"+address, queues, ids)
	broker.signal(syscall.SIGTERM)
	broker.exits(0)
}

// produce posts until it is to stop, and is the IDs of all that it posted.
func produce(ctx context.Context, t *testing.T, c client.ProducerConfig, n int, answered *atomic.Int64, stop *atomic.Bool) (ids []string) {
	p, err := client.NewProducer(c)
	if err != nil {
		t.Error(err)
		return nil
	}
	defer p.Close(ctx)
	under := make(chan *client.Posting, c.InFlight)
	var waiter sync.WaitGroup
	waiter.Go(func() {
		for posting := range under {
			got, err := posting.Wait(ctx)
			if err != nil {
				t.Errorf("producer %d: %v", n, err)
			}
			ids = append(ids, got...)
			answered.Add(1)
		}
	})
	for i := 0; !stop.Load(); i += 2 {
		one, _ := json.Marshal(numbered{n, i})
		two, _ := json.Marshal(numbered{n, i + 1})
		posting, err := p.Post(ctx, one, two)
		if err != nil {
			t.Errorf("producer %d: %v", n, err)
			break
		}
		under <- posting
	}
	close(under)
	waiter.Wait()
	return ids
}

// judgeLog holds what was answered against what is there.
func judgeLog(ctx context.Context, t *testing.T, url string, queues int, ids [][]string) {
	t.Helper()
	c, err := client.New(client.Config{URL: url, Project: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	found := make([][]string, len(ids))
	for q := range queues {
		for m, err := range c.AllMessages(ctx, fmt.Sprint("q", q), client.MessageOptions{Echo: true, Limit: 20}) {
			if err != nil {
				t.Fatal(err)
			}
			var body numbered
			if err := json.Unmarshal(m.Body, &body); err != nil {
				t.Fatal(err)
			}
			if body.Number != len(found[body.Producer]) {
				t.Fatalf("producer %d: %d comes after %d", body.Producer, body.Number, len(found[body.Producer])-1)
			}
			found[body.Producer] = append(found[body.Producer], m.ID)
		}
	}
	total := 0
	for n := range ids {
		if !slices.Equal(found[n], ids[n]) {
			t.Errorf("producer %d was answered %d IDs and %d messages are there", n, len(ids[n]), len(found[n]))
		}
		total += len(found[n])
	}
	t.Logf("%d messages of %d producers", total, len(ids))
}

func freePort(t *testing.T) string {
	t.Helper()
	for range 100 {
		// below those that systems give to callers: one of theirs may be taken while nobody listens
		l, err := net.Listen("tcp", fmt.Sprint("127.0.0.1:", 20_000+rand.IntN(10_000)))
		if err == nil {
			defer l.Close()
			return l.Addr().String()
		}
	}
	t.Fatal("no port is free")
	return ""
}

// awaitThat waits until something holds, while the broker runs.
func awaitThat(t *testing.T, p *process, holds func() bool) {
	t.Helper()
	late := time.NewTimer(patience)
	defer late.Stop()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for !holds() {
		select {
		case <-look.C:
		case <-p.ended:
			t.Fatalf("it ended:\n%s", p.log.String())
		case <-late.C:
			t.Fatalf("nothing more is answered; the broker says\n%s", strings.TrimSpace(p.log.String()))
		}
	}
}
