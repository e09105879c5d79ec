package client

import (
	"bytes"
	"context"
	"encoding/json"
	"iter"
	"net/http"
	"path"
	"time"
)

// Metadata is the JSON object that belongs to a queue. Keys that begin with _
// are settings the server knows, such as _default_message_ttl; all others are
// the caller's. Numbers that were read are json.Number, so that no digit is lost.
type Metadata map[string]any

// UnmarshalJSON reads an object.
func (m *Metadata) UnmarshalJSON(data []byte) error {
	d := json.NewDecoder(bytes.NewReader(data))
	d.UseNumber()
	return d.Decode((*map[string]any)(m))
}

// Ping reports whether the broker and its store are alive: a nil error says so.
func (c *Client) Ping(ctx context.Context) error {
	return c.tell(ctx, request{method: http.MethodGet, at: []string{"ping"}})
}

// CreateQueue makes a queue and tells whether it was new. One that exists
// already keeps its metadata. A queue's name has 1 to 64 characters of
// a–z A–Z 0–9 _ . -
//
// Posting makes a queue too.
func (c *Client) CreateQueue(ctx context.Context, queue string, m Metadata) (created bool, err error) {
	r := request{method: http.MethodPut, at: []string{"queues", queue}}
	if m != nil {
		if r.body, err = encode(m); err != nil {
			return false, err
		}
	}
	a, err := c.do(ctx, r)
	return a.status == http.StatusCreated, err
}

// QueueMetadata is a queue's metadata with the server's own settings filled in.
// A queue that does not exist has the defaults.
func (c *Client) QueueMetadata(ctx context.Context, queue string) (Metadata, error) {
	var m Metadata
	err := c.get(ctx, request{method: http.MethodGet, at: []string{"queues", queue}}, &m)
	return m, err
}

// DeleteQueue removes a queue with its messages. One that does not exist is no
// error.
func (c *Client) DeleteQueue(ctx context.Context, queue string) error {
	return c.tell(ctx, request{method: http.MethodDelete, at: []string{"queues", queue}})
}

// Resource is something in a queue that Purge removes.
type Resource string

// The resources.
const (
	PurgeMessages      Resource = "messages"
	PurgeSubscriptions Resource = "subscriptions"
)

// Purge empties a queue of the resources, or of all if none is named. The queue
// itself stays, and one that does not exist is no error.
func (c *Client) Purge(ctx context.Context, queue string, resources ...Resource) error {
	r := request{method: http.MethodPost, at: []string{"queues", queue, "purge"}}
	if len(resources) > 0 {
		var err error
		if r.body, err = encode(map[string][]Resource{"resource_types": resources}); err != nil {
			return err
		}
	}
	return c.tell(ctx, r)
}

// Queue is a queue as a listing shows it.
type Queue struct {
	Name     string   `json:"name"`
	Metadata Metadata `json:"metadata"` // only if details were asked for
}

// QueueOptions says which queues to list. The zero value lists the first page.
type QueueOptions struct {
	Marker    string            // goes on after this name
	Limit     int               // of one page; 0 is the server's choice, commonly 10
	Detailed  bool              // with metadata
	WithCount bool              // with QueuePage.Count
	Name      string            // only names that contain this
	Where     map[string]string // only queues with these metadata; strings and integers can be compared
}

// QueuePage is part of the project's queues, in the order of their names.
type QueuePage struct {
	Queues []Queue
	Next   string // the Marker of the next page; "" if this one is empty
	Count  int    // of all the project's queues, if asked for
}

// Queues lists one page of queues.
func (c *Client) Queues(ctx context.Context, o QueueOptions) (QueuePage, error) {
	q := paging(o.Marker, o.Limit)
	flag(q, "detailed", o.Detailed)
	flag(q, "with_count", o.WithCount)
	if o.Name != "" {
		q.Set("name", o.Name)
	}
	for key, value := range o.Where {
		q.Set(key, value)
	}
	var said struct {
		Queues []Queue `json:"queues"`
		Links  []link  `json:"links"`
		Count  int     `json:"count"`
	}
	if err := c.get(ctx, request{method: http.MethodGet, at: []string{"queues"}, query: q}, &said); err != nil {
		return QueuePage{}, err
	}
	next, err := nextOf(said.Links)
	return QueuePage{Queues: said.Queues, Next: next, Count: said.Count}, err
}

// AllQueues lists queues page after page, until there are no more or after the
// first error.
func (c *Client) AllQueues(ctx context.Context, o QueueOptions) iter.Seq2[Queue, error] {
	return follow(o.Marker, func(marker string) ([]Queue, string, error) {
		o.Marker = marker
		p, err := c.Queues(ctx, o)
		return p.Queues, p.Next, err
	})
}

// Stats counts the messages of a queue. Total is Claimed and Free together.
type Stats struct {
	Claimed int
	Free    int
	Total   int
	Oldest  *MessageStats // nil for an empty queue
	Newest  *MessageStats
}

// MessageStats tells of a message without showing it.
type MessageStats struct {
	ID      string
	Age     time.Duration
	Created time.Time // in whole seconds
}

// UnmarshalJSON reads a message of the stats.
func (m *MessageStats) UnmarshalJSON(data []byte) error {
	var said struct {
		Href    string    `json:"href"`
		Age     int64     `json:"age"`
		Created time.Time `json:"created"`
	}
	err := json.Unmarshal(data, &said)
	*m = MessageStats{ID: path.Base(said.Href), Age: seconds(said.Age), Created: said.Created}
	return err
}

// Stats counts the messages of a queue. One that does not exist has none.
func (c *Client) Stats(ctx context.Context, queue string) (Stats, error) {
	var said struct {
		Messages Stats `json:"messages"`
	}
	err := c.get(ctx, request{method: http.MethodGet, at: []string{"queues", queue, "stats"}}, &said)
	return said.Messages, err
}
