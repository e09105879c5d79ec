package zmtp

import (
	"context"
	"crypto/rand"
	"encoding/binary"

	"github.com/go-zeromq/zmq4"
	"golang.org/x/crypto/nacl/box"
)

// CurveClient is the mechanism CURVE (RFC 26) of who connects, to the owner of the
// key server and to nobody else.
func CurveClient(keys KeyPair, server Key) Security { return curveClient{keys, server} }

type curveClient struct {
	keys   KeyPair
	server Key
}

func (s curveClient) begin(context.Context) mechanism { return &curveClientHandshake{curveClient: s} }

type curveClientHandshake struct {
	transparent
	curveClient
	short  KeyPair  // ours
	peer   [32]byte // the server's short-term key
	cookie []byte
}

// Counters of the client's half: one for each command that has one.
const (
	countHello = 1 + iota
	countInitiate
)

func (*curveClientHandshake) Type() zmq4.SecurityType { return zmq4.CurveSecurity }

func (h *curveClientHandshake) Handshake(c *zmq4.Conn, _ bool) (err error) {
	if h.short, err = NewKeyPair(); err != nil {
		return err
	}
	if err = c.SendCmd(zmq4.CmdHello, h.hello()); err != nil {
		return err
	}
	welcome, err := expect(c, zmq4.CmdWelcome)
	if err != nil {
		return err
	}
	if err = h.welcomed(welcome); err != nil {
		return err
	}
	if err = c.SendCmd(zmq4.CmdInitiate, h.initiate(ourMetadata(c))); err != nil {
		return err
	}
	ready, err := expect(c, zmq4.CmdReady)
	if err != nil {
		return err
	}
	metadata, err := h.finish(ready)
	if err != nil {
		return err
	}
	return parseMetadata(c.Peer.Meta, metadata)
}

// hello is as long as the answer to it, so that nobody can be made to send more
// than was sent to him.
func (h *curveClientHandshake) hello() []byte {
	b := make([]byte, helloKey, helloSize)
	b[0] = 1 // version 1.0
	b = append(b, h.short.Public[:]...)
	b = binary.BigEndian.AppendUint64(b, countHello)
	return sealBox(b, make([]byte, 64), nonceHello, b[len(b)-8:], h.server, h.short.Secret)
}

func (h *curveClientHandshake) welcomed(welcome []byte) error {
	if len(welcome) != welcomeSize {
		return ErrHandshake
	}
	plain, ok := openBox(welcome[16:], nonceWelcome, welcome[:16], h.server, h.short.Secret)
	if !ok {
		return ErrHandshake
	}
	h.peer, h.cookie = [32]byte(plain), plain[32:]
	return nil
}

func (h *curveClientHandshake) initiate(metadata []byte) []byte {
	vouchNonce := make([]byte, 16)
	_, _ = rand.Read(vouchNonce) // never fails
	plain := append(append([]byte(nil), h.keys.Public[:]...), vouchNonce...)
	both := append(append([]byte(nil), h.short.Public[:]...), h.server[:]...)
	plain = sealBox(plain, both, nonceVouch, vouchNonce, h.peer, h.keys.Secret)
	plain = append(plain, metadata...)

	b := binary.BigEndian.AppendUint64(append([]byte(nil), h.cookie...), countInitiate)
	return sealBox(b, plain, nonceInitiate, b[len(b)-8:], h.peer, h.short.Secret)
}

func (h *curveClientHandshake) finish(ready []byte) ([]byte, error) {
	if len(ready) < 8 {
		return nil, ErrHandshake
	}
	metadata, ok := openBox(ready[8:], nonceReady, ready[:8], h.peer, h.short.Secret)
	if !ok {
		return nil, ErrHandshake
	}
	h.cipher = &cipher{sealing: nonceClient, opening: nonceServer, sealed: countInitiate, heard: binary.BigEndian.Uint64(ready)}
	box.Precompute(&h.cipher.key, &h.peer, (*[32]byte)(&h.short.Secret))
	return metadata, nil
}
