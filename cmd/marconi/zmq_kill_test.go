package main_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	client "github.com/stackforge/marconi/clients/go"
	"github.com/stackforge/marconi/loadtest/processtest"
)

// TestProducersOutliveKills has producers post over ZeroMQ while brokers are killed
// and started again: one on disk, and three on one Redis between which the producers
// move all the time. Every post is answered in the end, and is in the log once, in
// its producer's order and under the ID that was answered. ZMQ_KILLS says how often
// a broker is killed.
func TestProducersOutliveKills(t *testing.T) {
	kills := 2
	if text := os.Getenv("ZMQ_KILLS"); text != "" {
		var err error
		if kills, err = strconv.Atoi(text); err != nil {
			t.Fatal(err)
		}
	}
	t.Run("pebble", func(t *testing.T) {
		f := launchFleet(t, 1, "pebble://"+filepath.Join(t.TempDir(), "data"))
		f.try(f.brokers[0].zmq, kills)
	})
	t.Run("redis", func(t *testing.T) {
		f := launchFleet(t, 3, processtest.StartRedis(t))
		r := relaying(t, f.addresses()...)
		f.try(r.address(), kills)
		if n := r.lines.Load(); n <= producers {
			t.Errorf("%d producers have connected %d times", producers, n)
		}
	})
}

const (
	producers = 50
	queues    = 5 // that they post to
)

// fleet is the brokers on a store.
type fleet struct {
	*testing.T
	store    string
	brokers  []*member
	answered atomic.Int64 // posts
}

// member is a broker with the addresses that it has again after it was killed.
type member struct {
	*process
	http, zmq string
}

func launchFleet(t *testing.T, n int, store string) *fleet {
	t.Helper()
	f := &fleet{T: t, store: store}
	for range n {
		m := &member{http: processtest.FreeAddress(t), zmq: processtest.FreeAddress(t)}
		f.brokers = append(f.brokers, m)
		f.launch(m)
	}
	return f
}

func (f *fleet) launch(m *member) {
	f.Helper()
	m.process = startIn(f.T, f.TempDir(), nil, "serve", "--http", m.http, "--ws", "", "--zmq", "tcp://"+m.zmq, "--store", f.store)
	m.await(&m.out, `(?m)^zmq +(\S+) `)
}

func (f *fleet) addresses() (all []string) {
	for _, m := range f.brokers {
		all = append(all, m.zmq)
	}
	return all
}

// try has producers post by way of an address until so many brokers were killed.
func (f *fleet) try(address string, kills int) {
	f.Helper()
	ctx, cancel := context.WithTimeout(f.Context(), time.Duration(1+kills)*patience)
	defer cancel()
	var stop atomic.Bool
	ids := make([][]string, producers)
	var all sync.WaitGroup
	for n := range producers {
		all.Go(func() {
			ids[n] = produce(ctx, f.T, client.ProducerConfig{
				ZMQConfig: client.ZMQConfig{Endpoint: "tcp://" + address, Project: "shop", InFlight: 32},
				Queue:     fmt.Sprint("q", n%queues), Name: fmt.Sprint("producer ", n),
			}, n, &f.answered, &stop)
		})
	}
	defer all.Wait()
	defer stop.Store(true)
	for range kills {
		f.progress(200 + rand.Int64N(1000))
		f.kill(f.brokers[rand.IntN(len(f.brokers))])
	}
	f.progress(500)
	stop.Store(true)
	all.Wait()
	judgeLog(ctx, f.T, "http://"+f.brokers[0].http, queues, ids)
	for _, m := range f.brokers {
		m.signal(syscall.SIGTERM)
		m.exits(0)
	}
}

// kill kills a broker, which must not have complained, and starts it again.
func (f *fleet) kill(m *member) {
	f.Helper()
	m.signal(syscall.SIGKILL)
	<-m.ended
	for _, bad := range []string{"panic", "level=ERROR"} {
		if log := m.log.String(); strings.Contains(log, bad) {
			f.Errorf("it said\n%s", log)
		}
	}
	f.launch(m)
}

// progress waits until more posts were answered, while all brokers run.
func (f *fleet) progress(more int64) {
	f.Helper()
	enough := f.answered.Load() + more
	late := time.NewTimer(patience)
	defer late.Stop()
	look := time.NewTicker(time.Millisecond)
	defer look.Stop()
	for f.answered.Load() < enough {
		select {
		case <-look.C:
		case <-late.C:
			f.Fatalf("nothing more is answered; a broker says\n%s", strings.TrimSpace(f.brokers[0].log.String()))
		}
		for _, m := range f.brokers {
			select {
			case <-m.ended:
				f.Fatalf("a broker has ended:\n%s", m.log.String())
			default:
			}
		}
	}
}
