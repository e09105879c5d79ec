package zmtp

import "io"

const (
	smallBuffer = 4 << 10  // of a peer that says little
	largeBuffer = 64 << 10 // of one that says more than that at a time
	quietReads  = 32       // in a row that bring little make a buffer small again
)

// buffer is what was read and not yet looked at.
type buffer struct {
	src    io.Reader
	data   []byte
	r, w   int // data[r:w] is unread
	filled bool
	quiet  int
}

func newBuffer(src io.Reader) *buffer { return &buffer{src: src, data: make([]byte, smallBuffer)} }

func (b *buffer) unread() []byte { return b.data[b.r:b.w] }

// need waits until n bytes are there, n being at most smallBuffer.
func (b *buffer) need(n int) error {
	for b.w-b.r < n {
		if err := b.fill(); err != nil {
			return err
		}
	}
	return nil
}

// fill reads once, what there is.
func (b *buffer) fill() error {
	b.fit()
	n, err := b.src.Read(b.data[b.w:])
	b.note(n)
	b.w += n
	if n > 0 {
		return nil // an error comes again
	}
	if err == nil {
		err = io.ErrNoProgress
	}
	return err
}

// fit makes room, and the buffer as large as the peer deserves.
func (b *buffer) fit() {
	size := len(b.data)
	switch {
	case b.filled:
		size = largeBuffer
	case b.quiet >= quietReads && b.w-b.r < smallBuffer:
		size = smallBuffer
	}
	if size == len(b.data) {
		b.w = copy(b.data, b.unread())
	} else {
		data := make([]byte, size)
		b.w, b.data = copy(data, b.unread()), data
	}
	b.r = 0
}

func (b *buffer) note(n int) {
	b.filled = n == len(b.data)-b.w
	if b.quiet++; n > smallBuffer/4 {
		b.quiet = 0
	}
}

// read fills dst: by what is there, then past the buffer if much is missing.
func (b *buffer) read(dst []byte) error {
	n := copy(dst, b.unread())
	b.r += n
	for dst = dst[n:]; len(dst) > 0; dst = dst[n:] {
		var err error
		if n, err = b.some(dst); err != nil {
			return err
		}
	}
	return nil
}

// some reads a part of dst while the buffer is empty.
func (b *buffer) some(dst []byte) (n int, err error) {
	if len(dst) >= len(b.data) {
		if n, err = b.src.Read(dst); n > 0 {
			return n, nil
		}
		return 0, err
	}
	if err = b.fill(); err != nil {
		return 0, err
	}
	n = copy(dst, b.unread())
	b.r += n
	return n, nil
}
