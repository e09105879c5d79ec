package zmtp

import (
	"bytes"
	"encoding/binary"
	"strings"

	"github.com/go-zeromq/zmq4"
)

// Names of properties, as the library looks them up and as they are sent.
const (
	propertyType     = "Socket-Type"
	propertyIdentity = "Identity"
)

// maxProperties is how many properties a peer may send.
const maxProperties = 32

// maxIdentity is how long the identity may be that a peer claims.
const maxIdentity = 255

// parseMetadata reads the properties of a READY or INITIATE into m. Names are kept
// in lower case, but for the two that the library knows. The socket type must be
// one that exists.
func parseMetadata(m zmq4.Metadata, b []byte) error {
	for n := 0; len(b) > 0; n++ {
		name, value, rest, ok := cutProperty(b)
		if !ok {
			return ErrHandshake
		}
		if n == maxProperties {
			return tooLong("metadata have", maxProperties, "properties")
		}
		if _, twice := m[name]; twice {
			return ErrHandshake
		}
		m[name], b = value, rest
	}
	if !isSocketType(m[propertyType]) {
		return ErrHandshake
	}
	if len(m[propertyIdentity]) > maxIdentity {
		return tooLong("an identity has", maxIdentity, "bytes")
	}
	return nil
}

func cutProperty(b []byte) (name, value string, rest []byte, ok bool) {
	n := int(b[0])
	if b = b[1:]; n == 0 || len(b) < n+4 {
		return "", "", nil, false
	}
	if !isName(b[:n]) {
		return "", "", nil, false
	}
	name, b = canonical(string(b[:n])), b[n:]
	size := binary.BigEndian.Uint32(b)
	if b = b[4:]; uint64(size) > uint64(len(b)) {
		return "", "", nil, false
	}
	return name, string(b[:size]), b[size:], true
}

// isName tells the characters that names of properties are made of.
func isName(b []byte) bool {
	for _, c := range b {
		letter := 'a' <= c|0x20 && c|0x20 <= 'z'
		if !letter && (c < '0' || c > '9') && !bytes.ContainsRune([]byte("-_.+"), rune(c)) {
			return false
		}
	}
	return true
}

func canonical(name string) string {
	switch {
	case strings.EqualFold(name, propertyType):
		return propertyType
	case strings.EqualFold(name, propertyIdentity):
		return propertyIdentity
	}
	return strings.ToLower(name)
}

// isSocketType tells the types that ZMTP 3 has. The library panics over others.
func isSocketType(name string) bool {
	switch zmq4.SocketType(name) {
	case zmq4.Pair, zmq4.Pub, zmq4.Sub, zmq4.Req, zmq4.Rep, zmq4.Dealer, zmq4.Router, zmq4.Pull, zmq4.Push, zmq4.XPub, zmq4.XSub:
		return true
	}
	return false
}

// ourMetadata is what we say of ourselves: the socket type and no identity.
func ourMetadata(c *zmq4.Conn) []byte {
	b := appendProperty(nil, propertyType, c.Meta[propertyType])
	return appendProperty(b, propertyIdentity, "")
}

func appendProperty(dst []byte, name, value string) []byte {
	dst = append(append(dst, byte(len(name))), name...)
	dst = binary.BigEndian.AppendUint32(dst, uint32(len(value)))
	return append(dst, value...)
}
