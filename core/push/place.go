package push

import (
	"context"
	"time"
)

// Place is a place in a log: all up to At, in one life of it. Items are at 1, 2,
// 3 …, each where nothing else of that life ever is. Life 0 is before any life.
type Place struct {
	Life uint32
	At   uint64
}

// covers reports whether a place of the same life has been reached.
func (p Place) covers(q Place) bool { return p.Life == q.Life && p.At >= q.At }

// Item is something in a log.
type Item[V any] struct {
	At    uint64
	Size  int // bytes, as far as it matters to memory
	Value V
}

// Page is part of a log.
type Page[V any] struct {
	Life  uint32 // 0: there is no log now
	Tail  uint64 // the last place given, as of the reading
	Items []Item[V]
}

// Outlook is the end of a log.
type Outlook struct {
	Life uint32 // 0: there is no log now
	Tail uint64
	Due  time.Time // when the log next grows by itself; zero: not known to
}

// Event is something that happened to a log.
type Event struct {
	Life        uint32
	First, Last uint64    // entered the log; 0 if nothing did
	Freed       bool      // something may be free to be taken, nobody knows how much
	Due         time.Time // the log will have grown at that instant
	Lost        bool      // events may have been missed
}

// Source is where the logs are. Its functions may be called from many goroutines.
type Source[K comparable, V any] struct {
	// Follow calls see for each event until stop, the first with Lost set. See
	// does not block. It is not called after stop has returned.
	Follow func(ctx context.Context, key K, see func(Event)) (stop func(), err error)

	// Look reads where a log ends.
	Look func(ctx context.Context, key K) (Outlook, error)

	// Read reads what comes after a place. A place of another life is before
	// everything. A page shorter than limit is the last: what is missing in it,
	// up to Tail, is gone.
	Read func(ctx context.Context, key K, after Place, limit int) (Page[V], error)

	Now    func() time.Time
	Failed func(key K, err error) // of Follow, Look or Read, which are tried again
}

// Kind says what a piece of news is.
type Kind uint8

// The kinds of news.
const (
	Told Kind = iota // an item
	Live             // all up to To was told
	Gap              // from From to To is gone
	End              // nothing more is told
)

// News is what a listener takes.
type News[V any] struct {
	Kind     Kind
	Value    V     // of an item
	From, To Place // To: of an item, its place
	Reason   string
}
