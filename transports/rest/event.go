package rest

import (
	"bytes"
	"math/rand/v2"
	"strconv"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
)

// signOfLife is a comment, so that nobody takes a quiet connection for a dead one.
var signOfLife = []byte(":\n\n")

// retryAfter tells a client how many milliseconds to wait before it connects
// again: not all the same, or all would come at once when a broker is started anew.
func retryAfter() []byte {
	const least, spread = 1000, 2000
	return append(strconv.AppendInt([]byte("retry: "), least+rand.Int64N(spread), 10), "\n\n"...)
}

// eventKey is under which the event of a message is kept for all who listen.
type eventKey struct{}

// eventOf is what a client is told.
func eventOf(queue string, p *api.Push) []byte {
	if h := p.News.Heard; h != nil {
		return h.Form(eventKey{}, func() any { return messageEvent(queue, h) }).([]byte)
	}
	return factEvent(p.News.Fact)
}

func isEnd(p *api.Push) bool { return p.News.Heard == nil && p.News.Fact.Kind == core.End }

// messageEvent is a message as lists show it, and where to go on after it.
func messageEvent(queue string, h *core.Heard) []byte {
	shape := api.Shape{ID: true, Checksum: true, Base: queue + "/messages"}
	doc, _ := api.JSON.Append(nil, &api.ShapedMessage{Shape: shape, Message: h.Message}) // written by hand: it cannot fail
	return event("", h.Position, doc)
}

// fact is a fact as it is written.
type fact struct {
	Position string `json:"position,omitempty"`
	From     string `json:"from,omitempty"`
	To       string `json:"to,omitempty"`
	Reason   string `json:"reason,omitempty"`
}

func factEvent(f core.Fact) []byte {
	doc, _ := api.JSON.Append(nil, fact{Position: f.Position, From: f.From, To: f.To, Reason: f.Reason}) // texts alone: it cannot fail
	return event(f.Kind.String(), f.Position, doc)
}

// event writes an event. Without a name it is a message; without an ID clients
// keep the one before. A document of more lines stays one, line by line.
func event(name, id string, doc []byte) []byte {
	out := make([]byte, 0, len(name)+len(id)+len(doc)+len("event: \nid: \ndata: \n\n"))
	if name != "" {
		out = append(append(append(out, "event: "...), name...), '\n')
	}
	if id != "" {
		out = append(append(append(out, "id: "...), id...), '\n')
	}
	doc = bytes.ReplaceAll(doc, []byte("\r\n"), []byte("\n")) // both are line ends to a client, and blanks to JSON
	doc = bytes.ReplaceAll(doc, []byte("\r"), []byte("\n"))
	for line := range bytes.SplitSeq(doc, []byte("\n")) {
		out = append(append(append(out, "data: "...), line...), '\n')
	}
	return append(out, '\n')
}
