package main

import (
	"errors"
	"fmt"
	"net"
	"strings"

	"github.com/stackforge/marconi/transports"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/auth"
	"github.com/stackforge/marconi/transports/zmq"
)

// openZMQ opens the endpoints of ZeroMQ that have an address.
func (s *service) openZMQ(who api.Authenticator, m *metrics) error {
	c, err := s.zmqConfig(who, m)
	if err != nil {
		return err
	}
	for _, e := range []struct {
		name, endpoint string
		listen         func(zmq.Config) (transports.Transport, error)
	}{
		{"zmq", s.config.zmq, func(c zmq.Config) (transports.Transport, error) { return zmq.ListenCommands(c) }},
		{"zmq_ingest", s.config.zmqIngest, func(c zmq.Config) (transports.Transport, error) { return zmq.ListenIngest(c) }},
		{"zmq_publish", s.config.zmqPublish, func(c zmq.Config) (transports.Transport, error) { return zmq.ListenPublish(c) }},
	} {
		if e.endpoint == "" {
			continue
		}
		c.Endpoint = e.endpoint
		door, err := e.listen(c)
		if err != nil {
			return fmt.Errorf("%s: %w", e.name, err)
		}
		s.doors = append(s.doors, door)
		s.zmq = append(s.zmq, zmqDoor{e.name, door})
		if m != nil {
			m.watchZMQ(e.name, door)
		}
	}
	return nil
}

// zmqDoor is an endpoint by the name of its option.
type zmqDoor struct {
	name string
	door transports.Transport
}

func (s *service) zmqConfig(who api.Authenticator, m *metrics) (zmq.Config, error) {
	largest := s.largestRequest()
	page := int(max(s.config.limits.MaxMessagesPerPage, s.config.limits.MaxMessagesPerClaimOrPop))
	c := zmq.Config{
		Broker:      s.broker,
		MaxRequest:  largest,
		MaxInFlight: int(s.config.zmqInFlight),
		Mailbox:     min(max(8<<20, 2*page*largest), 64<<20),
		MaxPeers:    int(s.config.zmqConnections), MaxPeersPerAddr: int(s.config.zmqPerAddress),
		StopTimeout: s.config.stopTimeout,
		Log:         s.log,
	}
	if s.config.auth == authNone {
		c.Handler = s.handler(m, auth.Signed(s.broker, who))
	} else { // a connection proves once who it is
		c.Authenticator = who
		c.Handler = s.handler(m, nil)
	}
	var err error
	if s.config.curveSecretFile != "" {
		c.Curve, err = zmq.LoadCurve(s.config.curveSecretFile, s.config.curveClients)
	}
	return c, err
}

// endpoint is one of ZeroMQ, or nothing.
type endpoint struct{ to *string }

func (v endpoint) set(s string) error {
	scheme, rest, _ := strings.Cut(s, "://")
	switch {
	case s == "":
	case scheme == "ipc" && strings.HasPrefix(rest, "/"):
	case scheme == "tcp" && (&address{to: new(string)}).set(rest) == nil:
	default:
		return fmt.Errorf(`must be an endpoint such as "tcp://127.0.0.1:5557" or "ipc:///run/marconi.sock", not %q`, s)
	}
	*v.to = s
	return nil
}

func (v endpoint) show() string { return *v.to }

// overTCP is the address of an endpoint, or "" if others can reach it by no address.
func overTCP(endpoint string) string {
	address, tcp := strings.CutPrefix(endpoint, "tcp://")
	if !tcp {
		return ""
	}
	return address
}

// checkZMQ looks at what makes endpoints of ZeroMQ open to all, and at their keys.
func (l *loaded) checkZMQ() error {
	if l.curveClients != "" && l.curveSecretFile == "" {
		return fmt.Errorf("%s has no use without zmq_curve_secret_key_file", l.at("zmq_curve_clients_file"))
	}
	if l.curveClients != "" {
		return nil // they let nobody else in
	}
	return errors.Join(
		l.checkDoor("zmq", overTCP(l.zmq)),
		l.checkDoor("zmq_ingest", overTCP(l.zmqIngest)),
		l.checkDoor("zmq_publish", overTCP(l.zmqPublish)),
	)
}

// checkCurve reads the files of keys.
func (l *loaded) checkCurve() error {
	if l.curveSecretFile == "" {
		return nil
	}
	_, err := zmq.LoadCurve(l.curveSecretFile, l.curveClients)
	return err
}

// clear tells whether what is sent to an endpoint can be read on the way.
func (c *config) clear() bool {
	for _, e := range []string{c.zmq, c.zmqIngest, c.zmqPublish} {
		if host, _, err := net.SplitHostPort(overTCP(e)); err == nil && host != "" && !loopback(overTCP(e)) && c.curveSecretFile == "" {
			return true
		}
	}
	return false
}
