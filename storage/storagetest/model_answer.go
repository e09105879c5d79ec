package storagetest

import (
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/stackforge/marconi/storage"
)

// answer is what one side answered, in words that both sides share.
type answer struct {
	lines  []string
	places []place
	wakes  []waking
	broken error // the backend failed
}

// place is a position that need not be the same on both sides.
type place struct {
	queue    storage.QueueID
	position storage.Position
}

type waking struct {
	queue storage.QueueID
	wake  time.Time
}

func (a *answer) String() string { return "    " + strings.Join(a.lines, "\n    ") }

func (a *answer) say(format string, args ...any) {
	a.lines = append(a.lines, fmt.Sprintf(format, args...))
}

// refused says why a call did nothing, if it did nothing.
func (a *answer) refused(err error) bool {
	if err == nil {
		return false
	}
	var order storage.OutOfOrder
	if errors.As(err, &order) {
		a.say("%v", order)
		return true
	}
	for _, word := range words() {
		if errors.Is(err, word) {
			a.say("%v", word)
			return true
		}
	}
	a.broken = err
	return true
}

// done says what a call answers that answers nothing but an error.
func (a *answer) done(err error) {
	if !a.refused(err) {
		a.say("done")
	}
}

func (a *answer) place(queue storage.QueueID, p storage.Position) {
	a.places = append(a.places, place{queue, p})
}

func (a *answer) wake(queue storage.QueueID, wake time.Time) {
	a.wakes = append(a.wakes, waking{queue, wake})
}

// messages says all there is to say about messages, which a queue holds. Their
// positions rise, but for those of the delayed.
func (a *answer) messages(s *side, queue storage.QueueID, list []storage.Message) {
	for _, m := range list {
		a.message(s, queue, m)
	}
}

func (a *answer) message(s *side, queue storage.QueueID, m storage.Message) {
	where := "delayed"
	if m.Position > 0 {
		where = "in the log"
		a.place(queue, m.Position)
	}
	a.say("%s %q %q %q from %s %s, created %s visible %s expires %s since %s, claim %q (%d)",
		s.name(m.ID), m.Body, m.Encoding, m.Checksum, m.ClientID, where,
		clock(m.Created), clock(m.Visible), clock(m.Expires), clock(m.Since), m.Claim, m.Claims)
}

func (a *answer) claim(s *side, queue storage.QueueID, c storage.Claim) {
	if len(c.Messages) == 0 {
		a.say("no messages")
		a.wake(queue, c.Wake)
		return
	}
	a.say("claim %s created %s expires %s", c.ID, clock(c.Created), clock(c.Expires))
	a.messages(s, queue, c.Messages)
}

func (a *answer) stats(s *side, queue storage.QueueID, got storage.Stats) {
	a.say("total %d claimed %d delayed %d epoch %d", got.Total, got.Claimed, got.Delayed, got.Epoch)
	a.place(queue, got.Tail)
	a.wake(queue, got.Wake)
	for _, m := range []*storage.Message{got.Oldest, got.Newest} {
		if m == nil {
			a.say("none")
			continue
		}
		bare := *m
		bare.Body = nil // it may be left out
		a.message(s, queue, bare)
	}
}

func (a *answer) subscription(s storage.Subscription) {
	a.say("%s of %v for %s %q, created %s since %s expires %s, confirmed %v deliver %v", s.ID, s.Queue, s.Subscriber, s.Options,
		clock(s.Created), clock(s.Since), clock(s.Expires), s.Confirmed, s.Deliver)
}

func (a *answer) queue(q storage.Queue) {
	a.say("%q epoch %d version %d %q created %s", q.ID, q.Epoch, q.Version, q.Metadata, clock(q.Created))
}
