package zmtp

// believed is the length of a frame that memory is taken for when it is announced.
// For what is longer, memory is taken as it comes.
const believed = 64 << 10

// reader takes the messages out of what a peer sends. One goroutine uses it.
type reader struct {
	in     *buffer
	socket *socket
	cipher *cipher // nil: frames lie open

	maxFrame, maxMessage, maxParts, maxCommand int

	obey  func(command []byte) error
	boxed []byte // a sealed frame, or none
}

// next reads the next message into m, which is empty, and obeys the commands that
// come before it or between its parts.
func (r *reader) next(m *Message) error {
	defer r.socket.between()
	if n, ok := r.whole(); ok {
		m.reserve(n)
	}
	size := 0
	for {
		flags, body, err := r.frame(m)
		if err != nil {
			return err
		}
		if flags&flagCommand != 0 {
			if err = r.command(m, body); err != nil {
				return err
			}
			if len(m.Parts) == 0 {
				r.socket.between()
			}
			continue
		}
		size += len(body)
		if err = r.admit(m, len(body), size); err != nil {
			return err
		}
		m.Parts = append(m.Parts, body)
		if flags&flagMore == 0 {
			return nil
		}
	}
}

// admit looks whether a part may join m, which has size bytes then.
func (r *reader) admit(m *Message, part, size int) error {
	switch {
	case part > r.maxFrame:
		return tooLong("a frame has", r.maxFrame, "bytes")
	case size > r.maxMessage:
		return tooLong("a message has", r.maxMessage, "bytes")
	case len(m.Parts) == r.maxParts:
		return tooLong("a message has", r.maxParts, "parts")
	}
	return nil
}

func (r *reader) command(m *Message, body []byte) error {
	if len(body) > r.maxCommand {
		return tooLong("a command has", r.maxCommand, "bytes")
	}
	err := r.obey(body)
	if r.cipher != nil {
		m.giveBack(1) // its flags
	}
	m.giveBack(len(body))
	return err
}

// frame reads one frame, its body into m.
func (r *reader) frame(m *Message) (flags byte, body []byte, err error) {
	flags, size, err := r.header()
	if err != nil {
		return 0, nil, err
	}
	if r.cipher != nil {
		return r.open(m, size)
	}
	if flags&flagCommand != 0 && size > r.maxCommand {
		return 0, nil, tooLong("a command has", r.maxCommand, "bytes")
	}
	body, err = r.body(m, size)
	return flags, body, err
}

func (r *reader) header() (flags byte, size int, err error) {
	if err = r.in.need(1); err != nil {
		return 0, 0, err
	}
	r.socket.inside = true
	n := headerSize(r.in.unread()[0])
	if err = r.in.need(n); err != nil {
		return 0, 0, err
	}
	flags, size, err = parseHeader(r.in.unread()[:n], r.limit())
	r.in.r += n
	return flags, size, err
}

// limit is how long a frame may be of which it is not known yet what it is.
func (r *reader) limit() int {
	limit := max(r.maxFrame, r.maxCommand)
	if r.cipher != nil {
		limit += sealedSize
	}
	return limit
}

// body reads n bytes that belong to m.
func (r *reader) body(m *Message, n int) ([]byte, error) {
	if n <= believed || n <= cap(m.slab)-len(m.slab) {
		b := m.take(n)
		return b, r.in.read(b)
	}
	b, err := r.long(nil, n)
	m.slab = b
	return b[:len(b):len(b)], err
}

// long reads n bytes into dst, in steps that double.
func (r *reader) long(dst []byte, n int) ([]byte, error) {
	dst = dst[:0]
	for len(dst) < n {
		have := len(dst)
		dst = append(dst, make([]byte, min(n-have, max(believed, have)))...)
		if err := r.in.read(dst[have:]); err != nil {
			return nil, err
		}
	}
	return dst, nil
}

// open reads a sealed frame of n bytes and opens it.
func (r *reader) open(m *Message, n int) (flags byte, body []byte, err error) {
	if n < sealedSize {
		return 0, nil, ErrProtocol
	}
	if r.boxed, err = r.long(r.boxed, n); err != nil {
		return 0, nil, err
	}
	dst := m.take(n - sealedSize + 1)
	plain, err := r.cipher.open(dst[:0], r.boxed)
	if len(r.boxed) > maxReused {
		r.boxed = nil
	}
	if err != nil {
		return 0, nil, err
	}
	flags, err = unboxed(plain[0])
	return flags, plain[1:], err
}

// whole tells whether a message lies in the buffer from its first byte to its last,
// so that reading it waits for nobody, and how long its parts are together. What
// is sealed it does not look into.
func (r *reader) whole() (size int, ok bool) {
	if r.cipher != nil {
		return 0, false
	}
	b := r.in.unread()
	for len(b) >= shortHeader {
		n := headerSize(b[0])
		if len(b) < n {
			return 0, false
		}
		flags, body, err := parseHeader(b[:n], r.limit())
		if err != nil || len(b)-n < body {
			return 0, false
		}
		size += body
		if b = b[n+body:]; flags&(flagMore|flagCommand) == 0 {
			return size, true
		}
	}
	return 0, false
}
