package browser_test

import (
	"errors"
	"io"
	"net"
	"os"
	"sync"
	"testing"
	"time"
)

// line is the way from the browser to a broker. Its own address stays, whatever
// becomes of the broker; a test can cut it.
type line struct {
	listener net.Listener
	tasks    sync.WaitGroup

	mu   sync.Mutex
	to   string            // host:port; "": it is cut
	ends map[net.Conn]bool // of what goes through it
	dead chan struct{}     // closed when what is frozen ends
}

// newLine makes a line that ends with the test.
func newLine(t *testing.T, to string) *line {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l := &line{listener: listener, to: to, ends: map[net.Conn]bool{}, dead: make(chan struct{})}
	l.tasks.Go(l.accept)
	t.Cleanup(func() {
		listener.Close()
		l.cut()
		l.tasks.Wait()
	})
	return l
}

func (l *line) addr() string { return l.listener.Addr().String() }

// cut ends all connections, wherever they are, and lets no new ones through.
func (l *line) cut() { l.join("") }

// join leads new connections to an address, after all that there are have ended.
func (l *line) join(to string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for end := range l.ends {
		end.Close()
	}
	close(l.dead)
	l.dead = make(chan struct{})
	l.to = to
}

// freeze lets nothing more through on the connections that there are, without
// ending them. New ones work.
func (l *line) freeze() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for end := range l.ends {
		_ = end.SetReadDeadline(time.Unix(1, 0)) // it fails for those that have just ended
	}
}

func (l *line) accept() {
	for {
		near, err := l.listener.Accept()
		if err != nil {
			return
		}
		l.tasks.Go(func() { l.carry(near) })
	}
}

// carry carries what comes from one end to the other until either is closed.
func (l *line) carry(near net.Conn) {
	defer near.Close()
	far, dead, ok := l.through(near)
	if !ok {
		return
	}
	var ways sync.WaitGroup
	for _, way := range [2][2]net.Conn{{near, far}, {far, near}} {
		ways.Go(func() {
			if _, err := io.Copy(way[0], way[1]); errors.Is(err, os.ErrDeadlineExceeded) {
				<-dead
			}
			near.Close()
			far.Close()
		})
	}
	ways.Wait()
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.ends, near)
	delete(l.ends, far)
}

// through is the other end, unless the line is cut, and what tells when the
// connection is to end at the latest.
func (l *line) through(near net.Conn) (far net.Conn, dead <-chan struct{}, ok bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.to == "" {
		return nil, nil, false
	}
	far, err := net.Dial("tcp", l.to)
	if err != nil {
		return nil, nil, false
	}
	l.ends[near], l.ends[far] = true, true
	return far, l.dead, true
}
