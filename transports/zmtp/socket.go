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
	whole  time.Time // when it must be
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

// arm sets the deadline of the Read that follows. One that differs little from
// that which is set is left: setting it costs about as much as reading.
func (s *socket) arm(now time.Time) {
	want, slack := s.deadline(now)
	if s.armed.IsZero() == want.IsZero() && want.Sub(s.armed).Abs() <= slack {
		return
	}
	s.armed = want
	_ = s.SetReadDeadline(want)
}

func (s *socket) deadline(now time.Time) (at time.Time, slack time.Duration) {
	patience := s.silence
	if s.expire > 0 && (patience == 0 || s.expire < patience) {
		patience = s.expire
	}
	if patience > 0 {
		at = now.Add(patience)
	}
	if !s.inside {
		s.whole = time.Time{}
		return at, patience / 8
	}
	if s.whole.IsZero() {
		s.whole = now.Add(s.message)
	}
	if at.IsZero() || s.whole.Before(at) {
		return s.whole, 0
	}
	return at, patience / 8
}
