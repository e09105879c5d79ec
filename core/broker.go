package core

import (
	"context"
	"crypto/rand"
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"github.com/stackforge/marconi/storage"
)

// Broker carries out operations on a store. Its methods may be called from many
// goroutines at once.
type Broker struct {
	store    storage.Driver
	options  Options
	limits   Limits
	clock    clock
	settings settingsCache

	hub       *hub
	listeners atomic.Int64
	waiters   atomic.Int64
	audience  audience
	leases    leases
	complaint complaint // of queues that cannot be followed
}

// Options of a Broker. The zero value is ready to use.
type Options struct {
	Limits           Limits
	Checksum         bool             // add a checksum to each message
	DeleteNeedsClaim bool             // a bulk deletion must name the claims of what it deletes
	Subscribers      []string         // the URI schemes that can be delivered to
	Secrets          [][]byte         // of grants: the first signs, all are good; none: nothing can be shared
	Log              *slog.Logger     // nil discards
	Now              func() time.Time // for tests; nil: the store's clock
}

// New makes a broker on a store and reads the store's clock once, which fails if
// the store cannot be reached. It starts nothing: see Run.
func New(ctx context.Context, store storage.Driver, o Options) (*Broker, error) {
	if err := o.Limits.Check(); err != nil {
		return nil, fmt.Errorf("limits: %w", err)
	}
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	b := &Broker{store: store, options: o, limits: o.Limits.withDefaults(), clock: clock{local: time.Now}}
	b.hub = b.newHub()
	if o.Now != nil {
		return b, nil
	}
	if _, err := b.clock.look(ctx, store); err != nil {
		return nil, fmt.Errorf("reading the store's clock: %w", err)
	}
	return b, nil
}

// Limits are the limits in force.
func (b *Broker) Limits() Limits { return b.limits }

// Run does what must be done in the background until ctx is done: it sweeps the
// store, follows its clock, and tells those who listen or wait. It returns when
// all of that has ended. It is called once in the life of a broker.
func (b *Broker) Run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return b.keepSweeping(ctx) })
	g.Go(func() error { b.hub.Run(ctx); return nil })
	g.Go(func() error { return b.keepAudience(ctx) })
	if b.options.Now == nil {
		g.Go(func() error { return b.keepTime(ctx) })
	}
	return g.Wait()
}

// now is the instant of an operation. An operation asks once.
func (b *Broker) now() time.Time {
	if b.options.Now != nil {
		return b.options.Now().Truncate(time.Millisecond)
	}
	return b.clock.now()
}

// newID is a name that nobody can guess.
func newID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails: the program ends first
	return hex.EncodeToString(b[:])
}

// newEpoch names a life of a queue.
func newEpoch() uint32 {
	var b [4]byte
	for {
		_, _ = rand.Read(b[:])
		if n := binary.BigEndian.Uint32(b[:]); n != 0 {
			return n
		}
	}
}
