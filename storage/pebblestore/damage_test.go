package pebblestore_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/cockroachdb/pebble/v2"
	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/pebblestore"
)

// tabled is small with fewer, larger tables, and leaves some of the last records
// in the log.
func tabled(o *pebble.Options) {
	small(o)
	o.MemTableSize = 64 << 10
}

// specimen is a store to be damaged: part of it lies in tables, part in the log.
// A power cut leaves it without a seal.
func specimen(t *testing.T, cutOff bool) (*vfs.MemFS, []op) {
	disk := vfs.NewCrashableMem()
	s := open(t, pebblestore.Config{Dir: "store", FS: disk}.Tuned(tabled))
	ops := invent(11, 150)
	for _, o := range ops {
		if err := o.do(t.Context(), s); !expected(err) {
			t.Fatal(err)
		}
	}
	left := disk.CrashClone(vfs.CrashCloneCfg{})
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	if cutOff {
		return left, ops
	}
	return disk, ops
}

// copyOf copies the files of a store, one of them with a bit flipped.
func copyOf(t *testing.T, from *vfs.MemFS, flipped string, at int) *vfs.MemFS {
	t.Helper()
	to := vfs.NewMem()
	if err := to.MkdirAll("store", 0o700); err != nil {
		t.Fatal(err)
	}
	for _, name := range names(t, from) {
		data := read(t, from, name)
		if name == flipped {
			data[at] ^= 1 << (at % 8)
		}
		write(t, to, name, data)
	}
	return to
}

func write(t *testing.T, fs *vfs.MemFS, name string, data []byte) {
	t.Helper()
	f, err := fs.Create("store/"+name, vfs.WriteCategoryUnspecified)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write(data); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

func names(t *testing.T, fs vfs.FS) []string {
	t.Helper()
	list, err := fs.List("store")
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(list)
	return list
}

func read(t *testing.T, fs vfs.FS, name string) []byte {
	t.Helper()
	f, err := fs.Open("store/" + name)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	data, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

// TestFlippedBit flips bits of every file of a store, closed or cut off. Either
// it is found, and reported with its file, or it is of no consequence: the store
// shows what it showed before. Of a store that was cut off the very last calls
// may be missing, since its end cannot be told from a torn one.
func TestFlippedBit(t *testing.T) {
	for name, cutOff := range map[string]bool{"closed": false, "cut off": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			fs, ops := specimen(t, cutOff)
			if r, err := pebblestore.InspectIn(copyOf(t, fs, "", 0), "store"); err != nil || len(r.Damage) > 0 {
				t.Fatalf("the undamaged store: %v, %q", err, r.Damage)
			}
			want := newPrefixes(t, ops)
			found, harmless := map[string]int{}, map[string]int{}
			for _, file := range names(t, fs) {
				kind := file[strings.LastIndexAny(file, ".")+1:]
				kind, _, _ = strings.Cut(kind, "-")
				size := len(read(t, fs, file))
				for at := 0; at < size; at += 1 + size/60 {
					if flip(t, copyOf(t, fs, file, at), file, at, want, cutOff) {
						found[kind]++
					} else {
						harmless[kind]++
					}
				}
			}
			t.Logf("found %v, without consequence %v", found, harmless)
			for _, kind := range []string{"sst", "log"} {
				if found[kind] == 0 {
					t.Errorf("no damage was found in any %s: there is no such file, or nobody looks", kind)
				}
			}
		})
	}
}

// flip looks at a store with a flipped bit, and reports whether it was found.
func flip(t *testing.T, fs *vfs.MemFS, file string, at int, want *prefixes, cutOff bool) (found bool) {
	t.Helper()
	r, err := pebblestore.InspectIn(fs, "store")
	if err != nil || len(r.Damage) > 0 {
		if text := fmt.Sprint(err, r.Damage); !strings.Contains(text, place(file)) {
			t.Errorf("%s, byte %d: found, without its place: %s", file, at, text)
		}
		return true
	}
	s, err := pebblestore.Open(t.Context(), pebblestore.Config{Dir: "store", FS: fs}.Tuned(tabled))
	if err != nil {
		return true
	}
	defer s.Close()
	last := len(want.ops) - 1
	got, err := dump(t.Context(), s, second(want.ops[last].now), len(want.ops))
	if err != nil {
		return true
	}
	missing := 0
	if cutOff {
		missing = 2
	}
	for n := len(want.ops); n >= len(want.ops)-missing; n-- {
		if got == want.after(n, last) {
			return false
		}
	}
	t.Errorf("%s, byte %d: nothing is reported, and something is missing", file, at)
	return false
}

// place is what a report must say of a file: its name, or its number. The options
// are Pebble's notes for people; of them it tells the line it does not understand.
func place(file string) string {
	if strings.HasPrefix(file, "OPTIONS-") {
		return ""
	}
	number, _, _ := strings.Cut(file, ".")
	return strings.TrimPrefix(number, "MANIFEST-")
}

// TestDamagedEnds damages the ends of files that Pebble does not take for torn, since
// something else was done when they were complete.
func TestDamagedEnds(t *testing.T) {
	for kind, left := range map[string]func(*testing.T) (*vfs.MemFS, storage.QueueID, int){
		".log":      twoLogs,
		"MANIFEST-": compacted,
	} {
		t.Run(kind, func(t *testing.T) {
			fs, id, posted := left(t)
			list := names(t, fs)
			file := list[slices.IndexFunc(list, func(name string) bool { return strings.Contains(name, kind) })]
			size, found := len(read(t, fs, file)), 0
			for at := size - 40; at < size; at++ {
				if flipEnd(t, copyOf(t, fs, file, at), file, id, posted) {
					found++
				}
			}
			if found == 0 {
				t.Error("no damage was found")
			}
		})
	}
}

