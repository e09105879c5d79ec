package zmtp

import (
	"bytes"
	"context"
	"net"
	"time"

	"github.com/go-zeromq/zmq4"
	"golang.org/x/crypto/nacl/box"
)

// ParseMetadata is what becomes of the properties in b.
func ParseMetadata(b []byte) (map[string]string, error) {
	m := make(zmq4.Metadata)
	err := parseMetadata(m, b)
	return m, err
}

// AppendProperty is how a property is sent.
var AppendProperty = appendProperty

// Greet is the handshake as a ROUTER with who is at the other end of conn.
func Greet(conn net.Conn, c Config) (*Peer, error) {
	c = c.withDefaults()
	var n counters
	return open(context.Background(), conn, zmq4.Router, true, c, &memory{counters: &n})
}

// RouterAt is a Router that takes its connections from l.
func RouterAt(l net.Listener, c Config) *Router {
	return &Router{listenAt(l, c.withDefaults(), zmq4.Router)}
}

// recorded is a connection on which all was said long ago.
type recorded struct {
	net.Conn
	r *bytes.Reader
}

func (c recorded) Read(b []byte) (int, error)      { return c.r.Read(b) }
func (c recorded) Write(b []byte) (int, error)     { return len(b), nil }
func (c recorded) SetReadDeadline(time.Time) error { return nil }
func (c recorded) SetWriteDeadline(time.Time) error {
	return nil
}
func (c recorded) Close() error { return nil }

// Read is the messages in what a peer has sent after the handshake, and how the
// reading has ended. Those that were whole in the buffer were promised to be.
func Read(sent []byte, c Config, key *[32]byte) (messages [][][]byte, promised int, err error) {
	c = c.withDefaults()
	var n counters
	p := newPeer(context.Background(), recorded{r: bytes.NewReader(sent)}, c, outcome{cipher: cipherOf(key, nonceClient)}, &memory{counters: &n})
	_ = p.reader.in.fill() // an error comes again
	for {
		size, whole := p.reader.whole()
		m := new(store).message()
		if err = p.reader.next(m); err != nil {
			p.end(err)
			return messages, promised, err
		}
		if messages = append(messages, m.Parts); whole && size >= m.Size() {
			promised++
		}
	}
}

// Frames is how parts are sent, sealed if there is a key, each message on its own.
func Frames(key *[32]byte, messages ...[][]byte) (sent []byte, err error) {
	c := cipherOf(key, nonceServer)
	for _, parts := range messages {
		frames := appendParts(nil, parts, false)
		if len(frames) != framedSize(parts) {
			panic("framedSize is wrong")
		}
		if c == nil {
			sent = append(sent, frames...)
		} else if sent, err = c.seal(sent, frames); err != nil {
			return nil, err
		}
	}
	return sent, nil
}

// cipherOf is one whose own words it can read.
func cipherOf(key *[32]byte, sealing string) *cipher {
	if key == nil {
		return nil
	}
	c := &cipher{sealing: sealing, opening: nonceServer}
	box.Precompute(&c.key, key, key)
	return c
}
