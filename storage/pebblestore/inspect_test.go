package pebblestore_test

import (
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/pebblestore"
)

func TestInspect(t *testing.T) {
	fs := vfs.NewMem()
	s := open(t, pebblestore.Config{Dir: "store", FS: fs})
	newQueue(t, s, "empty")
	id := newQueue(t, s, "jobs")
	if err := post(t.Context(), s, id, "a", "b", "c"); err != nil {
		t.Fatal(err)
	}
	_, err := s.PostMessages(t.Context(), storage.Post{Queue: id, Now: second(1), Drafts: []storage.Draft{
		{Body: []byte("late"), Visible: second(50), Expires: second(99)},
	}})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.CreateClaim(t.Context(), storage.ClaimOrder{ID: "c", Queue: id, Now: second(1), Expires: second(9), Keep: second(9), Limit: 1}); err != nil {
		t.Fatal(err)
	}
	if _, err := pebblestore.InspectIn(fs, "store"); err == nil {
		t.Error("a store that is in use was inspected")
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	r, err := pebblestore.InspectIn(fs, "store")
	if err != nil || len(r.Damage) > 0 {
		t.Fatalf("Inspect: %v, damage %q", err, r.Damage)
	}
	if len(r.Queues) != 2 || r.DiskBytes == 0 || r.Format != "marconi store, format 1" {
		t.Fatalf("Inspect: %+v", r)
	}
	jobs := r.Queues[1]
	if jobs.ID != id || jobs.Messages != 3 || jobs.Held != 1 || jobs.Delayed != 1 || jobs.Tail != 3 || !jobs.Oldest.Equal(second(1)) || jobs.Bytes == 0 {
		t.Errorf("jobs: %+v", jobs)
	}
	if empty := r.Queues[0]; empty.Messages != 0 || empty.Tail != 0 || !empty.Oldest.IsZero() {
		t.Errorf("empty: %+v", empty)
	}
}

// TestInspectHistories finds nothing wrong with stores that random histories
// leave.
func TestInspectHistories(t *testing.T) {
	for seed := range uint64(10) {
		fs := vfs.NewMem()
		s := open(t, pebblestore.Config{Dir: "store", FS: fs}.Tuned(small))
		for _, o := range invent(seed, 150) {
			if err := o.do(t.Context(), s); !expected(err) {
				t.Fatal(err)
			}
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if r, err := pebblestore.InspectIn(fs, "store"); err != nil || len(r.Damage) > 0 {
			t.Errorf("seed %d: %v, %q", seed, err, r.Damage)
		}
	}
}
