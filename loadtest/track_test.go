package loadtest_test

import (
	"encoding/json"
	"fmt"
	"hash/crc32"
	"strings"
	"testing"

	"github.com/stackforge/marconi/clients/go"
	"github.com/stackforge/marconi/loadtest"
)

const life = "5f0c7a1e"

func placeAt(n int) string { return fmt.Sprintf("%s-%016x", life, n) }

// bodyOf is the body of a message of a check.
func bodyOf(producer string, seq int) json.RawMessage {
	sum := crc32.ChecksumIEEE(fmt.Appendf(nil, "%s\x00%d\x00", producer, seq))
	return json.RawMessage(fmt.Sprintf(`{"producer":%q,"seq":%d,"pad":"","sum":%d}`, producer, seq, sum))
}

// said is that the message of a place was told.
func said(n int) client.News { return saidOf(n, "p", n) }

func saidOf(n int, producer string, seq int) client.News {
	return client.News{Position: placeAt(n), Message: client.Message{ID: placeAt(n), Body: bodyOf(producer, seq)}}
}

func saidLive(n int) client.News { return client.News{Fact: client.Live, Position: placeAt(n)} }

func saidGap(from, to int) client.News {
	return client.News{Fact: client.Gap, Position: placeAt(to), From: placeAt(from), To: placeAt(to)}
}

// TestTrack holds what listeners were told against a queue of which message 3 was
// removed, while another listener was told all that is left.
func TestTrack(t *testing.T) {
	for _, tt := range []struct {
		name string
		told []client.News
		want string // a part of the first fault; "": there is none
	}{
		{"all of it", []client.News{saidLive(0), said(1), said(2), said(3), said(4), said(5)}, ""},
		{"a gap", []client.News{saidLive(0), said(1), said(2), saidGap(3, 3), said(4), saidLive(4), said(5)}, ""},
		{"one lost", []client.News{said(1), said(2), said(4), said(5)}, "what is between was lost"},
		{"the last lost", []client.News{said(1), said(2), said(3), said(4)}, "it was never told"},
		{"one twice", []client.News{said(1), said(2), said(2), said(3), said(4), said(5)}, "again, or late: 3 was due"},
		{"two swapped", []client.News{said(2), said(1), said(3), said(4), said(5)}, "what is between was lost"},
		{"a gap where there is a message", []client.News{said(1), said(2), saidGap(3, 4), said(5)}, "told to be gone, and is there"},
		{"a gap that does not fit", []client.News{said(1), said(2), said(3), saidGap(3, 3), said(4), said(5)}, "when 4 was due"},
		{"live too early", []client.News{said(1), saidLive(3), said(2), said(3), said(4), said(5)}, "all up to place 3 was said"},
		{"live too late", []client.News{said(1), said(2), saidLive(1), said(3), said(4), said(5)}, "all up to place 1 was said"},
		{"another message", []client.News{said(1), saidOf(2, "p", 3), said(3), said(4), said(5)}, "another was told message 2 of p"},
		{"what nobody posted", []client.News{said(1), said(2), saidOf(3, "x", 1), said(4), said(5)}, "nobody has posted it so"},
		{"another life", []client.News{said(1), {Position: "00000001-0000000000000002", Message: said(2).Message}, said(2), said(3), said(4), said(5)}, "of another life"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			track := loadtest.NewTrack("q")
			left := tracked(track)
			f := track.Follow("listener")
			for _, n := range tt.told {
				f.Tell(n)
			}
			faults := track.Conclude(left)
			if tt.want == "" && len(faults) > 0 || tt.want != "" && (len(faults) == 0 || !strings.Contains(faults[0].What, tt.want)) {
				t.Errorf("got %v, want %q", faults, tt.want)
			}
		})
	}
}

// tracked posts five messages, removes one, tells another listener of the rest,
// and answers what is left.
func tracked(track *loadtest.Track) (left []client.Message) {
	other := track.Follow("another")
	for n := 1; n <= 5; n++ {
		track.Posting(loadtest.Item{Producer: "p", Seq: n})
		track.Stored(placeAt(n))
		if n == 3 {
			track.Removing(placeAt(n))
			other.Tell(saidGap(3, 3))
			continue
		}
		other.Tell(said(n))
		left = append(left, said(n).Message)
	}
	return left
}

func TestTrackOfABrokerThatLoses(t *testing.T) {
	track := loadtest.NewTrack("q")
	f := track.Follow("listener")
	for n := 1; n <= 4; n++ {
		track.Posting(loadtest.Item{Producer: "p", Seq: n})
		track.Stored(placeAt(n))
	}
	for _, n := range []client.News{said(1), saidGap(2, 2), saidOf(3, "p", 1)} {
		f.Tell(n)
	}
	faults := fmt.Sprint(track.Conclude([]client.Message{said(1).Message, saidOf(3, "p", 1).Message}))
	for _, want := range []string{"it was stored twice", "it was stored and never told", "it is gone, and nobody removed it"} {
		if !strings.Contains(faults, want) {
			t.Errorf("got %v, want that %s", faults, want)
		}
	}
}
