package storagetest

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/stackforge/marconi/storage"
)

func pipelineCases() []Case {
	return []Case{
		{"order", "what is started is stored in the order in which it was started", pipelineOrder},
		{"answers", "Wait answers what PostMessages would", pipelineAnswers},
		{"any order of waiting", "posts may be waited for in any order", pipelineBackwards},
		{"errors", "each post has its own answer, and those after it are as they were", pipelineErrors},
		{"a producer", "a producer's posts count while those before them are under way", pipelineProducer},
		{"a producer's gap", "behind a number that is refused the others are out of order", pipelineGap},
		{"nothing among others", "posts of no drafts go with others and count as those do", pipelineNothing},
		{"again at once", "a post that is under way is recognised", pipelineAgain},
		{"all or none", "a post is stored whole, or nothing of it", pipelineWhole},
		{"context of the start", "a post that was started goes on when its context ends", pipelineStart},
		{"context of the wait", "a wait whose context ends leaves a post that is stored wholly or not at all", pipelineWait},
		{"nobody waits", "a post that nobody waits for goes on", pipelineNobody},
	}
}

// pipeline is posts that were started.
type pipeline struct {
	queue
	under []storage.Pending
}

func (p *pipeline) start(post storage.Post) {
	post.Queue = p.id
	if post.ClientID == "" {
		post.ClientID = "client"
	}
	p.under = append(p.under, p.d.StartPost(p.Context(), post))
}

// wait waits for all in order, and checks how each was answered; nothing wanted
// is success of all.
func (p *pipeline) wait(want ...error) (posted []storage.Posted) {
	p.Helper()
	for i, one := range p.under {
		got, err := one.Wait(p.Context())
		if i < len(want) {
			answers(p, fmt.Sprint("post ", i+1), err, want[i])
		} else if err != nil {
			p.Fatalf("post %d: %v", i+1, err)
		}
		posted = append(posted, got)
	}
	p.under = nil
	return posted
}

// mixture is posts of all kinds, one after the other, and the bodies that it puts
// into the log.
func mixture(posts int) (all []storage.Post, bodies []string) {
	for i := range posts {
		p, seq := storage.Post{Now: at(0)}, uint64(i/6+1)
		for j := range 1 + i%3 {
			body := fmt.Sprint(i, ".", j)
			p.Drafts, bodies = append(p.Drafts, text(body)), append(bodies, body)
		}
		switch i % 6 {
		case 1:
			p.Once = storage.Once{Key: fmt.Sprint("key", i), Until: far()}
		case 2, 3:
			p.Once = storage.Once{Producer: fmt.Sprint("producer", i%6), Seq: seq, Until: far()}
		case 4:
			p.Drafts = append(p.Drafts, delayed("late", at(50)))
		case 5:
			p.Drafts = append(p.Drafts, storage.Draft{Body: noise(40_000), Expires: far()})
			bodies = append(bodies, string(noise(40_000)))
		}
		all = append(all, p)
	}
	return all, bodies
}

func pipelineOrder(t T, d storage.Driver) {
	p := &pipeline{queue: newQueue(t, d, "jobs")}
	posts, bodies := mixture(120)
	for _, post := range posts {
		p.start(post)
	}
	next := storage.Position(1)
	for i, got := range p.wait() {
		same(t, fmt.Sprint("First of post ", i+1), got.First, next)
		next = got.Last + 1
	}
	p.shows(at(0), bodies...)
}

func pipelineAnswers(t T, d storage.Driver) {
	p := &pipeline{queue: newQueue(t, d, "jobs")}
	p.start(storage.Post{Now: at(0), Drafts: []storage.Draft{text("a"), delayed("b", at(9)), text("c")}})
	p.start(storage.Post{Now: at(0), Drafts: []storage.Draft{delayed("d", at(9))}})
	got := p.wait()
	sameTexts(t, "IDs", got[0].IDs, p.position(1), storage.DelayedID(p.epoch, 1), p.position(2))
	same(t, "First", got[0].First, 1)
	same(t, "Last", got[0].Last, 2)
	same(t, "Again", got[0].Again, false)
	sameTexts(t, "IDs of the delayed", got[1].IDs, storage.DelayedID(p.epoch, 2))
	same(t, "First of the delayed", got[1].First, 0)
	p.shows(at(9), "a", "c", "b", "d")
}

