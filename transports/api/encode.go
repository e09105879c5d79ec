package api

import (
	"encoding/base64"
	"slices"
	"strconv"

	"github.com/go-json-experiment/json"
	"github.com/go-json-experiment/json/jsontext"
	legacy "github.com/go-json-experiment/json/v1"

	"github.com/stackforge/marconi/core"
)

// Codec is an encoding of documents.
type Codec interface {
	// Append writes a result behind dst.
	Append(dst []byte, v any) ([]byte, error)
}

// JSON is the Codec of JSON.
var JSON Codec = jsonCodec{}

type jsonCodec struct{}

// Append writes the lists of messages by hand, with their bodies as they were
// posted: everything in them was checked when it came in.
func (jsonCodec) Append(dst []byte, v any) ([]byte, error) {
	return appendResult(dst, v, false)
}

// appendResult writes a result, of messages in their plain shape with their
// bodies or apart from them.
func appendResult(dst []byte, v any, apart bool) ([]byte, error) {
	plain := Shape{ID: true, Claim: true, Apart: apart}
	switch v := v.(type) {
	case *MessageList:
		return v.append(dst), nil
	case *ShapedMessage:
		return v.Shape.append(dst, &v.Message), nil
	case *Push:
		return v.append(dst), nil
	case *answer:
		return v.append(dst)
	case oneMessage:
		return append(plain.append(append(dst, `{"messages":`...), &v.Message), '}'), nil
	case core.Message:
		return plain.append(dst, &v), nil
	case core.MessagePage:
		return (&MessageList{Shape: plain, Messages: v.Messages}).append(dst), nil
	case core.Messages:
		return (&MessageList{Shape: plain, Messages: v.Messages}).append(dst), nil
	case core.MessagesRemoved:
		popped := Popped
		popped.Apart = apart
		return (&MessageList{Shape: popped, Messages: v.Messages}).append(dst), nil
	case core.ClaimCreated:
		return appendClaimCreated(dst, plain, v), nil
	case core.Claim:
		l := &MessageList{Shape: plain, Messages: v.Messages, Claim: &ClaimHeader{Age: v.Age, TTL: v.TTL}}
		return l.append(dst), nil
	case core.MessagePosted:
		return appendPosted(dst, v), nil
	case core.Queue:
		return append(dst, v.Metadata...), nil
	}
	b, err := json.Marshal(v,
		json.Deterministic(true),
		legacy.OmitEmptyWithLegacySemantics(true), // as the tags of core mean it
		// What callers sent is sent back as it was, and made readable where it is shown in a text.
		jsontext.AllowDuplicateNames(true),
		jsontext.PreserveRawStrings(true),
		jsontext.AllowInvalidUTF8(true))
	return append(dst, b...), err
}

// Shape says what a message looks like to those who read it.
type Shape struct {
	ID       bool
	Claim    bool   // claim_id, null if there is none
	Count    bool   // claim_count
	Checksum bool   // if there is one
	Apart    bool   // the body comes elsewhere, as it is
	Base     string // a path: with it, href is the path and the ID, with the claim if there is one
}

// Popped is what a message looks like once it is out of its queue.
var Popped = Shape{ID: true, Claim: true, Count: true, Checksum: true}

// MessageList is a list of messages with what goes around it.
type MessageList struct {
	Shape    Shape
	Messages []core.Message
	Links    []Link       // nil: no member "links"; empty: an empty one
	Claim    *ClaimHeader // with it, the list is what a claim holds
}

// ShapedMessage is one message.
type ShapedMessage struct {
	Shape   Shape
	Message core.Message
}

// Link leads to another document.
type Link struct {
	Rel  string `json:"rel"`
	Href string `json:"href"`
}

// ClaimHeader is what a claim says of itself.
type ClaimHeader struct {
	Age, TTL int64  // seconds
	Href     string // "": no member "href"
}

func (l *MessageList) append(dst []byte) []byte {
	dst = append(dst, '{')
	if c := l.Claim; c != nil {
		dst = strconv.AppendInt(append(dst, `"age":`...), c.Age, 10)
		dst = strconv.AppendInt(append(dst, `,"ttl":`...), c.TTL, 10)
		if c.Href != "" {
			dst = appendText(append(dst, `,"href":`...), c.Href)
		}
		dst = append(dst, ',')
	}
	dst = l.appendMessages(dst)
	if l.Links != nil {
		dst = appendLinks(append(dst, `,"links":`...), l.Links)
	}
	return append(dst, '}')
}

