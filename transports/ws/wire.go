package ws

import (
	"bufio"
	"bytes"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync"
	"time"
)

// errTooLarge is of a message that is, or would be, longer than any may be.
var errTooLarge = errors.New("ws: the message is too large")

// piece is how many bytes a peer must take within the write timeout.
const piece = 16 << 10

// wire is the network connection under a WebSocket. It bounds what a message can
// cost before it is whole, whatever it is cut into, and lets a write take its
// time as long as it goes on.
type wire struct {
	net.Conn
	patience time.Duration // for a write that makes no progress
	left     int           // bytes that may be read; of the goroutine that reads

	mu       sync.Mutex    // guards gathered; of who writes
	gathered *bytes.Buffer // what waits to be sent; nil: what is written is sent at once
}

// Read implements net.Conn.
func (w *wire) Read(p []byte) (int, error) {
	if w.left <= 0 {
		return 0, errTooLarge
	}
	n, err := w.Conn.Read(p[:min(len(p), w.left)])
	w.left -= n
	return n, err
}

// gatherings are buffers for what is sent together.
var gatherings = sync.Pool{New: func() any { return bytes.NewBuffer(make([]byte, 0, piece)) }}

// gather lets what is written wait for what comes behind it, up to a piece: to
// hand something to the system costs more than all else that a push takes. Flush
// must follow.
func (w *wire) gather() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gathered = gatherings.Get().(*bytes.Buffer)
}

// flush sends what was gathered. From then on what is written is sent at once.
func (w *wire) flush() error {
	w.mu.Lock()
	defer w.mu.Unlock()
	b := w.gathered
	w.gathered = nil
	defer gatherings.Put(b)
	defer b.Reset()
	_, err := w.send(b.Bytes())
	return err
}

// Write implements net.Conn.
func (w *wire) Write(p []byte) (written int, err error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	b := w.gathered
	if b == nil {
		return w.send(p)
	}
	if b.Len()+len(p) > piece {
		if _, err := w.send(b.Bytes()); err != nil {
			return 0, err
		}
		b.Reset()
	}
	if len(p) > piece {
		return w.send(p)
	}
	return b.Write(p)
}

// send hands over bytes a piece at a time, each of which must be taken in time.
func (w *wire) send(p []byte) (written int, err error) {
	for len(p) > 0 && err == nil {
		var n int
		_ = w.Conn.SetWriteDeadline(time.Now().Add(w.patience)) // if that fails, so does the write
		n, err = w.Conn.Write(p[:min(len(p), piece)])
		written += n
		p = p[n:]
	}
	return written, err
}

// SetWriteDeadline implements net.Conn. What is sent has deadlines of its own.
func (w *wire) SetWriteDeadline(time.Time) error { return nil }

// wired is a response whose connection is taken over as a wire.
type wired struct {
	http.ResponseWriter
	wire *wire
}

// Hijack implements http.Hijacker.
func (w wired) Hijack() (net.Conn, *bufio.ReadWriter, error) {
	c, buffers, err := http.NewResponseController(w.ResponseWriter).Hijack()
	if err != nil {
		return nil, nil, err
	}
	keepShort(c)
	w.wire.Conn = c
	return w.wire, buffers, nil
}

// sendBuffer is how many bytes the system may keep that the other end has not
// taken. With more, it would be long before it tells that something was taken (it
// does when a third of them were), and a slow connection would pass for a dead one.
const sendBuffer = 128 << 10

func keepShort(c net.Conn) {
	if secret, ok := c.(*tls.Conn); ok {
		c = secret.NetConn()
	}
	if plain, ok := c.(*net.TCPConn); ok {
		_ = plain.SetWriteBuffer(sendBuffer) // if that fails, it is as it was
	}
}
