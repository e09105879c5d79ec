package storagetest_test

import (
	"context"
	"errors"
	"testing"
	"time"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/storagetest"
)

// Each of these drivers breaks one promise, and the case named must tell.
func TestCasesCatch(t *testing.T) {
	t.Parallel()
	for _, broken := range []struct {
		how        string
		driver     func(storage.Driver) storage.Driver
		role, name string
	}{
		{"deletes without the claim", func(d storage.Driver) storage.Driver { return deletesAnything{d} }, "delete", "claimed, without a claim"},
		{"limits, then filters", func(d storage.Driver) storage.Driver { return limitsFirst{d} }, "list", "limit after filtering"},
		{"limits, then filters", func(d storage.Driver) storage.Driver { return limitsFirst{d} }, "paging", "messages"},
		{"forgets delays", func(d storage.Driver) storage.Driver { return forgetsDelays{d} }, "delay", "due at its instant"},
		{"steals from live claims", func(d storage.Driver) storage.Driver { return steals{d} }, "claim", "steals nothing"},
		{"ends claims late", func(d storage.Driver) storage.Driver { return endsLate{d} }, "claim", "ends at its instant"},
		{"keeps nothing", func(d storage.Driver) storage.Driver { return keepsNothing{d} }, "keep", "kept by a claim"},
		{"buries late", func(d storage.Driver) storage.Driver { return buriesLate{d} }, "dead letters", "buried instead of claimed"},
		{"lets nothing rest", func(d storage.Driver) storage.Driver { return letsNothingRest{d} }, "release", "rest"},
		{"loses markers", func(d storage.Driver) storage.Driver { return losesMarkers{d} }, "marker", "outlives its message"},
		{"forgets keys", func(d storage.Driver) storage.Driver { return forgetsOnce{d} }, "once", "same key again"},
		{"forgets sequences", func(d storage.Driver) storage.Driver { return forgetsOnce{d} }, "sequence", "gap"},
		{"posts one by one", func(d storage.Driver) storage.Driver { return postsOneByOne{d} }, "sequence", "refusal stores nothing"},
		{"posts when waited for", func(d storage.Driver) storage.Driver { return postsLate{d} }, "pipeline", "any order of waiting"},
		{"posts when waited for", func(d storage.Driver) storage.Driver { return postsLate{d} }, "pipeline", "nobody waits"},
		{"ends with the start", func(d storage.Driver) storage.Driver { return endsWithStart{d} }, "pipeline", "context of the start"},
		{"stops at a refusal", func(d storage.Driver) storage.Driver { return &stopsAtRefusal{Driver: d} }, "pipeline", "errors"},
		{"joins names", func(d storage.Driver) storage.Driver { return joinsNames{d} }, "names", "project and name"},
		{"looks back", func(d storage.Driver) storage.Driver { return looksBack{d} }, "stats", "through a life"},
		{"never wakes", func(d storage.Driver) storage.Driver { return neverWakes{d} }, "wake", "a delay's end"},
		{"takes subscribers twice", func(d storage.Driver) storage.Driver { return takesTwice{d} }, "subscription", "unique by subscriber"},
		{"honours lost leases", func(d storage.Driver) storage.Driver { return honoursAll{d} }, "delivery", "lease lost"},
		{"leases for ever", func(d storage.Driver) storage.Driver { return leasesForever{d} }, "delivery", "lease ended"},
		{"does not stop", func(d storage.Driver) storage.Driver { return doesNotStop{d} }, "feed", "after stop"},
		{"is never lost", func(d storage.Driver) storage.Driver { return neverLost{d} }, "feed", "begins lost"},
		{"sweeps too much", func(d storage.Driver) storage.Driver { return sweepsTooMuch{d} }, "sweep", "removes the dead alone"},
		{"ignores contexts", func(d storage.Driver) storage.Driver { return ignoresContexts{d} }, "context", "cancelled"},
	} {
		t.Run(broken.how+", "+broken.role, func(t *testing.T) {
			t.Parallel()
			failures := record(t, find(t, broken.role, broken.name), broken.driver(memory(t)))
			if len(failures) == 0 {
				t.Errorf("%s/%s did not notice", broken.role, broken.name)
			}
			for _, failure := range failures {
				t.Log(failure)
			}
		})
	}
}

// No case passes on a driver whose every call fails.
func TestCasesFail(t *testing.T) {
	t.Parallel()
	down := errors.New("down")
	for _, role := range storagetest.Contract() {
		for _, c := range role.Cases {
			d := storagetest.Faulty(nil, func(string) error { return down })
			if len(record(t, c, d)) == 0 {
				t.Errorf("%s/%s passes on a driver that is down", role.Name, c.Name)
			}
		}
	}
}

