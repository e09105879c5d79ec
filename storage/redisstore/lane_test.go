package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"
	"weak"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/redisstore"
)

// tower lets flights of lanes begin, and lets each land when it is told to.
type tower struct {
	redisstore.Lanes
	land chan error

	mu      sync.Mutex
	flights []string // queue, and the bodies that went together
}

func newTower(t *testing.T) *tower {
	w := &tower{land: make(chan error)}
	w.Lanes = redisstore.NewLanes(w.fly)
	t.Cleanup(w.Close)
	return w
}

func (w *tower) fly(ctx context.Context, id storage.QueueID, bodies []string) error {
	w.mu.Lock()
	w.flights = append(w.flights, id.Name+": "+strings.Join(bodies, " "))
	w.mu.Unlock()
	select {
	case err := <-w.land:
		return err
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (w *tower) begun() []string {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.flights
}

func (w *tower) startAll(t *testing.T, posts ...storage.Post) (under []storage.Pending) {
	t.Helper()
	for _, p := range posts {
		under = append(under, w.Start(t.Context(), p))
	}
	return under
}

// first starts a post that is under way until it lands.
func (w *tower) first(t *testing.T, queue string) storage.Pending {
	t.Helper()
	p, before := w.Start(t.Context(), laned(queue, "first")), len(w.begun())
	eventually(t, "a flight is under way", func() bool { return len(w.begun()) >= max(1, before) })
	return p
}

func laned(queue, body string) storage.Post {
	return postOf(storage.QueueID{Name: queue}, benchTime, body)
}

func producedBy(producer string, seq uint64) storage.Post {
	p := laned("q", fmt.Sprint(producer, seq))
	p.Once = storage.Once{Producer: producer, Seq: seq, Until: benchTime.Add(time.Hour)}
	return p
}

func later(p storage.Post) storage.Post {
	p.Drafts[0].Visible = p.Now.Add(time.Minute)
	return p
}

// TestLanes has what waits behind a flight go together if it can, and in its order
// whatever can.
func TestLanes(t *testing.T) {
	w := newTower(t)
	under := []storage.Pending{w.first(t, "q")}
	under = append(under, w.startAll(t, laned("q", "a"), laned("q", "b"), later(laned("q", "c")), later(laned("q", "d")),
		laned("q", "e"), producedBy("p", 1), producedBy("p", 2), producedBy("p", 4), producedBy("p", 5),
		producedBy("r", 6), laned("q", "f"), producedBy("p", 6))...)
	want := []string{"q: first", "q: a b", "q: c", "q: d", "q: e", "q: p1 p2", "q: p4 p5", "q: r6", "q: f", "q: p6"}
	for range want {
		w.land <- nil
	}
	for _, p := range under {
		_, err := p.Wait(t.Context())
		must(t, err)
	}
	if got := fmt.Sprintf("%q", w.begun()); got != fmt.Sprintf("%q", want) {
		t.Errorf("got  %s\nwant %q", got, want)
	}
	eventually(t, "nothing is remembered", w.Idle)
}

// TestLanesOfQueues has a queue whose flight does not land hold up no other.
func TestLanesOfQueues(t *testing.T) {
	w := newTower(t)
	w.first(t, "q")
	under := w.startAll(t, laned("q", "a"), laned("r", "b"))
	eventually(t, "both are under way", func() bool { return len(w.begun()) == 2 })
	w.land <- nil
	w.land <- nil
	w.land <- errors.New("lost")
	for _, p := range under {
		_, _ = p.Wait(t.Context())
	}
	if n := len(w.begun()); n != 3 {
		t.Errorf("%d flights, want 3", n)
	}
}

// TestLaneBounds has no flight take more than goes together.
func TestLaneBounds(t *testing.T) {
	for _, c := range []struct {
		post func(i int) storage.Post
		want int
	}{
		{func(int) storage.Post { return laned("q", "x") }, redisstore.JointMessages},
		{func(int) storage.Post { return laned("q", strings.Repeat("x", redisstore.JointBytes/10)) }, 10},
		{func(i int) storage.Post { return producedBy("p", uint64(i+1)) }, redisstore.JointMessages},
	} {
		w := newTower(t)
		w.first(t, "q")
		for i := range 300 {
			w.Start(t.Context(), c.post(i))
		}
		w.land <- nil
		eventually(t, "the next flight is under way", func() bool { return len(w.begun()) == 2 })
		if n := strings.Count(w.begun()[1], " "); n != c.want {
			t.Errorf("%d posts went together, want %d", n, c.want)
		}
	}
}

// TestLaneForgets has a lane that is never empty keep nothing of posts that have
// landed.
func TestLaneForgets(t *testing.T) {
	w := newTower(t)
	w.first(t, "q")
	const posts = 100
	landed := make([]weak.Pointer[byte], posts)
	for i := range posts {
		p := later(laned("q", strings.Repeat("x", 64))) // which goes by itself
		landed[i] = weak.Make(&p.Drafts[0].Body[0])
		w.Start(t.Context(), p)
	}
	w.Start(t.Context(), laned("q", "last"))
	for range posts + 1 {
		w.land <- nil
	}
	eventually(t, "the last post is under way", func() bool { return len(w.begun()) == posts+2 })
	eventually(t, "those before it are forgotten", func() bool {
		runtime.GC()
		return !slices.ContainsFunc(landed, func(p weak.Pointer[byte]) bool { return p.Value() != nil })
	})
}

// TestLaneRoom has a start wait for room, which bodies take, and drafts without.
func TestLaneRoom(t *testing.T) {
	for _, large := range []storage.Post{
		laned("q", strings.Repeat("x", redisstore.LaneRoom/2)),
		{Queue: storage.QueueID{Name: "q"}, Now: benchTime, Drafts: make([]storage.Draft, redisstore.LaneRoom/256)},
	} {
		w := newTower(t)
		under := w.startAll(t, large)
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		defer cancel()
		p := w.Start(ctx, large)
		if _, err := p.Wait(t.Context()); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("a start without room answered %v", err)
		}
		w.land <- nil
		_, err := under[0].Wait(t.Context())
		must(t, err)
		under = w.startAll(t, large)
		w.land <- nil
		_, err = under[0].Wait(t.Context())
		must(t, err)
	}
}

// TestLanesClose closes with posts that wait and one that is under way.
func TestLanesClose(t *testing.T) {
	w := newTower(t)
	under := append([]storage.Pending{w.first(t, "q")}, w.startAll(t, laned("q", "a"), later(laned("q", "b")))...)
	w.Close()
	under = append(under, w.Start(t.Context(), laned("q", "c")))
	for i, p := range under {
		if _, err := p.Wait(t.Context()); err == nil {
			t.Errorf("post %d was stored", i)
		}
	}
	if n := len(w.begun()); n != 1 || !w.Idle() {
		t.Errorf("%d flights, idle %v", n, w.Idle())
	}
}

// TestSequenceThatIsPutOff has a server forget its scripts, and be busy with a post
// in pieces: a producer's posts keep their order, also those that are sent again.
func TestSequenceThatIsPutOff(t *testing.T) {
	t.Parallel()
	server := startServer(t)
	d := open(t, "redis://"+server.addr)
	t.Cleanup(func() { must(t, d.Close()) })
	id := storage.QueueID{Name: "q"}
	createAndPost(t, d, id, benchTime)
	const rounds, posts = 20, 50
	for round := range rounds {
		must(t, server.client(t).ScriptFlush(t.Context()).Err())
		var under []storage.Pending
		for i := range posts {
			under = append(under, d.StartPost(t.Context(), producedBy("p", uint64(round*posts+i+1))))
		}
		_, err := d.PostMessages(t.Context(), huge(id, benchTime, redisstore.Piece+1))
		must(t, err)
		for i, p := range under {
			posted, err := p.Wait(t.Context())
			if err != nil || posted.Again || len(posted.IDs) != 1 {
				t.Fatalf("post %d of round %d: %+v, %v", i, round, posted, err)
			}
		}
	}
	page, err := d.ListMessages(t.Context(), storage.MessageFilter{Queue: id, Now: benchTime, Limit: 100_000})
	must(t, err)
	next := 1
	for _, m := range page.Items {
		if string(m.Body) == fmt.Sprint("p", next) {
			next++
		} else if m.Body[0] == 'p' {
			t.Fatalf("%s came where p%d was due", m.Body, next)
		}
	}
	if next != rounds*posts+1 {
		t.Errorf("%d posts are there", next-1)
	}
}
