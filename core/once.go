package core

import (
	"crypto/sha256"
	"encoding/binary"
	"strings"

	"github.com/stackforge/marconi/storage"
)

const (
	maxKey      = 255 // characters of an idempotency key
	maxProducer = 255 // characters of a producer's name
)

// once makes a post with a key or a producer idempotent.
func (b *Broker) once(p *storage.Post, r *MessagePostRequest) error {
	until := p.Now.Add(seconds(b.limits.IdempotencyKeyTTL))
	switch {
	case r.Producer != "" || r.Seq != nil:
		p.Once = storage.Once{Producer: r.Producer, Until: until}
		return numbered(&p.Once, r)
	case r.Key == "":
		return nil
	case !printable(r.Key, maxKey):
		return invalid("An idempotency key must be 1 to %d printable ASCII characters.", maxKey)
	}
	p.Once = storage.Once{Key: r.Key, Sum: contentOf(r.Messages), Until: until}
	return nil
}

// numbered gives a post its number among those of its producer.
func numbered(o *storage.Once, r *MessagePostRequest) error {
	switch {
	case r.Key != "":
		return invalid("A post has an idempotency key or a producer, not both.")
	case r.Producer == "" || r.Seq == nil:
		return invalid(`"producer" and "seq" must be given together.`)
	case !printable(r.Producer, maxProducer):
		return invalid("The name of a producer must be 1 to %d printable ASCII characters.", maxProducer)
	case *r.Seq < 1:
		return invalid("The sequence number of a post must be at least 1.")
	}
	o.Seq = uint64(*r.Seq)
	return nil
}

func printable(name string, most int) bool {
	return len(name) <= most && !strings.ContainsFunc(name, func(c rune) bool { return c < ' ' || c > '~' })
}

// contentOf tells posts with other content apart: bodies and what they are, ttls
// and delays as they were sent.
func contentOf(drafts []Draft) (sum [16]byte) {
	h := sha256.New()
	var b []byte
	for i := range drafts {
		d := &drafts[i]
		b = binary.AppendUvarint(b[:0], uint64(len(d.Body)))
		b = appendSpan(appendSpan(b, d.TTL), d.Delay)
		if d.Raw {
			b = append(b, rawContent)
		}
		h.Write(b)
		h.Write(d.Body)
	}
	copy(sum[:], h.Sum(nil))
	return sum
}

const rawContent = 2 // no JSON begins with it

func appendSpan(b []byte, n *int64) []byte {
	if n == nil {
		return append(b, 0)
	}
	return binary.AppendVarint(append(b, 1), *n)
}
