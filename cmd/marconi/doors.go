package main

import (
	"crypto/tls"
	"net/http"

	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/auth"
	"github.com/stackforge/marconi/transports/rest"
	"github.com/stackforge/marconi/transports/ws"
)

// openDoors binds the address of every door. Without metrics nothing is measured.
func (s *service) openDoors(who api.Authenticator, m *metrics) error {
	if err := s.loadCertificate(); err != nil {
		return err
	}
	live, err := s.openWS(who, m)
	if err != nil {
		return err
	}
	if m != nil {
		m.watchWS(live)
	}
	if err := s.openZMQ(who, m); err != nil {
		return err
	}
	door, err := rest.Listen(rest.Config{
		Addr: s.config.http, TLS: s.secure(), AdminMode: s.config.adminMode,
		Handler: s.handler(m, auth.Signed(s.broker, who)),
		MaxBody: s.largestRequest(),
		Ready:   s.ready,
		Origins: s.config.origins,
		Mounts:  map[string]http.Handler{"/ws": live},
		Broker:  s.broker, Streams: int(s.config.streams), StreamsPerRemote: int(s.config.streamsPerRemote),
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

func (s *service) loadCertificate() (err error) {
	if s.config.tlsCert != "" {
		s.certificate, err = newCertificate(s.config.tlsCert, s.config.tlsKey, s.log)
	}
	return err
}

// secure is the certificate for one door, which may change it; nil without one.
func (s *service) secure() *tls.Config {
	if s.certificate == nil {
		return nil
	}
	return s.certificate.config()
}

// openWS opens the WebSocket door, on an address of its own if it has one. The
// handler that it returns is the same door for the port of another.
func (s *service) openWS(who api.Authenticator, m *metrics) (*ws.Door, error) {
	c := ws.Config{
		Addr: s.config.ws, TLS: s.secure(),
		Broker:         s.broker,
		Origins:        s.config.origins,
		MaxMessage:     s.largestRequest() + envelope,
		MaxConnections: int(s.config.wsConnections),
		MaxPerAddress:  int(s.config.wsPerAddress),
		MaxPerProject:  int(s.config.wsPerProject),
		Compression:    s.config.wsCompression,
		StopTimeout:    s.config.stopTimeout,
		Log:            s.log,
	}
	if s.config.auth == authNone {
		c.Handler = s.handler(m, auth.Signed(s.broker, who))
	} else { // a connection proves once who it is
		c.Authenticator = auth.Signed(s.broker, who)
		c.Handler = s.handler(m, nil)
	}
	if s.config.ws == "" {
		door := ws.NewDoor(c)
		s.doors = append(s.doors, door)
		return door, nil
	}
	door, err := ws.Listen(c)
	if err != nil {
		return nil, err
	}
	s.ws = door
	s.doors = append(s.doors, door)
	return door.Door, nil
}

// handler carries out calls. Without an authenticator it believes the door.
func (s *service) handler(m *metrics, who api.Authenticator) api.Handler {
	around := []api.Middleware{api.Observe(s.log, nil)}
	if m != nil {
		around = []api.Middleware{m.count, api.Observe(s.log, m)}
	}
	if who != nil {
		around = append(around, api.Authenticate(who))
	}
	return api.New(s.broker, api.Options{
		AdminMode: s.config.adminMode,
		ClientIDs: api.ClientIDRule{Any: s.config.clientIDs == clientIDsOff, Min: int(s.config.minClientID), Max: int(s.config.maxClientID)},
	}, around...)
}

const (
	leastBody = 64 << 10 // bytes that a request may hold at least, for those that no limit is about
	envelope  = 64 << 10 // bytes around a body on WebSocket or beside one on ZeroMQ: headers and arguments
)

// largestRequest is how many bytes of a request's body doors read.
func (s *service) largestRequest() int {
	return int(max(leastBody, s.config.limits.MaxMessagesPostSize, s.config.limits.MaxQueueMetadata))
}
