package zmtp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"runtime"
	"sync"
	"time"
)

// piece is how much is written at a time. Within the write timeout a peer must take
// that much, or at least some of it.
const piece = 256 << 10

// mailbox holds what a peer is still to be sent. While it holds anything, a
// goroutine writes; posting waits for nothing but a lock.
type mailbox struct {
	conn     net.Conn
	limit    int
	timeout  time.Duration
	cipher   *cipher // nil: frames go out open
	chunks   *chunks // where memory comes from
	failed   func(error)
	panicked func(any)

	mu      sync.Mutex
	waiting *chunk // nil: none
	writing int    // bytes that were taken out and are not yet written
	flusher bool   // the goroutine runs
	err     error  // why nothing is put in any more
	drain   bool   // but what is in is still written
	quiet   sync.Cond
	room    chan struct{} // has a token when room was made
}

// chunk is a run of frames.
type chunk struct{ bytes []byte }

// chunks holds chunks to be used again.
type chunks struct{ pool sync.Pool }

func (c *chunks) get() *chunk {
	if k, ok := c.pool.Get().(*chunk); ok {
		return k
	}
	return new(chunk)
}

func (c *chunks) put(k *chunk) {
	if k != nil && cap(k.bytes) <= piece {
		k.bytes = k.bytes[:0]
		c.pool.Put(k)
	}
}

// post puts in one message, of the parts of envelope and then of parts.
func (b *mailbox) post(envelope, parts [][]byte) error {
	size := framedSize(envelope) + framedSize(parts)
	if size == 0 {
		return ErrProtocol // a message has a part
	}
	return b.put(size, func(dst []byte) []byte {
		return appendParts(appendParts(dst, envelope, len(parts) > 0), parts, false)
	})
}

// framed puts in what is frames already.
func (b *mailbox) framed(frames []byte) error {
	return b.put(len(frames), func(dst []byte) []byte { return append(dst, frames...) })
}

func (b *mailbox) command(name string, rest []byte) error {
	return b.put(shortHeader+1+len(name)+len(rest), func(dst []byte) []byte {
		return appendCommand(dst, name, rest)
	})
}

// put lets fill append size bytes, and sees to it that a goroutine writes.
func (b *mailbox) put(size int, fill func([]byte) []byte) error {
	b.mu.Lock()
	if err := b.admit(size); err != nil {
		b.mu.Unlock()
		return err
	}
	b.waiting.bytes = fill(b.waiting.bytes)
	idle := !b.flusher
	b.flusher = true
	b.mu.Unlock()
	if idle {
		go b.flush()
	}
	return nil
}

// admit makes waiting ready for size bytes more, if they may come in.
func (b *mailbox) admit(size int) error {
	switch {
	case b.err != nil:
		return b.err
	case size > b.limit:
		return tooLong("a mailbox holds", b.limit, "bytes")
	case b.queued()+size > b.limit:
		return ErrFull
	}
	if b.waiting == nil {
		b.waiting = b.chunks.get()
	}
	return nil
}

func (b *mailbox) queued() int {
	if b.waiting == nil {
		return b.writing
	}
	return b.writing + len(b.waiting.bytes)
}

// flush writes until nothing waits.
func (b *mailbox) flush() {
	defer func() {
		if v := recover(); v != nil {
			b.panicked(v)
			b.halt()
		}
	}()
	runtime.Gosched() // who is about to post shares the write
	for k := b.take(); k != nil; k = b.take() {
		err := b.write(k)
		b.chunks.put(k)
		if err != nil {
			b.failed(err)
			b.halt()
			return
		}
	}
}

// take takes out what waits, what was taken before being written. When nothing
// waits it is nil, and the goroutine has ended for all others.
func (b *mailbox) take() (k *chunk) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.writing = 0
	b.hasRoom()
	if b.err == nil || b.drain {
		k, b.waiting = b.waiting, nil
	}
	if k == nil {
		b.ended()
	} else {
		b.writing = len(k.bytes)
	}
	return k
}

func (b *mailbox) ended() {
	b.flusher = false
	b.quiet.Broadcast()
}

// halt ends the goroutine of a connection that was cut.
func (b *mailbox) halt() {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.writing = 0
	b.ended()
}

func (b *mailbox) hasRoom() {
	select {
	case b.room <- struct{}{}:
	default:
	}
}

func (b *mailbox) write(k *chunk) (err error) {
	if b.cipher == nil {
		return b.writeAll(k.bytes)
	}
	sealed := b.chunks.get()
	defer b.chunks.put(sealed)
	if sealed.bytes, err = b.cipher.seal(sealed.bytes, k.bytes); err != nil {
		return err
	}
	return b.writeAll(sealed.bytes)
}

// writeAll writes as slowly as the peer takes it, as long as that takes anything.
func (b *mailbox) writeAll(bytes []byte) error {
	for len(bytes) > 0 {
		_ = b.conn.SetWriteDeadline(time.Now().Add(b.timeout))
		n, err := b.conn.Write(bytes[:min(len(bytes), piece)])
		switch bytes = bytes[n:]; {
		case err == nil:
		case !errors.Is(err, os.ErrDeadlineExceeded):
			return fmt.Errorf("%w: %w", ErrGone, err)
		case n == 0:
			return ErrStalled
		}
	}
	return nil
}

// await waits until size bytes fit.
func (b *mailbox) await(ctx context.Context, size int) error {
	for {
		b.mu.Lock()
		err := b.admit(size)
		b.mu.Unlock()
		if !errors.Is(err, ErrFull) {
			b.hasRoom() // or none for ever: others who wait are to look, too
			return err
		}
		select {
		case <-b.room:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

// close lets nothing more in. With drain what waits is still written, else it is
// lost. It returns when nobody writes any more.
func (b *mailbox) close(err error, drain bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.err == nil {
		b.err = err
	}
	b.drain = drain
	b.hasRoom()
	for b.flusher {
		b.quiet.Wait()
	}
	b.chunks.put(b.waiting)
	b.waiting = nil
}
