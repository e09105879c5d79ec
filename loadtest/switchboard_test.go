package loadtest_test

import (
	"bytes"
	"io"
	"math/rand/v2"
	"net"
	"sync"
	"testing"
)

// switchboard stands between clients and brokers: it connects each connection
// with one of the brokers, whichever comes to its mind and is there, and cuts the
// lines of those who listen when it is told to.
type switchboard struct {
	listener net.Listener
	brokers  []string // their addresses
	all      sync.WaitGroup

	mu    sync.Mutex // guards what follows
	rand  *rand.Rand
	live  []*line // of those who listen
	ended bool
}

// line connects two ends.
type line struct{ caller, broker net.Conn }

// connecting runs a switchboard for the length of a test.
func connecting(t *testing.T, seed uint64, brokers ...string) *switchboard {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &switchboard{listener: listener, brokers: brokers, rand: rand.New(rand.NewPCG(seed, 1))}
	s.all.Go(s.accept)
	t.Cleanup(func() {
		listener.Close()
		s.mu.Lock()
		s.ended = true
		s.mu.Unlock()
		s.all.Wait()
	})
	return s
}

func (s *switchboard) url() string { return "http://" + s.listener.Addr().String() }

func (s *switchboard) accept() {
	for {
		caller, err := s.listener.Accept()
		if err != nil {
			return
		}
		s.all.Go(func() { s.connect(caller) })
	}
}

// connect serves a caller until one end of the line leaves.
func (s *switchboard) connect(caller net.Conn) {
	defer caller.Close()
	broker := s.dial()
	if broker == nil {
		return
	}
	defer broker.Close()
	first := make([]byte, 4<<10)
	n, err := caller.Read(first)
	if err != nil {
		return
	}
	l := &line{caller, broker}
	if bytes.HasPrefix(first[:n], []byte("GET /ws ")) {
		s.add(l)
		defer s.remove(l)
	}
	if _, err := broker.Write(first[:n]); err != nil {
		return
	}
	var back sync.WaitGroup
	back.Go(func() { l.copy(caller, broker) })
	l.copy(broker, caller)
	back.Wait()
}

// copy takes bytes to one end of the line until it or the other leaves, which then
// leaves too.
func (l *line) copy(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	l.caller.Close()
	l.broker.Close()
}

// dial reaches a broker that is there.
func (s *switchboard) dial() net.Conn {
	s.mu.Lock()
	order := s.rand.Perm(len(s.brokers))
	s.mu.Unlock()
	for _, i := range order {
		if c, err := net.Dial("tcp", s.brokers[i]); err == nil {
			return c
		}
	}
	return nil
}

func (s *switchboard) add(l *line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.live = append(s.live, l)
}

func (s *switchboard) remove(l *line) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for i := range s.live {
		if s.live[i] == l {
			s.live[i] = s.live[len(s.live)-1]
			s.live = s.live[:len(s.live)-1]
			return
		}
	}
}

// cut cuts the line of somebody who listens, in one of three ways: both ends hear
// that the other has left, or one of them that it is gone. It is false if nobody
// listens.
func (s *switchboard) cut() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(s.live) == 0 {
		return false
	}
	i := s.rand.IntN(len(s.live))
	l := s.live[i]
	s.live[i] = s.live[len(s.live)-1]
	s.live = s.live[:len(s.live)-1]
	switch s.rand.IntN(3) {
	case 1:
		_ = l.caller.(*net.TCPConn).SetLinger(0)
	case 2:
		_ = l.broker.(*net.TCPConn).SetLinger(0)
	}
	l.caller.Close()
	l.broker.Close()
	return true
}
