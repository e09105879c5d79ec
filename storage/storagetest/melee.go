package storagetest

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"sync/atomic"

	"github.com/stackforge/marconi/storage"
)

// The size of a melee: posters post batches of 1 to 3 messages.
const (
	posters = 4
	batches = 40
)

// melee is one queue with everybody at once in it. No time passes.
type melee struct {
	queue
	*ledger
	tide    tide
	posting atomic.Int32 // posters that are not done
	total   int          // of all messages that will be posted
}

func newMelee(q queue) *melee {
	m := &melee{queue: q, ledger: newLedger(), total: posters * batches * 2}
	m.posting.Store(posters)
	return m
}

// batch is how many messages a poster's n-th post has.
func batch(n int) int { return 1 + n%3 }

// poster posts its messages, which are numbered in its order.
func (m *melee) poster(ctx context.Context, poster int) error {
	defer m.tide.rise()
	defer m.posting.Add(-1)
	for n, number := 0, 0; number < batches*2; n++ {
		var drafts []storage.Draft
		for range min(batch(n), batches*2-number) {
			drafts = append(drafts, text(fmt.Sprintf("%d/%d", poster, number)))
			number++
		}
		post := storage.Post{Queue: m.id, ClientID: "poster", Now: at(0), Drafts: drafts}
		posted, err := m.d.PostMessages(ctx, post)
		if err != nil {
			return fmt.Errorf("PostMessages: %w", err)
		}
		if got := posted.Last - posted.First + 1; int(got) != len(drafts) {
			return fmt.Errorf("a post of %d messages became visible from %d to %d", len(drafts), posted.First, posted.Last)
		}
		if err := m.answered(posted.IDs, drafts); err != nil {
			return err
		}
		m.tide.rise()
	}
	return nil
}

// work calls once until nothing is left to do and nothing will be.
func (m *melee) work(ctx context.Context, once func() (idle bool, err error)) error {
	for {
		runtime.Gosched() // let the others in between
		rise := m.tide.next()
		idle, err := once()
		if err != nil {
			return err
		}
		if !idle {
			m.tide.rise()
			continue
		}
		if done, err := m.done(ctx); done || err != nil {
			return err
		}
		if err := wait(ctx, rise); err != nil {
			return err
		}
	}
}

// done is whether all was posted and all is gone.
func (m *melee) done(ctx context.Context) (bool, error) {
	if m.posting.Load() > 0 {
		return false, nil
	}
	s, err := m.d.QueueStats(ctx, m.id, at(0))
	if err != nil {
		return false, fmt.Errorf("QueueStats: %w", err)
	}
	return s.Total == 0, nil
}

// popper pops until nothing is left.
func (m *melee) popper(ctx context.Context, popper int) error {
	name := fmt.Sprint("popper ", popper)
	return m.work(ctx, func() (bool, error) {
		began := m.stamp()
		popped, err := m.d.PopMessages(ctx, m.id, 1+popper, at(0))
		if err != nil {
			return false, fmt.Errorf("PopMessages: %w", err)
		}
		return len(popped) == 0, m.took(name, popped, began)
	})
}

// deleter deletes messages that it finds in the log, some forty times, free ones
// and claimed ones, and leaves the rest to the others.
func (m *melee) deleter(ctx context.Context, _ int) error {
	tries := 0
	return m.work(ctx, func() (bool, error) {
		if tries > 40 {
			return true, nil
		}
		page, err := m.d.ListMessages(ctx, storage.MessageFilter{
			Queue: m.id, Now: at(0), Limit: 2, IncludeClaimed: tries%3 == 0,
		})
		if err != nil {
			return false, fmt.Errorf("ListMessages: %w", err)
		}
		for _, one := range page.Items {
			tries++
			if err := m.deleteUnclaimed(ctx, one.ID, tries%2 == 0); err != nil {
				return false, err
			}
		}
		return len(page.Items) == 0, nil
	})
}