type deletesAnything struct{ storage.Driver }

func (b deletesAnything) DeleteMessage(ctx context.Context, q storage.QueueID, id, _ string, now time.Time) error {
	return b.DeleteMessages(ctx, q, []string{id}, nil, now)
}

type limitsFirst struct{ storage.Driver }

func (b limitsFirst) ListMessages(ctx context.Context, f storage.MessageFilter) (storage.MessagePage, error) {
	hidden := f.NotFrom
	f.NotFrom = ""
	page, err := b.Driver.ListMessages(ctx, f)
	all := page.Items
	page.Items = nil
	for _, m := range all {
		if hidden == "" || m.ClientID != hidden {
			page.Items = append(page.Items, m)
		}
	}
	return page, err
}

type forgetsDelays struct{ storage.Driver }

func (b forgetsDelays) PostMessages(ctx context.Context, p storage.Post) (storage.Posted, error) {
	drafts := make([]storage.Draft, len(p.Drafts))
	for i, draft := range p.Drafts {
		draft.Visible = p.Now
		drafts[i] = draft
	}
	p.Drafts = drafts
	return b.Driver.PostMessages(ctx, p)
}

// steals behaves as a claim does that takes all behind the first free message
// without looking.
type steals struct{ storage.Driver }

func (b steals) CreateClaim(ctx context.Context, o storage.ClaimOrder) (storage.Claim, error) {
	page, err := b.ListMessages(ctx, storage.MessageFilter{Queue: o.Queue, Now: o.Now, Limit: o.Limit, IncludeClaimed: true})
	if err != nil {
		return storage.Claim{}, err
	}
	free := false
	for _, m := range page.Items {
		free = free || m.Claim == ""
		if free && m.Claim != "" {
			if err := b.ReleaseClaim(ctx, o.Queue, m.Claim, o.Now, o.Now); err != nil {
				return storage.Claim{}, err
			}
		}
	}
	return b.Driver.CreateClaim(ctx, o)
}

type endsLate struct{ storage.Driver }

func (b endsLate) CreateClaim(ctx context.Context, o storage.ClaimOrder) (storage.Claim, error) {
	o.Expires = o.Expires.Add(time.Millisecond)
	return b.Driver.CreateClaim(ctx, o)
}

type keepsNothing struct{ storage.Driver }

func (b keepsNothing) CreateClaim(ctx context.Context, o storage.ClaimOrder) (storage.Claim, error) {
	o.Keep = o.Expires
	return b.Driver.CreateClaim(ctx, o)
}

type buriesLate struct{ storage.Driver }

func (b buriesLate) CreateClaim(ctx context.Context, o storage.ClaimOrder) (storage.Claim, error) {
	if o.Bury != nil {
		bury := *o.Bury
		bury.Max++
		o.Bury = &bury
	}
	return b.Driver.CreateClaim(ctx, o)
}

type letsNothingRest struct{ storage.Driver }

func (b letsNothingRest) ReleaseClaim(ctx context.Context, q storage.QueueID, id string, now, _ time.Time) error {
	return b.Driver.ReleaseClaim(ctx, q, id, now, now)
}

type losesMarkers struct{ storage.Driver }

func (b losesMarkers) ListMessages(ctx context.Context, f storage.MessageFilter) (storage.MessagePage, error) {
	there, err := b.GetMessages(ctx, f.Queue, []string{f.Marker}, f.Now)
	if err != nil {
		return storage.MessagePage{}, err
	}
	if len(there) == 0 {
		f.Marker = ""
	}
	return b.Driver.ListMessages(ctx, f)
}

type forgetsOnce struct{ storage.Driver }

func (b forgetsOnce) PostMessages(ctx context.Context, p storage.Post) (storage.Posted, error) {
	p.Once = storage.Once{}
	return b.Driver.PostMessages(ctx, p)
}

// postsOneByOne looks at the order of posts only once the first draft is stored.
type postsOneByOne struct{ storage.Driver }

func (b postsOneByOne) PostMessages(ctx context.Context, p storage.Post) (storage.Posted, error) {
	if len(p.Drafts) < 2 {
		return b.Driver.PostMessages(ctx, p)
	}
	first, rest := p, p
	first.Once, first.Drafts = storage.Once{}, p.Drafts[:1]
	rest.Drafts = p.Drafts[1:]
	one, err := b.Driver.PostMessages(ctx, first)
	if err != nil {
		return one, err
	}
	more, err := b.Driver.PostMessages(ctx, rest)
	more.IDs = append(one.IDs, more.IDs...)
	return more, err
}
