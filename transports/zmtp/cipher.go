package zmtp

import (
	"encoding/binary"
	"math"

	"golang.org/x/crypto/nacl/box"
)

// Names of CURVE's commands, as far as the library has none, and the beginnings
// of nonces that belong to them.
const (
	curveMessage = "\x07MESSAGE"

	nonceHello    = "CurveZMQHELLO---"
	nonceWelcome  = "WELCOME-"
	nonceInitiate = "CurveZMQINITIATE"
	nonceVouch    = "VOUCH---"
	nonceReady    = "CurveZMQREADY---"
	nonceServer   = "CurveZMQMESSAGES" // of messages that the server sends
	nonceClient   = "CurveZMQMESSAGEC"
)

// Flags of a frame within its box.
const (
	boxedMore    = 1
	boxedCommand = 2
)

// sealedSize is what a frame grows by when it is sealed: name, nonce, box, flags.
const sealedSize = len(curveMessage) + 8 + box.Overhead + 1

// cipher seals and opens the frames of one connection after the handshake. Sealing
// and opening may go on at the same time, either by one goroutine.
type cipher struct {
	key           [32]byte // of both short-term keys
	sealing       string   // nonce of what we send
	opening       string
	sealed, heard uint64 // the last counters
	nonce         [24]byte
	openNonce     [24]byte
}

func fillNonce(nonce *[24]byte, prefix string, tail []byte) *[24]byte {
	copy(nonce[:], prefix)
	copy(nonce[len(nonce)-len(tail):], tail)
	return nonce
}

// open appends to dst what is in the body of a frame, its flags first. Counters
// must grow: what is repeated is an error.
func (c *cipher) open(dst, body []byte) ([]byte, error) {
	const head = len(curveMessage) + 8
	if len(body) < sealedSize || string(body[:len(curveMessage)]) != curveMessage {
		return nil, ErrProtocol
	}
	counter := body[len(curveMessage):head]
	if n := binary.BigEndian.Uint64(counter); n > c.heard {
		c.heard = n
	} else {
		return nil, ErrProtocol
	}
	plain, ok := box.OpenAfterPrecomputation(dst, body[head:], fillNonce(&c.openNonce, c.opening, counter), &c.key)
	if !ok {
		return nil, ErrProtocol
	}
	return plain, nil
}

// seal appends the frames of chunk to dst, each sealed. Headers in chunk are lost.
func (c *cipher) seal(dst, chunk []byte) ([]byte, error) {
	for len(chunk) > 0 {
		header := headerSize(chunk[0])
		flags, size, err := parseHeader(chunk[:header], math.MaxInt)
		if err != nil {
			return nil, err
		}
		chunk[header-1] = boxed(flags) // which must stand before the body
		dst = c.sealFrame(dst, chunk[header-1:header+size])
		chunk = chunk[header+size:]
	}
	return dst, nil
}

func (c *cipher) sealFrame(dst, plain []byte) []byte {
	c.sealed++
	dst = appendHeader(dst, 0, sealedSize-1+len(plain))
	dst = append(dst, curveMessage...)
	dst = binary.BigEndian.AppendUint64(dst, c.sealed)
	nonce := fillNonce(&c.nonce, c.sealing, dst[len(dst)-8:])
	return box.SealAfterPrecomputation(dst, plain, nonce, &c.key)
}

func boxed(flags byte) byte {
	b := flags & flagMore
	if flags&flagCommand != 0 {
		b |= boxedCommand
	}
	return b
}

// unboxed is the other way.
func unboxed(b byte) (flags byte, err error) {
	if b&^(boxedMore|boxedCommand) != 0 || b == boxedMore|boxedCommand {
		return 0, ErrProtocol
	}
	flags = b & boxedMore
	if b&boxedCommand != 0 {
		flags |= flagCommand
	}
	return flags, nil
}
