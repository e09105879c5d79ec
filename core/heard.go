package core

import "sync"

// Heard is a message as all who listen to its queue share it. Nobody changes it.
type Heard struct {
	Queue    string
	Position string // of the message in the queue's log: where to go on after it
	Message  Message

	forms forms
}

// forms are what doors have made of a message.
type forms struct {
	mu   sync.Mutex
	made map[any]any
}

// Form is make's result. It is made once a key, however many listeners ask, and
// shared by them. A key is of a door's own type, so that doors do not meet. It
// may be called from many goroutines; make must not call Form of the same Heard.
func (h *Heard) Form(key any, make func() any) any {
	h.forms.mu.Lock()
	defer h.forms.mu.Unlock()
	if form, ok := h.forms.made[key]; ok {
		return form
	}
	if h.forms.made == nil {
		h.forms.made = map[any]any{}
	}
	form := make()
	h.forms.made[key] = form
	return form
}

// News is what a listener takes: a message or, if Heard is nil, a fact.
type News struct {
	Heard *Heard
	Fact  Fact
}

// FactKind says what a fact is about.
type FactKind uint8

// The facts.
const (
	Live FactKind = iota + 1 // all up to Position was told; what comes now is new
	Gap                      // From to To is gone from the log and cannot be told
	End                      // the listener is told no more
)

// String is the fact's name on the wire.
func (k FactKind) String() string {
	switch k {
	case Live:
		return "live"
	case Gap:
		return "gap"
	case End:
		return "end"
	}
	return "unknown"
}

// Fact is news that is no message.
type Fact struct {
	Kind     FactKind
	Position string // of Live and Gap: where to go on, since all up to here was told
	// Of Gap: the first and the last position that are gone. A gap across lives
	// of the queue is from a position in the old one, if one was known, to one in
	// the new; position 0 there means that nothing of the new life is gone.
	From, To string
	Reason   string // of End: "expired", "deleted" or "stopped"; of a claim stream "failed"
}
