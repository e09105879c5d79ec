package redisstore_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stackforge/marconi/storage"
)

func (s *scene) sweep(t *testing.T, now time.Time) int {
	t.Helper()
	n, err := s.d.Sweep(t.Context(), now, 1000)
	must(t, err)
	return n
}

// sweepOften sweeps as often as it takes to have looked at every queue.
func (s *scene) sweepOften(t *testing.T, now time.Time) {
	t.Helper()
	for range 20 {
		s.sweep(t, now)
	}
}

// TestSweepMendsMarks takes from the register what it knows of a queue, as if the
// broker that posted had ended before it told the register.
func TestSweepMendsMarks(t *testing.T) {
	t.Parallel()
	s := stage(t, "", 0)
	createAndPost(t, s.direct, storage.QueueID{Name: "of no project"}, s.now) // which comes first
	sub := storage.Subscription{ID: "s", Queue: s.id, Subscriber: "http://s/", Created: s.now, Since: s.now, Expires: s.now.Add(2 * time.Hour), Deliver: true}
	_, _, err := s.d.CreateSubscription(t.Context(), sub, s.now)
	must(t, err)
	_, err = s.d.PostMessages(t.Context(), postOf(s.id, s.now, "a", "b"))
	must(t, err)
	must(t, s.client(t).Del(t.Context(), "{marconi}due", "{marconi}ages", "{marconi}marks").Err())
	s.sweepOften(t, s.now)
	s.delivers(t, 2)
	must(t, s.client(t).Del(t.Context(), "{marconi}due", "{marconi}ages", "{marconi}marks").Err())
	s.sweepOften(t, s.now.Add(90*time.Minute))
	if n := s.client(t).XLen(t.Context(), "{p:jobs}s").Val(); n != 0 {
		t.Errorf("%d expired messages are left", n)
	}
}

// TestMarksInAnyOrder tells the register an old mark after a new one.
func TestMarksInAnyOrder(t *testing.T) {
	t.Parallel()
	s := stage(t, "", 0)
	sub := storage.Subscription{ID: "s", Queue: s.id, Subscriber: "http://s/", Created: s.now, Since: s.now, Expires: s.now.Add(time.Hour), Deliver: true}
	_, _, err := s.d.CreateSubscription(t.Context(), sub, s.now)
	must(t, err)
	c := s.client(t)
	due := func() float64 { return c.ZScore(t.Context(), "{marconi}due", "p:jobs").Val() }
	_, err = s.d.PostMessages(t.Context(), postOf(s.id, s.now, "a"))
	must(t, err)
	if due() != float64(s.now.UnixMilli()) {
		t.Fatalf("the register has the queue at %v", due())
	}
	version := c.HGet(t.Context(), "{marconi}marks", "p:jobs").Val()
	s.tell(t, "5", "0", "0")
	if due() != float64(s.now.UnixMilli()) {
		t.Error("an older mark has covered a newer one")
	}
	s.tell(t, version+"1", "0", "0")
	if n := c.Exists(t.Context(), "{marconi}due", "{marconi}marks").Val(); n != 0 {
		t.Errorf("%d keys are left of a queue that has nothing due", n)
	}
}

// TestSweepStrikes has names on the register without a queue, and a queue that was
// being struck off when it was made again.
func TestSweepStrikes(t *testing.T) {
	t.Parallel()
	s := stage(t, "", 0)
	c, ctx := s.client(t), t.Context()
	for i := range 50 {
		must(t, c.ZAdd(ctx, "{marconi}names:p", zOf(fmt.Sprint("ghost", i))).Err())
	}
	must(t, c.ZAdd(ctx, "{marconi}projects", zOf("empty")).Err())
	must(t, c.ZRem(ctx, "{marconi}names:p", "jobs").Err())
	must(t, c.SAdd(ctx, "{marconi}doubts", "p:jobs", "p:gone").Err())
	s.sweepOften(t, s.now)
	if names := c.ZRange(ctx, "{marconi}names:p", 0, -1).Val(); len(names) != 1 || names[0] != "jobs" {
		t.Errorf("the register has %q", names)
	}
	if projects := c.ZRange(ctx, "{marconi}projects", 0, -1).Val(); len(projects) != 1 {
		t.Errorf("the register has the projects %q", projects)
	}
	if n := c.Exists(ctx, "{marconi}doubts").Val(); n != 0 {
		t.Error("doubts are left")
	}
}

// TestSweepResumesBurial has a burial that was cut off behind the claim.
func TestSweepResumesBurial(t *testing.T) {
	t.Parallel()
	s := stage(t, "", 1)
	ctx, c := t.Context(), s.client(t)
	dead := storage.QueueID{Project: "p", Name: "dead"}
	o := s.order("1")
	o.Bury = &storage.Bury{Max: 1, Queue: dead, Epoch: 77}
	_, err := s.d.CreateClaim(ctx, o)
	must(t, err)
	must(t, s.d.ReleaseClaim(ctx, s.id, "1", s.now, s.now))
	// The dead letters cannot be written to while the claim is made.
	must(t, c.Set(ctx, "{p:dead}q", "not a hash", 0).Err())
	o.ID = "2"
	claimed, err := s.d.CreateClaim(ctx, o)
	if err != nil || len(claimed.Messages) != 0 || s.total(t) != 0 {
		t.Fatalf("claimed %d (%v); %d are left", len(claimed.Messages), err, s.total(t))
	}
	must(t, c.Del(ctx, "{p:dead}q").Err())
	s.sweep(t, s.now)
	s.sweep(t, s.now)
	letters, err := s.d.ListMessages(ctx, storage.MessageFilter{Queue: dead, Now: s.now, Limit: 10})
	must(t, err)
	if len(letters.Items) != 1 || string(letters.Items[0].Body) != "0" {
		t.Errorf("dead letters: %v", letters.Items)
	}
	if n := c.Exists(ctx, "{p:jobs}g").Val(); n != 0 {
		t.Error("the letter is still on its way")
	}
}

// TestNothingLeft ends all there is, and sweeps: nothing of a queue is left that
// is gone, nor of its subscriptions.
func TestNothingLeft(t *testing.T) {
	t.Parallel()
	s := stage(t, "", 3)
	ctx := t.Context()
	for i := range 3 {
		sub := storage.Subscription{ID: fmt.Sprint(i), Queue: s.id, Subscriber: fmt.Sprint("http://", i), Created: s.now, Since: s.now, Expires: s.now.Add(time.Minute), Deliver: i > 0}
		_, _, err := s.d.CreateSubscription(ctx, sub, s.now)
		must(t, err)
	}
	p := huge(s.id, s.now, 20)
	p.Once = storage.Once{Producer: "p", Seq: 1, Until: s.now.Add(time.Minute)}
	_, err := s.d.PostMessages(ctx, p)
	must(t, err)
	_, err = s.d.CreateClaim(ctx, s.order("c"))
	must(t, err)
	must(t, s.d.DeleteQueue(ctx, s.id))
	s.sweepOften(t, s.now.Add(24*time.Hour))
	keys := s.client(t).Keys(ctx, "*").Val()
	if len(keys) != 1 || keys[0] != "{marconi}format" {
		t.Errorf("left are %q", keys)
	}
}
