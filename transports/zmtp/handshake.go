package zmtp

import (
	"bytes"
	"errors"
	"io"
	"net"
)

const (
	greetingSize = 64
	greetingHead = 12 // signature and version
	maxMechanism = 20
)

// guard is a connection as the library sees it in the handshake. What it reads
// from the peer is a greeting and then commands, each whole and within the limit;
// all else is an error before the library knows of it. Nothing is read ahead.
type guard struct {
	net.Conn
	limit    int  // bytes of a command
	asServer bool // what our greeting says

	unread   []byte
	greeted  bool
	minor    byte // of the peer's version 3
	announce bool // our greeting is out
}

func (g *guard) Read(b []byte) (int, error) {
	if len(g.unread) == 0 {
		if err := g.load(); err != nil {
			return 0, err
		}
	}
	n := copy(b, g.unread)
	g.unread = g.unread[n:]
	return n, nil
}

func (g *guard) load() (err error) {
	if !g.greeted {
		g.greeted = true
		g.unread, err = g.greeting()
		return err
	}
	g.unread, err = g.command()
	return err
}

// greeting reads the peer's. The head is judged first: who speaks something else
// may never send the rest.
func (g *guard) greeting() ([]byte, error) {
	b := make([]byte, greetingSize)
	if _, err := io.ReadFull(g.Conn, b[:greetingHead]); err != nil {
		return nil, err
	}
	if b[0] != 0xff || b[9] != 0x7f || b[10] < 3 {
		return nil, ErrGreeting
	}
	if g.minor = b[11]; b[10] > 3 {
		g.minor = 1 // who is newer speaks as we do
	}
	_, err := io.ReadFull(g.Conn, b[greetingHead:])
	return b, err
}

// command reads a frame with a command in it, header and all.
func (g *guard) command() ([]byte, error) {
	header := make([]byte, longHeader)
	if _, err := io.ReadFull(g.Conn, header[:shortHeader]); err != nil {
		return nil, err
	}
	header = header[:headerSize(header[0])]
	if _, err := io.ReadFull(g.Conn, header[shortHeader:]); err != nil {
		return nil, err
	}
	flags, size, err := parseHeader(header, g.limit)
	if errors.Is(err, ErrTooLong) {
		err = tooLong("a command of the handshake, metadata and all, has", g.limit, "bytes")
	}
	if err != nil {
		return nil, err
	}
	if flags&flagCommand == 0 {
		return nil, ErrHandshake
	}
	frame := append(make([]byte, 0, len(header)+size), header...)[:len(header)+size]
	if _, err = io.ReadFull(g.Conn, frame[len(header):]); err != nil {
		return nil, err
	}
	_, _, err = parseCommand(frame[len(header):])
	if err != nil && bytes.HasPrefix(frame[len(header):], []byte(misspelt)) {
		err = ErrRefused
	}
	return frame, err
}

// misspelt is how the ERROR of PLAIN begins when libzmq 4.3 sends it: where it has
// "\x05ERROR", C reads on past the 05.
const misspelt = "\x5eRROR"

// Write sends what the library writes. It begins with a greeting of version 3.0 by
// nobody's server; ours is 3.1 and tells.
func (g *guard) Write(b []byte) (int, error) {
	if !g.announce && len(b) == greetingSize {
		g.announce = true
		b = append([]byte(nil), b...)
		b[11] = 1
		if g.asServer {
			b[greetingHead+maxMechanism] = 1
		}
	}
	return g.Conn.Write(b)
}
