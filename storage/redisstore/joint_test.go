package redisstore_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/redisstore"
)

// runway lets scripts begin, and end when it is told to.
type runway struct {
	redisstore.Joint
	id   storage.QueueID
	open chan struct{} // lets one end

	mu      sync.Mutex
	tail    uint64
	flights []int // messages of each
	bytes   int   // of the greatest
	fail    error
	posts   sync.WaitGroup
}

func newRunway(t *testing.T) *runway {
	r := &runway{id: storage.QueueID{Name: "q"}, open: make(chan struct{})}
	r.Joint = redisstore.NewJoint(r.run)
	t.Cleanup(r.posts.Wait)
	return r
}

func (r *runway) run(ctx context.Context, _ time.Time, messages, bytes int) (uint64, error) {
	r.mu.Lock()
	before := r.tail
	r.tail += uint64(messages)
	r.flights = append(r.flights, messages)
	r.bytes = max(r.bytes, bytes)
	err := r.fail
	r.mu.Unlock()
	select {
	case <-r.open:
		return before, err
	case <-ctx.Done():
		return 0, ctx.Err()
	}
}

func (r *runway) begun() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.flights)
}

// posted is what became of a post.
type posted struct {
	storage.Posted
	err error
}

// post begins a post.
func (r *runway) post(ctx context.Context, bodies ...string) <-chan posted {
	done := make(chan posted, 1)
	r.posts.Go(func() {
		p, err := r.Post(ctx, postOf(r.id, benchTime, bodies...))
		done <- posted{p, err}
	})
	return done
}

// full begins posts until others have to wait for them.
func (r *runway) full(t *testing.T) (under []<-chan posted) {
	t.Helper()
	for i := range redisstore.Flights {
		under = append(under, r.post(t.Context(), "first"))
		eventually(t, "a post is under way", func() bool { return r.begun() == i+1 })
	}
	return under
}

// waits begins posts that have to wait.
func (r *runway) waits(t *testing.T, n int, bodies ...string) (waiting []<-chan posted) {
	t.Helper()
	for i := range n {
		waiting = append(waiting, r.post(t.Context(), bodies...))
		eventually(t, "a post waits", func() bool { return r.Waiting(r.id) == i+1 })
	}
	return waiting
}

// crowd begins so many posts that have to wait, in any order.
func (r *runway) crowd(t *testing.T, n int, body string) {
	t.Helper()
	for range n {
		r.post(t.Context(), body)
	}
	eventually(t, "all wait", func() bool { return r.Waiting(r.id) == n })
}

// ends lets all end.
func (r *runway) ends(t *testing.T) {
	t.Helper()
	close(r.open)
	r.posts.Wait()
	eventually(t, "nothing is remembered", r.Idle)
}

func TestJointPosts(t *testing.T) {
	r := newRunway(t)
	under := r.full(t)
	waiting := r.waits(t, 5, "a", "b")
	r.ends(t)
	for i, one := range under {
		if p := <-one; p.err != nil || int(p.First) != i+1 || p.Last != p.First {
			t.Errorf("post %d: %+v", i, p)
		}
	}
	for i, one := range waiting {
		want := storage.Position(redisstore.Flights + 1 + 2*i)
		if p := <-one; p.err != nil || p.First != want || p.Last != want+1 || len(p.IDs) != 2 {
			t.Errorf("post %d that waited: %+v, want it at %d", i, p, want)
		}
	}
	if got := r.begun(); got != redisstore.Flights+1 {
		t.Errorf("%d scripts, want those that wait to go in one", got)
	}
}

// TestJointBounds has more wait than goes together, by number and by size.
func TestJointBounds(t *testing.T) {
	for _, c := range []struct{ posts, size int }{{3 * redisstore.JointMessages, 1}, {20, redisstore.JointBytes / 10}} {
		r := newRunway(t)
		r.full(t)
		r.crowd(t, c.posts, strings.Repeat("x", c.size))
		r.ends(t)
		sum := 0
		for _, n := range r.flights {
			sum += n
			if n > redisstore.JointMessages {
				t.Errorf("%d messages went together", n)
			}
		}
		if sum != c.posts+redisstore.Flights {
			t.Errorf("%d messages went, want %d", sum, c.posts+redisstore.Flights)
		}
		if most := redisstore.JointBytes + redisstore.JointMessages*64; r.bytes > most {
			t.Errorf("%d bytes went together, want at most %d", r.bytes, most)
		}
	}
}

// TestJointCrowded has so many wait that one more goes by itself.
func TestJointCrowded(t *testing.T) {
	r := newRunway(t)
	r.full(t)
	r.crowd(t, redisstore.MaxWaiting, "x")
	last := r.post(t.Context(), "one too many")
	eventually(t, "it goes by itself", func() bool { return r.begun() == redisstore.Flights+1 })
	r.ends(t)
	if p := <-last; p.err != nil {
		t.Error(p.err)
	}
}

