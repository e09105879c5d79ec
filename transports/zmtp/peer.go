package zmtp

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"runtime/debug"
	"strings"
	"time"

	"github.com/go-zeromq/zmq4"
)

// Peer is one connection that was greeted. Its methods are safe for many
// goroutines, and never wait for the peer but for Await.
type Peer struct {
	id          uint64
	credentials any
	metadata    zmq4.Metadata
	minor       byte // of version 3

	ctx    context.Context // lasts as long as the peer
	cancel context.CancelCauseFunc

	socket    *socket
	silent    int // looks in a row that nothing came in; of who looks
	mailbox   *mailbox
	reader    *reader
	subscribe func(topic []byte, on bool) error // nil: nothing to subscribe to
	topics    map[string]struct{}               // guarded by the Pub
	picked    uint64                            // likewise: the last message that was for it
}

// ID is a number that no other peer of the same listener has had.
func (p *Peer) ID() uint64 { return p.id }

// Credentials is what the mechanism's callback has returned for the peer.
func (p *Peer) Credentials() any { return p.credentials }

// SocketType is what the peer says it is, such as "DEALER", in agreement with the
// kind of the listener.
func (p *Peer) SocketType() string { return p.metadata[propertyType] }

// ClaimedIdentity is the identity that the peer has chosen for itself. Any number
// of peers may have the same.
func (p *Peer) ClaimedIdentity() string { return p.metadata[propertyIdentity] }

// Property is one of those that came with the handshake, by its name in any case,
// or "".
func (p *Peer) Property(name string) string { return p.metadata[canonical(name)] }

// RemoteAddr is the address that the connection comes from.
func (p *Peer) RemoteAddr() net.Addr { return p.socket.RemoteAddr() }

// Context ends with the peer. Its cause is the reason.
func (p *Peer) Context() context.Context { return p.ctx }

// Send puts a message into the peer's mailbox. The parts are copied. ErrFull says
// that there is no room for it now, ErrTooLong that there never is; else the error
// is the reason of the peer's end. That a message was taken says nothing about its
// arrival.
func (p *Peer) Send(parts ...[]byte) error { return p.mailbox.post(nil, parts) }

// Reply is Send with the parts of an envelope before the others, see Message.Split.
func (p *Peer) Reply(envelope [][]byte, parts ...[]byte) error {
	return p.mailbox.post(envelope, parts)
}

// Await waits until the mailbox has room for a message of these parts. Another may
// take it first.
func (p *Peer) Await(ctx context.Context, parts ...[]byte) error {
	return p.mailbox.await(ctx, framedSize(parts))
}

// Queued is how many bytes wait in the mailbox.
func (p *Peer) Queued() int {
	p.mailbox.mu.Lock()
	defer p.mailbox.mu.Unlock()
	return p.mailbox.queued()
}

// More tells whether another message of the peer has already come from its first
// byte to its last. Only who handles the messages of a peer one by one may ask,
// while handling one. Of what is sealed it is not known.
func (p *Peer) More() bool {
	_, more := p.reader.whole()
	return more
}

// Cut ends the connection at once, for a reason that Gone and the cause of Context
// will tell. What waits in the mailbox is lost.
func (p *Peer) Cut(reason error) {
	p.cancel(reason)
	_ = p.socket.Close()
}

// open completes the handshake with who is at the other end of conn, as a socket of
// type kind. ctx is that of the peer's life.
func open(ctx context.Context, conn net.Conn, kind zmq4.SocketType, server bool, c Config, memory *memory) (*Peer, error) {
	timed, stop := context.WithTimeout(ctx, c.HandshakeTimeout)
	defer stop()
	until, _ := timed.Deadline()
	if err := conn.SetDeadline(until); err != nil {
		return nil, err
	}
	cut := context.AfterFunc(ctx, func() { conn.Close() })
	defer cut()

	m := c.Security.begin(timed)
	g := &guard{Conn: conn, limit: c.MaxMetadata + 512, asServer: server && m.Type() != zmq4.NullSecurity}
	z, err := zmq4.Open(g, m, kind, nil, server, nil)
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrHandshake, err)
	}
	if err = conn.SetDeadline(time.Time{}); err != nil {
		return nil, err
	}
	p := newPeer(ctx, conn, c, m.result(), memory)
	p.metadata, p.minor = z.Peer.Meta, g.minor
	if g.minor == 0 {
		p.socket.silence = 0 // it knows no PING
	}
	return p, nil
}

func newPeer(ctx context.Context, conn net.Conn, c Config, o outcome, memory *memory) *Peer {
	p := &Peer{credentials: o.credentials}
	p.ctx, p.cancel = context.WithCancelCause(ctx)
	p.socket = &socket{Conn: conn, silence: c.PeerTimeout, message: c.MessageTimeout}
	p.socket.heard.Store(true)
	p.reader = &reader{
		in: newBuffer(p.socket), socket: p.socket, cipher: o.cipher, obey: p.obey,
		maxFrame: c.MaxFrame, maxMessage: c.MaxMessage, maxParts: c.MaxParts, maxCommand: c.MaxTopic + overhead,
	}
	p.mailbox = &mailbox{
		conn: conn, limit: c.Mailbox, timeout: c.WriteTimeout, cipher: o.cipher, chunks: &memory.chunks,
		failed: p.Cut, room: make(chan struct{}, 1),
		panicked: func(v any) { p.Cut(memory.panicked(v)) },
	}
	p.mailbox.quiet.L = &p.mailbox.mu
	return p
}

// end is the end of the peer, for the reason err. If that is ErrStopped, what waits
// in the mailbox is written, and may arrive, as long as the context of the peer allows.
func (p *Peer) end(err error) error {
	if errors.Is(err, ErrStopped) {
		cut := context.AfterFunc(p.ctx, func() { p.socket.Close() })
		defer cut()
		p.mailbox.close(err, true)
		p.part()
	}
	if cause := context.Cause(p.ctx); cause != nil {
		err = cause // it was cut, and that ended the reading
	}
	p.Cut(err)
	p.mailbox.close(err, false)
	return err
}

// parting is how long a peer may take to hear of the end.
const parting = time.Second

// part tells a peer of the end, and throws away what it says until it has heard. A
// connection that is closed over what was not read forgets what was not taken. A
// PUSH is told nothing but that, and had better keep what it has not sent.
func (p *Peer) part() {
	half, ok := p.socket.Conn.(interface{ CloseWrite() error })
	if !ok || p.SocketType() == string(zmq4.Push) || half.CloseWrite() != nil {
		return
	}
	_ = p.socket.SetReadDeadline(time.Now().Add(parting))
	_, _ = io.Copy(io.Discard, p.socket.Conn)
}

// memory is what the peers of a listener share.
type memory struct {
	chunks   chunks
	messages store
	counters *counters
}

// panicked counts a panic and makes an error of it.
func (m *memory) panicked(v any) error {
	m.counters.panics.Add(1)
	return fmt.Errorf("%w: %v\n%s", ErrPanic, v, strings.TrimSpace(string(debug.Stack())))
}
