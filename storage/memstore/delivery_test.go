package memstore_test

import (
	"fmt"
	"runtime"
	"slices"
	"testing"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/memstore"
)

// TestDeliveriesTakeTurns lets one worker have one subscription at a time, all
// of them with more work than it does.
func TestDeliveriesTakeTurns(t *testing.T) {
	t.Parallel()
	s := memstore.New(memstore.Config{})
	var served []string
	for _, id := range []string{"a", "b", "c"} {
		q := newQueue(t, s, "queue of "+id)
		subscribe(t, s, q, id)
		post(t, s, q, storage.Draft{Expires: at(100)}, storage.Draft{Expires: at(100)}, storage.Draft{Expires: at(100)})
	}
	for turn := range 6 {
		d := take(t, s, fmt.Sprint("turn ", turn), 1)
		served = append(served, d.Subscription.ID)
		settle(t, s, d, d.Letters[0].Position)
	}
	if want := []string{"a", "b", "c", "a", "b", "c"}; !slices.Equal(served, want) {
		t.Errorf("served %q; want %q", served, want)
	}
}

// TestAttemptsAreOfALetter lets the letter that was tried expire while it is
// leased: the one after it has not been tried, swept or not.
func TestAttemptsAreOfALetter(t *testing.T) {
	t.Parallel()
	for _, swept := range []bool{false, true} {
		s := memstore.New(memstore.Config{})
		q := newQueue(t, s, "jobs")
		subscribe(t, s, q, "s")
		post(t, s, q, storage.Draft{Expires: at(2)}, storage.Draft{Expires: at(100)})
		lease := take(t, s, "first", 1).Lease
		if swept {
			if _, err := s.Sweep(t.Context(), at(2), 10); err != nil {
				t.Fatal(err)
			}
		}
		err := s.SettleDelivery(t.Context(), storage.Settlement{
			Queue: q, Subscription: "s", Lease: lease, Now: at(2), Attempts: 3,
		})
		if err != nil {
			t.Fatal(err)
		}
		ds, err := s.TakeDeliveries(t.Context(), storage.DeliveryOrder{Lease: "second", Now: at(2), Until: at(9), Subscriptions: 1, Messages: 1})
		if err != nil || len(ds) != 1 || ds[0].Letters[0].Position != 2 || ds[0].Attempts != 0 {
			t.Errorf("swept %v: TakeDeliveries = %+v, %v; want the second letter, never tried", swept, ds, err)
		}
	}
}

// TestOutboxIsGivenBack holds that letters live no longer than somebody waits
// for them.
func TestOutboxIsGivenBack(t *testing.T) {
	s := memstore.New(memstore.Config{})
	q := newQueue(t, s, "jobs")
	for _, id := range []string{"fast", "slow"} {
		subscribe(t, s, q, id)
	}
	before := heap()
	fill(t, s, q)
	if err := s.PurgeMessages(t.Context(), q); err != nil {
		t.Fatal(err)
	}
	d := take(t, s, "first", many)
	settle(t, s, d, many)
	d.Letters = nil
	full := heap() - before
	if full < manySize {
		t.Errorf("%d letters that one still waits for take %d bytes", many, full)
	}
	d = take(t, s, "second", many)
	settle(t, s, d, many)
	d.Letters = nil
	if left := heap() - before; left > full/20 {
		t.Errorf("of %d bytes %d are left when all is delivered", full, left)
	}
	for _, id := range []string{"fast", "slow"} {
		if err := s.DeleteSubscription(t.Context(), q, id); err != nil {
			t.Fatal(err)
		}
	}
	fill(t, s, q)
	if err := s.PurgeMessages(t.Context(), q); err != nil {
		t.Fatal(err)
	}
	if left := heap() - before; left > full/20 {
		t.Errorf("%d bytes of letters that nobody waits for", left)
	}
	runtime.KeepAlive(s)
}

func subscribe(t *testing.T, s *memstore.Store, q storage.QueueID, id string) {
	t.Helper()
	_, created, err := s.CreateSubscription(t.Context(), storage.Subscription{
		ID: id, Queue: q, Subscriber: "http://" + id, Created: at(0), Since: at(0), Expires: at(1000), Deliver: true,
	}, at(0))
	if err != nil || !created {
		t.Fatalf("CreateSubscription %s: %v, %v", id, created, err)
	}
}

func post(t *testing.T, s *memstore.Store, q storage.QueueID, drafts ...storage.Draft) storage.Posted {
	t.Helper()
	posted, err := s.PostMessages(t.Context(), storage.Post{Queue: q, Now: at(0), Drafts: drafts})
	if err != nil {
		t.Fatalf("PostMessages: %v", err)
	}
	return posted
}

// take leases one subscription.
func take(t *testing.T, s *memstore.Store, lease string, messages int) storage.Delivery {
	t.Helper()
	ds, err := s.TakeDeliveries(t.Context(), storage.DeliveryOrder{
		Lease: lease, Now: at(1), Until: at(9), Subscriptions: 1, Messages: messages,
	})
	if err != nil || len(ds) != 1 {
		t.Fatalf("TakeDeliveries: %d of them, %v", len(ds), err)
	}
	return ds[0]
}

func settle(t *testing.T, s *memstore.Store, d storage.Delivery, done storage.Position) {
	t.Helper()
	err := s.SettleDelivery(t.Context(), storage.Settlement{
		Queue: d.Subscription.Queue, Subscription: d.Subscription.ID, Lease: d.Lease, Now: at(1), Done: done,
	})
	if err != nil {
		t.Fatalf("SettleDelivery: %v", err)
	}
}
