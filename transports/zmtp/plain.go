package zmtp

import (
	"context"

	"github.com/go-zeromq/zmq4"
)

// Plain is the mechanism PLAIN of who listens: peers send a user and a password in
// the clear. check is called for each, on the peer's goroutine; what it returns is
// kept as the peer's Credentials, and an error refuses the peer: for good, unless it is
// ErrUnknown. ctx ends with the peer's time for the handshake.
func Plain(check func(ctx context.Context, user, password string) (credentials any, err error)) Security {
	return plain{check}
}

// PlainClient is the mechanism PLAIN of who connects. User and password are at
// most 255 bytes long.
func PlainClient(user, password string) Security { return plainClient{user, password} }

type plain struct {
	check func(ctx context.Context, user, password string) (any, error)
}

func (p plain) begin(ctx context.Context) mechanism { return &plainHandshake{ctx: ctx, plain: p} }

type plainHandshake struct {
	transparent
	plain
	ctx context.Context // of this handshake alone
}

func (*plainHandshake) Type() zmq4.SecurityType { return zmq4.PlainSecurity }

func (h *plainHandshake) Handshake(c *zmq4.Conn, _ bool) error {
	hello, err := expect(c, zmq4.CmdHello)
	if err != nil {
		return err
	}
	user, rest, ok := cutShort(hello)
	password, rest, ok2 := cutShort(rest)
	if !ok || !ok2 || len(rest) > 0 {
		return ErrHandshake
	}
	if h.credentials, err = h.check(h.ctx, user, password); err != nil {
		return deny(c, err)
	}
	if err = c.SendCmd(zmq4.CmdWelcome, nil); err != nil {
		return err
	}
	initiate, err := expect(c, zmq4.CmdInitiate)
	if err != nil {
		return err
	}
	if err = parseMetadata(c.Peer.Meta, initiate); err != nil {
		return err
	}
	return c.SendCmd(zmq4.CmdReady, ourMetadata(c))
}

// cutShort cuts a text off b that has its length in a byte before it.
func cutShort(b []byte) (text string, rest []byte, ok bool) {
	if len(b) == 0 || len(b)-1 < int(b[0]) {
		return "", nil, false
	}
	end := 1 + int(b[0])
	return string(b[1:end]), b[end:], true
}

type plainClient struct{ user, password string }

func (p plainClient) begin(context.Context) mechanism { return &plainClientHandshake{plainClient: p} }

type plainClientHandshake struct {
	transparent
	plainClient
}

func (*plainClientHandshake) Type() zmq4.SecurityType { return zmq4.PlainSecurity }

func (h *plainClientHandshake) Handshake(c *zmq4.Conn, _ bool) error {
	if len(h.user) > 255 || len(h.password) > 255 {
		return tooLong("a user and a password have", 255, "bytes each")
	}
	hello := append([]byte{byte(len(h.user))}, h.user...)
	hello = append(append(hello, byte(len(h.password))), h.password...)
	if err := c.SendCmd(zmq4.CmdHello, hello); err != nil {
		return err
	}
	if _, err := expect(c, zmq4.CmdWelcome); err != nil {
		return err
	}
	if err := c.SendCmd(zmq4.CmdInitiate, ourMetadata(c)); err != nil {
		return err
	}
	ready, err := expect(c, zmq4.CmdReady)
	if err != nil {
		return err
	}
	return parseMetadata(c.Peer.Meta, ready)
}