func pipelineBackwards(t T, d storage.Driver) {
	p := &pipeline{queue: newQueue(t, d, "jobs")}
	var want []string
	for i := range 20 {
		want = append(want, fmt.Sprint(i))
		p.start(storage.Post{Now: at(0), Drafts: texts(want[i])})
	}
	slices.Reverse(p.under)
	for i, got := range p.wait() {
		same(t, "First", got.First, storage.Position(20-i))
	}
	p.shows(at(0), want...)
}

func pipelineErrors(t T, d storage.Driver) {
	p := &pipeline{queue: newQueue(t, d, "jobs")}
	p.start(storage.Post{Now: at(0), Drafts: texts("a")})
	p.start(keyed("k", 1, text("b")))
	p.start(keyed("k", 2, texts("x", "y")...))
	p.start(sequenced("p", 7, text("x")))
	p.start(storage.Post{Now: at(0), Drafts: texts("c", "d")})
	nowhere := d.StartPost(t.Context(), storage.Post{Queue: storage.QueueID{Project: project, Name: "nowhere"}, Now: at(0), Drafts: texts("x")})
	p.start(storage.Post{Now: at(0), Drafts: texts("e")})
	got := p.wait(nil, nil, storage.ErrKeyReused, storage.ErrOutOfOrder, nil, nil)
	_, err := nowhere.Wait(t.Context())
	answers(t, "a post to a queue that is not there", err, storage.ErrQueueNotFound)
	same(t, "Last", got[5].Last, 5)
	p.shows(at(0), "a", "b", "c", "d", "e")
}

func pipelineProducer(t T, d storage.Driver) {
	const posts = 150 // more than a record keeps the IDs of
	p := &pipeline{queue: newQueue(t, d, "jobs")}
	var want []string
	for i := range posts {
		want = append(want, fmt.Sprint(i))
		p.start(sequenced("p", uint64(i+1), text(want[i])))
	}
	for i, got := range p.wait() {
		same(t, "Again", got.Again, false)
		sameTexts(t, "IDs", got.IDs, p.position(storage.Position(i+1)))
	}
	sameAgain(t, p.queue, sequenced("p", posts, text(want[posts-1])), []string{p.position(posts)})
	p.shows(at(1), want...)
}

func pipelineGap(t T, d storage.Driver) {
	p := &pipeline{queue: newQueue(t, d, "jobs")}
	for _, seq := range []uint64{1, 3, 4, 2, 3} {
		p.start(sequenced("p", seq, text(fmt.Sprint(seq)), text("and more")))
	}
	p.wait(nil, storage.OutOfOrder{Want: 2}, storage.OutOfOrder{Want: 2}, nil, nil)
	p.shows(at(0), "1", "and more", "2", "and more", "3", "and more")
}

func pipelineNothing(t T, d storage.Driver) {
	const posts = 60
	p := &pipeline{queue: newQueue(t, d, "jobs")}
	var want []string
	for _, producer := range []string{"", "p"} {
		for i := range posts {
			post := storage.Post{Now: at(0)}
			if producer != "" {
				post = sequenced(producer, uint64(i+1))
			}
			if i%3 == 0 {
				body := fmt.Sprint(producer, i)
				post.Drafts, want = texts(body), append(want, body)
			}
			p.start(post)
		}
	}
	next := storage.Position(1)
	for _, got := range p.wait() {
		if len(got.IDs) == 0 {
			same(t, "First of nothing", got.First, 0)
			same(t, "Last of nothing", got.Last, 0)
			continue
		}
		sameTexts(t, "IDs", got.IDs, p.position(next))
		same(t, "First", got.First, next)
		next++
	}
	p.shows(at(0), want...)
	wanting(t, p.queue, sequenced("p", 1000, text("x")), posts+1)
}

func pipelineAgain(t T, d storage.Driver) {
	p := &pipeline{queue: newQueue(t, d, "jobs")}
	for range 2 {
		p.start(keyed("k", 1, text("a")))
		p.start(sequenced("p", 1, text("b")))
	}
	got := p.wait()
	for i, again := range []bool{false, false, true, true} {
		same(t, "Again", got[i].Again, again)
		sameTexts(t, "IDs", got[i].IDs, p.position(storage.Position(i%2+1)))
	}
	p.shows(at(0), "a", "b")
}

