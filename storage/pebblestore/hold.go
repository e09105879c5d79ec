package pebblestore

import (
	"slices"

	"github.com/stackforge/marconi/storage"
)

// hold keeps messages of the log from being claimed until it ends. It is a claim
// or, without an ID, the rest of messages that were released until an instant.
// There is none without messages.
type hold struct {
	id        string
	number    uint64 // of a rest
	created   int64
	ends      int64
	positions []storage.Position // in order
	place     int
	dirty     bool
}

func (h *hold) when() int64 { return h.ends }
func (h *hold) slot() *int  { return &h.place }

// write has a hold written, or deleted if nothing is left of it.
func (l *life) write(h *hold) {
	if !h.dirty {
		h.dirty = true
		l.dirty.holds = append(l.dirty.holds, h)
	}
}

// hold holds messages that are free.
func (l *life) hold(h *hold) {
	for _, p := range h.positions {
		l.back.remove(p)
	}
	l.keep(h)
	l.write(h)
}

// keep takes a hold into memory.
func (l *life) keep(h *hold) {
	for _, p := range h.positions {
		l.held[p] = h
	}
	l.holds.put(h)
	if h.id != "" {
		l.claims[h.id] = h
	}
}

// rest holds messages that are free until an instant.
func (l *life) rest(ps []storage.Position, ends int64) {
	l.restings++
	l.hold(&hold{number: l.restings, ends: ends, positions: ps})
}

// unhold takes one message, which is going, out of its hold.
func (l *life) unhold(h *hold, p storage.Position) {
	delete(l.held, p)
	if i, found := slices.BinarySearch(h.positions, p); found {
		h.positions = slices.Delete(h.positions, i, i+1)
	}
	if len(h.positions) == 0 {
		l.end(h)
	}
	l.write(h)
}

// release frees the messages of a hold and ends it. It returns them.
func (l *life) release(h *hold) []storage.Position {
	ps := h.positions
	for _, p := range ps {
		delete(l.held, p)
		if p <= l.cursor {
			l.back.add(p)
		}
	}
	h.positions = nil
	l.end(h)
	l.write(h)
	return ps
}

func (l *life) end(h *hold) {
	l.holds.remove(h)
	if h.id != "" {
		delete(l.claims, h.id)
	}
}

// letGo ends the holds that have ended by now.
func (l *life) letGo(now int64) {
	for l.holds.next() <= now {
		h, _ := l.holds.first()
		l.release(h)
	}
}
