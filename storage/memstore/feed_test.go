package memstore_test

import (
	"slices"
	"testing"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/memstore"
)

// TestPostIsOneEvent holds that the followers hear once of a post, with the
// first of its delayed messages to fall due, before the post returns.
func TestPostIsOneEvent(t *testing.T) {
	t.Parallel()
	s := memstore.New(memstore.Config{})
	q := newQueue(t, s, "jobs")
	var told []storage.Event
	stop, err := s.Follow(t.Context(), q, func(e storage.Event) { told = append(told, e) })
	if err != nil {
		t.Fatal(err)
	}
	defer stop()
	post(t, s, q,
		storage.Draft{Visible: at(20), Expires: at(100)}, storage.Draft{Expires: at(100)},
		storage.Draft{Visible: at(10), Expires: at(100)}, storage.Draft{Expires: at(100)},
		storage.Draft{Visible: at(30), Expires: at(100)})
	want := []storage.Event{{Lost: true}, {Epoch: 0xbeef, First: 1, Last: 2, Due: at(10)}}
	if !slices.Equal(told, want) {
		t.Errorf("told %+v; want %+v", told, want)
	}
}
