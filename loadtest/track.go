package loadtest

import (
	"fmt"
	"strconv"
	"strings"
	"sync"

	"github.com/stackforge/marconi/clients/go"
)

// Track is what is known of one life of a queue, and what those who listen to it
// are held against: each message at its place, told once and in order, or told of
// as a gap. It may be used by many goroutines at once.
type Track struct {
	queue string

	mu       sync.Mutex // guards what follows, and the Followers
	life     string     // of the positions; "" until one is seen
	wanted   map[name]bool
	stored   []string // IDs, as the answers to posts name them
	removing map[string]bool
	at       map[uint64]Item // as it was told first
	places   map[name]uint64
	all      []*Follower
	faults   []Fault
}

// NewTrack is a Track of a queue that is empty.
func NewTrack(queue string) *Track {
	return &Track{
		queue: queue, wanted: make(map[name]bool), removing: make(map[string]bool),
		at: make(map[uint64]Item), places: make(map[name]uint64),
	}
}

// Posting notes what is going to be posted.
func (t *Track) Posting(items ...Item) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, i := range items {
		t.wanted[i.name()] = true
	}
}

// Stored notes the IDs of messages that were stored for sure.
func (t *Track) Stored(ids ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.stored = append(t.stored, ids...)
}

// Removing notes that a message is going to be removed: it may be missing.
func (t *Track) Removing(id string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.removing[id] = true
}

// Follower follows what one listener is told of the queue since it was empty, over
// whichever connections.
type Follower struct {
	track *Track
	name  string
	next  uint64 // the place of what is due
	gaps  [][2]uint64
	told  int
}

// Follow begins to follow a listener.
func (t *Track) Follow(name string) *Follower {
	t.mu.Lock()
	defer t.mu.Unlock()
	f := &Follower{track: t, name: name, next: 1}
	t.all = append(t.all, f)
	return f
}

// Tell takes note of what the listener is told.
func (f *Follower) Tell(n client.News) {
	t := f.track
	t.mu.Lock()
	defer t.mu.Unlock()
	place, ok := t.place(n.Position)
	switch {
	case !ok:
		f.blame(Item{}, "it was told %q of another life of the queue", n.Position)
	case n.Fact == client.Live:
		if place >= f.next || place < f.next-1 {
			f.blame(Item{}, "all up to place %d was said to be told, when %d was due", place, f.next)
		}
	case n.Fact == client.Gap:
		f.skip(n.From, place)
	default:
		f.hear(itemsOf([]client.Message{n.Message})[0], place)
	}
}

// place is the place that a position names in the life of this track.
func (t *Track) place(position string) (uint64, bool) {
	life, digits, _ := strings.Cut(position, "-")
	n, err := strconv.ParseUint(digits, 16, 64)
	switch {
	case err != nil:
		return 0, false
	case t.life == "" && n > 0:
		t.life = life
	}
	return n, n == 0 && t.life == "" || life == t.life
}

// skip notes a gap.
func (f *Follower) skip(from string, to uint64) {
	first, ok := f.track.place(from)
	if !ok || first != f.next || to < first {
		f.blame(Item{}, "a gap from %q to %d was told, when %d was due", from, to, f.next)
	}
	f.gaps = append(f.gaps, [2]uint64{first, to})
	f.next = max(f.next, to+1)
}

// hear notes a message.
func (f *Follower) hear(i Item, place uint64) {
	t := f.track
	f.told++
	switch {
	case place > f.next:
		f.blame(i, "it was told place %d, when %d was due: what is between was lost", place, f.next)
	case place < f.next:
		f.blame(i, "it was told place %d again, or late: %d was due", place, f.next)
	}
	f.next = max(f.next, place+1)
	first, known := t.at[place]
	where, before := t.places[i.name()]
	switch {
	case i.Producer == "" || !t.wanted[i.name()]:
		f.blame(i, "nobody has posted it so")
	case known && first != i:
		f.blame(i, "at place %d another was told message %d of %s", place, first.Seq, first.Producer)
	case before && where != place:
		f.blame(i, "it is at place %d and at place %d: it was stored twice", where, place)
	}
	t.at[place], t.places[i.name()] = i, place
}

func (f *Follower) blame(i Item, format string, args ...any) {
	f.track.faults = append(f.track.faults, Fault{f.track.queue, i.Producer, i.Seq, i.ID, f.name + ": " + fmt.Sprintf(format, args...)})
}

// reached reports whether the listener was told all up to a message.
func (f *Follower) reached(id string) bool {
	f.track.mu.Lock()
	defer f.track.mu.Unlock()
	place, ok := f.track.place(id)
	return ok && f.next > place
}

// Conclude compares what was told with what the queue holds at the end, when
// nothing more is posted or removed, and tells all that is wrong.
func (t *Track) Conclude(left []client.Message) []Fault {
	t.mu.Lock()
	defer t.mu.Unlock()
	there := make(map[uint64]Item)
	for _, i := range itemsOf(left) {
		if place, ok := t.place(i.ID); ok {
			there[place] = i
		}
	}
	for _, f := range t.all {
		f.conclude(there)
	}
	return t.faults
}

func (f *Follower) conclude(there map[uint64]Item) {
	t := f.track
	for place, i := range there {
		if place >= f.next {
			f.blame(i, "it was never told")
		} else if told, ok := t.at[place]; ok && told != i {
			f.blame(i, "at its place was told message %d of %s", told.Seq, told.Producer)
		}
	}
	for _, id := range t.stored {
		if place, ok := t.place(id); !ok || place >= f.next {
			f.blame(Item{ID: id}, "it was stored and never told")
		}
	}
	for _, gap := range f.gaps {
		f.justify(gap, there)
	}
}

// justify expects that what was told to be gone is.
func (f *Follower) justify(gap [2]uint64, there map[uint64]Item) {
	for place := gap[0]; place <= gap[1]; place++ {
		id := fmt.Sprintf("%s-%016x", f.track.life, place)
		if i, ok := there[place]; ok {
			f.blame(i, "it was told to be gone, and is there")
		} else if !f.track.removing[id] {
			f.blame(Item{ID: id}, "it is gone, and nobody removed it")
		}
	}
}

// sums are how many messages and gaps were told, to all together.
func (t *Track) sums() (told, gaps int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, f := range t.all {
		told, gaps = told+f.told, gaps+len(f.gaps)
	}
	return told, gaps
}
