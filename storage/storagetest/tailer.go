package storagetest

import (
	"context"
	"fmt"

	"github.com/stackforge/marconi/storage"
)

// tailer reads the log of a melee from its start to its end.
type tailer struct {
	*melee
	limit  int
	read   storage.Position         // all up to it was read
	seen   []storage.Message        // in the order in which they were listed
	missed map[storage.Position]int // when the reading that passed over it was answered
}

// tailers read pages of several sizes.
func (m *melee) tailers() []*tailer {
	return each([]int{1, 7, 100}, func(limit int) *tailer {
		return &tailer{melee: m, limit: limit, missed: map[storage.Position]int{}}
	})
}

// tail reads on as there is more, until the last message posted.
func (t *tailer) tail(ctx context.Context) error {
	marker := ""
	for int(t.read) < t.total {
		rise := t.tide.next()
		page, err := t.d.ListMessages(ctx, storage.MessageFilter{
			Queue: t.id, Now: at(0), Marker: marker, Limit: t.limit, IncludeClaimed: true,
		})
		if err != nil {
			return fmt.Errorf("ListMessages: %w", err)
		}
		before := t.read
		if err := t.take(page); err != nil {
			return err
		}
		if page.Next != "" {
			marker = page.Next
		}
		if t.read > before {
			continue
		}
		if err := wait(ctx, rise); err != nil {
			return err
		}
	}
	return nil
}

// take notes what a page holds, and what it passes over.
func (t *tailer) take(page storage.MessagePage) error {
	answered := t.stamp()
	for _, m := range page.Items {
		if m.Position <= t.read {
			return fmt.Errorf("position %d was listed behind %d", m.Position, t.read)
		}
		t.pass(m.Position-1, answered)
		t.read = m.Position
		t.seen = append(t.seen, m)
	}
	if len(page.Items) < t.limit {
		t.pass(page.Tail, answered)
		t.read = max(t.read, page.Tail)
	}
	return nil
}

// pass notes that the places after what was read, up to one, were found empty.
func (t *tailer) pass(to storage.Position, answered int) {
	for p := t.read + 1; p <= to; p++ {
		t.missed[p] = answered
	}
}

// check checks what was read, once all is over.
func (t *tailer) check() {
	t.Helper()
	last := map[string]int{}
	for _, m := range t.seen {
		if body, posted := t.posts[m.ID]; !posted || body != string(m.Body) {
			t.Errorf("a tailer read %q at %d, which was posted as %q", m.Body, m.Position, body)
		}
		var poster string
		var number int
		if _, err := fmt.Sscanf(string(m.Body), "%1s/%d", &poster, &number); err != nil {
			t.Errorf("a tailer read %q: %v", m.Body, err)
		}
		if before, any := last[poster]; any && before >= number {
			t.Errorf("a tailer read message %d of poster %s behind %d", number, poster, before)
		}
		last[poster] = number
	}
	for p, answered := range t.missed {
		if began, tried := t.tried[t.position(p)]; !tried || began > answered {
			t.Errorf("a tailer missed position %d, which nobody had tried to remove", p)
		}
	}
}
