package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/redisstore"
)

// huge is a post of very many messages, every seventh of which is delayed.
func huge(id storage.QueueID, now time.Time, messages int) storage.Post {
	p := storage.Post{Queue: id, Now: now}
	for i := range messages {
		d := storage.Draft{Body: fmt.Append(nil, i), Expires: now.Add(time.Hour)}
		if i%7 == 6 {
			d.Visible = now.Add(time.Minute)
		}
		p.Drafts = append(p.Drafts, d)
	}
	return p
}

// TestHugePost posts more than a script stores, to a queue with a subscription,
// and has it all, in order and once.
func TestHugePost(t *testing.T) {
	t.Parallel()
	s := stage(t, "", 1)
	sub := storage.Subscription{ID: "s", Queue: s.id, Subscriber: "http://s/", Created: s.now, Since: s.now, Expires: s.now.Add(time.Hour), Deliver: true}
	_, _, err := s.d.CreateSubscription(t.Context(), sub, s.now)
	must(t, err)
	const messages = 4*redisstore.Piece + 7
	p := huge(s.id, s.now, messages)
	p.Once = storage.Once{Key: "k", Until: s.now.Add(time.Hour)}
	posted, err := s.d.PostMessages(t.Context(), p)
	must(t, err)
	delayed := messages / 7
	if len(posted.IDs) != messages || posted.First != 2 || int(posted.Last) != 1+messages-delayed {
		t.Fatalf("posted %d, from %d to %d", len(posted.IDs), posted.First, posted.Last)
	}
	again, err := s.d.PostMessages(t.Context(), p)
	must(t, err)
	if !again.Again || len(again.IDs) != messages || again.IDs[messages-1] != posted.IDs[messages-1] {
		t.Errorf("posted again: %v, %d IDs", again.Again, len(again.IDs))
	}
	page, err := s.d.ListMessages(t.Context(), storage.MessageFilter{Queue: s.id, Now: s.now, Limit: 2 * messages, IncludeDelayed: true})
	must(t, err)
	if len(page.Items) != messages+1 {
		t.Fatalf("listed %d messages", len(page.Items))
	}
	listed := map[string]string{}
	for _, m := range page.Items {
		listed[m.ID] = string(m.Body)
	}
	for i, id := range posted.IDs {
		if listed[id] != fmt.Sprint(i) {
			t.Fatalf("message %d is %q", i, listed[id])
		}
	}
	stats, err := s.d.QueueStats(t.Context(), s.id, s.now)
	must(t, err)
	if stats.Total != messages+1 || stats.Delayed != delayed {
		t.Errorf("stats count %d, %d of them delayed", stats.Total, stats.Delayed)
	}
	s.delivers(t, messages-delayed)
}

// delivers takes so many letters, and none comes behind them.
func (s *scene) delivers(t *testing.T, letters int) {
	t.Helper()
	got := 0
	for n := 0; ; n++ {
		o := storage.DeliveryOrder{Lease: fmt.Sprint(n), Now: s.now, Until: s.now.Add(time.Minute), Subscriptions: 1, Messages: 500}
		taken, err := s.d.TakeDeliveries(t.Context(), o)
		must(t, err)
		if len(taken) == 0 {
			break
		}
		got += len(taken[0].Letters)
		done := taken[0].Letters[len(taken[0].Letters)-1].Position
		must(t, s.d.SettleDelivery(t.Context(), storage.Settlement{Queue: s.id, Subscription: "s", Lease: o.Lease, Now: s.now, Done: done}))
	}
	if got != letters {
		t.Errorf("%d letters, want %d", got, letters)
	}
}

// TestHugePostAbandoned ends a post in the middle. Nobody sees a part of it, those
// who read do not wait, and who posts next clears it away.
func TestHugePostAbandoned(t *testing.T) {
	t.Parallel()
	s := stage(t, "socket_timeout=1", 3)
	p := huge(s.id, s.now, 3*redisstore.Piece)
	_, err := s.d.PostMessages(t.Context(), huge(s.id, s.now, redisstore.Piece+1)) // the scripts are known
	must(t, err)
	must(t, s.direct.PurgeMessages(t.Context(), s.id))
	before, err := s.direct.QueueStats(t.Context(), s.id, s.now)
	must(t, err)
	s.proxy.set(func(p *proxy) { p.cut = 1 }) // the answer to the first piece
	if _, err := s.d.PostMessages(t.Context(), p); err == nil {
		t.Fatal("a post succeeded whose first answer was lost")
	}
	c := s.client(t)
	if n := c.XLen(t.Context(), "{p:jobs}s").Val(); n < 500 {
		t.Fatalf("%d messages were stored of the first piece", n)
	}
	page, err := s.direct.ListMessages(t.Context(), storage.MessageFilter{Queue: s.id, Now: s.now, Limit: 10})
	must(t, err)
	if len(page.Items) != 0 || page.Tail != before.Tail {
		t.Errorf("listed %d messages up to %d, want none up to %d", len(page.Items), page.Tail, before.Tail)
	}
	c.HSet(t.Context(), "{p:jobs}q", "l", "gone 1") // its time is over
	posted, err := s.direct.PostMessages(t.Context(), postOf(s.id, s.now, "a", "b"))
	must(t, err)
	if posted.First != before.Tail+1 {
		t.Errorf("the next post begins at %d, want %d", posted.First, before.Tail+1)
	}
	stats, err := s.direct.QueueStats(t.Context(), s.id, s.now)
	must(t, err)
	if stats.Total != 2 || stats.Delayed != 0 {
		t.Errorf("%d messages, %d delayed; want 2 and none", stats.Total, stats.Delayed)
	}
}

