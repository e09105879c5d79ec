package core

import (
	"context"
	"errors"
	"time"

	"github.com/stackforge/marconi/storage"
)

// PingRequest asks nothing in particular.
type PingRequest struct{}

// Ping reports whether the store can serve.
func (b *Broker) Ping(ctx context.Context, _ Caller, _ PingRequest) (None, error) {
	if err := b.store.Ping(ctx); err != nil {
		return None{}, fault(err, "The store cannot be reached.")
	}
	return None{}, nil
}

// HealthRequest asks for a full examination.
type HealthRequest struct{}

// Health is what an examination found.
type Health struct {
	StorageReachable bool               `json:"storage_reachable"`
	OperationStatus  map[string]Attempt `json:"operation_status"`
	MessageVolume    Volume             `json:"message_volume"`
}

// Attempt is how one operation went.
type Attempt struct {
	Succeeded bool    `json:"succeeded"`
	Seconds   float64 `json:"seconds"`
	Ref       *string `json:"ref"` // of the log line that tells why it failed
}

// Volume counts the messages of the caller's project.
type Volume struct {
	Free    int `json:"free"`
	Claimed int `json:"claimed"`
	Total   int `json:"total"`
}

const healthMessages = 100 // posted by an examination

// Health carries out the main operations on a queue of its own, which it removes
// again, and counts the messages of the caller's project.
func (b *Broker) Health(ctx context.Context, who Caller, _ HealthRequest) (Health, error) {
	h := Health{StorageReachable: b.store.Ping(ctx) == nil, OperationStatus: map[string]Attempt{}}
	e := examination{b: b, id: who.queue("health-" + newID())}
	for _, step := range []struct {
		name string
		do   func(context.Context) error
	}{
		{"create_queue", e.createQueue},
		{"post_messages", e.post},
		{"claim_messages", e.claim},
		{"list_messages", e.list},
		{"delete_messages", e.deleteOne},
		{"delete_claim", e.deleteClaim},
		{"bulk_delete_messages", e.deleteRest},
		{"delete_queue", e.deleteQueue},
	} {
		h.OperationStatus[step.name] = b.attempt(ctx, step.name, step.do)
	}
	volume, err := b.volume(ctx, who)
	if err != nil {
		return Health{}, fault(err, "Health could not be read.")
	}
	h.MessageVolume = volume
	return h, nil
}

func (b *Broker) attempt(ctx context.Context, name string, do func(context.Context) error) Attempt {
	start := time.Now()
	err := do(ctx)
	a := Attempt{Succeeded: err == nil, Seconds: time.Since(start).Seconds()}
	if err != nil {
		ref := newID()
		a.Ref = &ref
		b.options.Log.Error("health: an operation failed", "operation", name, "ref", ref, "error", err)
	}
	return a
}

// volume adds up the queues of a project.
func (b *Broker) volume(ctx context.Context, who Caller) (v Volume, err error) {
	f := storage.QueueFilter{Project: who.Project, Limit: scanQueues}
	for {
		p, err := b.store.ListQueues(ctx, f)
		if err != nil {
			return v, err
		}
		for _, q := range p.Items {
			s, err := b.QueueStats(ctx, who, QueueStatsRequest{Queue: q.ID.Name})
			if err != nil {
				return v, err
			}
			v.Free += s.Messages.Free
			v.Claimed += s.Messages.Claimed
			v.Total += s.Messages.Total
		}
		if len(p.Items) < f.Limit {
			return v, nil
		}
		f.Marker = p.Next
	}
}

// examination is the state of one Health. It calls the store as operations do.
type examination struct {
	b    *Broker
	id   storage.QueueID
	held storage.Claim
	ids  []string
}

func (e *examination) createQueue(ctx context.Context) error {
	_, err := e.b.create(ctx, e.id, nil)
	return err
}

func (e *examination) post(ctx context.Context) error {
	now := e.b.now()
	p := storage.Post{Queue: e.id, Now: now, Drafts: make([]storage.Draft, healthMessages)}
	for i := range p.Drafts {
		p.Drafts[i] = storage.Draft{Body: []byte("{}"), Visible: now, Expires: now.Add(seconds(MinMessageTTL))}
	}
	posted, err := e.b.store.PostMessages(ctx, p)
	e.ids = posted.IDs
	return err
}

func (e *examination) claim(ctx context.Context) (err error) {
	now := e.b.now()
	expires := now.Add(seconds(MinClaimTTL))
	e.held, err = e.b.store.CreateClaim(ctx, storage.ClaimOrder{
		ID: newID(), Queue: e.id, Now: now, Expires: expires, Keep: expires, Limit: DefaultPage,
	})
	return err
}

func (e *examination) list(ctx context.Context) error {
	_, err := e.b.store.ListMessages(ctx, storage.MessageFilter{Queue: e.id, Now: e.b.now(), Limit: DefaultPage})
	return err
}

func (e *examination) deleteOne(ctx context.Context) error {
	if len(e.held.Messages) == 0 {
		return errors.New("nothing was claimed")
	}
	return e.b.store.DeleteMessage(ctx, e.id, e.held.Messages[0].ID, e.held.ID, e.b.now())
}

func (e *examination) deleteClaim(ctx context.Context) error {
	now := e.b.now()
	return e.b.store.ReleaseClaim(ctx, e.id, e.held.ID, now, now)
}

func (e *examination) deleteRest(ctx context.Context) error {
	return e.b.store.DeleteMessages(ctx, e.id, e.ids, nil, e.b.now())
}

func (e *examination) deleteQueue(ctx context.Context) error {
	// Also when nobody waits for the answer any more: the queue must not stay.
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), cleaning)
	defer cancel()
	return e.b.store.DeleteQueue(ctx, e.id)
}
