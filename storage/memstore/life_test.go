package memstore_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/memstore"
)

// many is how many messages a test of memory posts, and their worth in memory.
const (
	many     = 40_000
	manySize = many * 200
)

func TestMemoryIsGivenBack(t *testing.T) {
	for _, c := range []struct {
		name  string
		drain func(t *testing.T, s *memstore.Store, q storage.QueueID)
	}{
		{"popped", func(t *testing.T, s *memstore.Store, q storage.QueueID) {
			for range many / 1000 {
				if ms, err := s.PopMessages(t.Context(), q, 1000, at(1)); len(ms) != 1000 || err != nil {
					t.Fatalf("PopMessages: %d messages, %v", len(ms), err)
				}
			}
		}},
		{"expired", func(t *testing.T, s *memstore.Store, q storage.QueueID) {
			if n, err := s.Sweep(t.Context(), at(100), many+1); n != many || err != nil {
				t.Fatalf("Sweep: %d removed, %v", n, err)
			}
		}},
		{"purged", func(t *testing.T, s *memstore.Store, q storage.QueueID) {
			if err := s.PurgeMessages(t.Context(), q); err != nil {
				t.Fatal(err)
			}
		}},
		{"all but the first and the last", func(t *testing.T, s *memstore.Store, q storage.QueueID) {
			for p := storage.Position(2); p < many; p++ {
				if err := s.DeleteMessage(t.Context(), q, storage.PositionText(0xbeef, p), "", at(1)); err != nil {
					t.Fatal(err)
				}
			}
			if st, err := s.QueueStats(t.Context(), q, at(1)); st.Total != 2 || err != nil {
				t.Fatalf("QueueStats: %d messages left, %v", st.Total, err)
			}
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			s := memstore.New(memstore.Config{})
			q := newQueue(t, s, "jobs")
			before := heap()
			fill(t, s, q)
			full := heap()
			c.drain(t, s, q)
			left := heap()
			if full-before < manySize {
				t.Errorf("%d messages took %d bytes, too few to tell anything", many, full-before)
			}
			if left-before > (full-before)/20 {
				t.Errorf("of %d bytes %d are left", full-before, left-before)
			}
			runtime.KeepAlive(s)
		})
	}
}

// heap is how much memory is in use.
func heap() int64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

func fill(t testing.TB, s *memstore.Store, q storage.QueueID) {
	t.Helper()
	p := storage.Post{Queue: q, Now: at(0), Drafts: make([]storage.Draft, 1000)}
	for i := range p.Drafts {
		p.Drafts[i].Expires = at(100)
	}
	for range many / len(p.Drafts) {
		if _, err := s.PostMessages(t.Context(), p); err != nil {
			t.Fatal(err)
		}
	}
}

// TestWakeIsExact holds that a message which expires before it is due wakes
// nobody.
func TestWakeIsExact(t *testing.T) {
	t.Parallel()
	s := memstore.New(memstore.Config{})
	q := newQueue(t, s, "jobs")
	post(t, s, q, storage.Draft{Visible: at(5), Expires: at(5)})
	if st, err := s.QueueStats(t.Context(), q, at(1)); st.Delayed != 1 || !st.Wake.IsZero() || err != nil {
		t.Errorf("%d delayed, Wake %v, %v; want one that does not wake", st.Delayed, st.Wake, err)
	}
	post(t, s, q, storage.Draft{Visible: at(20), Expires: at(30)}, storage.Draft{Visible: at(9), Expires: at(30)})
	if st, err := s.QueueStats(t.Context(), q, at(1)); !st.Wake.Equal(at(9)) || err != nil {
		t.Errorf("Wake %v, %v; want when the first falls due", st.Wake, err)
	}
}

// BenchmarkClaimBehindHeld claims from a queue whose first messages are all
// held, with nobody's claim near its end.
func BenchmarkClaimBehindHeld(b *testing.B) {
	s := memstore.New(memstore.Config{})
	q := newQueue(b, s, "jobs")
	fill(b, s, q)
	order := storage.ClaimOrder{Queue: q, Now: at(1), Expires: at(50), Keep: at(50), Limit: many - 1000}
	claim := func(id string) {
		order.ID = id
		if c, err := s.CreateClaim(b.Context(), order); len(c.Messages) != order.Limit || err != nil {
			b.Fatalf("CreateClaim: %d messages, %v", len(c.Messages), err)
		}
	}
	claim("the many")
	order.Limit = 10
	for i := 0; b.Loop(); i++ {
		id := fmt.Sprint(i)
		claim(id)
		if err := s.ReleaseClaim(b.Context(), q, id, at(1), at(1)); err != nil {
			b.Fatal(err)
		}
	}
}
