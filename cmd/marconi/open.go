package main

import (
	"context"
	"errors"
	"log/slog"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/memstore"
	"github.com/stackforge/marconi/storage/pebblestore"
	"github.com/stackforge/marconi/storage/redisstore"
	"github.com/stackforge/marconi/transports"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/auth"
)

// stores is every backend there is, by the scheme of its URL.
var stores = storage.Openers{
	"memory": memstore.OpenURL,
	"pebble": pebblestore.OpenURL,

	"redis":          redisstore.OpenURL,
	"rediss":         redisstore.OpenURL,
	"unix":           redisstore.OpenURL, // Redis on a socket
	"redis+sentinel": redisstore.OpenURL,
	"redis+cluster":  redisstore.OpenURL,
}

// service is a broker that is open and does not serve yet.
type service struct {
	config config
	log    *slog.Logger
	store  storage.Driver
	broker *core.Broker
	doors  []server // through which callers come
	admin  *admin   // nil: there is none

	http        transports.Transport // among doors
	ws          transports.Transport // among doors; nil: only on the port of http
	zmq         []zmqDoor            // among doors
	certificate *certificate         // of http and ws; nil: they speak plainly
}

// server serves until its context is done.
type server interface {
	Serve(ctx context.Context) error
}

// open opens the store, makes the broker, and binds every address.
func open(ctx context.Context, c config, log *slog.Logger) (_ *service, err error) {
	s := &service{config: c, log: log}
	who, err := s.authenticator()
	if err != nil {
		return nil, err
	}
	secrets, err := c.secrets(log)
	if err != nil {
		return nil, err
	}
	if s.store, err = stores.Open(ctx, c.store); err != nil {
		return nil, err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.store.Close())
		}
	}()
	var m *metrics
	if c.admin != "" {
		m = newMetrics(thisBuild())
		if s.admin, err = listenAdmin(c.admin, m.registry); err != nil {
			return nil, err
		}
		s.store = m.measure(s.store)
	}
	s.broker, err = core.New(ctx, s.store, core.Options{
		Limits: c.limits, Checksum: c.checksum, DeleteNeedsClaim: c.deleteNeedsClaim, Secrets: secrets, Log: log,
	})
	if err != nil {
		return nil, err
	}
	return s, s.openDoors(who, m)
}

// authenticator is the one that all doors share.
func (s *service) authenticator() (api.Authenticator, error) {
	if s.config.auth == authTokens {
		return auth.Tokens(s.config.tokensFile, auth.Options{Log: s.log})
	}
	return auth.None(), nil
}

// ready says why the broker cannot serve now.
func (s *service) ready(ctx context.Context) error {
	_, err := s.broker.Ping(ctx, core.Caller{}, core.PingRequest{})
	return err
}
