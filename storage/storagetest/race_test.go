package storagetest_test

import (
	"context"
	"runtime"
	"slices"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/storagetest"
)

func TestRace(t *testing.T) {
	t.Parallel()
	storagetest.Race(t, memory)
}

// Each of these drivers does in two steps, or for two callers, what must be done
// in one step and for one caller. A race that is played some times finds it out.
func TestRacesCatch(t *testing.T) {
	t.Parallel()
	for _, broken := range []struct {
		how    string
		driver func(storage.Driver) storage.Driver
		race   string
	}{
		{"pops in two steps", func(d storage.Driver) storage.Driver { return popsInTwo{d} }, "one queue"},
		{"steals from live claims", func(d storage.Driver) storage.Driver { return steals{d} }, "one queue"},
		{"deletes without the claim", func(d storage.Driver) storage.Driver { return deletesAnything{d} }, "several queues"},
		{"shows late", func(d storage.Driver) storage.Driver { return &showsLate{Driver: d} }, "one queue"},
		{"shows late", func(d storage.Driver) storage.Driver { return &showsLate{Driver: d} }, "tail"},
		{"shows again", func(d storage.Driver) storage.Driver { return showsAgain{d} }, "one queue"},
		{"ends claims late", func(d storage.Driver) storage.Driver { return endsLate{d} }, "ended claims"},
		{"loses what it buries", func(d storage.Driver) storage.Driver { return dropsBuried{d} }, "burial"},
		{"leases twice", func(d storage.Driver) storage.Driver { return leasesTwice{d} }, "deliveries"},
		{"creates for everybody", func(d storage.Driver) storage.Driver { return createsForAll{d} }, "one creator"},
		{"forgets posts", func(d storage.Driver) storage.Driver { return forgetsOnce{d} }, "one post"},
	} {
		t.Run(broken.how+", "+broken.race, func(t *testing.T) {
			t.Parallel()
			races := storagetest.Races()
			c := races[slices.IndexFunc(races, func(c storagetest.Case) bool { return c.Name == broken.race })]
			for range 50 {
				if failures := record(t, c, broken.driver(memory(t))); len(failures) > 0 {
					t.Logf("%.200q", failures)
					return
				}
			}
			t.Errorf("%s did not notice", c.Name)
		})
	}
}

type popsInTwo struct{ storage.Driver }

func (b popsInTwo) PopMessages(ctx context.Context, q storage.QueueID, limit int, now time.Time) ([]storage.Message, error) {
	page, err := b.ListMessages(ctx, storage.MessageFilter{Queue: q, Now: now, Limit: limit})
	if err != nil {
		return nil, err
	}
	ids := make([]string, len(page.Items))
	for i, m := range page.Items {
		ids[i] = m.ID
	}
	runtime.Gosched()
	return page.Items, b.DeleteMessages(ctx, q, ids, nil, now)
}

// showsLate leaves the newest message out of every third full page, as a backend
// does that numbers messages before they are visible.
type showsLate struct {
	storage.Driver
	pages atomic.Int32
}

func (b *showsLate) ListMessages(ctx context.Context, f storage.MessageFilter) (storage.MessagePage, error) {
	page, err := b.Driver.ListMessages(ctx, f)
	if n := len(page.Items); n > 1 && b.pages.Add(1)%3 == 0 {
		page.Items = append(page.Items[:n-2:n-2], page.Items[n-1])
	}
	return page, err
}

// showsAgain goes on before a marker.
type showsAgain struct{ storage.Driver }

func (b showsAgain) ListMessages(ctx context.Context, f storage.MessageFilter) (storage.MessagePage, error) {
	if m, ok := storage.ParseMarker(f.Marker); ok && m.Position > 0 {
		m.Position--
		f.Marker = m.String()
	}
	return b.Driver.ListMessages(ctx, f)
}

type dropsBuried struct{ storage.Driver }

func (b dropsBuried) CreateClaim(ctx context.Context, o storage.ClaimOrder) (storage.Claim, error) {
	if o.Bury != nil {
		bury := *o.Bury
		bury.Expires = o.Now.Add(time.Millisecond)
		o.Bury = &bury
	}
	return b.Driver.CreateClaim(ctx, o)
}

type leasesTwice struct{ storage.Driver }

func (b leasesTwice) TakeDeliveries(ctx context.Context, o storage.DeliveryOrder) ([]storage.Delivery, error) {
	o.Now, o.Until = o.Now.Add(time.Hour), o.Until.Add(time.Hour)
	if taken, err := b.Driver.TakeDeliveries(ctx, o); err != nil || len(taken) > 0 {
		return taken, err
	}
	o.Now, o.Until = o.Now.Add(time.Hour), o.Until.Add(time.Hour)
	return b.Driver.TakeDeliveries(ctx, o)
}

type createsForAll struct{ storage.Driver }

func (b createsForAll) CreateQueue(ctx context.Context, q storage.Queue) (bool, error) {
	_, err := b.Driver.CreateQueue(ctx, q)
	return true, err
}
