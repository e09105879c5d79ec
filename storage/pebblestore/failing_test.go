package pebblestore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/pebblestore"
)

// sick is a disk that fails where it is told to.
type sick struct {
	vfs.FS
	fault atomic.Pointer[fault] // nil: it is well
}

// fault is what fails: an operation on files whose names contain one of the
// texts, which bars part.
type fault struct {
	op, name string
	err      error
}

func (s *sick) check(op, name string) error {
	f := s.fault.Load()
	if f == nil || f.op != op {
		return nil
	}
	for part := range strings.SplitSeq(f.name, "|") {
		if strings.Contains(name, part) {
			return fmt.Errorf("%s %s: %w", op, name, f.err)
		}
	}
	return nil
}

func (s *sick) Create(name string, k vfs.DiskWriteCategory) (vfs.File, error) {
	if err := s.check("create", name); err != nil {
		return nil, err
	}
	f, err := s.FS.Create(name, k)
	return sickFile{f, s, name}, err
}

func (s *sick) ReuseForWrite(from, to string, k vfs.DiskWriteCategory) (vfs.File, error) {
	if err := s.check("create", to); err != nil {
		return nil, err
	}
	f, err := s.FS.ReuseForWrite(from, to, k)
	return sickFile{f, s, to}, err
}

func (s *sick) OpenDir(name string) (vfs.File, error) {
	f, err := s.FS.OpenDir(name)
	return sickFile{f, s, "directory " + name}, err
}

type sickFile struct {
	vfs.File
	s    *sick
	name string
}

func (f sickFile) Write(p []byte) (int, error) {
	if err := f.s.check("write", f.name); err != nil {
		return 0, err
	}
	return f.File.Write(p)
}

func (f sickFile) Sync() error {
	if err := f.s.check("sync", f.name); err != nil {
		return err
	}
	return f.File.Sync()
}

func (f sickFile) SyncData() error {
	if err := f.s.check("sync", f.name); err != nil {
		return err
	}
	return f.File.SyncData()
}

func newQueue(t testing.TB, d storage.Driver, name string) storage.QueueID {
	t.Helper()
	id := storage.QueueID{Project: "p", Name: name}
	if _, err := d.CreateQueue(t.Context(), storage.Queue{ID: id, Epoch: 7, Created: second(0)}); err != nil {
		t.Fatal(err)
	}
	return id
}

func post(ctx context.Context, d storage.Driver, id storage.QueueID, bodies ...string) error {
	p := storage.Post{Queue: id, ClientID: "c", Now: second(1)}
	for _, body := range bodies {
		p.Drafts = append(p.Drafts, storage.Draft{Body: []byte(body), Expires: second(1000)})
	}
	_, err := d.PostMessages(ctx, p)
	return err
}

// bodies lists all messages.
func bodies(t testing.TB, d storage.Driver, id storage.QueueID) []string {
	t.Helper()
	page, err := d.ListMessages(t.Context(), storage.MessageFilter{Queue: id, Now: second(2), Limit: 1 << 20, IncludeClaimed: true})
	if err != nil {
		t.Fatal(err)
	}
	var list []string
	for _, m := range page.Items {
		list = append(list, string(m.Body))
	}
	return list
}

// wellAgain pings until the store serves.
func wellAgain(t *testing.T, s *pebblestore.Store) {
	t.Helper()
	for start := time.Now(); ; {
		err := s.Ping(t.Context())
		if err == nil {
			return
		}
		if time.Since(start) > time.Minute {
			t.Fatalf("the disk is well, and Ping answers %v", err)
		}
	}
}

