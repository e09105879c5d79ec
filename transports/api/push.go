package api

import (
	"strconv"

	"github.com/stackforge/marconi/core"
)

// Push is something that a connection is told without having asked for it just
// then: a message, a fact about what it listens to, or a claim of a stream.
//
// As documents they are objects, told apart by their member "Message_Type":
//
//	{"ttl", "body", "queue_name", "Message_Type": "Notification"}
//	{"ttl", "body", "queue_name", "Message_Type": "Notification", "id", "position"}
//	{"queue_name", "subscription_id" or "stream_id", "Message_Type": "Fact", "fact": "live", "position"}
//	{"queue_name", "subscription_id" or "stream_id", "Message_Type": "Fact", "fact": "gap", "position", "from", "to"}
//	{"queue_name", "subscription_id" or "stream_id", "Message_Type": "Fact", "fact": "end", "reason"}
//	{"queue_name", "stream_id", "Message_Type": "Claim", "claim_id", "messages": [...]}
//
// A message has an ID and a position for those who asked for positions. It names
// no subscription: so it is the same document for all who listen.
type Push struct {
	Queue        string
	Subscription string // by which it is told; "" where it is not by a subscription
	Stream       string // the watch or the claim stream by which it is told, or ""

	News  core.News          // if Claim is nil
	Claim *core.ClaimCreated // of a claim stream

	Codec     Codec // that of the last call that subscribed the connection
	Frames    bool  // so did that: bodies of messages go beside the document, see Parts
	Positions bool  // the listener wants positions, and facts
}

// What a push is, as Zaqar's clients know the first of them.
const (
	pushMessage = "Notification"
	pushFact    = "Fact"
	pushClaim   = "Claim"
)

// Append writes the push as a document behind dst.
func (p *Push) Append(dst []byte) ([]byte, error) {
	if p.Codec == nil {
		return JSON.Append(dst, p)
	}
	return p.Codec.Append(dst, p)
}

// Parts are the bodies that go beside the document, in the order of the messages
// in it: none unless the call asked for frames.
func (p *Push) Parts() [][]byte {
	switch {
	case !p.Frames:
		return nil
	case p.Claim != nil:
		return bodiesOf(p.Claim.Messages)
	case p.News.Heard != nil:
		return [][]byte{p.News.Heard.Message.Body}
	}
	return nil
}

// form is the key of what a door makes of a message.
type form struct {
	door      any
	codec     Codec
	frames    bool
	positions bool
}

// Form is what make makes of the push's document. Of a message it is made once
// for all listeners that take it in the same shape and encoding through the same
// door; door is a comparable value of the door's own. The document is nil if the
// push cannot be encoded. It may be called from many goroutines at once.
func (p *Push) Form(door any, make func(document []byte) any) any {
	encode := func() any {
		document, err := p.Append(nil)
		if err != nil {
			return make(nil)
		}
		return make(document)
	}
	if p.Claim != nil || p.News.Heard == nil {
		return encode()
	}
	return p.News.Heard.Form(form{door, p.Codec, p.Frames, p.Positions}, encode)
}

// append writes the push as JSON.
func (p *Push) append(dst []byte) []byte {
	switch {
	case p.Claim != nil:
		return p.appendClaim(dst)
	case p.News.Heard != nil:
		return p.appendMessage(dst)
	}
	return p.appendFact(dst)
}

func (p *Push) appendMessage(dst []byte) []byte {
	h := p.News.Heard
	dst = strconv.AppendInt(append(dst, `{"ttl":`...), h.Message.TTL, 10)
	dst = appendBody(dst, &h.Message, p.Frames)
	dst = append(appendText(append(dst, `,"queue_name":`...), h.Queue), `,"Message_Type":"`+pushMessage+`"`...)
	if p.Positions {
		dst = appendText(append(dst, `,"id":`...), h.Message.ID)
		dst = appendText(append(dst, `,"position":`...), h.Position)
	}
	return append(dst, '}')
}

func (p *Push) appendFact(dst []byte) []byte {
	f := &p.News.Fact
	dst = p.appendHead(dst, pushFact)
	dst = appendText(append(dst, `,"fact":`...), f.Kind.String())
	switch f.Kind {
	case core.Live:
		dst = appendText(append(dst, `,"position":`...), f.Position)
	case core.Gap:
		dst = appendText(append(dst, `,"position":`...), f.Position)
		dst = appendText(append(dst, `,"from":`...), f.From)
		dst = appendText(append(dst, `,"to":`...), f.To)
	case core.End:
		dst = appendText(append(dst, `,"reason":`...), f.Reason)
	}
	return append(dst, '}')
}

func (p *Push) appendClaim(dst []byte) []byte {
	dst = p.appendHead(dst, pushClaim)
	dst = appendClaim(append(dst, `,"claim_id":`...), p.Claim.ID)
	l := MessageList{Shape: Shape{ID: true, Claim: true, Apart: p.Frames}, Messages: p.Claim.Messages}
	return append(l.appendMessages(append(dst, ',')), '}')
}

// appendHead writes what facts and claims begin with.
func (p *Push) appendHead(dst []byte, kind string) []byte {
	dst = appendText(append(dst, `{"queue_name":`...), p.Queue)
	if p.Stream != "" {
		dst = appendText(append(dst, `,"stream_id":`...), p.Stream)
	} else {
		dst = appendText(append(dst, `,"subscription_id":`...), p.Subscription)
	}
	return append(append(append(dst, `,"Message_Type":"`...), kind...), '"')
}
