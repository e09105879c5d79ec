package memstore

import (
	"slices"
	"time"

	"github.com/stackforge/marconi/storage"
)

// postID says which posts are one: those of a key, or those of a producer, which
// are told apart by their numbers.
type postID struct{ key, producer string }

// post remembers the post of a key, or the last posts of a producer.
type post struct {
	id      postID
	number  uint64
	expires time.Time
	sum     [16]byte
	last    uint64     // the producer's number of the last one
	ids     [][]string // of their messages, the last post's last
}

func (p *post) end() time.Time { return p.expires }
func (p *post) tie() uint64    { return p.number }

func idOf(o storage.Once) postID { return postID{o.Key, o.Producer} }

// repeated recognises a post that was stored before, and refuses one that must
// not be stored.
func (q *queue) repeated(o storage.Once) (p storage.Posted, again bool, err error) {
	switch known := q.posts[idOf(o)]; {
	case o.Producer != "":
		return known.numbered(o.Seq)
	case o.Key == "" || known == nil:
		return p, false, nil
	case known.sum != o.Sum:
		return p, false, storage.ErrKeyReused
	default:
		return storage.Posted{IDs: known.ids[0], Again: true}, true, nil
	}
}

// numbered is repeated for the post of a producer that has the number seq.
func (p *post) numbered(seq uint64) (_ storage.Posted, again bool, err error) {
	if p == nil {
		p = &post{}
	}
	switch back := p.last - seq; {
	case seq == p.last+1:
		return storage.Posted{}, false, nil
	case seq == 0 || seq > p.last:
		return storage.Posted{}, false, storage.OutOfOrder{Want: p.last + 1}
	case back < uint64(len(p.ids)):
		return storage.Posted{IDs: p.ids[len(p.ids)-1-int(back)], Again: true}, true, nil
	default:
		return storage.Posted{Again: true}, true, nil
	}
}

// remember keeps what repeated will ask for.
func (q *queue) remember(o storage.Once, ids []string) {
	id := idOf(o)
	if id == (postID{}) {
		return
	}
	p := q.posts[id]
	if p == nil {
		p = &post{id: id, number: q.number()}
		q.posts[id] = p
	} else {
		q.stale.remove(p)
	}
	p.expires, p.sum, p.last = o.Until, o.Sum, o.Seq
	if len(p.ids) == storage.ProducerMemory {
		p.ids = slices.Delete(p.ids, 0, 1)
	}
	p.ids = append(p.ids, ids)
	q.stale.add(p)
}

func (q *queue) forgetPost(p *post) {
	q.stale.remove(p)
	delete(q.posts, p.id)
}