// TestFailingDisk makes each of the things fail that a commit needs. The store
// fails with it, says so, and serves again when the disk is well, with all that
// it had answered.
func TestFailingDisk(t *testing.T) {
	for _, f := range []fault{
		{"write", ".log|probe", syscall.EIO},
		{"sync", ".log|probe", syscall.EIO},
		{"write", ".log|probe", syscall.ENOSPC},
		{"create", ".log|probe", syscall.EMFILE},
		{"sync", "directory", syscall.EIO},
		{"write", "MANIFEST|probe", syscall.EIO},
		{"sync", "MANIFEST|probe", syscall.EIO},
	} {
		t.Run(f.op+" "+f.name+" "+f.err.Error(), func(t *testing.T) {
			t.Parallel()
			failAndRecover(t, f)
		})
	}
}

func failAndRecover(t *testing.T, f fault) {
	disk := &sick{FS: vfs.NewMem()}
	s := open(t, pebblestore.Config{Dir: "store", FS: disk}.Tuned(small))
	id := newQueue(t, s, "jobs")
	var lost atomic.Int64
	stop, err := s.Follow(t.Context(), id, func(e storage.Event) {
		if e.Lost {
			lost.Add(1)
		}
	})
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	answered := postUntil(t, s, id, 0, func(n int, err error) bool { return n == 20 })
	disk.fault.Store(&f)
	answered = postUntil(t, s, id, answered, func(n int, err error) bool { return err != nil })
	if err := s.Ping(t.Context()); !errors.Is(err, f.err) {
		t.Errorf("Ping on the failing disk answered %v, want %v", err, f.err)
	}
	if _, err := s.GetQueue(t.Context(), id); err == nil || errors.Is(err, storage.ErrQueueNotFound) {
		t.Errorf("GetQueue on the failed store answered %v", err)
	}
	disk.fault.Store(nil)
	wellAgain(t, s)
	if lost.Load() < 2 {
		t.Error("the follower was not told that it may have missed something")
	}
	checkNumbered(t, bodies(t, s, id), answered, answered+1)
	if err := post(t.Context(), s, id, "afterwards"); err != nil {
		t.Error(err)
	}
	if err := s.Close(); err != nil {
		t.Error(err)
	}
	s = open(t, pebblestore.Config{Dir: "store", FS: disk})
	defer s.Close()
	if list := bodies(t, s, id); list[len(list)-1] != "afterwards" {
		t.Errorf("after a restart the last message is %q", list[len(list)-1])
	}
}

// postUntil posts numbers from n on until something is reached, and answers how
// many were answered in all.
func postUntil(t *testing.T, s *pebblestore.Store, id storage.QueueID, n int, reached func(n int, err error) bool) int {
	t.Helper()
	for range 5000 {
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		err := post(ctx, s, id, fmt.Sprintf("%06d%s", n, strings.Repeat(".", 500)))
		cancel()
		if errors.Is(err, context.DeadlineExceeded) {
			t.Fatal("a post was not answered")
		}
		if err == nil {
			n++
		}
		if reached(n, err) {
			return n
		}
	}
	t.Fatal("nothing happened in 5000 posts")
	return n
}

// checkNumbered checks that the messages are the numbers from 0 on, all that
// were answered and no more than were attempted.
func checkNumbered(t *testing.T, list []string, answered, attempted int) {
	t.Helper()
	if len(list) < answered || len(list) > attempted {
		t.Errorf("%d messages; %d were answered, %d attempted", len(list), answered, attempted)
	}
	for i, body := range list {
		if body[:6] != fmt.Sprintf("%06d", i) {
			t.Fatalf("message %d is %q", i, body[:6])
		}
	}
}

