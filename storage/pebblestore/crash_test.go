package pebblestore_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/memstore"
	"github.com/stackforge/marconi/storage/pebblestore"
)

// crashRuns is how many histories the crash tests play; STORAGETEST_CRASH_RUNS says
// otherwise.
func crashRuns(t *testing.T) int {
	text := os.Getenv("STORAGETEST_CRASH_RUNS")
	if text == "" {
		return 2
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatal("STORAGETEST_CRASH_RUNS:", err)
	}
	return n
}

// cut is a disk as a power cut would leave it, and how many calls had been
// answered just before and just after.
type cut struct {
	fs            *vfs.MemFS
	before, after int
}

// cutter is a disk that notes, before and after every sync, what would be left
// of it if the power went away now.
type cutter struct {
	vfs.FS
	disk     *vfs.MemFS
	answered atomic.Int64

	mu   sync.Mutex
	dice *rand.Rand
	cuts []cut
}

func newCutter(seed uint64) *cutter {
	disk := vfs.NewCrashableMem()
	return &cutter{FS: disk, disk: disk, dice: rand.New(rand.NewPCG(seed, 3))}
}

// cut notes the disk. Of what was not synced nothing is left, or some blocks are.
func (c *cutter) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	before := int(c.answered.Load())
	left := vfs.CrashCloneCfg{}
	if c.dice.IntN(2) == 0 {
		left = vfs.CrashCloneCfg{UnsyncedDataPercent: c.dice.IntN(101), RNG: c.dice}
	}
	fs := c.disk.CrashClone(left)
	c.cuts = append(c.cuts, cut{fs, before, int(c.answered.Load())})
}

func (c *cutter) Create(name string, k vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := c.FS.Create(name, k)
	return cutFile{f, c}, err
}

func (c *cutter) ReuseForWrite(from, to string, k vfs.DiskWriteCategory) (vfs.File, error) {
	f, err := c.FS.ReuseForWrite(from, to, k)
	return cutFile{f, c}, err
}

func (c *cutter) OpenDir(name string) (vfs.File, error) {
	f, err := c.FS.OpenDir(name)
	return cutFile{f, c}, err
}

func (c *cutter) Remove(name string) error {
	defer c.cut()
	return c.FS.Remove(name)
}

type cutFile struct {
	vfs.File
	c *cutter
}

func (f cutFile) Sync() error {
	f.c.cut()
	defer f.c.cut()
	return f.File.Sync()
}

func (f cutFile) SyncData() error {
	f.c.cut()
	defer f.c.cut()
	return f.File.SyncData()
}

// expected are the words a call may answer with in a random history.
func expected(err error) bool {
	for _, word := range []error{nil, storage.ErrQueueNotFound, storage.ErrClaimNotFound, storage.ErrClaimed, storage.ErrKeyReused} {
		if errors.Is(err, word) {
			return true
		}
	}
	return false
}

// TestPowerCut plays random histories, and at every sync looks at the store that
// a power cut would have left: it must show what a reference shows after all the
// calls that were answered, or after the one that was under way as well.
func TestPowerCut(t *testing.T) {
	for seed := range crashRuns(t) {
		t.Run(fmt.Sprint("seed=", seed), func(t *testing.T) {
			t.Parallel()
			ops := invent(uint64(seed), 70)
			disk := newCutter(uint64(seed))
			s := open(t, pebblestore.Config{Dir: "store", FS: disk}.Tuned(small))
			for _, o := range ops {
				if err := o.do(t.Context(), s); !expected(err) {
					t.Fatalf("%s: %v", o.name, err)
				}
				disk.answered.Add(1)
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
			want := newPrefixes(t, ops)
			for i, c := range disk.cuts {
				if err := want.compare(c); err != nil {
					t.Fatalf("cut %d of %d: %v", i, len(disk.cuts), err)
				}
			}
			t.Logf("%d calls, %d power cuts, nothing lost", len(ops), len(disk.cuts))
		})
	}
}

// prefixes is what a reference shows after each call of a history.
type prefixes struct {
	t     *testing.T
	ops   []op
	shown map[[2]int]string
}

func newPrefixes(t *testing.T, ops []op) *prefixes {
	return &prefixes{t, ops, make(map[[2]int]string)}
}

// after is what is shown after n calls, as of the instant of call number at.
func (p *prefixes) after(n, at int) string {
	key := [2]int{n, at}
	if shown, ok := p.shown[key]; ok {
		return shown
	}
	ref := memstore.New(memstore.Config{})
	for _, o := range p.ops[:n] {
		if err := o.do(p.t.Context(), ref); !expected(err) {
			p.t.Fatalf("%s: %v", o.name, err)
		}
	}
	shown, err := dump(p.t.Context(), ref, second(p.ops[at].now), len(p.ops))
	if err != nil {
		p.t.Fatal(err)
	}
	p.shown[key] = shown
	return shown
}

func (p *prefixes) compare(c cut) error {
	last := min(c.after, len(p.ops)-1)
	s, err := pebblestore.Open(context.Background(), pebblestore.Config{Dir: "store", FS: c.fs}.Tuned(small))
	if err != nil {
		return err
	}
	defer s.Close()
	got, err := dump(context.Background(), s, second(p.ops[last].now), len(p.ops))
	if err != nil {
		return err
	}
	for n := c.before; n <= min(c.after+1, len(p.ops)); n++ {
		if got == p.after(n, last) {
			return nil
		}
	}
	return fmt.Errorf("%d calls had been answered, then %q; the store shows\n%s\nthe reference\n%s",
		c.before, p.ops[last].name, got, p.after(c.before, last))
}
