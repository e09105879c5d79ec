package redisstore

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync"

	"github.com/redis/go-redis/v9"
)

// errReplicas is the answer to a change that too few replicas have.
var errReplicas = errors.New("redisstore: the change was stored, and too few replicas confirmed it in time: it may be lost yet")

// sendAndWait sends commands on keys of a slot to the server that takes writes to
// one of them, with a WAIT behind. While the slot moves, that may be the server
// it moves to. More than one command must be such as may be carried out again.
func (s *Store) sendAndWait(ctx context.Context, key string, cmds ...redis.Cmder) error {
	c, err := s.masterOf(ctx, key)
	if err != nil {
		return err
	}
	err = s.writeAt(ctx, c, cmds, false)
	if redis.HasErrorPrefix(err, "MOVED") {
		s.reload(ctx)
	}
	cluster, ok := s.client.(*redis.ClusterClient)
	if !ok || !redis.HasErrorPrefix(err, "ASK") {
		return err
	}
	heir, err := s.heirs.at(named(err, c.Options().Addr), cluster.Options())
	if err != nil {
		return err
	}
	return s.writeAt(ctx, heir, cmds, true)
}

// named is the address in an answer as "ASK 3999 host:port", in which an IPv6
// address has no brackets, of a server at own. It leaves its own host out.
func named(answer error, own string) string {
	text := answer.Error()
	text = text[strings.LastIndexByte(text, ' ')+1:]
	colon := max(0, strings.LastIndexByte(text, ':'))
	host, port := strings.Trim(text[:colon], "[]"), strings.TrimPrefix(text[colon:], ":")
	if host == "" {
		host, _, _ = net.SplitHostPort(own)
	}
	return net.JoinHostPort(host, port)
}

// writeAt sends commands and, behind them on the same connection, a WAIT for the
// replicas: it counts for what this connection has written.
func (s *Store) writeAt(ctx context.Context, c *redis.Client, cmds []redis.Cmder, asking bool) error {
	p := c.Pipeline()
	for _, cmd := range cmds {
		if asking {
			_ = p.Process(ctx, redis.NewStatusCmd(ctx, "asking"))
		}
		_ = p.Process(ctx, cmd)
	}
	got := redis.NewIntCmd(ctx, "wait", s.config.MinReplicas, s.config.ReplicaTimeout.Milliseconds())
	_ = p.Process(ctx, got)
	_, _ = p.Exec(ctx)
	for _, cmd := range cmds {
		if err := cmd.Err(); err != nil {
			return err
		}
	}
	switch {
	case got.Err() != nil:
		return fmt.Errorf("%w: %w", errReplicas, got.Err())
	case got.Val() < int64(s.config.MinReplicas):
		return fmt.Errorf("%w (%d of %d)", errReplicas, got.Val(), s.config.MinReplicas)
	}
	return nil
}

// heirs are clients of servers that slots move to. A cluster's client follows such
// a slot by itself, but not with a WAIT on the same connection. There are no more
// of them than the cluster has had servers.
type heirs struct {
	mu      sync.Mutex // guards what follows
	clients map[string]*redis.Client
	closed  bool
}

// at is a client of the server at an address.
func (h *heirs) at(addr string, o *redis.ClusterOptions) (*redis.Client, error) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.closed {
		return nil, errClosed
	}
	if h.clients == nil {
		h.clients = map[string]*redis.Client{}
	}
	c := h.clients[addr]
	if c == nil {
		c = redis.NewClient(nodeOptions(addr, o))
		h.clients[addr] = c
	}
	return c, nil
}

// nodeOptions are those that a cluster's client has for each server.
func nodeOptions(addr string, o *redis.ClusterOptions) *redis.Options {
	return &redis.Options{
		Addr: addr, TLSConfig: o.TLSConfig, Dialer: o.Dialer, OnConnect: o.OnConnect,
		Username: o.Username, Password: o.Password,
		CredentialsProvider: o.CredentialsProvider, CredentialsProviderContext: o.CredentialsProviderContext,
		MaxRetries: -1, Protocol: o.Protocol, DisableIdentity: o.DisableIdentity, MaintNotificationsConfig: o.MaintNotificationsConfig,
		DialTimeout: o.DialTimeout, DialerRetries: o.DialerRetries, ReadTimeout: o.ReadTimeout, WriteTimeout: o.WriteTimeout,
		ContextTimeoutEnabled: o.ContextTimeoutEnabled,
		PoolSize:              o.PoolSize, PoolTimeout: o.PoolTimeout, PipelinePoolSize: o.PipelinePoolSize,
	}
}

// close closes the clients, and lets nobody have one any more.
func (h *heirs) close() error {
	h.mu.Lock()
	defer h.mu.Unlock()
	var errs []error
	for _, c := range h.clients {
		errs = append(errs, c.Close())
	}
	h.closed = true
	return errors.Join(errs...)
}
