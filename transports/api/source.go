package api

import (
	"context"
	"slices"

	"github.com/stackforge/marconi/core"
)

// source is one of the things that a session listens to.
type source struct {
	id    string
	place place
	end   func(context.Context) error // lets go of what it holds; once

	// take adds at most max pushes to out. It tells whether there may be more.
	take func(out []Push, max int) (_ []Push, more bool)

	// Under the session's lock:
	kept   bool // it is part of the session
	queued bool // it waits for its turn
}

// place is a queue that is listened to, or that claims are streamed from.
type place struct {
	project, queue string
	stream         bool // of claims: there may be several of a place
}

// Complaints of sessions.
var (
	errNoSession = newInvalid("", "This can be asked for only where things can be pushed to the caller, as over WebSocket.")
	errOver      = &core.Error{Code: core.Unavailable, Text: "The connection is being closed."}
	errListens   = &core.Error{Code: core.Conflict, Text: "This connection listens to the queue already."}
	errListening = &core.Error{Code: core.Forbidden, Text: "This connection has as many subscriptions as one may have."}
	errStreaming = &core.Error{Code: core.Forbidden, Text: "This connection has as many claim streams as one may have."}
)

// reserve makes room for a source before there is one.
func (s *Session) reserve(p place) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case s.over:
		return errOver
	case p.stream && s.streams >= s.options.Streams:
		return errStreaming
	case p.stream:
		s.streams++
	case slices.Contains(s.places, p):
		return errListens
	case len(s.places) >= s.options.Subscriptions:
		return errListening
	default:
		s.places = append(s.places, p)
	}
	return nil
}

// release gives back what was reserved.
func (s *Session) release(p place) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p.stream {
		s.streams--
	} else {
		s.places = slices.DeleteFunc(s.places, func(other place) bool { return other == p })
	}
}

// keep adds a source to the session, to be told as the call wants it. It is
// refused when the session ends meanwhile.
func (s *Session) keep(src *source, c *Call) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.over {
		return errOver
	}
	src.kept = true
	s.sources = append(s.sources, src)
	s.manner = pushed{c.Codec, c.Frames}
	return nil
}

// drop takes a source out of the session: it has no turn any more. Only one of
// those who try succeeds, and has to end it.
func (s *Session) drop(src *source) bool {
	is := func(other *source) bool { return other == src }
	s.mu.Lock()
	kept := src.kept
	src.kept = false
	s.sources = slices.DeleteFunc(s.sources, is)
	s.ready = slices.DeleteFunc(s.ready, is)
	s.mu.Unlock()
	if kept {
		s.release(src.place)
	}
	return kept
}

// find is nil if the session has no such source.
func (s *Session) find(id string) *source {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, src := range s.sources {
		if src.id == id {
			return src
		}
	}
	return nil
}

// listen makes what a listener tells a source: head is what all pushes of it have
// in common. Who did not ask for positions is told no facts: Zaqar has none.
func (s *Session) listen(src *source, l *core.Listener, head Push) {
	src.take = func(out []Push, max int) ([]Push, bool) {
		news := l.Take(max)
		for _, n := range news {
			head.News = n
			if n.Heard != nil || head.Positions {
				out = append(out, head)
			}
			if n.Heard == nil && n.Fact.Kind == core.End && s.drop(src) {
				l.Close() // what it stood for has ended by itself
			}
		}
		return out, len(news) > 0
	}
}
