package zmq

import (
	"bufio"
	"context"
	"crypto/ecdh"
	"encoding/hex"
	"errors"
	"fmt"
	"os"
	"strings"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/zmtp"
)

// Curve is who an endpoint is in CURVE, and whom it lets in.
type Curve struct {
	Keys zmtp.KeyPair

	// Clients are the public keys of those who may connect, each with the project
	// that its owner is bound to, or "" for any that else may be named. nil: whoever
	// knows Keys.Public may.
	Clients map[zmtp.Key]string
}

var errStranger = errors.New("zmq: the key is not in the list of clients")

func (c *Curve) allow(_ context.Context, client zmtp.Key) (any, error) {
	project, known := c.Clients[client]
	switch {
	case c.Clients != nil && !known:
		return nil, errStranger
	case project == "":
		return nil, nil
	}
	return &identity{caller: core.Caller{Project: project}}, nil
}

// LoadCurve reads the secret key of an endpoint from a file, and from another, if it
// is named, the public keys of clients. A key is 64 hexadecimal digits or the 40
// characters of Z85. In the file of clients each is on a line of its own, with the
// project behind it if the client is to be bound to one; empty lines and what
// follows a # at the beginning of a line say nothing.
func LoadCurve(secretFile, clientsFile string) (*Curve, error) {
	text, err := os.ReadFile(secretFile)
	if err != nil {
		return nil, err
	}
	secret, err := ParseKey(strings.TrimSpace(string(text)))
	if err != nil {
		return nil, fmt.Errorf("%s: %w", secretFile, err)
	}
	keys, err := pairOf(secret)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", secretFile, err)
	}
	c := &Curve{Keys: keys}
	if clientsFile != "" {
		c.Clients, err = loadClients(clientsFile)
	}
	return c, err
}

// pairOf finds the public key that belongs to a secret one.
func pairOf(secret zmtp.Key) (zmtp.KeyPair, error) {
	private, err := ecdh.X25519().NewPrivateKey(secret[:])
	if err != nil {
		return zmtp.KeyPair{}, err
	}
	return zmtp.KeyPair{Public: zmtp.Key(private.PublicKey().Bytes()), Secret: secret}, nil
}

func loadClients(name string) (map[zmtp.Key]string, error) {
	file, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	clients := make(map[zmtp.Key]string)
	lines := bufio.NewScanner(file)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' && len(strings.Fields(line)[0]) != z85Size {
			continue
		}
		text, project, _ := strings.Cut(line, " ")
		key, err := ParseKey(text)
		if err != nil {
			return nil, fmt.Errorf("%s, line %d: %w", name, n, err)
		}
		clients[key] = strings.TrimSpace(project)
	}
	return clients, lines.Err()
}

const (
	z85Size = 40
	z85     = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#"
)

var errKey = errors.New("zmq: a key is 64 hexadecimal digits or 40 characters of Z85")

// ParseKey reads a key in hexadecimal or in Z85 (RFC 32).
func ParseKey(text string) (key zmtp.Key, err error) {
	switch len(text) {
	case hex.EncodedLen(len(key)):
		if _, err = hex.Decode(key[:], []byte(text)); err != nil {
			return key, errKey
		}
		return key, nil
	case z85Size:
		return parseZ85(text)
	}
	return key, errKey
}

// parseZ85 reads five characters as the digits of four bytes, to the base of 85.
func parseZ85(text string) (key zmtp.Key, err error) {
	for i := 0; i < z85Size; i += 5 {
		n := uint64(0)
		for _, c := range []byte(text[i : i+5]) {
			digit := strings.IndexByte(z85, c)
			if digit < 0 {
				return key, errKey
			}
			n = n*85 + uint64(digit)
		}
		if n > 1<<32-1 {
			return key, errKey
		}
		at := i / 5 * 4
		key[at], key[at+1], key[at+2], key[at+3] = byte(n>>24), byte(n>>16), byte(n>>8), byte(n)
	}
	return key, nil
}
