package core_test

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/storage"
)

// recorder notes what goes to the store together: queue, client, bodies.
type recorder struct {
	storage.Driver

	mu    sync.Mutex
	posts []string
}

func (r *recorder) StartPost(ctx context.Context, p storage.Post) storage.Pending {
	line := p.Queue.Name + " " + p.ClientID
	for _, d := range p.Drafts {
		line += " " + string(d.Body[:min(3, len(d.Body))])
	}
	r.mu.Lock()
	r.posts = append(r.posts, line)
	r.mu.Unlock()
	return r.Driver.StartPost(ctx, p)
}

func recorded(t *testing.T) (*world, *recorder) {
	w := newWorld(t, core.Options{})
	r := &recorder{Driver: w.store.Driver}
	w.store.Driver = r
	return w, r
}

// post is a request that goes with others.
func post(queue string, bodies ...string) core.MessagePostRequest {
	return core.MessagePostRequest{Queue: queue, Messages: drafts(bodies...)}
}

func late(queue, body string) core.MessagePostRequest {
	return core.MessagePostRequest{Queue: queue, Messages: []core.Draft{{Body: []byte(body), Delay: seconds(5)}}}
}

func TestPipelineBringsPostsTogether(t *testing.T) {
	many := drafts(strings.Fields(strings.Repeat("1 ", 200))...)
	large := `"` + strings.Repeat("x", 100<<10) + `"`
	for name, c := range map[string]struct {
		posts []core.MessagePostRequest
		want  []string
	}{
		"one":              {[]core.MessagePostRequest{post("q", `1`)}, []string{"q alice 1"}},
		"to one queue":     {[]core.MessagePostRequest{post("q", `1`), post("q", `2`, `3`), post("q", `4`)}, []string{"q alice 1 2 3 4"}},
		"to another":       {[]core.MessagePostRequest{post("q", `1`), post("r", `2`), post("r", `3`), post("q", `4`)}, []string{"q alice 1", "r alice 2 3", "q alice 4"}},
		"delayed":          {[]core.MessagePostRequest{post("q", `1`), late("q", `2`), post("q", `3`), post("q", `4`)}, []string{"q alice 1", "q alice 2", "q alice 3 4"}},
		"numbered":         {[]core.MessagePostRequest{post("q", `1`), numbered("p", 1, `2`), numbered("p", 2, `3`), post("q", `4`)}, []string{"q alice 1", "q alice 2", "q alice 3", "q alice 4"}},
		"keyed":            {[]core.MessagePostRequest{post("q", `1`), {Queue: "q", Messages: drafts(`2`), Key: "k"}, post("q", `3`)}, []string{"q alice 1", "q alice 2", "q alice 3"}},
		"senseless":        {[]core.MessagePostRequest{post("q", `1`), post("q"), post("q", `2`)}, []string{"q alice 1 2"}},
		"too many":         {[]core.MessagePostRequest{{Queue: "q", Messages: many}, {Queue: "q", Messages: many}}, []string{"q alice" + strings.Repeat(" 1", 200), "q alice" + strings.Repeat(" 1", 200)}},
		"too much":         {[]core.MessagePostRequest{post("q", large), post("q", large), post("q", large)}, []string{`q alice "xx "xx`, `q alice "xx`}},
		"too much in one":  {[]core.MessagePostRequest{post("q", `1`), post("q", large, large, large), post("q", `2`)}, []string{"q alice 1", `q alice "xx "xx "xx`, "q alice 2"}},
		"nothing to flush": {nil, nil},
	} {
		t.Run(name, func(t *testing.T) {
			w, r := recorded(t)
			w.create("q", `{"_default_message_delay": 1}`)
			w.create("r", `{}`)
			var l core.Pipeline
			var under []core.PendingPost
			for _, p := range c.posts {
				for i := range p.Messages {
					p.Messages[i].Delay = cmp.Or(p.Messages[i].Delay, seconds(0))
				}
				under = append(under, w.StartPost(w.ctx, &l, w.who, p))
			}
			l.Flush(w.ctx)
			l.Flush(w.ctx) // does nothing
			for i := range under {
				if _, err := under[i].Wait(w.ctx); (err != nil) != (len(c.posts[i].Messages) == 0) {
					t.Errorf("post %d: %v", i, err)
				}
			}
			sameAll(t, "posts", r.posts, c.want...)
		})
	}
}

