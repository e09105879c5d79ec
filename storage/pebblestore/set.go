package pebblestore

import (
	"iter"
	"slices"
	"sort"

	"github.com/stackforge/marconi/storage"
)

// chunkSize bounds how many positions move when one is added or removed.
const chunkSize = 512

// positions is a sorted set of positions, in chunks of which none is empty. The
// zero value is an empty set. It must not change while it is iterated over.
type positions struct {
	chunks [][]storage.Position
	count  int
}

// find is where a position is, or would be.
func (s *positions) find(p storage.Position) (chunk, index int, found bool) {
	chunk = sort.Search(len(s.chunks), func(c int) bool {
		return s.chunks[c][len(s.chunks[c])-1] >= p
	})
	if chunk == len(s.chunks) {
		return chunk, 0, false
	}
	index, found = slices.BinarySearch(s.chunks[chunk], p)
	return chunk, index, found
}

func (s *positions) has(p storage.Position) bool {
	_, _, found := s.find(p)
	return found
}

func (s *positions) add(p storage.Position) {
	c, i, found := s.find(p)
	if found {
		return
	}
	s.count++
	if c == len(s.chunks) {
		s.push(p)
		return
	}
	s.chunks[c] = slices.Insert(s.chunks[c], i, p)
	if len(s.chunks[c]) > chunkSize {
		upper := slices.Clone(s.chunks[c][chunkSize/2:])
		s.chunks[c] = s.chunks[c][:chunkSize/2]
		s.chunks = slices.Insert(s.chunks, c+1, upper)
	}
}

// push adds behind the last position.
func (s *positions) push(p storage.Position) {
	last := len(s.chunks) - 1
	if last < 0 || len(s.chunks[last]) == chunkSize {
		s.chunks = append(s.chunks, nil)
		last++
	}
	s.chunks[last] = append(s.chunks[last], p)
}

func (s *positions) remove(p storage.Position) {
	c, i, found := s.find(p)
	if !found {
		return
	}
	s.count--
	s.chunks[c] = slices.Delete(s.chunks[c], i, i+1)
	if len(s.chunks[c]) == 0 {
		s.chunks = slices.Delete(s.chunks, c, c+1)
	}
	if s.count == 0 {
		s.chunks = nil
	}
}

// from iterates over the positions that are not before p.
func (s *positions) from(p storage.Position) iter.Seq[storage.Position] {
	return func(yield func(storage.Position) bool) {
		c, i, _ := s.find(p)
		for ; c < len(s.chunks); c, i = c+1, 0 {
			for _, p := range s.chunks[c][i:] {
				if !yield(p) {
					return
				}
			}
		}
	}
}
