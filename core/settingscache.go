package core

import (
	"context"
	"sync"
	"time"

	"github.com/stackforge/marconi/storage"
)

const (
	settingsAge  = time.Second // how late a change made by another broker is seen
	settingsMost = 10_000      // at most so many queues are remembered
)

// settingsCache spares a call to the store per post, list and claim. A change by
// this broker is seen at once, one by another broker within settingsAge.
type settingsCache struct {
	mu    sync.RWMutex
	known map[storage.QueueID]knownSettings
	drops uint64 // counts forget, so that what was read before one is not kept after it
}

type knownSettings struct {
	settings
	at time.Time
}

func (c *settingsCache) get(id storage.QueueID, now time.Time) (settings, bool) {
	c.mu.RLock()
	defer c.mu.RUnlock()
	k, ok := c.known[id]
	return k.settings, ok && now.Sub(k.at) < settingsAge
}

func (c *settingsCache) generation() uint64 {
	c.mu.RLock()
	defer c.mu.RUnlock()
	return c.drops
}

// put keeps what was read when generation was asked.
func (c *settingsCache) put(id storage.QueueID, s settings, now time.Time, generation uint64) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if generation != c.drops {
		return
	}
	if c.known == nil || len(c.known) >= settingsMost {
		c.known = make(map[storage.QueueID]knownSettings)
	}
	c.known[id] = knownSettings{s, now}
}

func (c *settingsCache) forget(id storage.QueueID) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.known, id)
	c.drops++
}

// settingsFor answers the store's ErrQueueNotFound as it is.
func (b *Broker) settingsFor(ctx context.Context, id storage.QueueID, now time.Time) (settings, error) {
	if s, ok := b.settings.get(id, now); ok {
		return s, nil
	}
	return b.askSettings(ctx, id, now)
}

// askSettings is settingsFor of a queue that is not remembered.
func (b *Broker) askSettings(ctx context.Context, id storage.QueueID, now time.Time) (settings, error) {
	generation := b.settings.generation()
	q, err := b.store.GetQueue(ctx, id)
	if err != nil {
		return settings{}, err
	}
	m, err := parseMetadata(q.Metadata)
	if err != nil {
		return settings{}, err
	}
	s := b.limits.settingsOf(m)
	b.settings.put(id, s, now, generation)
	return s, nil
}