// Posts of others than the first are not stored in its name.
func TestPipelineOfSeveral(t *testing.T) {
	w, r := recorded(t)
	w.create("q", `{}`)
	w.of("other").create("q", `{}`)
	var l core.Pipeline
	var under []core.PendingPost
	for i, who := range []core.Caller{w.who, {Project: "project", Client: "bob"}, {Project: "other", Client: "bob"}} {
		under = append(under, w.StartPost(w.ctx, &l, who, post("q", fmt.Sprint(i))))
	}
	beside := w.beside(core.Options{})
	under = append(under, beside.StartPost(w.ctx, &l, core.Caller{Project: "other", Client: "bob"}, post("q", `3`)))
	l.Flush(w.ctx)
	for i := range under {
		w.ended(&under[i])
	}
	sameAll(t, "posts", r.posts, "q alice 0", "q bob 1", "q bob 2", "q bob 3")
	sameAll(t, "bodies", bodies(w.as("carol").list("q")), `0`, `1`)
}

// Each post is answered and heard as if it had been alone, whichever is waited for
// first.
func TestPipelineTellsEachItsOwn(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		w.create("q", `{}`)
		c := w.from("q", "")
		sameAll(t, "at first", c.hear(), "live")
		var l core.Pipeline
		var under []core.PendingPost
		for _, p := range []core.MessagePostRequest{post("q", `1`), post("q", `2`, `3`), post("q", `4`)} {
			under = append(under, w.StartPost(w.ctx, &l, w.who, p))
		}
		l.Flush(w.ctx)
		for _, of := range []struct {
			post  int
			first storage.Position
			ids   int
		}{{2, 4, 1}, {0, 1, 1}, {1, 2, 2}} {
			ids := w.ended(&under[of.post]).IDs
			same(t, "IDs", len(ids), of.ids)
			for i, id := range ids {
				same(t, "position of "+id, w.get("q", id).Position, of.first+storage.Position(i))
			}
		}
		sameAll(t, "heard", c.hear(), `1`, `2`, `3`, `4`)
	})
}

func TestPipelineFails(t *testing.T) {
	w := newWorld(t, core.Options{})
	w.create("q", `{}`)
	w.store.fail("StartPost", storage.ErrFull)
	var l core.Pipeline
	first, second := w.StartPost(w.ctx, &l, w.who, post("q", `1`)), w.StartPost(w.ctx, &l, w.who, post("q", `2`))
	l.Flush(w.ctx)
	refused(t, failure(w, &second), core.Unavailable, "", "There is no room for more messages.")
	refused(t, failure(w, &first), core.Unavailable, "", "There is no room for more messages.")
}

// panicky is a store that panics as it is told of a post, or asked what became of it.
type panicky struct {
	storage.Driver
	late bool
}

func (s panicky) StartPost(context.Context, storage.Post) storage.Pending {
	if !s.late {
		panic("as was wished")
	}
	return storage.Awaited(s)
}

func (panicky) Wait(context.Context) (storage.Posted, error) { panic("as was wished") }

// A store that panics costs the posts that went to it together, and nobody else:
// each of them hears of it, and who listens waits for none of them.
func TestPipelineOfAStoreThatPanics(t *testing.T) {
	for _, late := range []bool{false, true} {
		runs(t, core.Options{}, func(w *world, _ func()) {
			w.create("q", `{}`)
			c := w.from("q", "")
			sameAll(t, "at first", c.hear(), "live")
			sound := w.store.Driver
			w.store.Driver = panicky{sound, late}
			var l core.Pipeline
			first, second := w.StartPost(w.ctx, &l, w.who, post("q", `1`)), w.StartPost(w.ctx, &l, w.who, post("q", `2`))
			l.Flush(w.ctx)
			for _, p := range []*core.PendingPost{&first, &second} {
				func() {
					defer func() {
						same(t, "is the store's panic", strings.HasPrefix(fmt.Sprint(recover()), "as was wished"), true)
					}()
					_ = failure(w, p)
				}()
			}
			w.store.Driver = sound
			w.post("q", `3`)
			sameAll(t, "heard", c.hear(), `3`)
		})
	}
}

