package main

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/stackforge/marconi/storage"
)

// measured is a store whose calls are timed and whose messages are counted. What
// it does not mention is the driver's own: the clock, the feed, the end.
type measured struct {
	storage.Driver
	times                                              [len(storeMethods)]prometheus.Observer
	posted, repeated, listed, claimed, deleted, popped prometheus.Counter
	swept                                              prometheus.Counter
}

// measure puts a store under measurement.
func (m *metrics) measure(d storage.Driver) storage.Driver {
	s := &measured{
		Driver:   d,
		posted:   m.messages.WithLabelValues("posted"),
		repeated: m.messages.WithLabelValues("repeated"),
		listed:   m.messages.WithLabelValues("listed"),
		claimed:  m.messages.WithLabelValues("claimed"),
		deleted:  m.messages.WithLabelValues("deleted"),
		popped:   m.messages.WithLabelValues("popped"),
		swept:    m.swept,
	}
	for i, name := range storeMethods {
		s.times[i] = m.store.WithLabelValues(name)
	}
	return s
}

// storeMethod is a method whose calls are timed.
type storeMethod int

const (
	createQueue storeMethod = iota
	getQueue
	setMetadata
	deleteQueue
	listQueues
	countQueues
	queueStats
	postMessages
	startPost
	getMessages
	listMessages
	deleteMessage
	deleteMessages
	popMessages
	purgeMessages
	createClaim
	getClaim
	renewClaim
	releaseClaim
	createSubscription
	getSubscription
	changeSubscription
	deleteSubscription
	listSubscriptions
	takeDeliveries
	settleDelivery
	sweep
	ping
)

var storeMethods = [...]string{
	createQueue:        "create_queue",
	getQueue:           "get_queue",
	setMetadata:        "set_metadata",
	deleteQueue:        "delete_queue",
	listQueues:         "list_queues",
	countQueues:        "count_queues",
	queueStats:         "queue_stats",
	postMessages:       "post_messages",
	startPost:          "start_post",
	getMessages:        "get_messages",
	listMessages:       "list_messages",
	deleteMessage:      "delete_message",
	deleteMessages:     "delete_messages",
	popMessages:        "pop_messages",
	purgeMessages:      "purge_messages",
	createClaim:        "create_claim",
	getClaim:           "get_claim",
	renewClaim:         "renew_claim",
	releaseClaim:       "release_claim",
	createSubscription: "create_subscription",
	getSubscription:    "get_subscription",
	changeSubscription: "change_subscription",
	deleteSubscription: "delete_subscription",
	listSubscriptions:  "list_subscriptions",
	takeDeliveries:     "take_deliveries",
	settleDelivery:     "settle_delivery",
	sweep:              "sweep",
	ping:               "ping",
}

func (s *measured) took(m storeMethod, start time.Time) {
	s.times[m].Observe(time.Since(start).Seconds())
}

func (s *measured) PostMessages(ctx context.Context, p storage.Post) (storage.Posted, error) {
	start := time.Now()
	posted, err := s.Driver.PostMessages(ctx, p)
	s.took(postMessages, start)
	s.post(len(p.Drafts), posted, err)
	return posted, err
}

func (s *measured) post(messages int, posted storage.Posted, err error) {
	switch {
	case err != nil:
	case posted.Again:
		s.repeated.Add(float64(messages))
	default:
		s.posted.Add(float64(messages))
	}
}

func (s *measured) StartPost(ctx context.Context, p storage.Post) storage.Pending {
	start := time.Now()
	return storage.Awaited(&measuredPost{s, start, len(p.Drafts), s.Driver.StartPost(ctx, p)})
}

// measuredPost is a post that was started. It has taken the time until it is
// waited for no more.
type measuredPost struct {
	*measured
	start    time.Time
	messages int
	pending  storage.Pending
}

func (p *measuredPost) Wait(ctx context.Context) (storage.Posted, error) {
	posted, err := p.pending.Wait(ctx)
	p.took(startPost, p.start)
	p.post(p.messages, posted, err)
	return posted, err
}

func (s *measured) GetMessages(ctx context.Context, q storage.QueueID, ids []string, now time.Time) ([]storage.Message, error) {
	defer s.took(getMessages, time.Now())
	found, err := s.Driver.GetMessages(ctx, q, ids, now)
	s.listed.Add(float64(len(found)))
	return found, err
}

func (s *measured) ListMessages(ctx context.Context, f storage.MessageFilter) (storage.MessagePage, error) {
	defer s.took(listMessages, time.Now())
	page, err := s.Driver.ListMessages(ctx, f)
	s.listed.Add(float64(len(page.Items)))
	return page, err
}

func (s *measured) DeleteMessage(ctx context.Context, q storage.QueueID, id, claim string, now time.Time) error {
	defer s.took(deleteMessage, time.Now())
	err := s.Driver.DeleteMessage(ctx, q, id, claim, now)
	if err == nil {
		s.deleted.Inc()
	}
	return err
}

func (s *measured) DeleteMessages(ctx context.Context, q storage.QueueID, ids, claims []string, now time.Time) error {
	defer s.took(deleteMessages, time.Now())
	err := s.Driver.DeleteMessages(ctx, q, ids, claims, now)
	if err == nil {
		s.deleted.Add(float64(len(ids)))
	}
	return err
}

func (s *measured) PopMessages(ctx context.Context, q storage.QueueID, limit int, now time.Time) ([]storage.Message, error) {
	defer s.took(popMessages, time.Now())
	found, err := s.Driver.PopMessages(ctx, q, limit, now)
	s.popped.Add(float64(len(found)))
	return found, err
}

func (s *measured) CreateClaim(ctx context.Context, o storage.ClaimOrder) (storage.Claim, error) {
	defer s.took(createClaim, time.Now())
	c, err := s.Driver.CreateClaim(ctx, o)
	s.claimed.Add(float64(len(c.Messages)))
	return c, err
}

func (s *measured) Sweep(ctx context.Context, now time.Time, limit int) (int, error) {
	defer s.took(sweep, time.Now())
	n, err := s.Driver.Sweep(ctx, now, limit)
	s.swept.Add(float64(n))
	return n, err
}
