package memstore

import (
	"cmp"
	"iter"
	"slices"
	"sort"
	"time"
)

// blockSize is how many elements a block holds at most.
const blockSize = 256

// sorted is a set in the order of compare, which is 0 only between an element
// and itself. It lies in blocks, so that a change moves few elements wherever it
// happens. It must not change while it is iterated over.
type sorted[T any] struct {
	compare func(a, b T) int
	blocks  [][]T // in order; none is empty
	count   int
}

func newSorted[T any](compare func(a, b T) int) sorted[T] {
	return sorted[T]{compare: compare}
}

// seek finds the first element that has reached some place in the order: once
// one has, so have all after it. It is beyond the last block if none has.
func (s *sorted[T]) seek(reached func(T) bool) (block, index int) {
	block = sort.Search(len(s.blocks), func(b int) bool {
		return reached(s.blocks[b][len(s.blocks[b])-1])
	})
	if block == len(s.blocks) {
		return block, 0
	}
	index = sort.Search(len(s.blocks[block]), func(i int) bool {
		return reached(s.blocks[block][i])
	})
	return block, index
}

func (s *sorted[T]) notBefore(x T) func(T) bool {
	return func(e T) bool { return s.compare(e, x) >= 0 }
}

// add adds an element that is not there.
func (s *sorted[T]) add(x T) {
	s.count++
	b, i := s.seek(s.notBefore(x))
	if b == len(s.blocks) {
		s.push(x)
		return
	}
	if len(s.blocks[b]) == blockSize {
		s.split(b)
		if i > blockSize/2 {
			b, i = b+1, i-blockSize/2
		}
	}
	s.blocks[b] = slices.Insert(s.blocks[b], i, x)
}

// push adds behind the last element. It leaves full blocks behind it, where
// splitting them would leave half full ones.
func (s *sorted[T]) push(x T) {
	last := len(s.blocks) - 1
	if last < 0 || len(s.blocks[last]) == blockSize {
		s.blocks = append(s.blocks, nil)
		last++
	}
	s.blocks[last] = append(s.blocks[last], x)
}

func (s *sorted[T]) split(b int) {
	upper := slices.Clone(s.blocks[b][blockSize/2:])
	s.blocks[b] = slices.Delete(s.blocks[b], blockSize/2, blockSize)
	s.blocks = slices.Insert(s.blocks, b+1, upper)
}

// remove removes an element if it is there.
func (s *sorted[T]) remove(x T) {
	b, i := s.seek(s.notBefore(x))
	if b == len(s.blocks) || s.compare(s.blocks[b][i], x) != 0 {
		return
	}
	s.count--
	s.blocks[b] = slices.Delete(s.blocks[b], i, i+1)
	if len(s.blocks[b]) == 0 {
		s.blocks = slices.Delete(s.blocks, b, b+1)
	}
	if s.count == 0 {
		s.blocks = nil
	}
}

// clear removes all elements.
func (s *sorted[T]) clear() { s.blocks, s.count = nil, 0 }

// next is the first element that has reached some place in the order.
func (s *sorted[T]) next(reached func(T) bool) (x T, ok bool) {
	b, i := s.seek(reached)
	if b == len(s.blocks) {
		return x, false
	}
	return s.blocks[b][i], true
}

func (s *sorted[T]) first() (x T, ok bool) {
	if s.count == 0 {
		return x, false
	}
	return s.blocks[0][0], true
}

func (s *sorted[T]) last() (x T, ok bool) {
	if s.count == 0 {
		return x, false
	}
	block := s.blocks[len(s.blocks)-1]
	return block[len(block)-1], true
}

// all iterates over the elements in order.
func (s *sorted[T]) all() iter.Seq[T] {
	return s.from(func(T) bool { return true })
}

// from iterates in order over the elements that have reached some place in it.
func (s *sorted[T]) from(reached func(T) bool) iter.Seq[T] {
	return func(yield func(T) bool) {
		b, i := s.seek(reached)
		for ; b < len(s.blocks); b, i = b+1, 0 {
			for _, x := range s.blocks[b][i:] {
				if !yield(x) {
					return
				}
			}
		}
	}
}

// agenda is a set in the order of the instants at which time changes something
// about its elements. Numbers tell elements of the same instant apart.
type agenda[T any] struct {
	sorted[T]
	at func(T) time.Time
}

func newAgenda[T any](at func(T) time.Time, number func(T) uint64) agenda[T] {
	compare := func(a, b T) int {
		return cmp.Or(at(a).Compare(at(b)), cmp.Compare(number(a), number(b)))
	}
	return agenda[T]{newSorted(compare), at}
}

// settle gives the elements whose instant is not after now to act, at most
// limit of them, and says how many these were. Act removes what it is given.
func (a *agenda[T]) settle(now time.Time, limit int, act func(T)) int {
	for n := range limit {
		x, ok := a.first()
		if !ok || a.at(x).After(now) {
			return n
		}
		act(x)
	}
	return max(limit, 0)
}
