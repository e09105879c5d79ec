package core

import (
	"context"
	"errors"
	"strconv"
	"strings"
	"time"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stackforge/marconi/storage"
)

// None is the result of operations that have none.
type None struct{}

// QueueListRequest lists the queues of the caller's project by name.
type QueueListRequest struct {
	Marker    string `json:"marker"` // a name: only those after it
	Limit     *int64 `json:"limit"`
	Detailed  bool   `json:"detailed"`         // with metadata
	Name      string `json:"name"`             // only those whose name contains it
	WithCount bool   `json:"with_count"`       // count all queues of the project too
	Bare      bool   `json:"-" dialect:"bare"` // metadata as stored, without defaults

	// Filter leaves only queues whose metadata has these values. A text that
	// reads as an integer means that number, any other the string.
	Filter map[string]string `json:"-"`
}

// QueueItem is a queue in a listing.
type QueueItem struct {
	Name     string         `json:"name"`
	Metadata jsontext.Value `json:"metadata,omitempty"` // only if asked for
}

// QueuePage is part of a project's queues.
type QueuePage struct {
	Queues []QueueItem `json:"queues"`
	Next   string      `json:"-"` // the marker after the last; "" on an empty page
	Count  int         `json:"count,omitzero"`
}

// ListQueues lists queues in the byte order of their names.
func (b *Broker) ListQueues(ctx context.Context, who Caller, r QueueListRequest) (QueuePage, error) {
	const spoiled = "Queues could not be listed."
	limit, err := page(r.Limit, b.limits.MaxQueuesPerPage, queuePage)
	if err != nil {
		return QueuePage{}, err
	}
	out := QueuePage{Queues: []QueueItem{}}
	f := storage.QueueFilter{Project: who.Project, Marker: r.Marker, Limit: limit}
	for len(out.Queues) < limit {
		p, err := b.store.ListQueues(ctx, f)
		if err != nil {
			return QueuePage{}, fault(err, spoiled)
		}
		b.pick(&out, p.Items, r, limit)
		if len(p.Items) < f.Limit {
			break
		}
		f.Marker, f.Limit = p.Next, max(limit, scanQueues)
	}
	if r.WithCount {
		out.Count, err = b.store.CountQueues(ctx, who.Project)
	}
	if err != nil {
		return QueuePage{}, fault(err, spoiled)
	}
	return out, nil
}

// scanQueues is how many queues are read at once while a filter leaves out many.
const scanQueues = 200

// pick adds those of the queues that the request wants.
func (b *Broker) pick(out *QueuePage, queues []storage.Queue, r QueueListRequest, limit int) {
	for _, q := range queues {
		if len(out.Queues) == limit {
			return
		}
		if !strings.Contains(q.ID.Name, r.Name) {
			continue
		}
		item := QueueItem{Name: q.ID.Name}
		if r.Detailed || len(r.Filter) > 0 {
			m, err := parseMetadata(q.Metadata)
			if err != nil || !matches(m, r.Filter) {
				continue
			}
			if r.Detailed {
				item.Metadata = b.metadataFor(m, r.Bare).text()
			}
		}
		out.Queues = append(out.Queues, item)
		out.Next = item.Name
	}
}

// metadataFor is a queue's metadata as a caller wants it: as stored, or as shown.
func (b *Broker) metadataFor(m metadata, bare bool) metadata {
	if bare {
		return m
	}
	return b.limits.shown(m)
}

func matches(m metadata, filter map[string]string) bool {
	for name, want := range filter {
		v := m.get(name)
		if n, err := strconv.ParseInt(want, 10, 64); err == nil {
			if have, ok := intValue(v); !ok || v.Kind() != '0' || have != n {
				return false
			}
		} else if have, ok := stringValue(v); !ok || have != want {
			return false
		}
	}
	return true
}

// QueueCreateRequest makes a queue.
type QueueCreateRequest struct {
	Queue    string         `json:"queue_name"`
	Metadata jsontext.Value `json:"metadata"` // an object, or nothing
	Size     int            `json:"-"`        // of the request, in bytes
}

// QueueCreated names a queue that is there now.
type QueueCreated struct {
	Queue   string `json:"-"`
	Created bool   `json:"-"` // it was not there before
}

// CreateQueue makes a queue. One that is there keeps its metadata.
func (b *Broker) CreateQueue(ctx context.Context, who Caller, r QueueCreateRequest) (QueueCreated, error) {
	if err := b.checkMetadataSize(r.Size); err != nil {
		return QueueCreated{}, err
	}
	m, err := parseMetadata(r.Metadata)
	if err != nil {
		return QueueCreated{}, titled(badBody, invalid("Queue metadata must be an object."))
	}
	if err := b.limits.checkMetadata(r.Queue, m); err != nil {
		return QueueCreated{}, err
	}
	created, err := b.create(ctx, who.queue(r.Queue), m)
	if err != nil {
		return QueueCreated{}, fault(err, queueNotCreated)
	}
	return QueueCreated{Queue: r.Queue, Created: created}, nil
}

