package storagetest_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/storagetest"
)

// Random histories find each of these drivers out, and tell it in a few steps.
func TestModelCatches(t *testing.T) {
	t.Parallel()
	for how, broken := range map[string]func(storage.Driver) storage.Driver{
		"deletes without the claim": func(d storage.Driver) storage.Driver { return deletesAnything{d} },
		"limits, then filters":      func(d storage.Driver) storage.Driver { return limitsFirst{d} },
		"forgets delays":            func(d storage.Driver) storage.Driver { return forgetsDelays{d} },
		"steals from live claims":   func(d storage.Driver) storage.Driver { return steals{d} },
		"ends claims late":          func(d storage.Driver) storage.Driver { return endsLate{d} },
		"keeps nothing":             func(d storage.Driver) storage.Driver { return keepsNothing{d} },
		"buries late":               func(d storage.Driver) storage.Driver { return buriesLate{d} },
		"lets nothing rest":         func(d storage.Driver) storage.Driver { return letsNothingRest{d} },
		"loses markers":             func(d storage.Driver) storage.Driver { return losesMarkers{d} },
		"forgets posts":             func(d storage.Driver) storage.Driver { return forgetsOnce{d} },
		"posts one by one":          func(d storage.Driver) storage.Driver { return postsOneByOne{d} },
		"looks back":                func(d storage.Driver) storage.Driver { return looksBack{d} },
		"never wakes":               func(d storage.Driver) storage.Driver { return neverWakes{d} },
		"takes subscribers twice":   func(d storage.Driver) storage.Driver { return takesTwice{d} },
		"honours lost leases":       func(d storage.Driver) storage.Driver { return honoursAll{d} },
		"leases for ever":           func(d storage.Driver) storage.Driver { return leasesForever{d} },
		"sweeps too much":           func(d storage.Driver) storage.Driver { return sweepsTooMuch{d} },
		"skips a position":          func(d storage.Driver) storage.Driver { return skips{d} },
	} {
		t.Run(how, func(t *testing.T) {
			t.Parallel()
			open := func(t *testing.T) storage.Driver { return broken(memory(t)) }
			report := firstReport(t, open)
			if report == "" {
				t.Fatal("no history found it out")
			}
			if steps := strings.Count(report, ". at "); steps > 12 {
				t.Errorf("the shortest history found has %d steps:\n%s", steps, report)
			}
			t.Log(report)
		})
	}
}

// firstReport explores until the histories differ.
func firstReport(t *testing.T, open func(t *testing.T) storage.Driver) string {
	t.Helper()
	for seed := range uint64(60) {
		if report := storagetest.Explore(t, open, memory, seed, 150); report != "" {
			return report
		}
	}
	return ""
}

// skips leaves a gap in the positions when a message is deleted.
type skips struct{ storage.Driver }

func (b skips) DeleteMessage(ctx context.Context, q storage.QueueID, id, claim string, now time.Time) error {
	err := b.Driver.DeleteMessage(ctx, q, id, claim, now)
	if err != nil {
		return err
	}
	post := storage.Post{Queue: q, Now: now, Drafts: []storage.Draft{{Expires: now.Add(time.Millisecond)}}}
	if posted, err := b.Driver.PostMessages(ctx, post); err == nil {
		return b.Driver.DeleteMessages(ctx, q, posted.IDs, nil, now)
	}
	return nil
}

// The same seed makes the same history.
func TestModelRepeats(t *testing.T) {
	t.Parallel()
	open := func(t *testing.T) storage.Driver { return endsLate{memory(t)} }
	first := firstReport(t, open)
	if second := firstReport(t, open); first != second || first == "" {
		t.Errorf("one seed made two reports:\n%s\n%s", first, second)
	}
}