// What is held back waits for no question about another queue.
func TestPipelineWaitsForNoQuestion(t *testing.T) {
	w := newWorld(t, core.Options{})
	w.create("q", `{}`)
	w.create("r", `{}`)
	w.post("q", `0`) // and the queue is known
	for _, queue := range []string{"r", "new"} {
		var l core.Pipeline
		first := w.StartPost(w.ctx, &l, w.who, post("q", `1`))
		asked := 0
		w.store.once("GetQueue", func() { asked = len(w.listed("q")) })
		second := w.StartPost(w.ctx, &l, w.who, post(queue, `2`))
		l.Flush(w.ctx)
		w.ended(&first)
		w.ended(&second)
		same(t, "messages stored as the store was asked for "+queue, asked, len(w.listed("q")))
	}
}

// listed is what the store has of a queue.
func (w *world) listed(queue string) []storage.Message {
	w.t.Helper()
	page, err := w.store.below.ListMessages(w.ctx, storage.MessageFilter{Queue: storage.QueueID{Project: "project", Name: queue}, Now: w.now(), Limit: 100})
	same(w.t, "list", err, nil)
	return page.Items
}

// Messages live as long as they were posted for, whenever the others came that they
// were stored with.
func TestPipelineKeepsSpans(t *testing.T) {
	for _, step := range []time.Duration{time.Millisecond, -time.Millisecond} {
		w := newWorld(t, core.Options{})
		w.create("q", `{}`)
		var l core.Pipeline
		var under []core.PendingPost
		for range 3 {
			under = append(under, w.StartPost(w.ctx, &l, w.who, post("q", `1`)))
			w.pass(step)
		}
		l.Flush(w.ctx)
		for i := range under {
			m := w.get("q", w.ended(&under[i]).IDs[0])
			same(t, "ttl", m.TTL, 3600)
			same(t, "is visible", m.Position, storage.Position(i+1))
		}
	}
}

// A post that nobody waits for any more is stored all the same when its time comes.
func TestPipelineIsNotWaitedFor(t *testing.T) {
	w := newWorld(t, core.Options{})
	w.create("q", `{}`)
	ctx, cancel := context.WithCancel(w.ctx)
	var l core.Pipeline
	first, second := w.StartPost(w.ctx, &l, w.who, post("q", `1`)), w.StartPost(w.ctx, &l, w.who, post("q", `2`))
	cancel()
	if _, err := first.Wait(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("a wait that was given up answered %v", err)
	}
	sameAll(t, "bodies", bodies(w.list("q")))
	l.Flush(w.ctx)
	w.ended(&second)
	sameAll(t, "bodies", bodies(w.list("q")), `1`, `2`)
}

// TestPipelinesRace has connections post to the same queues at once, and others
// wait for the answers.
func TestPipelinesRace(t *testing.T) {
	w := newWorld(t, core.Options{})
	const connections, posts = 4, 200
	var mu sync.Mutex
	told := map[string]string{} // queue and ID: body
	var all sync.WaitGroup
	for c := range connections {
		all.Go(func() {
			var l core.Pipeline
			for i := range posts {
				queue, body := fmt.Sprint("q", i/10%2), fmt.Sprintf(`"%d %d"`, c, i)
				p := w.StartPost(w.ctx, &l, w.who, post(queue, body))
				if i%7 == 6 || i == posts-1 {
					l.Flush(w.ctx)
				}
				all.Go(func() {
					ids := w.ended(&p).IDs
					mu.Lock()
					defer mu.Unlock()
					told[queue+ids[0]] = body
				})
			}
		})
	}
	all.Wait()
	same(t, "posts answered", len(told), connections*posts)
	for _, queue := range []string{"q0", "q1"} {
		last := map[string]int{}
		page, err := w.store.ListMessages(w.ctx, storage.MessageFilter{Queue: storage.QueueID{Project: "project", Name: queue}, Now: w.now(), Limit: connections * posts})
		same(t, "list", err, nil)
		for _, m := range page.Items {
			same(t, "the body told under "+m.ID, told[queue+m.ID], string(m.Body))
			var c, i int
			if _, err := fmt.Sscanf(string(m.Body), `"%d %d"`, &c, &i); err != nil || i < last[fmt.Sprint(c)] {
				t.Errorf("%s is behind %d (%v)", m.Body, last[fmt.Sprint(c)], err)
			}
			last[fmt.Sprint(c)] = i
		}
	}
}
