package client

import (
	"context"
	"fmt"
	"iter"
)

// Where to begin to listen, besides a position.
const (
	Latest   = "latest"   // with what comes from now on
	Earliest = "earliest" // with the oldest message there is
)

// ListenOptions says from where to listen. The zero value listens from now on.
type ListenOptions struct {
	// Position is Latest, which "" means too, Earliest, or the Position of News
	// or the ID of a message: then what comes after it is told.
	Position string

	// Lost is told why a connection was lost or could not be made, each time
	// before the next is tried. It is called by the goroutine that listens. nil:
	// nobody is told.
	Lost func(error)
}

// News is what a listener is told: a message or, without one, a fact.
type News struct {
	Fact     Fact    // "": a message
	Message  Message // without its age, and without its claim
	Position string  // all up to here has been told: where to go on

	From, To string // of a Gap: the first and the last position that are missing
}

// Fact is something that a listener is told about its listening.
type Fact string

// The facts.
const (
	// Live: all that was there has been told, and what follows is new. It is told
	// again after a connection was lost.
	Live Fact = "live"

	// Gap: messages were gone before they could be told, since they were deleted
	// or have expired.
	Gap Fact = "gap"
)

// Listen tells of every message of a queue, which need not be there yet, once and
// in the order of the queue, as they come and until ctx is done. It goes on for
// as long as the loop over it does; nothing is left behind at its end.
//
//	for news, err := range c.Listen(ctx, "orders", client.ListenOptions{Position: at}) {
//		if err != nil {
//			return err
//		}
//		if news.Fact == "" {
//			handle(news.Message)
//		}
//		at = news.Position
//	}
//
// When the connection is lost, or the broker cannot be reached, a new one is
// made, with pauses that grow to five seconds and without an end to the tries,
// and the listening goes on behind what was told last. What went by in between is
// told then. With Latest, nothing is promised before the first Live.
//
// The loop ends with an error if ctx is done, which it then tells, or if the
// broker refuses: an *Error. A loop that takes more than ten seconds for a
// message may be cut off, and then goes on in the same way.
//
// Only Marconi can do this, not other servers of the API. It needs the Project in
// the Config. The connection goes the way of Config.HTTPClient, if its Transport
// is an *http.Transport.
func (c *Client) Listen(ctx context.Context, queue string, o ListenOptions) iter.Seq2[News, error] {
	return func(yield func(News, error) bool) {
		at := o.Position // moves on from connection to connection
		err := c.stay(ctx, o.Lost, func(s *socket) (worked bool, err error) {
			return s.watch(queue, &at, yield)
		})
		if err != nil {
			yield(News{}, err)
		}
	}
}

// watch listens until the socket fails or nobody wants to hear more.
func (s *socket) watch(queue string, at *string, yield func(News, error) bool) (worked bool, err error) {
	if err := s.send("message_watch", "", map[string]string{"queue_name": queue, "position": *at}); err != nil {
		return false, err
	}
	for {
		f, err := s.next()
		if err != nil {
			return worked, err
		}
		if err := f.refusal(); err != nil {
			return worked, err
		}
		if f.Kind == kindFact && f.Fact == "end" {
			return worked, ended(f)
		}
		n, some := f.news()
		if !some {
			continue
		}
		*at, worked = n.Position, true
		if !yield(n, nil) {
			return worked, errEnough
		}
	}
}

// ended is why nothing more is told.
func ended(f *frame) error {
	return &lostError{fmt.Errorf("the broker ended the listening: %s", f.Reason)}
}

// news is what a frame tells, if it is one that does. Facts that are not known
// here tell nothing.
func (f *frame) news() (n News, some bool) {
	switch {
	case f.Kind == kindMessage:
		return News{Message: f.message(), Position: f.Position}, true
	case f.Kind == kindFact && Fact(f.Fact) == Live:
		return News{Fact: Live, Position: f.Position}, true
	case f.Kind == kindFact && Fact(f.Fact) == Gap:
		return News{Fact: Gap, Position: f.To, From: f.From, To: f.To}, true
	}
	return News{}, false
}
