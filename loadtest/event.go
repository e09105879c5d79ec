package loadtest

import "time"

// Event is a request of a worker and what became of it. Events are what [Judge]
// judges by.
type Event struct {
	Kind    Kind
	Outcome Outcome
	Worker  string // a worker's requests never overlap
	Queue   string
	Claim   string // of Claimed, Deleted and Released
	Items   []Item // what was posted, listed, claimed, popped or to be deleted
	Limit   int    // of Popped: as many messages may be gone if no answer came

	Sent, Done time.Time // by one clock for all workers
	Holds      time.Time // of Claimed: the claim surely lasts until then, unless it is released

	Error string // the kind of error, "" if it succeeded
	Wrong string // why no correct broker answers so, or ""
}

// Item is a message. Producer and Seq are from its body, which no other message
// has; a body that was damaged has the Producer "".
type Item struct {
	Producer string
	Seq      int
	ID       string // that the broker gave it, or "" where it is not known
}

// Kind says what a request does.
type Kind int

// The kinds. A reader's Listed begin at the start of the queue and go on from
// page to page; one without Items has reached the end.
const (
	Posted Kind = iota
	Listed
	Claimed
	Deleted
	Released
	Popped
)

var kindNames = [...]string{"post", "list", "claim", "delete", "release", "pop"}

func (k Kind) String() string { return kindNames[k] }

// Outcome says what is known about a request.
type Outcome int

// The outcomes.
const (
	Succeeded  Outcome = iota
	Refused            // it surely changed nothing
	Unanswered         // it was carried out or not, or will be later
)
