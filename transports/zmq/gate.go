package zmq

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/netip"
	"strings"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/zmtp"
)

const (
	transport   = "zmq"
	headerToken = "X-Auth-Token"
)

// Reasons of the door to cut a connection off.
var (
	errUnauthenticated = errors.New("zmq: no authentication came in time")
	errExpired         = errors.New("zmq: the authentication has expired")
	errWithdrawn       = errors.New("zmq: the authentication is no longer valid")
)

// identity is who a connection has proven to be. It is not changed.
type identity struct {
	caller core.Caller
	token  string // that proved it; "" for what needs no second look
}

// gate finds out who connects.
type gate struct{ config *Config }

// security is what peers must show in the handshake.
func (g *gate) security() zmtp.Security {
	switch {
	case g.config.Curve != nil:
		return zmtp.Curve(g.config.Curve.Keys, g.config.Curve.allow)
	case g.config.Authenticator != nil:
		return zmtp.Plain(g.password)
	}
	return nil
}

// password takes the password of PLAIN for a token. Without one a peer may come in,
// to bring its token in the headers of a request.
func (g *gate) password(ctx context.Context, _, password string) (any, error) {
	if password == "" {
		return nil, nil
	}
	who, err := g.ask(ctx, password, netip.Addr{})
	switch {
	case err == nil:
		return who, nil
	case unknown(err):
		return nil, err
	}
	return nil, fmt.Errorf("%w: %w", zmtp.ErrUnknown, err)
}

// ask asks whose token this is.
func (g *gate) ask(ctx context.Context, token string, from netip.Addr) (*identity, error) {
	ctx, cancel := context.WithTimeout(ctx, g.config.AuthTimeout)
	defer cancel()
	caller, err := g.config.Authenticator.Authenticate(ctx, &api.Call{
		Action: "authenticate", Dialect: api.WebSocket, Transport: transport, Remote: from,
		Header: func(name string) (string, bool) {
			if strings.EqualFold(name, headerToken) {
				return token, true
			}
			return "", false
		},
	})
	if err != nil {
		return nil, err
	}
	return &identity{caller, token}, nil
}

// unknown tells of an error whether it says that the caller is nobody, and not
// just that this cannot be known now.
func unknown(err error) bool {
	return errors.Is(err, api.ErrUnauthenticated) || errors.Is(err, api.ErrGrant)
}

// remoteOf is the address of a peer; none where it came by a path.
func remoteOf(p *zmtp.Peer) netip.Addr {
	tcp, ok := p.RemoteAddr().(*net.TCPAddr)
	if !ok {
		return netip.Addr{}
	}
	return tcp.AddrPort().Addr().Unmap()
}
