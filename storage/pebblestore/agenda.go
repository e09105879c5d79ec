package pebblestore

import "container/heap"

// timed is something about which time changes something at an instant.
type timed interface {
	when() int64
	slot() *int // where it lies in its agenda, counted from 1; 0 if it is in none
}

// agenda is a set of which the element with the earliest instant is known.
type agenda[T timed] struct{ items agendaItems[T] }

// first is the earliest element.
func (a *agenda[T]) first() (x T, ok bool) {
	if len(a.items) == 0 {
		return x, false
	}
	return a.items[0], true
}

// next is the instant of the earliest element, or never.
func (a *agenda[T]) next() int64 {
	if len(a.items) == 0 {
		return never
	}
	return a.items[0].when()
}

// put adds an element, or finds its place again after its instant has changed.
func (a *agenda[T]) put(x T) {
	if i := *x.slot(); i > 0 {
		heap.Fix(&a.items, i-1)
		return
	}
	heap.Push(&a.items, x)
}

func (a *agenda[T]) remove(x T) {
	if i := *x.slot(); i > 0 {
		heap.Remove(&a.items, i-1)
	}
}

type agendaItems[T timed] []T

func (s agendaItems[T]) Len() int           { return len(s) }
func (s agendaItems[T]) Less(i, j int) bool { return s[i].when() < s[j].when() }

func (s agendaItems[T]) Swap(i, j int) {
	s[i], s[j] = s[j], s[i]
	*s[i].slot(), *s[j].slot() = i+1, j+1
}

func (s *agendaItems[T]) Push(x any) {
	*s = append(*s, x.(T))
	*x.(T).slot() = len(*s)
}

func (s *agendaItems[T]) Pop() any {
	last := len(*s) - 1
	x := (*s)[last]
	var none T
	(*s)[last] = none
	*s = (*s)[:last]
	*x.slot() = 0
	return x
}