// deleteUnclaimed deletes a message unless somebody has claimed it.
func (m *melee) deleteUnclaimed(ctx context.Context, id string, asMany bool) error {
	m.trying(id)
	held := m.holder(id)
	var err error
	if asMany {
		err = m.d.DeleteMessages(ctx, m.id, []string{id}, []string{}, at(0))
	} else {
		err = m.d.DeleteMessage(ctx, m.id, id, "", at(0))
	}
	switch {
	case errors.Is(err, storage.ErrClaimed):
		return nil
	case err != nil:
		return fmt.Errorf("deleting a message without a claim: %w", err)
	}
	return m.deleted(id, held)
}

// juggler claims and releases as long as anybody posts.
func (m *melee) juggler(ctx context.Context, juggler int) error {
	for orders := 0; m.posting.Load() > 0; orders++ {
		runtime.Gosched() // let the others in between
		c, err := m.claims(ctx, fmt.Sprintf("claim %d of juggler %d", orders, juggler), 1+orders%9)
		if err != nil {
			return err
		}
		if len(c.Messages) == 0 {
			continue
		}
		if err := m.release(ctx, c.ID, c.Messages); err != nil {
			return err
		}
	}
	return nil
}

// claimer claims until nothing is left. It holds up to three claims at a time,
// and deletes or releases what the oldest one holds.
func (m *melee) claimer(ctx context.Context, claimer int) error {
	chance := rand.New(rand.NewPCG(uint64(claimer), 1))
	orders, held := 0, []storage.Claim(nil)
	return m.work(ctx, func() (idle bool, err error) {
		orders++
		c, err := m.claims(ctx, fmt.Sprintf("claim %d of claimer %d", orders, claimer), 1+chance.IntN(5))
		if err != nil {
			return false, err
		}
		got := len(c.Messages) > 0
		if got {
			held = append(held, c)
		}
		if len(held) == 0 || got && len(held) < 3 {
			return !got, nil
		}
		c, held = held[0], held[1:]
		return false, m.dispose(ctx, c, chance.IntN(6))
	})
}

func (m *melee) claims(ctx context.Context, name string, limit int) (storage.Claim, error) {
	began := m.stamp()
	c, err := m.d.CreateClaim(ctx, m.order(name, at(0), limit))
	if err != nil {
		return c, fmt.Errorf("CreateClaim: %w", err)
	}
	return c, m.granted(name, c.Messages, began)
}

// dispose ends a claim in one of several ways.
func (m *melee) dispose(ctx context.Context, c storage.Claim, way int) error {
	switch way {
	case 0:
		return m.release(ctx, c.ID, c.Messages)
	case 1:
		if err := m.finish(ctx, c.ID, c.Messages[:1]); err != nil {
			return err
		}
		return m.release(ctx, c.ID, c.Messages[1:])
	case 2:
		return m.finishAtOnce(ctx, c.ID, c.Messages)
	case 3:
		if err := m.d.RenewClaim(ctx, m.id, c.ID, at(0), at(90), at(90)); err != nil {
			return fmt.Errorf("RenewClaim of a live claim: %w", err)
		}
	}
	return m.finish(ctx, c.ID, c.Messages)
}

// finish deletes the messages of a claim one by one.
func (m *melee) finish(ctx context.Context, claim string, messages []storage.Message) error {
	for i, one := range messages {
		m.unhand(messages[i : i+1])
		began := m.stamp()
		if err := m.d.DeleteMessage(ctx, m.id, one.ID, claim, at(0)); err != nil {
			return fmt.Errorf("DeleteMessage with its claim: %w", err)
		}
		if err := m.took(claim, messages[i:i+1], began); err != nil {
			return err
		}
	}
	return nil
}

// finishAtOnce deletes the messages of a claim in one call.
func (m *melee) finishAtOnce(ctx context.Context, claim string, messages []storage.Message) error {
	m.unhand(messages)
	began := m.stamp()
	if err := m.d.DeleteMessages(ctx, m.id, ids(messages), []string{claim}, at(0)); err != nil {
		return fmt.Errorf("DeleteMessages with their claim: %w", err)
	}
	return m.took(claim, messages, began)
}

func (m *melee) release(ctx context.Context, claim string, messages []storage.Message) error {
	m.unhand(messages)
	if err := m.d.ReleaseClaim(ctx, m.id, claim, at(0), at(0)); err != nil {
		return fmt.Errorf("ReleaseClaim: %w", err)
	}
	return nil
}
