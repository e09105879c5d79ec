package zmtp

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/go-zeromq/zmq4"
)

// Security is a mechanism of ZMTP. Plain and Curve make those of who listens,
// PlainClient and CurveClient those of who connects.
type Security interface {
	// begin starts the handshake with one peer. ctx ends when the peer's time for
	// it is over.
	begin(ctx context.Context) mechanism
}

// mechanism is the handshake with one peer, as the library knows it.
type mechanism interface {
	zmq4.Security
	result() outcome
}

// outcome is what a handshake has found out.
type outcome struct {
	credentials any
	cipher      *cipher // nil: what follows is not encrypted
}

// transparent is the half of a mechanism that lets bytes pass. What CURVE encrypts is
// done after the handshake, by cipher: the library would write wrong lengths.
type transparent struct{ outcome }

func (transparent) Encrypt(w io.Writer, b []byte) (int, error) { return w.Write(b) }
func (transparent) Decrypt(w io.Writer, b []byte) (int, error) { return w.Write(b) }
func (t *transparent) result() outcome                         { return t.outcome }

// null is the mechanism NULL, for both sides.
type null struct{}

func (null) begin(context.Context) mechanism { return &nullHandshake{} }

type nullHandshake struct{ transparent }

func (*nullHandshake) Type() zmq4.SecurityType { return zmq4.NullSecurity }

func (*nullHandshake) Handshake(c *zmq4.Conn, _ bool) error {
	if err := c.SendCmd(zmq4.CmdReady, ourMetadata(c)); err != nil {
		return err
	}
	body, err := expect(c, zmq4.CmdReady)
	if err != nil {
		return err
	}
	return parseMetadata(c.Peer.Meta, body)
}

// expect receives a command that must have this name. An ERROR is told with the
// reason that came with it.
func expect(c *zmq4.Conn, name string) ([]byte, error) {
	cmd, err := c.RecvCmd()
	switch {
	case err != nil:
		return nil, err
	case cmd.Name == zmq4.CmdError:
		return nil, fmt.Errorf("%w: %.100q", ErrRefused, cmd.Body)
	case cmd.Name != name:
		return nil, ErrHandshake
	}
	return cmd.Body, nil
}

// deny tells the peer that its credentials are not accepted, with the code that
// ZeroMQ has for it, and is the error to end the handshake with. If that is just not
// known it tells nothing: libraries connect again, unless they were told.
func deny(c *zmq4.Conn, reason error) error {
	if errors.Is(reason, ErrUnknown) {
		return reason
	}
	_ = c.SendCmd(zmq4.CmdError, append([]byte{3}, "400"...))
	return fmt.Errorf("%w: %w", ErrDenied, reason)
}
