package pebblestore_test

import (
	"bufio"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"runtime/debug"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/pebblestore"
)

// setting reads a number from the environment.
func setting(t testing.TB, name string, usual int) int {
	text := os.Getenv(name)
	if text == "" {
		return usual
	}
	n, err := strconv.Atoi(text)
	if err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	return n
}

// prompt is with less patience for what is deleted as a range.
func prompt(o *pebble.Options) { o.FlushDelayDeleteRange = time.Second }

// resident is how much memory the process has.
func resident(t testing.TB) int64 {
	t.Helper()
	runtime.GC()
	debug.FreeOSMemory()
	f, err := os.Open("/proc/self/status")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	for lines := bufio.NewScanner(f); lines.Scan(); {
		if rest, ok := strings.CutPrefix(lines.Text(), "VmRSS:"); ok {
			n, err := strconv.ParseInt(strings.TrimSuffix(strings.TrimSpace(rest), " kB"), 10, 64)
			if err != nil {
				t.Fatal(err)
			}
			return n << 10
		}
	}
	t.Fatal("no VmRSS")
	return 0
}

// onDisk is how much room a directory takes without the files of Pebble's log, which
// it keeps to use them again: up to some 70 MB of them.
func onDisk(t testing.TB, dir string) (size int64) {
	t.Helper()
	err := filepath.WalkDir(dir, func(_ string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(d.Name()) == ".log" {
			return nil // an error: it has just gone
		}
		if info, err := d.Info(); err == nil {
			size += info.Sys().(*syscall.Stat_t).Blocks * 512
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return size
}

// fill posts messages of 1 KiB, 100 at a time, from several callers.
func fill(t testing.TB, s *pebblestore.Store, id storage.QueueID, n int) {
	t.Helper()
	list := drafts(noise(100))
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range n / 800 {
				if _, err := s.PostMessages(t.Context(), storage.Post{Queue: id, ClientID: "c", Now: second(1), Drafts: list}); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

const mb = 1 << 20

// lastTables is how much room the last few tables take, which nothing makes Pebble
// rewrite.
const lastTables = 8 * mb

// TestBacklog lets messages wait, as many as STORAGETEST_BACKLOG says. They take no
// memory to speak of, a start on them is quick, and when they are gone so is
// their room on disk.
func TestBacklog(t *testing.T) {
	n := setting(t, "STORAGETEST_BACKLOG", 40_000) / 800 * 800
	dir := t.TempDir()
	s := open(t, pebblestore.Config{Dir: dir}.Tuned(prompt))
	id := newQueue(t, s, "jobs")
	empty := resident(t)
	fill(t, s, id, n)
	if grown := resident(t) - empty; grown > memoryLimit {
		t.Errorf("%d waiting messages take %d MB of memory", n, grown/mb)
	} else {
		t.Logf("%d waiting messages: %d MB of memory", n, grown/mb)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	full := onDisk(t, dir)
	s = start(t, dir, id, n)
	drain(t, s, id, n)
	left := settleDisk(t, s, id, dir, full/10+lastTables)
	t.Logf("disk: %d MB full, %d MB after the drain", full/mb, left/mb)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// start opens a store with a backlog and looks at it.
func start(t *testing.T, dir string, id storage.QueueID, n int) *pebblestore.Store {
	t.Helper()
	began := time.Now()
	s := open(t, pebblestore.Config{Dir: dir}.Tuned(prompt))
	st, err := s.QueueStats(t.Context(), id, second(1))
	if err != nil || st.Total != n {
		t.Errorf("after a start: %d messages, %v; want %d", st.Total, err, n)
	}
	if took := time.Since(began); took > startLimit {
		t.Errorf("a start on %d messages took %v", n, took)
	} else {
		t.Logf("a start on %d messages: %v", n, took.Round(time.Millisecond))
	}
	return s
}

func drain(t *testing.T, s *pebblestore.Store, id storage.QueueID, n int) {
	t.Helper()
	for popped := 0; popped < n; {
		ms, err := s.PopMessages(t.Context(), id, 1000, second(1))
		if err != nil || len(ms) == 0 {
			t.Fatalf("%d of %d messages popped: %d more, %v", popped, n, len(ms), err)
		}
		popped += len(ms)
	}
}

// settleDisk waits until the tables of a store take no more than so much room, while
// it is used a little: a table that Pebble was rewriting as what is in it was deleted
// goes with the next ones that are written.
func settleDisk(t *testing.T, s *pebblestore.Store, id storage.QueueID, dir string, want int64) int64 {
	t.Helper()
	for began := time.Now(); ; {
		size := onDisk(t, dir)
		if size <= want {
			return size
		}
		if time.Since(began) > time.Minute {
			t.Errorf("the empty store takes %d MB", size/mb)
			return size
		}
		postTo(t, s, id, "a little")
		if err := s.Quiet(); err != nil {
			t.Fatal(err)
		}
	}
}

// TestExpiredBacklog has the disk shrink when a backlog expires and is swept,
// whoever looks.
func TestExpiredBacklog(t *testing.T) {
	n := setting(t, "STORAGETEST_BACKLOG", 40_000) / 800 * 800
	dir := t.TempDir()
	s := open(t, pebblestore.Config{Dir: dir}.Tuned(prompt))
	defer s.Close()
	id := newQueue(t, s, "jobs")
	fill(t, s, id, n)
	full := onDisk(t, dir)
	swept, began := 0, time.Now()
	for {
		n, err := s.Sweep(t.Context(), second(3601), 1000)
		if err != nil {
			t.Fatal(err)
		}
		swept += n
		if n < 1000 {
			break
		}
	}
	t.Logf("%d messages swept in %v", swept, time.Since(began).Round(time.Millisecond))
	if st, err := s.QueueStats(t.Context(), id, second(3601)); err != nil || st.Total != 0 {
		t.Errorf("%d messages are left, %v", st.Total, err)
	}
	left := settleDisk(t, s, id, dir, full/10+lastTables)
	t.Logf("disk: %d MB full, %d MB after the sweep", full/mb, left/mb)
}
