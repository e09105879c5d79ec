package pebblestore_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"strconv"
	"strings"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/pebblestore"
)

// ledger is what many callers were answered, up to some point in time.
type ledger struct {
	mu        sync.Mutex
	attempted map[string]bool
	posted    map[string]bool // answered
	removing  map[string]bool // a deletion was attempted
	removed   map[string]bool // and answered
}

func newLedger() *ledger {
	return &ledger{
		attempted: map[string]bool{}, posted: map[string]bool{}, removing: map[string]bool{}, removed: map[string]bool{},
	}
}

func (l *ledger) note(in map[string]bool, bodies ...string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, body := range bodies {
		in[body] = true
	}
}

// copy is the ledger as of now.
func (l *ledger) copy() *ledger {
	l.mu.Lock()
	defer l.mu.Unlock()
	c := newLedger()
	for _, of := range [][2]map[string]bool{
		{c.attempted, l.attempted}, {c.posted, l.posted}, {c.removing, l.removing}, {c.removed, l.removed},
	} {
		for body := range of[1] {
			of[0][body] = true
		}
	}
	return c
}

// tally is what a ledger says of a store.
type tally struct{ attempted, answered, lost, unexpected, duplicated, disordered, torn int }

func (n *tally) add(m tally) {
	n.attempted += m.attempted
	n.answered += m.answered
	n.lost += m.lost
	n.unexpected += m.unexpected
	n.duplicated += m.duplicated
	n.disordered += m.disordered
	n.torn += m.torn
}

// audit compares what a store holds with the ledgers of just before and just
// after the power cut.
func audit(bodies []string, before, after *ledger, batch int) tally {
	n := tally{attempted: len(after.attempted), answered: len(before.posted)}
	seen := map[string]int{}
	last := map[string]int{}
	whole := map[string]int{}
	for _, body := range bodies {
		seen[body]++
		if seen[body] > 1 {
			n.duplicated++
		}
		if !after.attempted[body] || before.removed[body] {
			n.unexpected++
		}
		poster, number, _ := strings.Cut(body, ":")
		if i, _ := strconv.Atoi(number); i < last[poster] {
			n.disordered++
		} else {
			last[poster] = i
		}
	}
	for body := range after.attempted {
		if seen[body] > 0 || after.removing[body] {
			whole[postOf(body, batch)]++
		}
	}
	for body := range before.posted {
		if seen[body] == 0 && !after.removing[body] {
			n.lost++
		}
	}
	for _, size := range whole {
		if size != batch {
			n.torn++
		}
	}
	return n
}

// postOf names the post that a message came with.
func postOf(body string, batch int) string {
	poster, number, _ := strings.Cut(body, ":")
	i, _ := strconv.Atoi(number)
	return fmt.Sprint(poster, i/batch)
}

const batch = 5

// TestPowerCutUnderLoad cuts the power under many callers, and audits every
// store that is left.
func TestPowerCutUnderLoad(t *testing.T) {
	for seed := range crashRuns(t) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			t.Parallel()
			powerCutUnderLoad(t, uint64(seed))
		})
	}
}

// auditedCut is a disk as a power cut would leave it, and what had been answered
// just before and just after.
type auditedCut struct {
	fs            *vfs.MemFS
	before, after *ledger
}

// saboteur cuts the power whenever it is asked to.
type saboteur struct {
	disk *vfs.MemFS
	*ledger

	mu   sync.Mutex
	dice *rand.Rand
	cuts []auditedCut
}

func (s *saboteur) cut() {
	s.mu.Lock()
	defer s.mu.Unlock()
	before := s.copy()
	fs := s.disk.CrashClone(vfs.CrashCloneCfg{UnsyncedDataPercent: s.dice.IntN(101), RNG: s.dice})
	s.cuts = append(s.cuts, auditedCut{fs, before, s.copy()})
}

func powerCutUnderLoad(t *testing.T, seed uint64) {
	disk := vfs.NewCrashableMem()
	s := open(t, pebblestore.Config{Dir: "store", FS: disk}.Tuned(small))
	id := newQueue(t, s, "jobs")
	l := &saboteur{disk: disk, ledger: newLedger(), dice: rand.New(rand.NewPCG(seed, 5))}
	var crowd sync.WaitGroup
	for caller := range 8 {
		crowd.Go(func() { work(t, s, id, l, caller) })
	}
	crowd.Wait()
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	var sum tally
	for _, c := range l.cuts {
		sum.add(auditCut(t, c, id))
	}
	t.Logf("%d power cuts: %+v", len(l.cuts), sum)
	if sum.lost+sum.unexpected+sum.duplicated+sum.disordered+sum.torn > 0 {
		t.Errorf("%+v", sum)
	}
}

func auditCut(t *testing.T, c auditedCut, id storage.QueueID) tally {
	t.Helper()
	s, err := pebblestore.Open(context.Background(), pebblestore.Config{Dir: "store", FS: c.fs}.Tuned(small))
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	return audit(bodies(t, s, id), c.before, c.after, batch)
}

// work posts, and claims and deletes what it gets.
func work(t *testing.T, s *pebblestore.Store, id storage.QueueID, l *saboteur, caller int) {
	for round := range 12 {
		var list []string
		for i := range batch {
			list = append(list, fmt.Sprintf("%d:%d", caller, round*batch+i))
		}
		l.note(l.attempted, list...)
		if err := post(t.Context(), s, id, list...); err != nil {
			t.Error(err)
			return
		}
		l.note(l.posted, list...)
		l.cut() // while the others are at it
		if round%3 == 2 {
			claimAndDelete(t, s, id, l, fmt.Sprint(caller, "/", round))
		}
	}
}

func claimAndDelete(t *testing.T, s *pebblestore.Store, id storage.QueueID, l *saboteur, claim string) {
	c, err := s.CreateClaim(t.Context(), storage.ClaimOrder{ID: claim, Queue: id, Now: second(1), Expires: second(999), Keep: second(999), Limit: 4})
	if err != nil {
		t.Error(err)
		return
	}
	var ids, list []string
	for _, m := range c.Messages {
		ids, list = append(ids, m.ID), append(list, string(m.Body))
	}
	l.note(l.removing, list...)
	if err := s.DeleteMessages(t.Context(), id, ids, []string{claim}, second(1)); err != nil {
		t.Error(err)
		return
	}
	l.note(l.removed, list...)
}
