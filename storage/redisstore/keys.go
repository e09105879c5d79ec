package redisstore

import (
	"net/url"
	"strconv"
	"strings"

	"github.com/redis/go-redis/v9"

	"github.com/stackforge/marconi/storage"
)

// The keys of a queue, by suffix. All are in one slot: what is in braces is the
// same. The scripts call them by these names.
//
//	q   hash: the queue itself, its tail, its cursor
//	s   stream: the log, a message at ID <position>-0
//	x   zset: blocks of positions of the log by the earliest expiry in them
//	h   zset: positions of held messages by the end of their claim or rest
//	o   hash: position → claim
//	c   hash: claim → created, end, positions
//	b   zset: positions of free messages that came back, none behind the cursor
//	v   hash: position → changed expiry, since when, claims
//	d   zset: delayed messages by the instant they fall due
//	de  zset: the same by expiry
//	dm  hash: the same themselves
//	a   hash: ID → where the message is or was that its ID does not place
//	ax  zset: the same by expiry
//	k   hash: idempotency keys and producers
//	kx  zset: the same by expiry
//	g   hash: messages on their way to the dead letters
//	ev  channel: events
//
// These outlive the queue:
//
//	m   hash: the marks in the register, the outbox's tail and readers
//	w   stream: the outbox (its letters end with the queue)
//	wx  zset: blocks of positions of the outbox by the earliest expiry in them
//	u   hash: subscriptions
//	un  hash: subscriber → subscription
//	ux  zset: subscriptions by expiry
//	ul  zset: subscriptions by ID, all scores 0
//	ud  hash: durable subscriptions → how far their deliveries have come
//	uc  zset: the same by cursor
//	ur  zset: the same by the instant at which they are to be looked at
const (
	queueKey    = "q"
	leavingKey  = "g"
	channelKey  = "ev"
	subsByIDKey = "ul"
)

// tagOf is what all keys of a queue begin with. A project may hold any
// characters, so each part is escaped before the two are joined.
func tagOf(id storage.QueueID) string { return "{" + memberOf(id) + "}" }

func keyOf(id storage.QueueID, suffix string) string { return tagOf(id) + suffix }

func (s *Store) keysOf(id storage.QueueID, suffixes []string) []string {
	tag := tagOf(id)
	keys := make([]string, len(suffixes))
	for i, suffix := range suffixes {
		keys[i] = tag + suffix
		if suffix == channelKey {
			keys[i] += s.database
		}
	}
	return keys
}

// channelOf names the channel of a queue. Channels are not of a database, as keys
// are: the name says of which it is.
func (s *Store) channelOf(id storage.QueueID) string { return keyOf(id, channelKey) + s.database }

// databaseOf is the number of a client's database, "" for 0.
func databaseOf(c redis.UniversalClient) string {
	if one, ok := c.(*redis.Client); ok && one.Options().DB != 0 {
		return strconv.Itoa(one.Options().DB)
	}
	return ""
}

// memberOf names a queue in the register.
func memberOf(id storage.QueueID) string { return escape(id.Project) + ":" + escape(id.Name) }

func queueOf(member string) storage.QueueID {
	project, name, _ := strings.Cut(member, ":")
	return storage.QueueID{Project: unescape(project), Name: unescape(name)}
}

// plain is what escape leaves as it is.
func plain(c byte) bool {
	return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' || c >= '0' && c <= '9' || c == '_' || c == '.' || c == '-'
}

// escape writes every byte but letters, digits, '_', '.' and '-' as %XX.
func escape(s string) string {
	i := 0
	for i < len(s) && plain(s[i]) {
		i++
	}
	if i == len(s) {
		return s
	}
	const hexDigits = "0123456789ABCDEF"
	var b strings.Builder
	for i := range len(s) {
		if c := s[i]; plain(c) {
			b.WriteByte(c)
		} else {
			b.Write([]byte{'%', hexDigits[c>>4], hexDigits[c&0xf]})
		}
	}
	return b.String()
}

func unescape(s string) string {
	plain, err := url.PathUnescape(s)
	if err != nil {
		return s
	}
	return plain
}

// The register of all queues lies in a slot of its own. A queue is in it before it
// is made and until after it is deleted, so that none is ever missing there.
const (
	formatKey   = "{marconi}format"
	projectsKey = "{marconi}projects" // zset, all scores 0
	doubtsKey   = "{marconi}doubts"   // set: queues that are being taken off the register
	marksKey    = "{marconi}marks"    // hash: queue → version of its marks
	dueKey      = "{marconi}due"      // zset: queues by when there is something to deliver
	agesKey     = "{marconi}ages"     // zset: queues by when something ends that Sweep removes
)

// namesKey is a zset of a project's queues, all scores 0.
func namesKey(project string) string { return "{marconi}names:" + escape(project) }
