package core

import (
	"context"
	"time"
)

const (
	sweepEvery = time.Second
	sweepBatch = 1000 // records a call
	lookEvery  = 10 * time.Second
	offWarning = time.Second // a store's clock further off than this is worth a line
)

// keepSweeping removes what time has ended until ctx is done.
func (b *Broker) keepSweeping(ctx context.Context) error {
	return every(ctx, sweepEvery, func() {
		total, err := b.sweep(ctx)
		if err != nil && ctx.Err() == nil {
			b.options.Log.Warn("sweeping failed", "error", err)
		}
		if total > 0 {
			b.options.Log.Debug("swept", "records", total)
		}
	})
}

// sweep goes on while there is more to do than one call removes.
func (b *Broker) sweep(ctx context.Context) (total int, err error) {
	for {
		n, err := b.store.Sweep(ctx, b.now(), sweepBatch)
		total += n
		if err != nil || n < sweepBatch {
			return total, err
		}
	}
}

// keepTime follows the store's clock until ctx is done.
func (b *Broker) keepTime(ctx context.Context) error {
	return every(ctx, lookEvery, func() {
		off, err := b.clock.look(ctx, b.store)
		switch {
		case ctx.Err() != nil:
		case err != nil:
			b.options.Log.Warn("the store's clock could not be read", "error", err)
		case off.Abs() > offWarning:
			b.options.Log.Warn("the clock is being put right", "off", off)
		}
	})
}

// every calls do once a span until ctx is done. Being told to end is no error.
func every(ctx context.Context, span time.Duration, do func()) error {
	t := time.NewTicker(span)
	defer t.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-t.C:
			do()
		}
	}
}
