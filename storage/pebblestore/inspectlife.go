package pebblestore

import (
	"errors"
	"fmt"
	"slices"

	"github.com/stackforge/marconi/storage"
)

// lifeInspector compares what the records of a life say of each other.
type lifeInspector struct {
	*inspector
	report QueueReport
	place  string
	life   uint64

	head    head
	present map[uint64]int // messages, by block
	blocks  map[uint64]*block
	held    map[storage.Position]bool
}

// queue inspects one life.
func (i *inspector) queue(r queueRecord) QueueReport {
	l := &lifeInspector{
		inspector: i, life: r.life,
		report:  QueueReport{ID: r.ID, Epoch: r.Epoch, Created: r.Created},
		place:   fmt.Sprintf("queue %q of project %q", r.ID.Name, r.ID.Project),
		present: make(map[uint64]int),
		blocks:  make(map[uint64]*block),
		held:    make(map[storage.Position]bool),
	}
	for _, kind := range []struct {
		kind byte
		name string
		see  func(key, value []byte) error
	}{
		{kindHead, "head", l.seeHead},
		{kindBlock, "blocks", l.seeBlock},
		{kindClaim, "claims", l.seeHold},
		{kindMessage, "messages", l.seeMessage},
		{kindChange, "changes", l.seeChange},
		{kindDelayed, "delayed messages", l.seeDelayed},
		{kindAlias, "aliases", func(_, value []byte) error { _, err := readAlias(value); return err }},
		{kindOnce, "idempotency keys", func(_, value []byte) error { _, err := readOnce(value); return err }},
	} {
		prefix := kindKey(l.life, kind.kind)
		i.each(prefix, l.place+", "+kind.name, func(key, value []byte) error {
			l.report.Bytes += int64(len(key) + len(value))
			return kind.see(key[len(prefix):], value)
		})
	}
	l.compare()
	return l.report
}

func (l *lifeInspector) seeHead(_, value []byte) (err error) {
	l.head, err = readHead(value)
	l.report.Tail = max(l.report.Tail, l.head.tail)
	return err
}

func (l *lifeInspector) seeBlock(key, value []byte) error {
	b, err := readBlock(value)
	if err != nil || len(key) != 8 {
		return errors.Join(errRecord, err)
	}
	b.index = lastNumber(key)
	l.blocks[b.index] = b
	return nil
}

func (l *lifeInspector) seeHold(_, value []byte) error {
	h, err := readHold(value)
	if err != nil {
		return err
	}
	if !slices.IsSorted(h.positions) {
		return errors.New("its positions do not ascend")
	}
	for _, p := range h.positions {
		if l.held[p] {
			return fmt.Errorf("position %d is held twice", p)
		}
		l.held[p] = true
	}
	l.report.Held += len(h.positions)
	return nil
}

func (l *lifeInspector) seeMessage(key, value []byte) error {
	if len(key) != 8 {
		return errRecord
	}
	p := storage.Position(lastNumber(key))
	l.report.Messages++
	l.report.Tail = max(l.report.Tail, p)
	l.present[blockOf(p)]++
	delete(l.held, p) // what is left in the end is held and missing
	m, err := openBare(value)
	if err == nil && l.report.Oldest.IsZero() {
		l.report.Oldest = m.Created
	}
	return err
}

func (l *lifeInspector) seeChange(_, value []byte) error {
	_, err := readChange(value)
	return err
}

func (l *lifeInspector) seeDelayed(_, value []byte) error {
	l.report.Delayed++
	_, err := openBare(value)
	return err
}

// compare counts what should be there.
func (l *lifeInspector) compare() {
	for p := range l.held {
		l.damage(l.place, fmt.Errorf("position %d is held, and its message is missing", p))
	}
	if l.report.Delayed != l.head.delayed {
		l.damage(l.place, fmt.Errorf("%d delayed messages, and %d are counted", l.report.Delayed, l.head.delayed))
	}
	for index, b := range l.blocks {
		want := int(min(l.report.Tail, b.last())-b.first()) + 1 - b.gone
		if got := l.present[index]; got != want {
			l.damage(l.place, fmt.Errorf("%d messages from position %d on, and %d are counted", got, b.first(), want))
		}
		delete(l.present, index)
	}
	for index, n := range l.present {
		l.damage(l.place, fmt.Errorf("%d messages from position %d on, and none are counted", n, index*blockSize+1))
	}
}