// flipEnd looks at a store with a flipped bit, and reports whether it was found.
func flipEnd(t *testing.T, fs *vfs.MemFS, file string, id storage.QueueID, posted int) (found bool) {
	t.Helper()
	_, inspected := pebblestore.InspectIn(fs, "store")
	s, err := pebblestore.Open(t.Context(), pebblestore.Config{Dir: "store", FS: fs}.Tuned(tabled))
	if err == nil {
		defer s.Close()
		if got := len(bodies(t, s, id)); got != posted || inspected != nil {
			t.Errorf("%s: opened with %d of %d messages; inspected: %v", file, got, posted, inspected)
		}
		return false
	}
	for _, err := range []error{inspected, err} {
		if err == nil || !strings.Contains(err.Error(), file) {
			t.Errorf("%s: found, without its place: %v", file, err)
		}
	}
	return true
}

// compacted is a store that was not closed, of which tables were replaced last.
func compacted(t *testing.T) (fs *vfs.MemFS, id storage.QueueID, posted int) {
	t.Helper()
	disk := vfs.NewMem()
	s := open(t, pebblestore.Config{Dir: "store", FS: disk}.Tuned(tabled))
	defer s.Close()
	id = newQueue(t, s, "jobs")
	for ; posted < 3; posted++ {
		if err := errors.Join(post(t.Context(), s, id, strings.Repeat("x", 1000)), s.Quiet()); err != nil {
			t.Fatal(err)
		}
	}
	return copyOf(t, disk, "", 0), id, posted
}

// twoLogs is a store after a power cut that has two logs, since the tables for what
// is in the first could not be written.
func twoLogs(t *testing.T) (fs *vfs.MemFS, id storage.QueueID, posted int) {
	t.Helper()
	crashable := vfs.NewCrashableMem()
	disk := &sick{FS: crashable}
	s := open(t, pebblestore.Config{Dir: "store", FS: disk}.Tuned(tabled))
	id = newQueue(t, s, "jobs")
	disk.fault.Store(&fault{"create", ".sst", syscall.EIO})
	for logs := 0; logs < 2; posted++ {
		if err := post(t.Context(), s, id, strings.Repeat("x", 1000)); err != nil {
			t.Fatal(err)
		}
		fs, logs = crashable.CrashClone(vfs.CrashCloneCfg{}), 0
		for _, name := range names(t, fs) {
			if strings.HasSuffix(name, ".log") {
				logs++
			}
		}
	}
	disk.fault.Store(nil)
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	return fs, id, posted
}

// TestDamagedBlock damages what one queue has on disk: calls that read it fail,
// those of other queues go on, and an inspection tells of both.
func TestDamagedBlock(t *testing.T) {
	disk := vfs.NewMem()
	c := pebblestore.Config{Dir: "store", FS: disk}.Tuned(tabled)
	s := open(t, c)
	spoiled, sound := storage.QueueID{Name: "a"}, storage.QueueID{Name: "b"}
	for _, id := range []storage.QueueID{spoiled, sound} {
		if _, err := s.CreateQueue(t.Context(), storage.Queue{ID: id, Epoch: 1, Created: second(0)}); err != nil {
			t.Fatal(err)
		}
		noise := rand.NewChaCha8([32]byte{1})
		for i := range 20 { // each in a block of its own
			body := make([]byte, 5000)
			noise.Read(body)
			postTo(t, s, id, fmt.Sprintf("message %d of %s%s", i, id.Name, body))
		}
	}
	if err := errors.Join(s.Quiet(), s.Close()); err != nil {
		t.Fatal(err)
	}
	spoil(t, disk, "message 10 of a")

	r, err := pebblestore.InspectIn(disk, "store")
	if err != nil || len(r.Damage) == 0 || len(r.Queues) != 2 || strings.Contains(fmt.Sprint(r.Damage), "\n") {
		t.Errorf("inspected: %v, %+v", err, r)
	}
	s = open(t, c)
	defer s.Close()
	list := func(id storage.QueueID) (storage.MessagePage, error) {
		return s.ListMessages(t.Context(), storage.MessageFilter{Queue: id, Now: second(1), Limit: 100})
	}
	if page, err := list(spoiled); err == nil {
		t.Errorf("what is damaged was listed: %d messages", len(page.Items))
	}
	postTo(t, s, sound, "another")
	if page, err := list(sound); err != nil || len(page.Items) != 21 {
		t.Errorf("the other queue: %d messages, %v", len(page.Items), err)
	}
}

func postTo(t *testing.T, s *pebblestore.Store, id storage.QueueID, body string) {
	t.Helper()
	p := storage.Post{Queue: id, Now: second(1), Drafts: []storage.Draft{{Body: []byte(body), Visible: second(1), Expires: second(100)}}}
	if _, err := s.PostMessages(t.Context(), p); err != nil {
		t.Fatal(err)
	}
}

// spoil flips a bit of a table that has a text in it.
func spoil(t *testing.T, fs *vfs.MemFS, text string) {
	t.Helper()
	for _, name := range names(t, fs) {
		data := read(t, fs, name)
		at := bytes.Index(data, []byte(text))
		if !strings.HasSuffix(name, ".sst") || at < 0 {
			continue
		}
		data[at] ^= 1
		write(t, fs, name, data)
		return
	}
	t.Fatal("no table has the text")
}
