package storagetest

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/stackforge/marconi/storage"
)

// world is both sides of a model, and what is known about both.
type world struct {
	ctx   context.Context
	now   time.Time
	sides [2]*side
	notes []string // what was done, to be read

	messages      []sent  // in the order of posting
	claims        []named // by order
	subscriptions []named // by creation
	names         int     // given to claims, subscriptions, leases, bodies

	delays    map[storage.QueueID][]storage.Draft // posted delayed, in this life
	wakeless  map[storage.QueueID]wakeless
	sequences map[sequence]uint64 // the last numbers that were stored
}

// sent is a message, which each side knows by an ID of its own.
type sent struct {
	queue storage.QueueID
	mixed bool // posted delayed with others that were not: see markerOf
}

// named is a claim or a subscription.
type named struct {
	queue storage.QueueID
	id    string
}

// wakeless is the instant until which a queue may or may not wake for nothing: a
// message that expires before it is due, or before its rest is over.
type wakeless = time.Time

type sequence struct {
	queue    storage.QueueID
	producer string
}

// side is one driver, and what only it calls by that name.
type side struct {
	role    string
	d       storage.Driver
	ids     []string       // of the messages
	numbers map[string]int // of the messages by ID
	markers []string       // of pages, as many as on the other side
	leased  map[string]storage.Delivery
	posted  []string // the IDs that the last post answered, if it was new
	next    string   // of the page last listed
}

func newSide(role string, d storage.Driver) *side {
	return &side{role: role, d: d, numbers: map[string]int{}, leased: map[string]storage.Delivery{}}
}

// name is the name by which both sides know a message.
func (s *side) name(id string) string {
	if n, known := s.numbers[id]; known {
		return fmt.Sprint("m", n)
	}
	return "unknown " + id
}

func (w *world) note(format string, args ...any) {
	w.notes = append(w.notes, fmt.Sprintf("%3d. at %s: ", len(w.notes)+1, clock(w.now))+fmt.Sprintf(format, args...))
}

// clock tells an instant from the beginning of the history.
func clock(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Sub(at(0)).String()
}

// label is a name not used before.
func (w *world) label(prefix string) string {
	w.names++
	return fmt.Sprint(prefix, w.names)
}

// latest is the n-th from the end of a list, going round; false if it is empty.
func latest[V any](list []V, n int) (v V, i int, ok bool) {
	if len(list) == 0 {
		return v, 0, false
	}
	i = len(list) - 1 - n%len(list)
	return list[i], i, true
}

// remember names the messages of a new post, after both sides answered alike.
func (w *world) remember(queue storage.QueueID, drafts []storage.Draft) {
	late := 0
	for _, draft := range drafts {
		if draft.Visible.After(w.now) {
			late++
			w.delays[queue] = append(w.delays[queue], draft)
			w.mayWake(queue, draft.Expires, draft.Visible)
		}
	}
	for i, draft := range drafts {
		for _, s := range w.sides {
			s.numbers[s.posted[i]] = len(w.messages)
			s.ids = append(s.ids, s.posted[i])
		}
		mixed := draft.Visible.After(w.now) && late < len(drafts)
		w.messages = append(w.messages, sent{queue, mixed})
	}
}

// mayWake notes a message that expires before it would change its state.
func (w *world) mayWake(queue storage.QueueID, expires, change time.Time) {
	if !expires.After(change) && change.After(w.wakeless[queue]) {
		w.wakeless[queue] = change
	}
}

// slack is by how many the positions of a queue may differ.
func (w *world) slack(queue storage.QueueID) int {
	n := 0
	for _, draft := range w.delays[queue] {
		if draft.Expires.After(draft.Visible) && !draft.Expires.After(w.now) {
			n++
		}
	}
	return n
}

// ended forgets what was known of a queue's life.
func (w *world) ended(queue storage.QueueID) {
	delete(w.delays, queue)
	delete(w.wakeless, queue)
	for s := range w.sequences {
		if s.queue == queue {
			delete(w.sequences, s)
		}
	}
}

// both asks both sides and compares what they answer.
func (w *world) both(ask func(s *side, a *answer)) error {
	var answers [2]answer
	for i, s := range w.sides {
		ask(s, &answers[i])
		if answers[i].broken != nil {
			return fmt.Errorf("the %s failed: %w", s.role, answers[i].broken)
		}
	}
	return w.compare(&answers[0], &answers[1])
}

func (w *world) compare(driver, reference *answer) error {
	if !slices.Equal(driver.lines, reference.lines) {
		return differ(driver, reference, "")
	}
	for i, want := range reference.places {
		got := driver.places[i]
		if max(got.position, want.position)-min(got.position, want.position) > storage.Position(w.slack(got.queue)) {
			return differ(driver, reference, fmt.Sprintf("\nposition %d of the driver, %d of the reference", got.position, want.position))
		}
	}
	for i, want := range reference.wakes {
		got := driver.wakes[i]
		if !w.wakesAlike(got, want) {
			return differ(driver, reference, fmt.Sprintf("\nWake %s of the driver, %s of the reference", clock(got.wake), clock(want.wake)))
		}
	}
	return nil
}

func (w *world) wakesAlike(got, want waking) bool {
	switch {
	case !got.wake.IsZero() && !got.wake.After(w.now):
		return false
	case w.wakeless[want.queue].After(w.now):
		return true
	default:
		return got.wake.IsZero() == want.wake.IsZero() && !got.wake.After(want.wake)
	}
}

func differ(driver, reference *answer, more string) error {
	return fmt.Errorf("\nthe driver answers\n%s\nthe reference answers\n%s%s", driver, reference, more)
}