const (
	badBody         = "Invalid request body"
	queueNotCreated = "Queue could not be created."
)

func (b *Broker) checkMetadataSize(size int) error {
	if int64(size) > b.limits.MaxQueueMetadata {
		return invalid("Queue metadata is too large. Max size: %d", b.limits.MaxQueueMetadata)
	}
	return nil
}

// create makes a queue if it is not there. Posts do so too.
func (b *Broker) create(ctx context.Context, id storage.QueueID, m metadata) (bool, error) {
	q := storage.Queue{ID: id, Epoch: newEpoch(), Metadata: m.text(), Created: b.now()}
	created, err := b.store.CreateQueue(ctx, q)
	b.settings.forget(id)
	return created, err
}

// QueueGetRequest names a queue.
type QueueGetRequest struct {
	Queue string `json:"queue_name"`
	Bare  bool   `json:"-" dialect:"bare"` // the metadata as stored, without defaults
}

// Queue is a queue's metadata.
type Queue struct{ Metadata jsontext.Value }

// GetQueue shows a queue's metadata, and the defaults for a queue that is not there.
func (b *Broker) GetQueue(ctx context.Context, who Caller, r QueueGetRequest) (Queue, error) {
	q, err := b.store.GetQueue(ctx, who.queue(r.Queue))
	if err != nil && !errors.Is(err, storage.ErrQueueNotFound) {
		return Queue{}, fault(err, "Queue metadata could not be retrieved.")
	}
	m, err := parseMetadata(q.Metadata)
	if err != nil {
		return Queue{}, fault(err, "Queue metadata could not be read.")
	}
	return Queue{b.metadataFor(m, r.Bare).text()}, nil
}

// QueueDeleteRequest names a queue to delete.
type QueueDeleteRequest struct {
	Queue string `json:"queue_name"`
}

// DeleteQueue removes a queue with its messages and claims. Its subscriptions
// stay. A queue that is not there is no error.
func (b *Broker) DeleteQueue(ctx context.Context, who Caller, r QueueDeleteRequest) (None, error) {
	id := who.queue(r.Queue)
	held := b.leases.claims(id)
	err := b.store.DeleteQueue(ctx, id)
	b.settings.forget(id)
	if err != nil {
		return None{}, fault(err, "Queue could not be deleted.")
	}
	b.leases.finishClaims(id, held...)
	return None{}, nil
}

// QueueStatsRequest names a queue.
type QueueStatsRequest struct {
	Queue     string `json:"queue_name"`
	MustExist bool   `json:"-" dialect:"must_exist"`
}

// Stats counts a queue's messages.
type Stats struct {
	Messages MessageStats `json:"messages"`
}

// MessageStats counts messages. Free ones include the delayed.
type MessageStats struct {
	Claimed int         `json:"claimed"`
	Free    int         `json:"free"`
	Total   int         `json:"total"`
	Oldest  *MessageAge `json:"oldest,omitempty"`
	Newest  *MessageAge `json:"newest,omitempty"`
}

// MessageAge tells when a message was posted.
type MessageAge struct {
	ID      string `json:"id"`
	Age     int64  `json:"age"`     // seconds
	Created string `json:"created"` // ISO 8601, UTC, whole seconds
}

// QueueStats counts a queue's messages: none in a queue that is not there.
func (b *Broker) QueueStats(ctx context.Context, who Caller, r QueueStatsRequest) (Stats, error) {
	now := b.now()
	s, err := b.store.QueueStats(ctx, who.queue(r.Queue), now)
	switch {
	case errors.Is(err, storage.ErrQueueNotFound) && r.MustExist:
		return Stats{}, noQueue(who, r.Queue)
	case errors.Is(err, storage.ErrQueueNotFound):
		return Stats{}, nil
	case err != nil:
		return Stats{}, fault(err, "Queue stats could not be read.")
	}
	return Stats{MessageStats{
		Claimed: s.Claimed, Free: s.Total - s.Claimed, Total: s.Total,
		Oldest: ageOf(s.Oldest, now), Newest: ageOf(s.Newest, now),
	}}, nil
}

func ageOf(m *storage.Message, now time.Time) *MessageAge {
	if m == nil {
		return nil
	}
	return &MessageAge{ID: m.ID, Age: wholeSeconds(now.Sub(m.Created)), Created: m.Created.UTC().Format("2006-01-02T15:04:05Z")}
}

// wholeSeconds of a span that has begun.
func wholeSeconds(d time.Duration) int64 { return max(0, int64(d/time.Second)) }
