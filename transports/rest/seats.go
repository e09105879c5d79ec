package rest

import (
	"net/http"
	"net/netip"
	"sync"

	"github.com/stackforge/marconi/transports"
	"github.com/stackforge/marconi/transports/api"
)

// Answers to one event stream too many. Neither is an answer of Zaqar's; they have
// the shape of its errors.
var (
	tooManyStreams = &api.Reply{Status: http.StatusServiceUnavailable, Result: &api.Problem{
		Title: "Service temporarily unavailable", Description: "There are too many event streams. Please try again in a few seconds."}}
	tooManyOfRemote = &api.Reply{Status: http.StatusTooManyRequests, Result: &api.Problem{
		Title: "Too many requests", Description: "There are too many event streams from this address."}}
)

// seats are the places for event streams.
type seats struct {
	all, each int // at most, in all and of one remote

	mu    sync.Mutex // guards what follows
	taken int
	by    map[netip.Prefix]int
}

func newSeats(all, each int) *seats {
	return &seats{all: all, each: each, by: map[netip.Prefix]int{}}
}

// take is nil once there is a seat, which leave gives back, and otherwise why
// there is none.
func (s *seats) take(remote netip.Addr) *api.Reply {
	from := transports.Network(remote)
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.by[from] >= s.each:
		return tooManyOfRemote
	case s.taken >= s.all:
		return tooManyStreams
	}
	s.taken++
	s.by[from]++
	return nil
}

func (s *seats) leave(remote netip.Addr) {
	from := transports.Network(remote)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.taken--
	if s.by[from]--; s.by[from] == 0 {
		delete(s.by, from)
	}
}
