package pebblestore_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/pebblestore"
)

// TestPositions compares the set of positions with a map.
func TestPositions(t *testing.T) {
	dice := rand.New(rand.NewPCG(1, 1))
	var s pebblestore.Positions
	want := map[storage.Position]bool{}
	for step := range 20_000 {
		p := storage.Position(1 + dice.IntN(3000))
		if step > 10_000 && dice.IntN(3) > 0 || dice.IntN(4) == 0 {
			s.Remove(p)
			delete(want, p)
		} else {
			s.Add(p)
			want[p] = true
		}
		if s.Has(p) != want[p] || s.Count() != len(want) {
			t.Fatalf("step %d: has %d: %v, %d in all; want %v, %d", step, p, s.Has(p), s.Count(), want[p], len(want))
		}
	}
	from := storage.Position(1000)
	var sorted []storage.Position
	for p := range want {
		if p >= from {
			sorted = append(sorted, p)
		}
	}
	slices.Sort(sorted)
	if got := slices.Collect(s.From(from)); !slices.Equal(got, sorted) {
		t.Errorf("from %d: %d positions, want %d", from, len(got), len(sorted))
	}
}

// FuzzRecords reads records of any bytes: they are refused, or what they say is
// written the same way again.
func FuzzRecords(f *testing.F) {
	for _, record := range pebblestore.SampleRecords() {
		f.Add(record)
		f.Add(record[:len(record)-1])
	}
	f.Add([]byte{1, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 1})
	f.Fuzz(func(t *testing.T, record []byte) {
		pebblestore.ReadRecords(record, func(kind string, again []byte) {
			pebblestore.ReadRecords(again, func(other string, third []byte) {
				if other == kind && !slices.Equal(again, third) {
					t.Errorf("%s: %x was read and written as %x, and then as %x", kind, record, again, third)
				}
			})
		})
	})
}

// TestRecordVersions refuses records of a version that nobody knows yet.
func TestRecordVersions(t *testing.T) {
	for _, record := range pebblestore.SampleRecords() {
		record[0]++
		pebblestore.ReadRecords(record, func(kind string, _ []byte) {
			t.Errorf("%s of version %d was read", kind, record[0])
		})
	}
}
