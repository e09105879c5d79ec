package pebblestore

import (
	"encoding/binary"
	"errors"
	"time"

	"github.com/stackforge/marconi/storage"
)

// Every value begins with the version of its encoding. Pebble checks the bytes
// of its files by blocks, so a value needs no checksum of its own; one that
// cannot be read all the same is a fault of the program and is reported.
const recordVersion = 1

var errRecord = errors.New("the record does not follow its format")

func ms(t time.Time) int64       { return t.UnixMilli() }
func at(instant int64) time.Time { return time.UnixMilli(instant).UTC() }

func appendString(b []byte, s string) []byte {
	return append(binary.AppendUvarint(b, uint64(len(s))), s...)
}

func appendTime(b []byte, t time.Time) []byte { return binary.AppendVarint(b, ms(t)) }

// scanner reads a value. After a failure it reads zeros and says so in the end.
type scanner struct {
	b   []byte
	bad bool
}

// scan begins to read a value whose version is known.
func scan(value []byte) *scanner {
	if len(value) == 0 || value[0] != recordVersion {
		return &scanner{bad: true}
	}
	return &scanner{b: value[1:]}
}

func (s *scanner) fail() { s.b, s.bad = nil, true }

func (s *scanner) uvarint() uint64 {
	n, size := binary.Uvarint(s.b)
	if size <= 0 {
		s.fail()
		return 0
	}
	s.b = s.b[size:]
	return n
}

func (s *scanner) varint() int64 {
	n, size := binary.Varint(s.b)
	if size <= 0 {
		s.fail()
		return 0
	}
	s.b = s.b[size:]
	return n
}

func (s *scanner) time() time.Time { return at(s.varint()) }

// take cuts bytes off. They lie in the value.
func (s *scanner) take(n uint64) []byte {
	if n > uint64(len(s.b)) {
		s.fail()
		return nil
	}
	b := s.b[:n]
	s.b = s.b[n:]
	return b
}

func (s *scanner) byte() byte {
	if b := s.take(1); b != nil {
		return b[0]
	}
	return 0
}

func (s *scanner) bytes() []byte  { return s.take(s.uvarint()) }
func (s *scanner) string() string { return string(s.bytes()) }

// count reads how many things follow, each at least size bytes long.
func (s *scanner) count(size uint64) int {
	n := s.uvarint()
	if n > uint64(len(s.b))/size {
		s.fail()
		return 0
	}
	return int(n)
}

// end reports whether all of the value was read, and could be.
func (s *scanner) end() error {
	if s.bad || len(s.b) > 0 {
		return errRecord
	}
	return nil
}

// queueRecord is a queue as the family of queues keeps it.
type queueRecord struct {
	storage.Queue
	life uint64
}

func (r queueRecord) append(b []byte) []byte {
	b = binary.AppendUvarint(append(b, recordVersion), r.life)
	b = binary.BigEndian.AppendUint32(b, r.Epoch)
	b = binary.AppendUvarint(b, r.Version)
	b = appendTime(b, r.Created)
	return append(b, r.Metadata...)
}

func readQueue(id storage.QueueID, value []byte) (queueRecord, error) {
	s := scan(value)
	r := queueRecord{life: s.uvarint()}
	r.ID = id
	if b := s.take(4); b != nil {
		r.Epoch = binary.BigEndian.Uint32(b)
	}
	r.Version = s.uvarint()
	r.Created = s.time()
	if len(s.b) > 0 {
		r.Metadata = append([]byte(nil), s.take(uint64(len(s.b)))...)
	}
	return r, s.end()
}

// head is what a life remembers of what is gone.
type head struct {
	tail    storage.Position
	counter uint64 // the last number given to a delayed message
	delayed int
	named   bool // messages were in the log whose IDs do not spell their positions
}

func (h head) append(b []byte) []byte {
	b = binary.AppendUvarint(append(b, recordVersion), uint64(h.tail))
	b = binary.AppendUvarint(b, h.counter)
	b = binary.AppendUvarint(b, uint64(h.delayed))
	return append(b, flag(h.named))
}

func flag(set bool) byte {
	if set {
		return 1
	}
	return 0
}

func readHead(value []byte) (head, error) {
	s := scan(value)
	h := head{tail: storage.Position(s.uvarint()), counter: s.uvarint(), delayed: int(s.uvarint())}
	h.named = s.byte() == 1
	return h, s.end()
}

// change is what claims have changed about a message.
type change struct {
	expires, since int64
	claims         int
}

func (c change) append(b []byte) []byte {
	b = binary.AppendVarint(append(b, recordVersion), c.expires)
	b = binary.AppendVarint(b, c.since)
	return binary.AppendUvarint(b, uint64(c.claims))
}

func readChange(value []byte) (change, error) {
	s := scan(value)
	c := change{expires: s.varint(), since: s.varint(), claims: int(s.uvarint())}
	return c, s.end()
}

func (b *block) append(v []byte) []byte {
	v = binary.AppendUvarint(append(v, recordVersion), uint64(b.gone))
	return binary.AppendVarint(v, b.earliest)
}

func readBlock(value []byte) (*block, error) {
	s := scan(value)
	b := &block{gone: int(s.uvarint()), earliest: s.varint()}
	return b, s.end()
}

// appendHold writes positions, which ascend, as runs.
func (h *hold) append(b []byte) []byte {
	b = binary.AppendVarint(append(b, recordVersion), h.created)
	b = binary.AppendVarint(b, h.ends)
	b = binary.AppendUvarint(b, uint64(len(h.positions)))
	last := storage.Position(0)
	for i := 0; i < len(h.positions); {
		first := h.positions[i]
		n := 1
		for i+n < len(h.positions) && h.positions[i+n] == first+storage.Position(n) {
			n++
		}
		b = binary.AppendUvarint(b, uint64(first-last))
		b = binary.AppendUvarint(b, uint64(n))
		last = first + storage.Position(n)
		i += n
	}
	return b
}

func readHold(value []byte) (*hold, error) {
	s := scan(value)
	h := &hold{created: s.varint(), ends: s.varint()}
	total := s.uvarint()
	last := storage.Position(0)
	for uint64(len(h.positions)) < total && !s.bad {
		first := last + storage.Position(s.uvarint())
		n := s.uvarint()
		if n == 0 || n > total-uint64(len(h.positions)) || n > 1<<20 {
			return nil, errRecord
		}
		for i := range n {
			h.positions = append(h.positions, first+storage.Position(i))
		}
		last = first + storage.Position(n)
	}
	return h, s.end()
}

// alias is where a message is whose ID does not spell its position. As a marker
// it outlives a message that was in the log.
type alias struct {
	expires  int64            // the message's, or what it was when the message went
	after    storage.Position // as a marker it goes on after this
	position storage.Position // of the message; 0 while it is delayed
	due      int64            // when it is delayed: its key
	counter  uint64
}

func (a alias) append(b []byte) []byte {
	b = binary.AppendVarint(append(b, recordVersion), a.expires)
	b = binary.AppendUvarint(b, uint64(a.after))
	b = binary.AppendUvarint(b, uint64(a.position))
	b = binary.AppendVarint(b, a.due)
	return binary.AppendUvarint(b, a.counter)
}

func readAlias(value []byte) (alias, error) {
	s := scan(value)
	a := alias{
		expires: s.varint(), after: storage.Position(s.uvarint()), position: storage.Position(s.uvarint()),
		due: s.varint(), counter: s.uvarint(),
	}
	return a, s.end()
}
