package loadtest

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/stackforge/marconi/clients/go"
)

// CheckListening finds out whether those who listen are told of every message
// once and in order, or that it is gone. It makes Config.Queues queues with
// Config.Listeners listeners in all, lets Config.Connections producers and one
// remover loose on them, and holds what each listener was told against the others
// and, at the end, against the queue.
//
// Requests and connections that fail on the way are part of it and no error. An
// error means that the check could not be begun or brought to its end.
func CheckListening(ctx context.Context, c Config) (r ListenReport, err error) {
	k, end, err := begin(ctx, c, "audience")
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, end()) }()
	a := &audience{check: k, report: ListenReport{Seed: k.config.Seed, Errors: map[string]int64{}}}
	for _, q := range k.queues {
		a.tracks = append(a.tracks, NewTrack(q))
	}
	began := time.Now()
	err = a.run(ctx)
	a.report.Elapsed = time.Since(began)
	return a.report, err
}

// audience is a check of listening under way. Its hands are those of a check,
// whose events nobody judges.
type audience struct {
	*check
	tracks []*Track

	mu     sync.Mutex // guards what follows
	report ListenReport
	ids    [][]string // of messages that may be removed, by queue
}

func (a *audience) run(ctx context.Context) error {
	a.ids = make([][]string, len(a.queues))
	listen, endListening := context.WithCancel(ctx)
	var listeners, producers, remover sync.WaitGroup
	defer func() { endListening(); listeners.Wait() }()
	followers := a.listen(listen, &listeners)

	load, end := a.load(ctx)
	remover.Go(func() { a.remove(ctx, load, a.hand("remover", 0)) })
	for i := range a.config.Connections {
		w := a.hand("producer", i)
		producers.Go(func() { a.produce(ctx, load, w) })
	}
	producers.Wait()
	end()
	remover.Wait()
	return a.conclude(ctx, followers)
}

// listen begins to listen and waits until all have heard that they do: what comes
// then must be told.
func (a *audience) listen(ctx context.Context, all *sync.WaitGroup) [][]*Follower {
	followers := make([][]*Follower, len(a.queues))
	var begun sync.WaitGroup
	for i := range a.config.Listeners {
		q := i % len(a.queues)
		f := a.tracks[q].Follow(fmt.Sprintf("listener %d", i))
		followers[q] = append(followers[q], f)
		begun.Add(1)
		all.Go(func() { a.follow(ctx, a.queues[q], f, sync.OnceFunc(begun.Done)) })
	}
	begun.Wait()
	return followers
}

func (a *audience) follow(ctx context.Context, queue string, f *Follower, begun func()) {
	defer begun()
	o := client.ListenOptions{Position: client.Latest, Lost: func(err error) { a.count("listen: " + kindOf(err)) }}
	for news, err := range a.client.Listen(ctx, queue, o) {
		if err != nil {
			if ctx.Err() == nil {
				a.refused(queue, err)
			}
			return
		}
		f.Tell(news)
		begun()
	}
}

// produce posts to one queue, one post after the other.
func (a *audience) produce(ctx, until context.Context, w *hand) {
	q := w.index % len(a.queues)
	for seq := 0; until.Err() == nil; {
		n := w.mayPost(1 + w.rand.IntN(mostPosted))
		if n == 0 {
			return
		}
		a.post(ctx, w, q, seq, n)
		seq += n
		pause(until, w.upTo(4*idle))
	}
}

// post posts messages and remembers some of them for the remover. A post whose
// answer is lost may be stored or not.
func (a *audience) post(ctx context.Context, w *hand, q, seq, n int) (ids []string) {
	items, drafts := make([]Item, n), make([]client.Draft, n)
	for i := range n {
		items[i] = Item{Producer: w.name, Seq: seq + i}
		drafts[i] = client.Draft{Body: pack(items[i], letters(w.rand, w.rand.IntN(w.config.Size))), TTL: parcelTTL}
	}
	a.tracks[q].Posting(items...)
	ids, err := a.client.Post(ctx, a.queues[q], drafts...)
	a.mu.Lock()
	defer a.mu.Unlock()
	a.report.Attempted += n
	if err != nil {
		a.report.Errors["post: "+kindOf(err)]++
		return nil
	}
	a.report.Answered += n
	a.tracks[q].Stored(ids...)
	a.ids[q] = append(a.ids[q], ids[0])
	return ids
}

// remove removes some of what was posted, the newest first: so some of it is gone
// before all were told.
func (a *audience) remove(ctx, until context.Context, w *hand) {
	for pause(until, 2*idle) == nil {
		q := w.rand.IntN(len(a.queues))
		id := a.take(q)
		if id == "" {
			continue
		}
		a.tracks[q].Removing(id)
		if err := a.client.DeleteMessage(ctx, a.queues[q], id, ""); err != nil {
			a.count("delete: " + kindOf(err))
		}
	}
}

func (a *audience) take(q int) (id string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if n := len(a.ids[q]); n > 0 {
		id, a.ids[q] = a.ids[q][n-1], a.ids[q][:n-1]
		a.report.Removed++
	}
	return id
}

func (a *audience) count(what string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.report.Errors[what]++
}

func (a *audience) refused(queue string, err error) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.report.Faults = append(a.report.Faults, Fault{Queue: queue, What: "listening was refused: " + err.Error()})
}

// conclude posts one last message to each queue, waits until everybody has heard
// of it, and compares.
func (a *audience) conclude(ctx context.Context, followers [][]*Follower) error {
	w := a.hand("last", 0)
	for q, queue := range a.queues {
		last, err := a.last(ctx, w, q)
		if err != nil {
			return err
		}
		a.report.Late += a.awaitAll(ctx, followers[q], last)
		var left []client.Message
		for m, err := range a.client.AllMessages(ctx, queue, client.MessageOptions{Limit: batch, Echo: true, IncludeClaimed: true}) {
			if err != nil {
				return fmt.Errorf("loadtest: queue %s could not be read: %w", queue, err)
			}
			left = append(left, m)
		}
		told, gaps := a.tracks[q].sums()
		a.report.Told, a.report.Gaps = a.report.Told+told, a.report.Gaps+gaps
		a.report.Faults = append(a.report.Faults, a.tracks[q].Conclude(left)...)
	}
	return ctx.Err()
}

// last posts the last message of a queue.
func (a *audience) last(ctx context.Context, w *hand, q int) (id string, err error) {
	for seq, began := 100*q, time.Now(); time.Since(began) < patience; seq++ {
		if ids := a.post(ctx, w, q, seq, 1); ids != nil {
			return ids[0], nil
		}
		if err := pause(ctx, setback); err != nil {
			return "", err
		}
	}
	return "", errors.New("loadtest: the last message could not be posted")
}

// awaitAll waits until all listeners were told all up to a message, and counts
// those who never were.
func (a *audience) awaitAll(ctx context.Context, all []*Follower, last string) (late int) {
	until, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	for _, f := range all {
		for !f.reached(last) && pause(until, idle) == nil {
		}
		if !f.reached(last) {
			late++
		}
	}
	return late
}
