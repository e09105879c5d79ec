package core

import (
	"context"
	"time"

	"github.com/stackforge/marconi/storage"
)

// What the tests see besides.
var (
	AppendPython = appendPython
	SettingsMost = settingsMost
)

// Clock is the store's clock as the broker keeps it.
type Clock struct{ clock }

func NewClock(local func() time.Time) *Clock { return &Clock{clock{local: local}} }

func (c *Clock) Now() time.Time { return c.now() }

func (c *Clock) Look(ctx context.Context, store storage.Driver) (time.Duration, error) {
	return c.look(ctx, store)
}

// SettingsKnown is of how many queues a broker remembers the settings.
func SettingsKnown(b *Broker) int {
	b.settings.mu.RLock()
	defer b.settings.mu.RUnlock()
	return len(b.settings.known)
}

// Canonical is metadata read and written again.
func Canonical(text string) (string, error) {
	m, err := parseMetadata([]byte(text))
	return string(m.text()), err
}
