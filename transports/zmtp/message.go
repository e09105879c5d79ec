package zmtp

import "sync"

// Message is what a peer sent: one part or more. It belongs to whom it was handed
// to, and its parts share memory with no other message.
type Message struct {
	Parts [][]byte

	slab  []byte // parts are cut from it
	few   [4][]byte
	store *store
}

// Release gives the memory of m back, for messages to come. It may be left out; who
// does call it must hold on neither to m nor to a part of it.
func (m *Message) Release() {
	if m.store != nil && cap(m.slab) <= maxReused {
		m.reset()
		m.store.pool.Put(m)
	}
}

// ReleaseFrame is Release for who holds on to the bytes of the parts: they stay.
func (m *Message) ReleaseFrame() {
	if m.store != nil {
		m.reset()
		m.slab = nil
		m.store.pool.Put(m)
	}
}

// Size is the number of bytes in all parts.
func (m *Message) Size() (n int) {
	for _, part := range m.Parts {
		n += len(part)
	}
	return n
}

// Split parts what a REQ sends into the envelope that its reply must begin with and
// the body. What comes from a DEALER has no envelope, unless it imitates a REQ by
// an empty part in front.
func (m *Message) Split() (envelope, body [][]byte) {
	if len(m.Parts) > 0 && len(m.Parts[0]) == 0 {
		return m.Parts[:1], m.Parts[1:]
	}
	return nil, m.Parts
}

// maxReused is how much memory a message may keep until it is used again.
const maxReused = 64 << 10

// store holds messages that were released.
type store struct{ pool sync.Pool }

// message is an empty one.
func (s *store) message() *Message {
	if m, ok := s.pool.Get().(*Message); ok {
		return m
	}
	m := &Message{store: s}
	m.Parts = m.few[:0]
	return m
}

func (m *Message) reset() {
	clear(m.Parts)
	m.Parts, m.slab = m.Parts[:0], m.slab[:0]
}

// reserve sees to it that parts of n bytes together fit in one piece of memory.
func (m *Message) reserve(n int) {
	if cap(m.slab)-len(m.slab) < n {
		m.slab = make([]byte, 0, n)
	}
}

// take cuts n bytes off the slab. Parts that were cut off an older one stay.
func (m *Message) take(n int) []byte {
	m.reserve(n)
	start := len(m.slab)
	m.slab = m.slab[:start+n]
	return m.slab[start : start+n : start+n]
}

// giveBack undoes the last take.
func (m *Message) giveBack(n int) { m.slab = m.slab[:len(m.slab)-n] }
