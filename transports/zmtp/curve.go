package zmtp

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/binary"

	"github.com/go-zeromq/zmq4"
	"golang.org/x/crypto/nacl/box"
)

// Key is a public or a secret key of CURVE.
type Key [32]byte

// KeyPair is the long-term identity of a server or a client.
type KeyPair struct{ Public, Secret Key }

// NewKeyPair makes a pair that nobody else has.
func NewKeyPair() (KeyPair, error) {
	public, secret, err := box.GenerateKey(rand.Reader)
	if err != nil {
		return KeyPair{}, err
	}
	return KeyPair{*public, *secret}, nil
}

// Curve is the mechanism CURVE (RFC 26) of who listens. allow is called with the
// public key of each peer that has proved to own it, on the peer's goroutine; what
// it returns is kept as the peer's Credentials, and an error refuses the peer: for
// good, unless it is ErrUnknown. ctx ends with the peer's time for the handshake.
// Peers must know keys.Public.
func Curve(keys KeyPair, allow func(ctx context.Context, client Key) (credentials any, err error)) Security {
	return curve{keys, allow}
}

type curve struct {
	keys  KeyPair
	allow func(ctx context.Context, client Key) (any, error)
}

func (s curve) begin(ctx context.Context) mechanism { return &curveHandshake{ctx: ctx, curve: s} }

// curveHandshake is the server's half. It keeps in memory what the protocol lets a
// server put into a cookie, so the cookie is random and only has to come back.
type curveHandshake struct {
	transparent
	curve
	ctx    context.Context // of this handshake alone
	peer   [32]byte        // the client's short-term key
	short  KeyPair         // ours
	cookie [cookieSize]byte
	heard  uint64 // the last counter
}

const (
	cookieSize  = 96
	helloSize   = 194 // version, padding, key, counter, box of 64 zeros
	helloKey    = 74
	vouchSize   = 128 // key, nonce, box of two keys
	welcomeSize = 16 + box.Overhead + 32 + cookieSize
)

func (*curveHandshake) Type() zmq4.SecurityType { return zmq4.CurveSecurity }

func (h *curveHandshake) Handshake(c *zmq4.Conn, _ bool) error {
	hello, err := expect(c, zmq4.CmdHello)
	if err != nil {
		return err
	}
	welcome, err := h.welcome(hello)
	if err != nil {
		return err
	}
	if err = c.SendCmd(zmq4.CmdWelcome, welcome); err != nil {
		return err
	}
	initiate, err := expect(c, zmq4.CmdInitiate)
	if err != nil {
		return err
	}
	client, metadata, err := h.vouched(initiate)
	if err != nil {
		return err
	}
	if h.credentials, err = h.allow(h.ctx, client); err != nil {
		return deny(c, err)
	}
	if err = parseMetadata(c.Peer.Meta, metadata); err != nil {
		return err
	}
	return c.SendCmd(zmq4.CmdReady, h.ready(ourMetadata(c)))
}

// welcome answers a HELLO, which shows that the client knows our public key.
func (h *curveHandshake) welcome(hello []byte) ([]byte, error) {
	if len(hello) != helloSize || hello[0] != 1 {
		return nil, ErrHandshake
	}
	h.peer = [32]byte(hello[helloKey:])
	counter := hello[helloKey+32 : helloKey+40]
	if _, ok := openBox(hello[helloKey+40:], nonceHello, counter, h.peer, h.keys.Secret); !ok {
		return nil, ErrHandshake
	}
	h.heard = binary.BigEndian.Uint64(counter)
	var err error
	if h.short, err = NewKeyPair(); err != nil {
		return nil, err
	}
	_, _ = rand.Read(h.cookie[:]) // never fails
	nonce := make([]byte, 16, welcomeSize)
	_, _ = rand.Read(nonce)
	plain := append(append([]byte(nil), h.short.Public[:]...), h.cookie[:]...)
	return sealBox(nonce, plain, nonceWelcome, nonce, h.peer, h.keys.Secret), nil
}

// vouched opens an INITIATE, in which the client proves that its long-term key
// belongs to the short-term key that this connection uses, and to us.
func (h *curveHandshake) vouched(initiate []byte) (client Key, metadata []byte, err error) {
	const head = cookieSize + 8
	if len(initiate) < head || subtle.ConstantTimeCompare(initiate[:cookieSize], h.cookie[:]) != 1 {
		return client, nil, ErrHandshake
	}
	counter := initiate[cookieSize:head]
	plain, ok := openBox(initiate[head:], nonceInitiate, counter, h.peer, h.short.Secret)
	if n := binary.BigEndian.Uint64(counter); !ok || len(plain) < vouchSize || n <= h.heard {
		return client, nil, ErrHandshake
	} else {
		h.heard = n
	}
	client = Key(plain)
	vouch, ok := openBox(plain[48:vouchSize], nonceVouch, plain[32:48], client, h.short.Secret)
	if !ok || subtle.ConstantTimeCompare(vouch, append(h.peer[:], h.keys.Public[:]...)) != 1 {
		return client, nil, ErrHandshake
	}
	return client, plain[vouchSize:], nil
}

// ready seals the last word of the handshake, and with it the cipher begins.
func (h *curveHandshake) ready(metadata []byte) []byte {
	h.cipher = &cipher{sealing: nonceServer, opening: nonceClient, sealed: 1, heard: h.heard}
	box.Precompute(&h.cipher.key, &h.peer, (*[32]byte)(&h.short.Secret))
	counter := binary.BigEndian.AppendUint64(nil, h.cipher.sealed)
	return sealBox(counter, metadata, nonceReady, counter, h.peer, h.short.Secret)
}

func sealBox(dst, plain []byte, prefix string, tail []byte, to [32]byte, by Key) []byte {
	var nonce [24]byte
	return box.Seal(dst, plain, fillNonce(&nonce, prefix, tail), &to, (*[32]byte)(&by))
}

func openBox(sealed []byte, prefix string, tail []byte, from [32]byte, by Key) ([]byte, bool) {
	var nonce [24]byte
	return box.Open(nil, sealed, fillNonce(&nonce, prefix, tail), &from, (*[32]byte)(&by))
}
