package redisstore

import (
	"context"
	"fmt"
	"net/url"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/stackforge/marconi/storage"
)

// Describe is what a URL asks for, with what is as usual left out.
func Describe(u *url.URL) (string, error) {
	p, err := parseURL(u)
	if err != nil {
		return "", err
	}
	o, c := p.client, p.store
	b := []string{strings.Join(o.Addrs, " "), fmt.Sprint("db ", o.DB)}
	add := func(there bool, format string, args ...any) {
		if there {
			b = append(b, fmt.Sprintf(format, args...))
		}
	}
	add(o.IsClusterMode, "cluster")
	add(o.MasterName != "", "master %s", o.MasterName)
	add(o.SentinelUsername != "", "sentinel %s %s", o.SentinelUsername, o.SentinelPassword)
	add(o.Username != "", "user %s", o.Username)
	add(o.Password != "", "password %s", o.Password)
	add(p.tls.on, "tls")
	add(o.ReadTimeout != socketTime, "timeout %v", o.ReadTimeout)
	add(c.MinReplicas > 0, "replicas %d in %v", c.MinReplicas, c.ReplicaTimeout)
	add(c.Patience > 0, "patience %v", c.Patience)
	add(o.PoolSize != poolSize, "pool %d", o.PoolSize)
	return strings.Join(b, " "), nil
}

// Piece is from how many messages on a post comes in pieces.
const Piece = piece

// Eval runs a script of a queue once, and answers its first word.
func Eval(ctx context.Context, s *Store, name string, id storage.QueueID, args ...any) (string, error) {
	sc := s.scripts[name]
	reply, err := s.eval(ctx, sc, s.keysOf(id, sc.keys), args)
	if err != nil {
		return "", err
	}
	return text(reply[0]), nil
}

// Mark tells the register a mark.
func Mark(ctx context.Context, s *Store, id storage.QueueID, mark string) error {
	s.note(ctx, id, mark)
	return ctx.Err()
}

// Owed is how many queues' marks the register has still to be told, and MaxOwed
// how many they can be.
func Owed(s *Store) int {
	s.marks.mu.Lock()
	defer s.marks.mu.Unlock()
	return len(s.marks.owed)
}

// Pool is how the connections to the server are used.
func Pool(s *Store) *redis.PoolStats { return s.client.PoolStats() }

// Refused is whether an answer says that a command was not carried out, where it is
// the answer to the command itself or to the WAIT behind it.
func Refused(answer error, wait bool) bool {
	if wait {
		answer = fmt.Errorf("%w: %w", errReplicas, answer)
	}
	return refused(answer)
}

// Named is the address that a redirection by a server names.
func Named(answer error, own string) string { return named(answer, own) }

const MaxOwed = maxOwed
