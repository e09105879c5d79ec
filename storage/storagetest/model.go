package storagetest

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stackforge/marconi/storage"
)

// Model plays random histories on the driver that open opens and on a reference,
// and compares every answer. It fails with the shortest history it can find that
// they answer differently, as a list to read.
//
// Each run has a seed, which is in the name of its subtest. The environment
// variables STORAGETEST_SEED, STORAGETEST_RUNS and STORAGETEST_STEPS say
// with which seed to begin, how many runs to make, each with the seed after the
// last one, and how long a history is.
//
// The reference is trusted to be right, and its Wake to be exact. Positions may
// differ by as many as there were delayed messages that fell due and expired
// since the queue was made: a driver may have given them one or not.
func Model(t *testing.T, open, reference func(t *testing.T) storage.Driver) {
	seed := setting(t, "STORAGETEST_SEED", rand.Uint64N(1<<32))
	steps := int(setting(t, "STORAGETEST_STEPS", 150))
	for range setting(t, "STORAGETEST_RUNS", 40) {
		same := t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			if report := explore(t, open, reference, seed, steps); report != "" {
				t.Error(report)
			}
		})
		if !same {
			return
		}
		seed++
	}
}

func setting(t *testing.T, name string, usual uint64) uint64 {
	text, set := os.LookupEnv(name)
	if !set {
		return usual
	}
	n, err := strconv.ParseUint(text, 10, 64)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// history is what is done, one step after the other.
type history []step

// step is one operation. What it refers to it finds in the world as it is when
// the step is played, so that a history makes sense with steps left out.
type step interface {
	// play notes what it does, does it on both sides and says how their
	// answers differ.
	play(w *world) error
}

// explore plays one history. It returns "" or a report of the difference.
func explore(t *testing.T, open, reference func(t *testing.T) storage.Driver, seed uint64, steps int) string {
	replay := func(h history) (w *world, err error) {
		t.Run("play", func(t *testing.T) {
			w = newWorld(t.Context(), open(t), reference(t))
			defer w.close()
			err = w.play(h)
		})
		return w, err
	}
	whole := invent(rand.New(rand.NewPCG(seed, 0)), steps)
	if _, err := replay(whole); err == nil {
		return ""
	}
	short := shrink(whole, func(h history) bool { _, err := replay(h); return err != nil })
	w, err := replay(short)
	return fmt.Sprintf("driver and reference differ:\n%s\n%v\n\n%d of %d steps; again with "+
		"STORAGETEST_SEED=%d STORAGETEST_STEPS=%d STORAGETEST_RUNS=1",
		strings.Join(w.notes, "\n"), err, len(short), len(whole), seed, steps)
}

// attempts bounds how often a history is played to shorten it.
const attempts = 400

// shrink leaves out steps, many at first, as long as the history still fails.
func shrink(h history, fails func(history) bool) history {
	tried := 0
	for size := len(h) / 2; size > 0; size /= 2 {
		for again := true; again; {
			again = false
			for from := 0; from < len(h) && tried < attempts; {
				rest := slices.Delete(slices.Clone(h), from, min(from+size, len(h)))
				tried++
				if fails(rest) {
					h, again = rest, true
				} else {
					from += size
				}
			}
		}
	}
	return h
}

// play plays a history up to the first difference.
func (w *world) play(h history) error {
	for _, s := range h {
		if err := s.play(w); err != nil {
			return err
		}
	}
	return nil
}

func newWorld(ctx context.Context, driver, reference storage.Driver) *world {
	return &world{
		ctx:       ctx,
		now:       at(0),
		sides:     [2]*side{newSide("driver", driver), newSide("reference", reference)},
		delays:    map[storage.QueueID][]storage.Draft{},
		wakeless:  map[storage.QueueID]wakeless{},
		sequences: map[sequence]uint64{},
	}
}

func (w *world) close() {
	for _, s := range w.sides {
		s.d.Close()
	}
}
