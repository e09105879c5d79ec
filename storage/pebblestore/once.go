package pebblestore

import (
	"encoding/binary"

	"github.com/stackforge/marconi/storage"
)

// once remembers the post of a key, or the last posts of a producer.
type once struct {
	until int64
	sum   [16]byte
	last  uint64  // the producer's number of the last one
	posts [][]run // the IDs of their messages, the last post's last
}

// run is a number of messages whose IDs follow each other.
type run struct {
	delayed bool
	first   uint64
	count   uint64
}

// pendingOnce is a record that is not durable yet.
type pendingOnce struct{ *once }

const (
	byKey      = 'k'
	byProducer = 'p'
)

// onceName is which posts are one: those of a key, or those of a producer, which
// are told apart by their numbers. It is "" if nothing is asked for.
func onceName(o storage.Once) string {
	switch {
	case o.Producer != "":
		return string(rune(byProducer)) + o.Producer
	case o.Key != "":
		return string(rune(byKey)) + o.Key
	default:
		return ""
	}
}

// remembered is what is known of a key or a producer, or nil.
func (l *life) remembered(name string, now int64) (*once, error) {
	o := l.pending[name].once
	if o == nil {
		value, err := l.slot.e.value(namedKey(l.number, kindOnce, name))
		if value == nil || err != nil {
			return nil, err
		}
		if o, err = readOnce(value); err != nil {
			return nil, l.fault(0, err)
		}
	}
	if o.until <= now {
		return nil, nil
	}
	return o, nil
}

// repeated recognises a post that was stored before, and refuses one that must
// not be stored.
func (l *life) repeated(o storage.Once, known *once) (p storage.Posted, again bool, err error) {
	switch {
	case o.Producer != "":
		return known.numbered(o.Seq, l.record.Epoch)
	case known == nil:
		return p, false, nil
	case known.sum != o.Sum:
		return p, false, storage.ErrKeyReused
	default:
		return storage.Posted{IDs: idsOf(known.posts[0], l.record.Epoch), Again: true}, true, nil
	}
}

// numbered is repeated for the post of a producer that has the number seq.
func (o *once) numbered(seq uint64, epoch uint32) (p storage.Posted, again bool, err error) {
	if o == nil {
		o = &once{}
	}
	switch back := o.last - seq; {
	case seq == o.last+1 && seq > 0:
		return p, false, nil
	case seq == 0 || seq > o.last:
		return p, false, storage.OutOfOrder{Want: o.last + 1}
	case back < uint64(len(o.posts)):
		return storage.Posted{IDs: idsOf(o.posts[len(o.posts)-1-int(back)], epoch), Again: true}, true, nil
	default:
		return storage.Posted{Again: true}, true, nil
	}
}

// remember keeps what repeated will ask for.
func (l *life) remember(t *tx, o storage.Once, known *once, runs []run) {
	name := onceName(o)
	if name == "" {
		return
	}
	kept := &once{until: ms(o.Until), sum: o.Sum, last: o.Seq}
	if known != nil {
		t.delete(l.onceEnding(name, known.until))
		kept.posts = append(kept.posts, known.posts[max(0, len(known.posts)-storage.ProducerMemory+1):]...)
	}
	kept.posts = append(kept.posts, runs)
	t.set(namedKey(l.number, kindOnce, name), kept.append(nil))
	t.set(l.onceEnding(name, kept.until), appendQueueID(nil, l.record.ID))
	l.pending[name] = pendingOnce{kept}
	t.visible(func() {
		l.slot.mu.Lock()
		defer l.slot.mu.Unlock()
		if l.pending[name].once == kept {
			delete(l.pending, name)
		}
	})
}

func (l *life) onceEnding(name string, until int64) []byte {
	return append(appendNumber(agendaKey(until, endsOnce), l.number), name...)
}

// addRun adds an ID to the runs of a post.
func addRun(runs []run, delayed bool, n uint64) []run {
	if last := len(runs) - 1; last >= 0 && runs[last].delayed == delayed && runs[last].first+runs[last].count == n {
		runs[last].count++
		return runs
	}
	return append(runs, run{delayed, n, 1})
}

func idsOf(runs []run, epoch uint32) []string {
	var ids []string
	for _, r := range runs {
		for n := r.first; n < r.first+r.count; n++ {
			if r.delayed {
				ids = append(ids, storage.DelayedID(epoch, n))
			} else {
				ids = append(ids, storage.PositionText(epoch, storage.Position(n)))
			}
		}
	}
	return ids
}

func (o *once) append(b []byte) []byte {
	b = binary.AppendVarint(append(b, recordVersion), o.until)
	b = append(b, o.sum[:]...)
	b = binary.AppendUvarint(b, o.last)
	b = binary.AppendUvarint(b, uint64(len(o.posts)))
	for _, runs := range o.posts {
		b = binary.AppendUvarint(b, uint64(len(runs)))
		for _, r := range runs {
			b = append(b, flag(r.delayed))
			b = binary.AppendUvarint(b, r.first)
			b = binary.AppendUvarint(b, r.count)
		}
	}
	return b
}

func readOnce(value []byte) (*once, error) {
	s := scan(value)
	o := &once{until: s.varint()}
	copy(o.sum[:], s.take(16))
	o.last = s.uvarint()
	for range s.count(1) {
		var runs []run
		for range s.count(3) {
			runs = append(runs, run{delayed: s.byte() == 1, first: s.uvarint(), count: s.uvarint()})
		}
		o.posts = append(o.posts, runs)
	}
	if len(o.posts) == 0 {
		s.fail()
	}
	return o, s.end()
}
