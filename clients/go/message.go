package client

import (
	"context"
	"encoding/json"
	"errors"
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Message is a message as the server shows it.
type Message struct {
	ID         string
	Body       json.RawMessage
	TTL        time.Duration // of its whole life; a claim can make it longer
	Age        time.Duration // since it was posted
	ClaimID    string        // the claim on it, or ""
	ClaimCount int           // how often it was claimed, on queues that count; only Pop tells
	Checksum   string        // "MD5:" and hex digits, if the server makes checksums
}

// Decode reads the body into v, as json.Unmarshal does.
func (m Message) Decode(v any) error { return json.Unmarshal(m.Body, v) }

// wireMessage is a message in any of the forms the API has.
type wireMessage struct {
	ID         string          `json:"id"`
	Href       string          `json:"href"`
	Body       json.RawMessage `json:"body"`
	TTL        int64           `json:"ttl"`
	Age        int64           `json:"age"`
	ClaimID    string          `json:"claim_id"`
	ClaimCount int             `json:"claim_count"`
	Checksum   string          `json:"checksum"`
}

func (w *wireMessage) message() Message {
	m := Message{
		ID: w.ID, Body: w.Body, TTL: seconds(w.TTL), Age: seconds(w.Age),
		ClaimID: w.ClaimID, ClaimCount: w.ClaimCount, Checksum: w.Checksum,
	}
	if m.ClaimID == "" { // all but a popped message carry it in the href alone
		m.ClaimID = claimIn(w.Href)
	}
	return m
}

// wireMessages is an answer that shows messages.
type wireMessages struct {
	Messages []wireMessage `json:"messages"`
}

func (w wireMessages) all() []Message {
	out := make([]Message, len(w.Messages))
	for i := range w.Messages {
		out[i] = w.Messages[i].message()
	}
	return out
}

func claimIn(href string) string {
	_, query, ok := strings.Cut(href, "?")
	if !ok {
		return ""
	}
	values, err := url.ParseQuery(query)
	if err != nil {
		return ""
	}
	return values.Get("claim_id")
}

// MessageOptions says which messages to list. The zero value lists the first
// page of what other clients posted and nobody has claimed.
type MessageOptions struct {
	Marker         string // goes on after this place: MessagePage.Next
	Limit          int    // of one page; 0 is the server's choice, commonly 10
	Echo           bool   // this client's own messages too
	IncludeClaimed bool
	IncludeDelayed bool // matters only on a queue that delays messages

	// Wait is how long to wait for a message to come if there is none, at most 20
	// seconds. Servers other than Marconi do not wait.
	Wait time.Duration
}

// MessagePage is part of a queue's messages, in the order they were posted.
type MessagePage struct {
	Messages []Message
	Next     string // the Marker of what follows, now or later; "" if this page is empty
}

// Messages lists one page of a queue without claiming anything. A reader that
// goes on with each page's Next, and with the last one again while pages are
// empty, sees every message that stays long enough.
func (c *Client) Messages(ctx context.Context, queue string, o MessageOptions) (MessagePage, error) {
	q := paging(o.Marker, o.Limit)
	flag(q, "echo", o.Echo)
	flag(q, "include_claimed", o.IncludeClaimed)
	flag(q, "include_delayed", o.IncludeDelayed)
	waiting(q, o.Wait)
	var said struct {
		wireMessages
		Links []link `json:"links"`
	}
	if err := c.get(ctx, messagesOf(http.MethodGet, queue, q), &said); err != nil {
		return MessagePage{}, err
	}
	next, err := nextOf(said.Links)
	return MessagePage{Messages: said.all(), Next: next}, err
}

// AllMessages lists a queue page after page, until there are no more or after
// the first error.
func (c *Client) AllMessages(ctx context.Context, queue string, o MessageOptions) iter.Seq2[Message, error] {
	return follow(o.Marker, func(marker string) ([]Message, string, error) {
		o.Marker = marker
		p, err := c.Messages(ctx, queue, o)
		return p.Messages, p.Next, err
	})
}

// Message reads one message, claimed or delayed or not. The error's status is
// 404 if it is gone.
func (c *Client) Message(ctx context.Context, queue, id string) (Message, error) {
	var said wireMessage
	err := c.get(ctx, request{method: http.MethodGet, at: []string{"queues", queue, "messages", id}}, &said)
	return said.message(), err
}

// MessagesByID reads those of the messages that are there, commonly up to 20. The
// error's status is 404 if all of them are gone.
func (c *Client) MessagesByID(ctx context.Context, queue string, ids ...string) ([]Message, error) {
	if len(ids) == 0 {
		return nil, nil
	}
	q, err := naming(ids)
	if err != nil {
		return nil, err
	}
	var said wireMessages
	err = c.get(ctx, messagesOf(http.MethodGet, queue, q), &said)
	return said.all(), err
}

// DeleteMessage removes a message; one that is gone is no error. A claimed one
// needs the claim on it, any other "". The error's status is 403 if another
// claim holds the message, and 400 if the claim named has ended: the work may
// then be in somebody else's hands.
func (c *Client) DeleteMessage(ctx context.Context, queue, id, claim string) error {
	r := request{method: http.MethodDelete, at: []string{"queues", queue, "messages", id}}
	if claim != "" {
		r.query = url.Values{"claim_id": {claim}}
	}
	return c.tell(ctx, r)
}

// DeleteMessages removes messages at once, commonly up to 20, claimed or not;
// those that are gone are no error. The claims on them matter only to a server
// that is set to insist on them.
func (c *Client) DeleteMessages(ctx context.Context, queue string, ids []string, claims ...string) error {
	if len(ids) == 0 {
		return nil
	}
	q, err := naming(ids)
	if err != nil {
		return err
	}
	if len(claims) > 0 {
		q.Set("claim_ids", strings.Join(claims, ","))
	}
	return c.tell(ctx, messagesOf(http.MethodDelete, queue, q))
}

// Pop removes the oldest free messages, at most limit and commonly up to 20, and
// returns them. If the answer is lost, so are they.
func (c *Client) Pop(ctx context.Context, queue string, limit int) ([]Message, error) {
	var said wireMessages
	q := url.Values{"pop": {strconv.Itoa(limit)}}
	err := c.get(ctx, messagesOf(http.MethodDelete, queue, q), &said)
	return said.all(), err
}

func messagesOf(method, queue string, q url.Values) request {
	return request{method: method, at: []string{"queues", queue, "messages"}, query: q}
}

// naming is the query that names messages. Without a name in it the server would
// take the request for one about all messages.
func naming(ids []string) (url.Values, error) {
	if slices.Contains(ids, "") {
		return nil, errors.New("marconi: a message's ID is empty")
	}
	return url.Values{"ids": {strings.Join(ids, ",")}}, nil
}
