package memstore_test

import (
	"testing"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/memstore"
)

// TestPlaceReadsToTheTail holds that a page which ends among the delayed goes on
// after the whole log, the claimed ones left out at its end included.
func TestPlaceReadsToTheTail(t *testing.T) {
	t.Parallel()
	s := memstore.New(memstore.Config{})
	q := newQueue(t, s, "jobs")
	post(t, s, q, storage.Draft{Expires: at(100)}, storage.Draft{Visible: at(50), Expires: at(100)})
	if _, err := s.CreateClaim(t.Context(), storage.ClaimOrder{
		ID: "c", Queue: q, Now: at(0), Expires: at(9), Keep: at(9), Limit: 1,
	}); err != nil {
		t.Fatal(err)
	}
	page, err := s.ListMessages(t.Context(), storage.MessageFilter{Queue: q, Now: at(1), Limit: 10, IncludeDelayed: true})
	if err != nil {
		t.Fatal(err)
	}
	want := storage.Marker{Kind: storage.AmongDelayed, Epoch: 0xbeef, Position: 1, Due: at(50), Counter: 1}
	if len(page.Items) != 1 || page.Next != want.String() {
		t.Errorf("%d items, Next %q; want 1 and %q", len(page.Items), page.Next, want)
	}
}
