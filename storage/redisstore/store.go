package redisstore

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/stackforge/marconi/storage"
)

var _ storage.Driver = (*Store)(nil)

// Config says what a store asks of its Redis. The zero value is ready to use.
type Config struct {
	// MinReplicas is how many replicas must have a change before it is
	// answered. A change that too few have in ReplicaTimeout (0: 1 s) answers an
	// error, and may be stored all the same.
	MinReplicas    int
	ReplicaTimeout time.Duration

	// Patience is how long what Redis turned away before it did anything is
	// tried again, as while a replica is promoted, a slot moves or a server
	// loads its data; 0: 2 s.
	Patience time.Duration
}

// Store is a storage.Driver on a Redis that any number of brokers share.
type Store struct {
	client  redis.UniversalClient
	scripts map[string]*script
	config  Config
	feed    *feed
	marks   *marks
	joint   *joint
	lanes   *lanes
	heirs   heirs

	database string // in names of channels

	closed atomic.Bool

	mu    sync.Mutex // guards what follows
	swept sweepPlace
}

const (
	format     = "1" // of keys and values
	minVersion = 7
)

// Open makes a store of a client, which it owns from then on, and which must not
// repeat commands by itself (MaxRetries: -1). It refuses a Redis that is too old,
// that evicts keys, or that holds data of another format.
func Open(ctx context.Context, client redis.UniversalClient, c Config) (*Store, error) {
	scripts, err := loadScripts()
	if err != nil {
		return nil, errors.Join(err, client.Close())
	}
	if c.ReplicaTimeout <= 0 {
		c.ReplicaTimeout = time.Second
	}
	if c.Patience <= 0 {
		c.Patience = 2 * time.Second
	}
	s := &Store{client: client, scripts: scripts, config: c, database: databaseOf(client)}
	s.feed, s.marks, s.joint = newFeed(s), newMarks(s), newJoint(s)
	s.lanes = newLanes(s.fly)
	if err := s.check(ctx); err != nil {
		return nil, errors.Join(err, client.Close())
	}
	return s, nil
}

func (s *Store) check(ctx context.Context) error {
	if err := s.eachMaster(ctx, checkServer); err != nil {
		return err
	}
	reply, err := s.eval(ctx, s.scripts["format"], []string{formatKey}, []any{format})
	if err != nil {
		return err
	}
	kept := text(reply[0])
	if kept != "" && kept != format {
		return fmt.Errorf("the data have format %q, and this program knows %q", kept, format)
	}
	return nil
}

// eachMaster calls do for every server that takes writes.
func (s *Store) eachMaster(ctx context.Context, do func(context.Context, *redis.Client) error) error {
	switch c := s.client.(type) {
	case *redis.ClusterClient:
		return c.ForEachMaster(ctx, do)
	case *redis.Client:
		return do(ctx, c)
	}
	return errClient(s.client)
}

func errClient(c redis.UniversalClient) error {
	return fmt.Errorf("redisstore: a client of type %T is not known", c)
}

func checkServer(ctx context.Context, c *redis.Client) error {
	info, err := c.Info(ctx, "server", "memory").Result()
	if err != nil {
		return err
	}
	version := infoField(info, "redis_version")
	major, _, _ := strings.Cut(version, ".")
	if n, err := strconv.Atoi(major); err != nil || n < minVersion {
		return fmt.Errorf("redis %s is too old: %d.0 is needed", version, minVersion)
	}
	if bits := infoField(info, "arch_bits"); bits != "64" {
		return fmt.Errorf("redis is a program of %s bits: one of 64 is needed", bits) // for the scripts' integers
	}
	if policy := infoField(info, "maxmemory_policy"); policy != "noeviction" {
		return fmt.Errorf("maxmemory-policy is %q: it must be noeviction, or messages vanish", policy)
	}
	return nil
}

func infoField(info, name string) string {
	for line := range strings.Lines(info) {
		if v, ok := strings.CutPrefix(line, name+":"); ok {
			return strings.TrimSpace(v)
		}
	}
	return ""
}

// Now is the clock of the server that holds the register.
func (s *Store) Now(ctx context.Context) (time.Time, error) {
	reply, err := s.eval(ctx, s.scripts["time"], []string{formatKey}, nil)
	switch {
	case err != nil:
		return time.Time{}, err
	case len(reply) != 2:
		return time.Time{}, errReply
	}
	return time.Unix(int64(number(reply[0])), int64(number(reply[1]))*int64(time.Microsecond)).Truncate(time.Millisecond), nil
}

// Ping asks every server that takes writes.
func (s *Store) Ping(ctx context.Context) error {
	return s.eachMaster(ctx, func(ctx context.Context, c *redis.Client) error { return c.Ping(ctx).Err() })
}

// Close ends the feed and closes the client. Marks that are owed to a register
// that is away are left to Sweep, by any broker.
func (s *Store) Close() error {
	if s.closed.Swap(true) {
		return errClosed
	}
	s.feed.close()
	s.marks.end()
	s.joint.end()
	s.lanes.end()
	err := errors.Join(s.client.Close(), s.heirs.close()) // which ends what waits for an answer
	s.marks.wait()
	s.joint.ended.Wait()
	s.lanes.ended.Wait()
	return err
}