func (l *MessageList) appendMessages(dst []byte) []byte {
	const around = 200 // bytes of a message beside its body and path, more or less
	room := around
	for i := range l.Messages {
		room += len(l.Messages[i].Body) + len(l.Shape.Base) + around
	}
	dst = append(slices.Grow(dst, room), `"messages":[`...)
	for i := range l.Messages {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = l.Shape.append(dst, &l.Messages[i])
	}
	return append(dst, ']')
}

func appendClaimCreated(dst []byte, shape Shape, c core.ClaimCreated) []byte {
	dst = appendClaim(append(dst, `{"claim_id":`...), c.ID)
	l := MessageList{Shape: shape, Messages: c.Messages}
	return append(l.appendMessages(append(dst, ',')), '}')
}

func appendPosted(dst []byte, p core.MessagePosted) []byte {
	from := len(dst)
	for i, id := range p.IDs {
		if i == 0 {
			dst = append(dst, `,"message_ids":[`...)
		} else {
			dst = append(dst, ',')
		}
		dst = append(append(append(dst, '"'), id...), '"')
	}
	if len(p.IDs) > 0 {
		dst = append(dst, ']')
	}
	if p.Again {
		dst = append(dst, `,"again":true`...)
	}
	if len(dst) == from {
		dst = append(dst, ' ')
	}
	dst[from] = '{'
	return append(dst, '}')
}

func appendLinks(dst []byte, links []Link) []byte {
	dst = append(dst, '[')
	for i, l := range links {
		if i > 0 {
			dst = append(dst, ',')
		}
		dst = appendText(append(dst, `{"rel":`...), l.Rel)
		dst = append(appendText(append(dst, `,"href":`...), l.Href), '}')
	}
	return append(dst, ']')
}

// append writes one message. IDs are the broker's own and need no quoting.
func (s *Shape) append(dst []byte, m *core.Message) []byte {
	dst = append(dst, '{')
	if s.ID {
		dst = append(append(append(dst, `"id":"`...), m.ID...), `",`...)
	}
	if s.Base != "" {
		dst = append(append(append(append(dst, `"href":"`...), s.Base...), '/'), m.ID...)
		if m.Claim != "" {
			dst = append(append(dst, `?claim_id=`...), m.Claim...)
		}
		dst = append(dst, `",`...)
	}
	dst = strconv.AppendInt(append(dst, `"ttl":`...), m.TTL, 10)
	dst = strconv.AppendInt(append(dst, `,"age":`...), m.Age, 10)
	dst = appendBody(dst, m, s.Apart)
	if s.Claim {
		dst = appendClaim(append(dst, `,"claim_id":`...), m.Claim)
	}
	if s.Count {
		dst = strconv.AppendInt(append(dst, `,"claim_count":`...), int64(m.ClaimCount), 10)
	}
	if s.Checksum && m.Checksum != "" {
		dst = append(append(append(dst, `,"checksum":"`...), m.Checksum...), '"')
	}
	return append(dst, '}')
}

// appendBody writes the body of a message behind its other members. One that is
// not JSON is in base64, and says so.
func appendBody(dst []byte, m *core.Message, apart bool) []byte {
	switch {
	case m.Raw && apart:
		return append(dst, `,"body_encoding":"raw"`...)
	case m.Raw:
		dst = base64.StdEncoding.AppendEncode(append(dst, `,"body":"`...), m.Body)
		return append(dst, `","body_encoding":"base64"`...)
	case apart:
		return dst
	}
	return append(append(dst, `,"body":`...), m.Body...)
}

func appendClaim(dst []byte, id string) []byte {
	if id == "" {
		return append(dst, "null"...)
	}
	return append(append(append(dst, '"'), id...), '"')
}

func appendText(dst []byte, s string) []byte {
	dst, _ = jsontext.AppendQuote(dst, s) // text that is no UTF-8 is mended
	return dst
}