// TestFullDisk has posts refused below the reserve while claims and deletions go
// on, and taken again when there is room.
func TestFullDisk(t *testing.T) {
	fs := vfs.NewMem()
	const size = 100 << 30
	room := func(free uint64) {
		fs.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: free, TotalBytes: size, UsedBytes: size - free})
	}
	room(1 << 30)
	s := open(t, pebblestore.Config{Dir: "store", FS: fs})
	defer s.Close()
	id := newQueue(t, s, "jobs")
	if err := post(t.Context(), s, id, "a", "b", "c"); err != nil {
		t.Fatal(err)
	}
	room(256<<20 - 1)
	taken, body := 0, strings.Repeat("d", 100<<10)
	for taken < 100 && !errors.Is(post(t.Context(), s, id, body), storage.ErrFull) {
		taken++
	}
	if taken > 10 { // it looks every MiB
		t.Fatalf("%d posts of 100 KiB were taken on a disk without room", taken)
	}
	c, err := s.CreateClaim(t.Context(), storage.ClaimOrder{ID: "c", Queue: id, Now: second(1), Expires: second(9), Keep: second(9), Limit: 2})
	if err != nil || len(c.Messages) != 2 {
		t.Fatalf("claim on a full disk: %d messages, %v", len(c.Messages), err)
	}
	if err := s.DeleteMessage(t.Context(), id, c.Messages[0].ID, "c", second(1)); err != nil {
		t.Errorf("deletion on a full disk: %v", err)
	}
	if err := s.Ping(t.Context()); err != nil {
		t.Errorf("Ping on a full disk: %v", err)
	}
	if err := post(t.Context(), s, id, "e"); !errors.Is(err, storage.ErrFull) {
		t.Errorf("a post on a full disk answered %v", err)
	}
	room(257 << 20)
	if err := post(t.Context(), s, id, "f"); err != nil {
		t.Errorf("a post when there is room again answered %v", err)
	}
}

// TestReserveOfSmallDisk reserves a twentieth of a disk on which 256 MiB would be
// more.
func TestReserveOfSmallDisk(t *testing.T) {
	fs := vfs.NewMem()
	fs.TestingSetDiskUsage(vfs.DiskUsage{AvailBytes: 51 << 20, TotalBytes: 1000 << 20})
	s := open(t, pebblestore.Config{Dir: "store", FS: fs})
	defer s.Close()
	id := newQueue(t, s, "jobs")
	if err := post(t.Context(), s, id, "a"); err != nil {
		t.Errorf("with a twentieth free: %v", err)
	}
	strict := open(t, pebblestore.Config{Dir: "strict", FS: fs, Reserve: 60 << 20})
	defer strict.Close()
	id = newQueue(t, strict, "jobs")
	if err := post(t.Context(), strict, id, "a"); !errors.Is(err, storage.ErrFull) {
		t.Errorf("below the reserve asked for: %v", err)
	}
}

// TestFailingTables makes the tables fail that Pebble writes in the background,
// as on a disk that is full in spite of the reserve. Posts are refused, nothing
// is lost by it, and everything goes on when there is room.
func TestFailingTables(t *testing.T) {
	disk := &sick{FS: vfs.NewMem()}
	s := open(t, pebblestore.Config{Dir: "store", FS: disk}.Tuned(small))
	defer s.Close()
	id := newQueue(t, s, "jobs")
	disk.fault.Store(&fault{"write", ".sst", syscall.ENOSPC})
	n := 0
	var err error
	for ; err == nil; n++ {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		err = post(ctx, s, id, fmt.Sprintf("%06d%s", n, strings.Repeat(".", 500)))
		cancel()
	}
	if err := post(t.Context(), s, id, "x"); !errors.Is(err, storage.ErrFull) {
		t.Errorf("a post answered %v", err)
	}
	if err := s.Ping(t.Context()); !errors.Is(err, syscall.ENOSPC) {
		t.Errorf("Ping answered %v", err)
	}
	disk.fault.Store(nil)
	wellAgain(t, s)
	if err := post(t.Context(), s, id, fmt.Sprintf("%06d", n)); err != nil {
		t.Error(err)
	}
	var list []string
	for _, body := range bodies(t, s, id) { // the post that was not answered may be there
		if body[:6] != fmt.Sprintf("%06d", n-1) {
			list = append(list, body)
		}
	}
	if last := len(list) - 1; last >= 0 && list[last] == fmt.Sprintf("%06d", n) {
		list = list[:last]
	}
	checkNumbered(t, list, n-1, n-1)
}
