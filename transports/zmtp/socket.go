package zmtp

import (
	"errors"
	"fmt"
	"net"
	"os"
	"sync/atomic"
	"time"
)

// socket is the reading side of a connection after the handshake. Each Read waits
// as long as the peer may be silent and no longer. One goroutine reads.
type socket struct {
	net.Conn
	silence time.Duration // that the peer may keep; 0: for ever
	expire  time.Duration // that it allows itself; 0: it did not say
	message time.Duration // that one message may take

	inside bool      // a message has begun and is not whole
	whole  time.Time // when it must be; zero: nobody has waited for the rest of it
	armed  time.Time // the deadline that is set

	heard   atomic.Bool // something came since this was last cleared
	stopped atomic.Bool // no more is to be read
}

// Read implements io.Reader. A wait that was in vain is ErrSilent, one that a stop
// has ended is ErrStopped, and all else is ErrGone.
func (s *socket) Read(b []byte) (int, error) {
	s.arm(time.Now())
	if s.stopped.Load() {
		return 0, ErrStopped
	}
	n, err := s.Conn.Read(b)
	if n > 0 && !s.heard.Load() {
		s.heard.Store(true)
	}
	switch {
	case err == nil:
		return n, nil
	case s.stopped.Load():
		return n, ErrStopped
	case errors.Is(err, os.ErrDeadlineExceeded):
		return n, ErrSilent
	}
	return n, fmt.Errorf("%w: %w", ErrGone, err)
}

// stop ends a Read that waits, and all that follow.
func (s *socket) stop() {
	s.stopped.Store(true)
	_ = s.SetReadDeadline(time.Unix(1, 0))
}

// between notes that no message is under way.
func (s *socket) between() { s.inside, s.whole = false, time.Time{} }

// tolerance is the share of a wait by which it may last longer.
const tolerance = 8

// arm sets the deadline of the Read that follows. One that is set and little later
// than it must be is left: setting it costs about as much as reading.
func (s *socket) arm(now time.Time) {
	want, wait := s.deadline(now)
	if over := s.armed.Sub(want); s.armed.IsZero() == want.IsZero() && over >= 0 && over <= wait/tolerance {
		return
	}
	if s.armed = want; !want.IsZero() {
		s.armed = want.Add(wait / tolerance)
	}
	_ = s.SetReadDeadline(s.armed)
}

// deadline is the first instant at which a wait that begins now may be in vain, and
// the whole of such a wait.
func (s *socket) deadline(now time.Time) (at time.Time, wait time.Duration) {
	wait = s.silence
	if s.expire > 0 && (wait == 0 || s.expire < wait) {
		wait = s.expire
	}
	if wait > 0 {
		at = now.Add(wait)
	}
	if !s.inside {
		return at, wait
	}
	if s.whole.IsZero() {
		s.whole = now.Add(s.message)
	}
	if at.IsZero() || s.whole.Before(at) {
		return s.whole, s.message
	}
	return at, wait
}