// TestHugePostGivesUp has a post that fails in the middle hold up nobody.
func TestHugePostGivesUp(t *testing.T) {
	t.Parallel()
	s := stage(t, "socket_timeout=1", 3)
	there := s.staged(t)
	now := s.now.UnixMilli()
	s.eval(t, "post", "again", now, "", "", "", 0, 0, "0i", 0, 0, "") // it clears a part away, and does not wait
	posted, err := s.direct.PostMessages(t.Context(), postOf(s.id, s.now, "a"))
	must(t, err)
	if int(posted.First) != there+1 {
		t.Errorf("the next post begins at %d, want %d", posted.First, there+1)
	}
}

// staged begins a post that fails behind its first piece, and answers how many
// messages there are.
func (s *scene) staged(t *testing.T) (there int) {
	t.Helper()
	p := postOf(s.id, s.now, make([]string, redisstore.Piece+1)...)
	_, err := s.d.PostMessages(t.Context(), p) // the scripts are known
	must(t, err)
	there = s.total(t)
	s.proxy.set(func(p *proxy) { p.cut = 1 }) // the answer to the first piece
	if _, err := s.d.PostMessages(t.Context(), p); err == nil {
		t.Fatal("a post succeeded whose first answer was lost")
	}
	if n := s.client(t).XLen(t.Context(), "{p:jobs}s").Val(); n != int64(there+redisstore.Piece) {
		t.Fatalf("%d messages are in the log, want those of the first piece besides %d", n, there)
	}
	return there
}

// TestHugePostTooLate has a post go on when others have begun to clear away what
// came of it so far: it is told so, and nobody counts what is left.
func TestHugePostTooLate(t *testing.T) {
	t.Parallel()
	s := stage(t, "socket_timeout=1", 3)
	there := s.staged(t)
	c := s.client(t)
	must(t, c.HSet(t.Context(), "{p:jobs}q", "l", "somebody 1").Err()) // whose time is over
	now := s.now.UnixMilli()
	s.eval(t, "purge", "again", now)
	if n := int(c.XLen(t.Context(), "{p:jobs}s").Val()); n <= there || n >= there+redisstore.Piece {
		t.Fatalf("%d messages are in the log, want some to be cleared away and some not", n)
	}
	if n := s.total(t); n != there {
		t.Errorf("%d messages, want %d", n, there)
	}
	s.eval(t, "post", "lost", now, "", "", "", 0, 0, "1i", 0, now+1000, "somebody")
	if n := s.total(t); n != there {
		t.Errorf("%d messages, want %d", n, there)
	}
}

// eval runs a script once, and wants a word.
func (s *scene) eval(t *testing.T, script, want string, args ...any) {
	t.Helper()
	word, err := redisstore.Eval(t.Context(), s.direct.(*redisstore.Store), script, s.id, args...)
	must(t, err)
	if word != want {
		t.Errorf("%s answered %q, want %q", script, word, want)
	}
}

// TestHugePostAlone has others at work in the queue meanwhile: what they post is
// before or behind the huge post, not within.
func TestHugePostAlone(t *testing.T) {
	t.Parallel()
	s := stage(t, "", 1)
	load := newLoad(t, s.d, s.id, s.now)
	for range 3 {
		load.progresses(t)
		posted, err := s.direct.PostMessages(t.Context(), postOf(s.id, s.now, make([]string, 3*redisstore.Piece)...))
		must(t, err)
		if int(posted.Last-posted.First)+1 != 3*redisstore.Piece {
			t.Errorf("visible from %d to %d", posted.First, posted.Last)
		}
		load.knows(posted.IDs)
	}
	load.finish(t)
}

// TestLeaseBlocksAlone holds a lease that has not ended: a post waits for it as
// long as its caller does, and claims go on.
func TestLeaseBlocksAlone(t *testing.T) {
	t.Parallel()
	s := stage(t, "", 3)
	c := s.client(t)
	ends := c.Time(t.Context()).Val().Add(4 * time.Second)
	must(t, c.HSet(t.Context(), "{p:jobs}q", "l", fmt.Sprint("somebody ", ends.UnixMilli()), "pt", 3, "pn", 0, "pp", 0).Err())
	ctx := shortly(t)
	if _, err := s.d.PostMessages(ctx, postOf(s.id, s.now, "a")); !errors.Is(err, ctx.Err()) || err == nil {
		t.Errorf("a post under another's lease answered %v", err)
	}
	claimed, err := s.d.CreateClaim(t.Context(), s.order("c"))
	must(t, err)
	if len(claimed.Messages) != 2 {
		t.Errorf("claimed %d", len(claimed.Messages))
	}
	must(t, s.d.DeleteMessages(t.Context(), s.id, []string{claimed.Messages[0].ID}, nil, s.now))
}

// TestLeaseOfAnotherClock has a lease that was given before the server's clock was
// set back, or by a server whose clock was ahead: it holds up nobody.
func TestLeaseOfAnotherClock(t *testing.T) {
	t.Parallel()
	s := stage(t, "", 3)
	c := s.client(t)
	ends := c.Time(t.Context()).Val().Add(time.Hour)
	must(t, c.HSet(t.Context(), "{p:jobs}q", "l", fmt.Sprint("somebody ", ends.UnixMilli()), "pt", 3, "pn", 0, "pp", 0).Err())
	ctx, cancel := context.WithTimeout(t.Context(), patience/2)
	defer cancel()
	posted, err := s.d.PostMessages(ctx, postOf(s.id, s.now, "a"))
	must(t, err)
	if posted.First != 4 {
		t.Errorf("the post begins at %d, want 4", posted.First)
	}
}
