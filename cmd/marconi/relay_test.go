package main_test

import (
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"sync/atomic"
	"testing"
)

// relay connects each caller with one of some brokers, whichever is there, and cuts
// the line after a while: who calls again is likely to come to another.
type relay struct {
	listener net.Listener
	brokers  []string
	lines    atomic.Int64 // that there were
	all      sync.WaitGroup
}

// Of what callers say a relay carries so many bytes at most, and any number less.
const relayed = 30_000

// relaying runs a relay for the length of a test, whose callers end before it.
func relaying(t *testing.T, brokers ...string) *relay {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	r := &relay{listener: listener, brokers: brokers}
	r.all.Go(r.accept)
	t.Cleanup(func() {
		listener.Close()
		r.all.Wait()
	})
	return r
}

func (r *relay) address() string { return r.listener.Addr().String() }

func (r *relay) accept() {
	for {
		caller, err := r.listener.Accept()
		if err != nil {
			return
		}
		r.all.Go(func() { r.connect(caller) })
	}
}

func (r *relay) connect(caller net.Conn) {
	defer caller.Close()
	broker := r.reach()
	if broker == nil {
		return
	}
	r.lines.Add(1)
	var back sync.WaitGroup
	back.Go(func() {
		_, _ = io.Copy(caller, broker)
		caller.Close()
	})
	_, _ = io.CopyN(broker, caller, rand.Int64N(relayed))
	broker.Close()
	back.Wait()
}

// reach calls a broker that is there.
func (r *relay) reach() net.Conn {
	for _, i := range rand.Perm(len(r.brokers)) {
		if c, err := net.Dial("tcp", r.brokers[i]); err == nil {
			return c
		}
	}
	return nil
}
