package storagetest

import (
	"fmt"
	"sync"

	"github.com/stackforge/marconi/storage"
)

// ledger is what all callers of a queue know together. Its stamps order what
// happened: a call that ended before another began has the lower one.
type ledger struct {
	mu      sync.Mutex
	stamps  int
	posts   map[string]string // bodies by ID, of the posts that were answered
	holders map[string]string // the claims that are surely live, by message ID
	tried   map[string]int    // when the first call that may have removed it began
	removed map[string]string // by whom, if it is known for sure
	gone    map[string]int    // when a call had answered that it is gone
}

func newLedger() *ledger {
	return &ledger{
		posts:   map[string]string{},
		holders: map[string]string{},
		tried:   map[string]int{},
		removed: map[string]string{},
		gone:    map[string]int{},
	}
}

// stamp is the present, as the callers see it.
func (l *ledger) stamp() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.now()
}

func (l *ledger) now() int {
	l.stamps++
	return l.stamps
}

// answered notes a post.
func (l *ledger) answered(ids []string, drafts []storage.Draft) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(ids) != len(drafts) {
		return fmt.Errorf("a post of %d messages answered %d IDs", len(drafts), len(ids))
	}
	for i, id := range ids {
		if was, there := l.posts[id]; there {
			return fmt.Errorf("ID %s was given to %q and to %q", id, was, drafts[i].Body)
		}
		l.posts[id] = string(drafts[i].Body)
	}
	return nil
}

// granted notes a claim by a call that began at a stamp.
func (l *ledger) granted(claim string, messages []storage.Message, began int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range messages {
		if err := l.available(m, claim, began); err != nil {
			return err
		}
		l.holders[m.ID] = claim
	}
	return nil
}

// available says why a message must not have been handed out.
func (l *ledger) available(m storage.Message, to string, began int) error {
	if holder, held := l.holders[m.ID]; held {
		return fmt.Errorf("%s got %q, which is in the live claim %s", to, m.Body, holder)
	}
	if by, gone := l.removed[m.ID]; gone {
		return fmt.Errorf("%s got %q, which was removed by %s", to, m.Body, by)
	}
	if gone, told := l.gone[m.ID]; told && gone < began {
		return fmt.Errorf("%s got %q, which was gone before", to, m.Body)
	}
	return nil
}

// unhand notes that messages are about to be let go by their holder.
func (l *ledger) unhand(messages []storage.Message) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, m := range messages {
		delete(l.holders, m.ID)
	}
}

// trying notes that a call may remove messages.
func (l *ledger) trying(ids ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.try(l.now(), ids)
}

func (l *ledger) try(began int, ids []string) {
	for _, id := range ids {
		if first, tried := l.tried[id]; !tried || began < first {
			l.tried[id] = began
		}
	}
}

// took notes that a caller has removed messages that nobody else can have
// removed, by a call that began at a stamp.
func (l *ledger) took(by string, messages []storage.Message, began int) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.try(began, ids(messages))
	for _, m := range messages {
		if err := l.available(m, by, began); err != nil {
			return err
		}
		l.removed[m.ID] = by
		l.gone[m.ID] = l.now()
	}
	return nil
}

// holder is the claim that surely holds a message now, or "".
func (l *ledger) holder(id string) string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.holders[id]
}

// deleted notes that a deletion without a claim was answered with success. Held
// is who held the message before: if it still does, it held it all the time.
func (l *ledger) deleted(id, held string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	if held != "" && l.holders[id] == held {
		return fmt.Errorf("%q was deleted from under the live claim %s", l.posts[id], held)
	}
	if _, told := l.gone[id]; !told {
		l.gone[id] = l.now()
	}
	return nil
}
