package pebblestore_test

import (
	"bytes"
	"fmt"
	"sync"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/pebblestore"
)

// TestLargePost posts more at once than Pebble keeps in memory.
func TestLargePost(t *testing.T) {
	c := pebblestore.Config{Dir: "store", FS: vfs.NewMem()}
	s := open(t, c)
	id := newQueue(t, s, "jobs")
	body := string(bytes.Repeat([]byte("0123456789abcdef"), 16<<10))
	list := make([]string, 50)
	for i := range list {
		list[i] = fmt.Sprintf("%02d%s", i, body)
	}
	if err := post(t.Context(), s, id, list...); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	s = open(t, c)
	defer s.Close()
	for i, got := range bodies(t, s, id) {
		if got != list[i] {
			t.Fatalf("message %d has %d bytes and begins with %.4q", i, len(got), got)
		}
	}
}

// TestLongListing leaves out more than is looked at while other calls wait.
func TestLongListing(t *testing.T) {
	s := open(t, pebblestore.Config{Dir: "store", FS: vfs.NewMem()})
	defer s.Close()
	id := newQueue(t, s, "jobs")
	for range 6 {
		if err := post(t.Context(), s, id, make([]string, 1000)...); err != nil {
			t.Fatal(err)
		}
	}
	other := storage.Post{Queue: id, ClientID: "other", Now: second(1), Drafts: []storage.Draft{{Body: []byte("x"), Expires: second(9)}}}
	posted, err := s.PostMessages(t.Context(), other)
	if err != nil {
		t.Fatal(err)
	}
	for _, claimed := range []bool{false, true} {
		page, err := s.ListMessages(t.Context(), storage.MessageFilter{
			Queue: id, Now: second(1), Limit: 5, NotFrom: "c", IncludeClaimed: claimed,
		})
		if err != nil || len(page.Items) != 1 || page.Next != posted.IDs[0] || page.Tail != posted.Last {
			t.Errorf("claimed %v: %d items, next %q, tail %d, %v", claimed, len(page.Items), page.Next, page.Tail, err)
		}
	}
}

// TestCloseUnderLoad closes a store while it is used: calls answer or fail, and
// what they answered is there.
func TestCloseUnderLoad(t *testing.T) {
	fs := vfs.NewMem()
	c := pebblestore.Config{Dir: "store", FS: fs}
	for range 20 {
		s := open(t, c)
		id := newQueue(t, s, "jobs")
		busy := make(chan struct{}, 1000)
		var callers sync.WaitGroup
		for range 8 {
			callers.Go(func() {
				for post(t.Context(), s, id, "x") == nil && len(bodiesOrNone(t, s, id)) > 0 {
					busy <- struct{}{}
				}
			})
		}
		for range 20 {
			<-busy
		}
		if err := s.Close(); err != nil {
			t.Error(err)
		}
		callers.Wait()
	}
}

func bodiesOrNone(t *testing.T, s *pebblestore.Store, id storage.QueueID) []storage.Message {
	page, err := s.ListMessages(t.Context(), storage.MessageFilter{Queue: id, Now: second(2), Limit: 10})
	if err != nil {
		return nil
	}
	return page.Items
}
