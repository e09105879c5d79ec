package redisstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"
	"strings"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/stackforge/marconi/storage"
)

var (
	errReply = errors.New("redisstore: a script answered what it never does")
	errAgain = errors.New("redisstore: the store was busy with what had expired")
	errSlow  = errors.New("redisstore: the post took longer than its lease")
)

// oneShot is a command that is never sent twice: when its answer is lost, nobody
// knows whether it was carried out.
type oneShot struct{ *redis.Cmd }

func (oneShot) NoRetry() bool { return true }

// maxRounds bounds how often a script may put off its work in favour of what has
// expired: each round drops some hundreds of messages.
const maxRounds = 100_000

// run runs a script of a queue until it has done its work, and answers what
// stands behind its first word and its marks. These it tells the register.
func (s *Store) run(ctx context.Context, name string, id storage.QueueID, now time.Time, args ...any) (string, []any, error) {
	sc := s.scripts[name]
	keys := s.keysOf(id, sc.keys)
	all := append(make([]any, 0, 1+len(args)), now.UnixMilli())
	all = append(all, args...)
	pause := newPause()
	for range maxRounds {
		reply, err := s.eval(ctx, sc, keys, all)
		if err != nil {
			return "", nil, err
		}
		if len(reply) < 2 {
			return "", nil, errReply
		}
		s.note(ctx, id, text(reply[1]))
		switch word := text(reply[0]); word {
		case "again":
		case "wait": // for a post that comes in pieces
			if err := pause.wait(ctx); err != nil {
				return "", nil, err
			}
		default:
			return word, reply[2:], nil
		}
	}
	return "", nil, errAgain
}

// eval runs a script once. What Redis refused before it ran is tried again for as
// long as patience lasts: a failover or a move of slots takes its time.
func (s *Store) eval(ctx context.Context, sc *script, keys []string, args []any) ([]any, error) {
	var v any
	err := s.patiently(ctx, func() (err error) {
		v, err = s.send(ctx, sc, "evalsha", sc.sum, keys, args)
		if redis.HasErrorPrefix(err, "NOSCRIPT") {
			v, err = s.send(ctx, sc, "eval", sc.text, keys, args)
		}
		return err
	})
	if err != nil {
		return nil, fault(err)
	}
	reply, ok := v.([]any)
	if !ok || len(reply) == 0 {
		return nil, errReply
	}
	return reply, nil
}

func (s *Store) send(ctx context.Context, sc *script, command, text string, keys []string, args []any) (any, error) {
	all := append(make([]any, 0, 3+len(keys)+len(args)), command, text, len(keys))
	for _, k := range keys {
		all = append(all, k)
	}
	cmd := oneShot{redis.NewCmd(ctx, append(all, args...)...)}
	cmd.SetFirstKeyPos(3)
	if s.config.MinReplicas > 0 && !sc.reads {
		err := s.sendAndWait(ctx, keys[0], cmd)
		return cmd.Val(), err
	}
	err := s.client.Process(ctx, cmd)
	return cmd.Val(), err
}

// masterOf is the server that takes writes to a key.
func (s *Store) masterOf(ctx context.Context, key string) (*redis.Client, error) {
	switch c := s.client.(type) {
	case *redis.ClusterClient:
		return c.MasterForKey(ctx, key)
	case *redis.Client:
		return c, nil
	}
	return nil, errClient(s.client)
}

func (s *Store) reload(ctx context.Context) {
	if c, ok := s.client.(*redis.ClusterClient); ok {
		c.ReloadState(ctx)
	}
}

// patiently does again what was provably not done, until patience ends.
func (s *Store) patiently(ctx context.Context, do func() error) error {
	pause := newPause()
	end := time.Now().Add(s.config.Patience)
	for {
		if s.closed.Load() {
			return errClosed
		}
		err := do()
		if err != nil && over(ctx) {
			return errors.Join(context.DeadlineExceeded, err)
		}
		if err == nil || !refused(err) || time.Now().After(end) {
			return err
		}
		if redis.HasErrorPrefix(err, "CLUSTERDOWN") || unreached(err) {
			s.reload(ctx)
		}
		if stop := pause.wait(ctx); stop != nil {
			return errors.Join(stop, err)
		}
	}
}

// over is whether the deadline has passed. That of the connection is the same
// instant, and may be noticed a moment earlier.
func over(ctx context.Context) bool {
	deadline, ok := ctx.Deadline()
	return ok && !time.Now().Before(deadline)
}

// refusals are how errors begin with which Redis turns a command away before it
// does anything.
var refusals = []string{"LOADING", "TRYAGAIN", "CLUSTERDOWN", "READONLY", "MASTERDOWN", "BUSY", "MOVED", "ASK", "NOREPLICAS"}

func refused(err error) bool {
	if errors.Is(err, errReplicas) {
		return false // whatever WAIT was told: the command before it was carried out
	}
	for _, prefix := range refusals {
		if redis.HasErrorPrefix(err, prefix) {
			return true
		}
	}
	return unreached(err)
}

// unreached is whether there was no connection to send anything over.
func unreached(err error) bool {
	var op *net.OpError
	return errors.As(err, &op) && op.Op == "dial"
}

// lost is whether nobody knows if a command was carried out: neither did Redis
// answer nor the caller give up.
func lost(err error) bool {
	var r redis.Error
	return !errors.As(err, &r) && !errors.Is(err, errReply) && !errors.Is(err, redis.ErrClosed) &&
		!errors.Is(err, context.Canceled) && !errors.Is(err, context.DeadlineExceeded) && !errors.Is(err, redis.ErrPoolTimeout)
}

// broken is whether a queue's own data are the fault, which says nothing of others.
func broken(err error) bool {
	var r redis.Error
	return errors.Is(err, errReply) || errors.Is(err, errRecord) || errors.As(err, &r) && !refused(err)
}

// fault turns what Redis says into the words of the contract.
func fault(err error) error {
	if redis.HasErrorPrefix(err, "OOM") {
		return fmt.Errorf("%w: %w", storage.ErrFull, err)
	}
	return err
}

// pause is how long to wait before something is tried again: longer each time.
type pause struct{ next time.Duration }

func newPause() *pause { return &pause{2 * time.Millisecond} }

func (p *pause) wait(ctx context.Context) error {
	t := time.NewTimer(p.next)
	defer t.Stop()
	p.next = min(2*p.next, 100*time.Millisecond)
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-t.C:
		return nil
	}
}

func text(v any) string {
	switch v := v.(type) {
	case string:
		return v
	case int64:
		return strconv.FormatInt(v, 10)
	}
	return ""
}

func number(v any) uint64 {
	n, _ := strconv.ParseUint(text(v), 10, 64)
	return n
}

func epochOf(v any) uint32 {
	n, _ := strconv.ParseUint(text(v), 16, 32)
	return uint32(n)
}

// instantOf is zero for "0".
func instantOf(v any) time.Time {
	n := int64(number(v))
	if n == 0 {
		return time.Time{}
	}
	return time.UnixMilli(n)
}

func instantText(t time.Time) string { return strconv.FormatInt(t.UnixMilli(), 10) }

// fieldsOf cuts a text of three numbers.
func fieldsOf(mark string) (version, due, age string, ok bool) {
	f := strings.Fields(mark)
	if len(f) != 3 {
		return "", "", "", false
	}
	return f[0], f[1], f[2], true
}
