package zmtp

import (
	"encoding/binary"
	"time"

	"github.com/go-zeromq/zmq4"
)

// maxPing is how long the context of a PING may be, that a PONG repeats.
const maxPing = 16

// overhead is what a command is longer than its longest argument.
const overhead = 32

// parseCommand splits the body of a command into its name and the rest.
func parseCommand(body []byte) (name, rest []byte, err error) {
	if len(body) == 0 || int(body[0]) > len(body)-1 || body[0] == 0 {
		return nil, nil, ErrProtocol
	}
	end := 1 + int(body[0])
	return body[1:end], body[end:], nil
}

func appendCommand(dst []byte, name string, rest []byte) []byte {
	dst = appendHeader(dst, flagCommand, 1+len(name)+len(rest))
	dst = append(dst, byte(len(name)))
	return append(append(dst, name...), rest...)
}

// obey does what commands ask for that come between messages. Those of a Pub are
// for subscribe; what is not known is ignored, as the protocol wants.
func (p *Peer) obey(body []byte) error {
	name, rest, err := parseCommand(body)
	if err != nil {
		return err
	}
	switch string(name) {
	case zmq4.CmdPing:
		return p.pong(rest)
	case zmq4.CmdError:
		return ErrRefused
	case zmq4.CmdSubscribe, zmq4.CmdCancel:
		if p.subscribe != nil {
			return p.subscribe(rest, string(name) == zmq4.CmdSubscribe)
		}
	}
	return nil
}

// pong answers a PING and takes note of the silence that its sender allows itself,
// in tenths of a second. An answer that finds no room is lost: a peer that does
// not read will not miss it.
func (p *Peer) pong(rest []byte) error {
	if len(rest) < 2 || len(rest) > 2+maxPing {
		return ErrProtocol
	}
	if ttl := binary.BigEndian.Uint16(rest); ttl > 0 {
		p.socket.expire = time.Duration(ttl) * time.Second / 10
	}
	_ = p.mailbox.command(zmq4.CmdPong, rest[2:])
	return nil
}

// ping asks for a sign of life. It promises none of our own: its TTL is zero.
func (p *Peer) ping() { _ = p.mailbox.command(zmq4.CmdPing, []byte{0, 0}) }

// looks is how often in a heartbeat it is looked whether a peer says something.
const looks = 4

// askWhenSilent is called at each look, and sends a PING for every heartbeat in
// which nothing came, if the peer is of a version that has one.
func (p *Peer) askWhenSilent() {
	if p.socket.heard.Swap(false) {
		p.silent = 0
		return
	}
	if p.silent++; p.silent%looks == 0 && p.minor > 0 {
		p.ping()
	}
}
