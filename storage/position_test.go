package storage_test

import (
	"testing"
	"time"

	"github.com/stackforge/marconi/storage"
)

func TestMarkerTexts(t *testing.T) {
	for _, c := range []struct {
		text string
		want storage.Marker
	}{
		{"", storage.Marker{}},
		{"0000002a-0000000000000007", storage.Marker{Kind: storage.AtPosition, Epoch: 42, Position: 7}},
		{"0000002a-d0000000000000007", storage.Marker{Kind: storage.AtDelayed, Epoch: 42, Counter: 7}},
		{"0000002a-0000000000000007-d00000000000003e80000000000000009",
			storage.Marker{Kind: storage.AmongDelayed, Epoch: 42, Position: 7, Due: time.UnixMilli(1000), Counter: 9}},
	} {
		got, ok := storage.ParseMarker(c.text)
		if !ok || got != c.want {
			t.Errorf("ParseMarker(%q) is %+v, %v; want %+v", c.text, got, ok, c.want)
		}
		if s := c.want.String(); s != c.text {
			t.Errorf("%+v reads %q, want %q", c.want, s, c.text)
		}
	}
}

func TestNoMarkers(t *testing.T) {
	for _, text := range []string{
		"7", "garbage", "0000002A-0000000000000007", "0000002a_0000000000000007", "0000002a-000000000000000g",
		"0000002a-00000000000000007", "0000002a-D0000000000000007", "+000002a-0000000000000007",
		"0000002a-0000000000000007-e00000000000003e80000000000000009", "0000002a-0000000000000007 ",
	} {
		if m, ok := storage.ParseMarker(text); ok {
			t.Errorf("ParseMarker(%q) is %+v, want none", text, m)
		}
	}
}

func TestIDs(t *testing.T) {
	if id := storage.PositionText(0xffffffff, 1<<63); id != "ffffffff-8000000000000000" {
		t.Errorf("PositionText is %q", id)
	}
	if id := storage.DelayedID(1, 255); id != "00000001-d00000000000000ff" {
		t.Errorf("DelayedID is %q", id)
	}
}

// Whatever is taken for a marker is written again as it came.
func FuzzParseMarker(f *testing.F) {
	for _, text := range []string{"", "0000002a-0000000000000007", "0000002a-d0000000000000007", "0000002a-0000000000000007-d00000000000003e80000000000000009"} {
		f.Add(text)
	}
	f.Fuzz(func(t *testing.T, text string) {
		if m, ok := storage.ParseMarker(text); ok && m.String() != text {
			t.Errorf("%q became %q", text, m.String())
		}
	})
}
