package push

// What is read at once, and how much of it is kept until it is taken.
const (
	pageItems = 64
	pageBytes = 64 << 10
)

// stretch is a part of the log that was read.
type stretch[V any] struct {
	after, reached Place
	steps          []step[V]
	whole          bool // reached was the end of the log
	back           bool // and that lies before after: the log has lost its end
}

// stretchOf is what a page tells of the log behind a place. It keeps no more than
// pageBytes, and one item at least.
func stretchOf[V any](after Place, p Page[V], limit int) stretch[V] {
	s := stretch[V]{after: after, reached: after, whole: true}
	if p.Life == 0 {
		return s
	}
	if p.Life == after.Life && p.Tail < after.At { // the log has lost its end
		s.reached.At, s.back = p.Tail, true
		return s
	}
	bytes := 0
	for i, item := range p.Items {
		bytes += item.Size
		if i > 0 && bytes > pageBytes {
			s.whole = false
			break
		}
		s.add(step[V]{Place: Place{p.Life, item.At}, item: true, size: item.Size, value: item.Value})
	}
	if len(p.Items) >= limit {
		s.whole = false
	}
	if end := (Place{p.Life, p.Tail}); s.whole && s.reached != end {
		s.add(step[V]{Place: end})
	}
	return s
}

func (s *stretch[V]) add(step step[V]) {
	s.steps = append(s.steps, step)
	s.reached = step.Place
}