// TestJointGivesUp has a post give up that waits, and another that is under way
// with others.
func TestJointGivesUp(t *testing.T) {
	r := newRunway(t)
	under := r.full(t)
	ctx, cancel := context.WithCancel(t.Context())
	gone := r.post(ctx, "gone")
	eventually(t, "it waits", func() bool { return r.Waiting(r.id) == 1 })
	cancel()
	if p := <-gone; !errors.Is(p.err, context.Canceled) {
		t.Errorf("a post that gave up answered %v", p.err)
	}
	ctx, cancel = context.WithCancel(t.Context())
	late := r.post(ctx, "late")
	eventually(t, "it waits", func() bool { return r.Waiting(r.id) == 1 })
	stays := r.post(t.Context(), "stays")
	eventually(t, "both wait", func() bool { return r.Waiting(r.id) == 2 })
	r.open <- struct{}{}
	eventually(t, "both are under way", func() bool { return r.begun() == redisstore.Flights+1 })
	cancel()
	if p := <-late; !errors.Is(p.err, context.Canceled) {
		t.Errorf("a post that gave up under way answered %v", p.err)
	}
	r.ends(t)
	if p := <-stays; p.err != nil || p.First != redisstore.Flights+2 {
		t.Errorf("who stayed was answered %+v", p)
	}
	for _, one := range under {
		if p := <-one; p.err != nil {
			t.Error(p.err)
		}
	}
	if r.tail != redisstore.Flights+2 {
		t.Errorf("%d messages went", r.tail)
	}
}

// TestJointFails tells each of the failure of all.
func TestJointFails(t *testing.T) {
	r := newRunway(t)
	r.full(t)
	waiting := r.waits(t, 3, "x")
	r.fail = errors.New("refused")
	r.ends(t)
	for _, one := range waiting {
		if p := <-one; !errors.Is(p.err, r.fail) {
			t.Errorf("answered %v", p.err)
		}
	}
}

// TestJointCloses closes with posts that wait and that are under way.
func TestJointCloses(t *testing.T) {
	r := newRunway(t)
	under := r.full(t)
	waiting := r.waits(t, 3, "x")
	r.open <- struct{}{}
	eventually(t, "those who wait are under way", func() bool { return r.begun() == redisstore.Flights+1 })
	r.Close()
	for _, one := range waiting {
		if p := <-one; !errors.Is(p.err, context.Canceled) {
			t.Errorf("answered %v", p.err)
		}
	}
	close(r.open)
	for _, one := range under {
		if p := <-one; p.err != nil {
			t.Error(p.err)
		}
	}
}

// TestPostsTogether posts from many callers over a slow network, and finds for
// each what it posted where it was told, in fewer scripts than posts.
func TestPostsTogether(t *testing.T) {
	t.Parallel()
	s := stage(t, "", 0)
	s.proxy.set(func(p *proxy) { p.delay = 2 * time.Millisecond })
	c := s.client(t)
	must(t, c.ConfigResetStat(t.Context()).Err())
	const callers, posts = 32, 20
	var mu sync.Mutex
	want := map[string]string{} // by ID
	var done sync.WaitGroup
	for i := range callers {
		done.Go(func() {
			for n := range posts {
				bodies := []string{fmt.Sprint(i, " ", n), fmt.Sprint(i, " ", n, "b")}[:1+n%2]
				p := postOf(s.id, s.now, bodies...)
				p.ClientID = fmt.Sprint("client", i)
				got, err := s.d.PostMessages(t.Context(), p)
				if err != nil || len(got.IDs) != len(bodies) {
					t.Errorf("posted %v, %v", got, err)
					return
				}
				mu.Lock()
				for j, id := range got.IDs {
					want[id] = p.ClientID + bodies[j]
				}
				mu.Unlock()
			}
		})
	}
	done.Wait()
	scripts := 0
	_, stat, _ := strings.Cut(c.Info(t.Context(), "commandstats").Val(), "cmdstat_evalsha:calls=")
	if _, err := fmt.Sscanf(stat, "%d", &scripts); err != nil || scripts > callers*posts/4 {
		t.Errorf("%d scripts for %d posts (%v)", scripts, callers*posts, err)
	}
	page, err := s.direct.ListMessages(t.Context(), storage.MessageFilter{Queue: s.id, Now: s.now, Limit: 10_000})
	must(t, err)
	if len(want) != callers*posts*3/2 || len(page.Items) != len(want) {
		t.Fatalf("%d IDs, %d messages, want %d", len(want), len(page.Items), callers*posts*3/2)
	}
	for _, m := range page.Items {
		if got := m.ClientID + string(m.Body); want[m.ID] != got {
			t.Errorf("message %s is %q, want %q", m.ID, got, want[m.ID])
		}
	}
}