func pipelineWhole(t T, d storage.Driver) {
	const many = 1500
	p := &pipeline{queue: newQueue(t, d, "jobs")}
	large := make([]storage.Draft, many)
	for i := range large {
		large[i] = text(fmt.Sprint(i))
	}
	p.start(storage.Post{Now: at(0), Drafts: texts("before")})
	p.start(storage.Post{Now: at(0), Drafts: large})
	p.start(sequenced("p", 2, large...))
	p.start(storage.Post{Now: at(0), Drafts: texts("behind")})
	got := p.wait(nil, nil, storage.ErrOutOfOrder, nil)
	same(t, "First of the large", got[1].First, 2)
	same(t, "Last of the large", got[1].Last, many+1)
	same(t, "First behind it", got[3].First, many+2)
	p.counts(at(0), many+2, 0, 0)
}

func pipelineStart(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	ctx, cancel := context.WithCancel(t.Context())
	var under []storage.Pending
	for _, body := range []string{"a", "b", "c"} {
		under = append(under, d.StartPost(ctx, storage.Post{Queue: q.id, Now: at(0), Drafts: texts(body)}))
	}
	cancel()
	for i, one := range under {
		got, err := one.Wait(t.Context())
		answers(t, "a post that was started", err, nil)
		same(t, "First", got.First, storage.Position(i+1))
	}
	q.shows(at(0), "a", "b", "c")
}

func pipelineWait(t T, d storage.Driver) {
	p := &pipeline{queue: newQueue(t, d, "jobs")}
	p.start(keyed("k", 1, texts("a", "b")...))
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := p.under[0].Wait(ctx); err != nil && !errors.Is(err, context.Canceled) {
		t.Errorf("a wait that was given up answered %v", err)
	}
	p.under = nil
	p.start(storage.Post{Now: at(0), Drafts: texts("c")})
	p.start(keyed("k", 1, texts("a", "b")...))
	got := p.wait()
	if got[1].Again {
		p.shows(at(0), "a", "b", "c")
	} else {
		p.shows(at(0), "c", "a", "b")
	}
}

func pipelineNobody(t T, d storage.Driver) {
	p := &pipeline{queue: newQueue(t, d, "jobs")}
	posts, bodies := mixture(30)
	for _, post := range posts {
		p.start(post)
	}
	p.under = p.under[len(p.under)-1:]
	p.wait()
	p.shows(at(0), bodies...)
}

// closePipeline closes while posts are under way: each is answered, and none with
// a word of the contract.
func closePipeline(t T, d storage.Driver) {
	p := &pipeline{queue: newQueue(t, d, "jobs")}
	posts, _ := mixture(60)
	for _, post := range posts {
		p.start(post)
	}
	answers(t, "Close", d.Close(), nil)
	for i, one := range p.under {
		_, err := one.Wait(t.Context())
		if isWord(err) || t.Context().Err() != nil {
			t.Errorf("post %d answered %v after Close", i+1, err)
		}
	}
	_, err := d.StartPost(t.Context(), storage.Post{Queue: p.id, Now: at(0), Drafts: texts("x")}).Wait(t.Context())
	if err == nil || isWord(err) {
		t.Errorf("StartPost answered %v after Close", err)
	}
}

// pipeliner posts what poster posts, with several posts under way.
func (m *melee) pipeliner(ctx context.Context, poster int) error {
	defer m.tide.rise()
	defer m.posting.Add(-1)
	type sent struct {
		storage.Pending
		drafts []storage.Draft
	}
	var under []sent
	settle := func() error {
		one := under[0]
		under = under[1:]
		posted, err := one.Wait(ctx)
		if err != nil {
			return fmt.Errorf("StartPost: %w", err)
		}
		m.tide.rise()
		return m.answered(posted.IDs, one.drafts)
	}
	for n, number := 0, 0; number < batches*2; n++ {
		var drafts []storage.Draft
		for range min(batch(n), batches*2-number) {
			drafts = append(drafts, text(fmt.Sprintf("%d/%d", poster, number)))
			number++
		}
		post := storage.Post{Queue: m.id, ClientID: "poster", Now: at(0), Drafts: drafts}
		if poster%2 == 1 {
			post.Once = storage.Once{Producer: fmt.Sprint("p", poster), Seq: uint64(n + 1), Until: far()}
		}
		under = append(under, sent{m.d.StartPost(ctx, post), drafts})
		if len(under) > 2*poster+8 {
			if err := settle(); err != nil {
				return err
			}
		}
	}
	for len(under) > 0 {
		if err := settle(); err != nil {
			return err
		}
	}
	return nil
}
