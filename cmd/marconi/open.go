package main

import (
	"context"
	"crypto/tls"
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
	"github.com/stackforge/marconi/transports/rest"
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
	doors  []transports.Transport // through which callers come
	admin  *admin                 // nil: there is none

	http        transports.Transport // among doors
	certificate *certificate         // of http; nil: it speaks plainly
}

// open opens the store, makes the broker, and binds every address.
func open(ctx context.Context, c config, log *slog.Logger) (_ *service, err error) {
	s := &service{config: c, log: log}
	who, err := s.authenticator()
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
		Limits: c.limits, Checksum: c.checksum, DeleteNeedsClaim: c.deleteNeedsClaim, Log: log,
	})
	if err != nil {
		return nil, err
	}
	return s, s.openHTTP(s.handler(who, m))
}

// authenticator is the one that all doors share.
func (s *service) authenticator() (api.Authenticator, error) {
	if s.config.auth == authTokens {
		return auth.Tokens(s.config.tokensFile, auth.Options{Log: s.log})
	}
	return auth.None(), nil
}

// handler carries out the calls of all doors. Without metrics nothing is measured.
func (s *service) handler(who api.Authenticator, m *metrics) api.Handler {
	around := []api.Middleware{api.Observe(s.log, nil), api.Authenticate(who)}
	if m != nil {
		around = []api.Middleware{m.count, api.Observe(s.log, m), api.Authenticate(who)}
	}
	return api.New(s.broker, api.Options{
		AdminMode: s.config.adminMode,
		ClientIDs: api.ClientIDRule{Any: s.config.clientIDs == clientIDsOff, Min: int(s.config.minClientID), Max: int(s.config.maxClientID)},
	}, around...)
}

// leastBody is what a request may hold at least, for those that no limit is about.
const leastBody = 64 << 10

func (s *service) openHTTP(h api.Handler) (err error) {
	var secure *tls.Config
	if s.config.tlsCert != "" {
		if s.certificate, err = newCertificate(s.config.tlsCert, s.config.tlsKey, s.log); err != nil {
			return err
		}
		secure = s.certificate.config()
	}
	door, err := rest.Listen(rest.Config{
		Addr: s.config.http, TLS: secure, Handler: h, AdminMode: s.config.adminMode,
		MaxBody:       int(max(leastBody, s.config.limits.MaxMessagesPostSize, s.config.limits.MaxQueueMetadata)),
		Ready:         s.ready,
		HeaderTimeout: s.config.headerTimeout, BodyTimeout: s.config.bodyTimeout, IdleTimeout: s.config.idleTimeout, StopTimeout: s.config.stopTimeout,
		Log: s.log,
	})
	if err != nil {
		return err
	}
	s.http = door
	s.doors = append(s.doors, door)
	return nil
}

// ready says why the broker cannot serve now.
func (s *service) ready(ctx context.Context) error {
	_, err := s.broker.Ping(ctx, core.Caller{}, core.PingRequest{})
	return err
}
