package pebblestore

import (
	"encoding/binary"
	"math"

	"github.com/stackforge/marconi/storage"
)

// The keys of the store. Numbers are big-endian, so that keys sort as their
// numbers do. All that belongs to one life of a queue has the life's number in
// front: a life ends with one range deletion.
//
//	q project name            the record of a queue
//	L life h                  its head: tail, counters
//	L life m position         a message of its log
//	L life v position         what claims have changed about a message
//	L life b block            a block of the log: what is gone, the first expiry
//	L life c claim            a claim; its messages rest if it starts with a NUL
//	L life d due counter      a delayed message
//	L life e expiry counter   a delayed message that expires before it falls due
//	L life a id               the alias of a message
//	L life o kind key         an idempotency key or a producer
//	u queue                   the audience of a queue: the number of its outbox
//	s queue subscription      a subscription and how far its deliveries have come
//	O outbox position         a letter
//	x instant kind …          what ends at an instant, for Sweep
//	n                         the next free number of a life or an outbox
const (
	familyQueue        = 'q'
	familyLife         = 'L'
	familyAudience     = 'u'
	familySubscription = 's'
	familyOutbox       = 'O'
	familyAgenda       = 'x'
	familyNumber       = 'n'

	kindHead    = 'h'
	kindMessage = 'm'
	kindChange  = 'v'
	kindBlock   = 'b'
	kindClaim   = 'c'
	kindDelayed = 'd'
	kindDoomed  = 'e'
	kindAlias   = 'a'
	kindOnce    = 'o'

	endsBlock        = 'b'
	endsAlias        = 'a'
	endsOnce         = 'o'
	endsSubscription = 's'
	endsLetter       = 'l'
)

// restMark begins the key of a rest, where a claim has its ID. A claim's ID is
// stored behind claimMark.
const (
	restMark  = 0
	claimMark = 1
)

const never = math.MaxInt64 // later than every instant

func appendNumber(k []byte, n uint64) []byte { return binary.BigEndian.AppendUint64(k, n) }

// appendInstant keeps the order of instants, those before 1970 included.
func appendInstant(k []byte, ms int64) []byte { return appendNumber(k, uint64(ms)^1<<63) }

func instantIn(k []byte) int64 { return int64(binary.BigEndian.Uint64(k) ^ 1<<63) }

// appendText puts a text of any bytes in front of other parts.
func appendText(k []byte, s string) []byte {
	return append(binary.BigEndian.AppendUint32(k, uint32(len(s))), s...)
}

func cutText(k []byte) (s string, rest []byte, ok bool) {
	if len(k) < 4 {
		return "", nil, false
	}
	n := uint64(binary.BigEndian.Uint32(k))
	if uint64(len(k)-4) < n {
		return "", nil, false
	}
	return string(k[4 : 4+n]), k[4+n:], true
}

func projectKey(project string) []byte { return appendText([]byte{familyQueue}, project) }

func queueKey(id storage.QueueID) []byte { return append(projectKey(id.Project), id.Name...) }

func appendQueueID(k []byte, id storage.QueueID) []byte {
	return appendText(appendText(k, id.Project), id.Name)
}

func cutQueueID(k []byte) (id storage.QueueID, rest []byte, ok bool) {
	if id.Project, rest, ok = cutText(k); !ok {
		return id, nil, false
	}
	id.Name, rest, ok = cutText(rest)
	return id, rest, ok
}

func audienceKey(id storage.QueueID) []byte { return appendQueueID([]byte{familyAudience}, id) }

func subscriptionKey(id storage.QueueID, subscription string) []byte {
	return append(appendQueueID([]byte{familySubscription}, id), subscription...)
}

// lifeKey is the beginning of all keys of a life.
func lifeKey(life uint64) []byte {
	return appendNumber(append(make([]byte, 0, keySize), familyLife), life)
}

// kindKey is the beginning of all keys of one kind of a life.
func kindKey(life uint64, kind byte) []byte { return append(lifeKey(life), kind) }

func numberedKey(life uint64, kind byte, n uint64) []byte {
	return appendNumber(kindKey(life, kind), n)
}

func messageKey(life uint64, p storage.Position) []byte {
	return numberedKey(life, kindMessage, uint64(p))
}

func timedKey(life uint64, kind byte, ms int64, counter uint64) []byte {
	return appendNumber(appendInstant(kindKey(life, kind), ms), counter)
}

func namedKey(life uint64, kind byte, name string) []byte {
	return append(kindKey(life, kind), name...)
}

func holdKey(life uint64, h *hold) []byte {
	if h.id == "" {
		return appendNumber(append(kindKey(life, kindClaim), restMark), h.number)
	}
	return append(append(kindKey(life, kindClaim), claimMark), h.id...)
}

func letterKey(outbox uint64, p storage.Position) []byte {
	return appendNumber(appendNumber([]byte{familyOutbox}, outbox), uint64(p))
}

// agendaKey begins the key of what ends at an instant. The rest says what it is:
// see ending.
func agendaKey(ms int64, kind byte) []byte {
	return append(appendInstant(append(make([]byte, 0, keySize), familyAgenda), ms), kind)
}

// keySize is room for the keys that are written for every message.
const keySize = 1 + 8 + 1 + 8 + 8

// after is the first key behind all keys that begin with prefix.
func after(prefix []byte) []byte {
	end := append([]byte(nil), prefix...)
	for i := len(end) - 1; i >= 0; i-- {
		end[i]++
		if end[i] != 0 {
			return end[:i+1]
		}
	}
	return nil
}

// lastNumber reads the number at the end of a key.
func lastNumber(k []byte) uint64 { return binary.BigEndian.Uint64(k[len(k)-8:]) }
