package redisstore

import (
	"context"
	"strconv"
	"sync"
	"time"

	"github.com/redis/go-redis/v9"

	"github.com/stackforge/marconi/storage"
)

// promptly is how long a call waits for the register to take its mark. The
// register lies in one slot, whose server may be away while the call's is not.
const promptly = 250 * time.Millisecond

// maxOwed is how many queues' marks are kept for a register that is away. Of the
// others it is told by Sweep.
const maxOwed = 10_000

// note tells the register the marks that a script answered: when there is
// something to deliver in a queue, and when something ends there. They carry a
// version, so late ones change nothing. A mark that is lost is told again by
// Sweep, so it spoils no answer.
func (s *Store) note(ctx context.Context, id storage.QueueID, mark string) {
	if mark != "" {
		s.marks.tell(ctx, memberOf(id), mark)
	}
}

// foretell puts a queue before others on the register in which nothing is known
// of it yet, so that it is looked at even if this process ends at once.
func (s *Store) foretell(ctx context.Context, id storage.QueueID, when float64) error {
	return s.patiently(ctx, func() error {
		return s.client.ZAddNX(ctx, agesKey, redis.Z{Score: when, Member: memberOf(id)}).Err()
	})
}

// marks are on their way to the register. One that it does not take promptly is
// owed. From then on, until the register is back, all are, without being tried:
// no call waits for it but those that notice first.
type marks struct {
	send  func(ctx context.Context, member, mark string) error
	ctx   context.Context // until end
	stop  context.CancelFunc
	ended sync.WaitGroup // pay, which runs while something is owed

	mu     sync.Mutex // guards what follows
	owed   map[string]string
	paying bool
	away   bool // the register, for all we know
}

func newMarks(s *Store) *marks {
	m := &marks{owed: map[string]string{}}
	m.ctx, m.stop = context.WithCancel(context.Background())
	m.send = func(ctx context.Context, member, mark string) error {
		version, due, age, ok := fieldsOf(mark)
		if !ok {
			return nil
		}
		_, err := s.eval(ctx, s.scripts["mark"], []string{marksKey, dueKey, agesKey}, []any{member, version, due, age})
		return err
	}
	return m
}

// tell returns at once if the register is away, and promptly in any case. That
// the caller gives up changes nothing: what the mark speaks of has happened.
func (m *marks) tell(ctx context.Context, member, mark string) {
	if m.waiting(member, mark) {
		return
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), promptly)
	defer cancel()
	if m.send(ctx, member, mark) != nil {
		m.owe(member, mark)
	}
}

// waiting puts a mark behind others if the register is away.
func (m *marks) waiting(member, mark string) bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.away {
		m.keep(member, mark)
	}
	return m.away
}

// owe notices that the register is away.
func (m *marks) owe(member, mark string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.ctx.Err() != nil {
		return
	}
	m.away = true
	m.keep(member, mark)
	if !m.paying {
		m.paying = true
		m.ended.Go(m.pay)
	}
}

// keep is called under the mutex. A queue owes its newest mark alone.
func (m *marks) keep(member, mark string) {
	had, known := m.owed[member]
	if !known && len(m.owed) == maxOwed {
		return
	}
	if versionOf(mark) >= versionOf(had) {
		m.owed[member] = mark
	}
}

func versionOf(mark string) uint64 {
	version, _, _, _ := fieldsOf(mark)
	n, _ := strconv.ParseUint(version, 10, 64)
	return n
}

// pay tells the register what it is owed until that is all, or the store closes.
func (m *marks) pay() {
	pause := newPause()
	for {
		member, mark, ok := m.next()
		if !ok {
			return
		}
		if m.send(m.ctx, member, mark) == nil {
			m.paid(member, mark)
			pause = newPause()
		} else if pause.wait(m.ctx) != nil {
			return
		}
	}
}

func (m *marks) next() (member, mark string, ok bool) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for member, mark = range m.owed {
		return member, mark, true
	}
	m.paying, m.away = false, false
	return "", "", false
}

// paid strikes a mark off, unless there is a newer one. The register is back.
func (m *marks) paid(member, mark string) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.away = false
	if m.owed[member] == mark {
		delete(m.owed, member)
	}
}

// end has the payer stop, and no other one begin.
func (m *marks) end() {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.stop()
}

// wait returns when nobody pays any more.
func (m *marks) wait() { m.ended.Wait() }
