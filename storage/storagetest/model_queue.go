package storagetest

import (
	"math/rand/v2"
	"time"

	"github.com/stackforge/marconi/storage"
)

// modelQueues are the queues of a model. Each pair buries in each other.
func modelQueues() [4]storage.QueueID {
	return [4]storage.QueueID{
		{Project: "red", Name: "jobs"}, {Project: "red", Name: "dead"},
		{Project: "blue", Name: "jobs"}, {Project: "blue", Name: "a:b/{c} %"},
	}
}

// whichQueue is the first queue more often than the others.
func whichQueue(r *rand.Rand) int { return []int{0, 0, 0, 1, 1, 2, 3}[r.IntN(7)] }

// seconds is a span that others are likely to share.
func seconds(r *rand.Rand, spans ...int) time.Duration {
	return time.Duration(spans[r.IntN(len(spans))]) * time.Second
}

// invent makes a history, which begins with a queue.
func invent(r *rand.Rand, steps int) history {
	h := history{createQueue{queue: 0, epoch: r.Uint32() | 1}, createQueue{queue: 2, epoch: r.Uint32() | 1}}
	var kinds []func(r *rand.Rand) step
	for _, kind := range inventions() {
		for range kind.weight {
			kinds = append(kinds, kind.invent)
		}
	}
	for len(h) < steps {
		h = append(h, kinds[r.IntN(len(kinds))](r))
	}
	return h
}

type invention struct {
	weight int
	invent func(r *rand.Rand) step
}

// inventions says how often what is done.
func inventions() []invention {
	return []invention{
		{12, inventWait}, {5, inventCreateQueue}, {1, inventDeleteQueue}, {1, inventPurge}, {2, inventMetadata},
		{2, inventListQueues}, {6, inventStats}, {6, inventSweep},
		{20, inventPost}, {5, inventGet}, {12, inventList}, {6, inventDelete}, {4, inventDeleteMany}, {3, inventPop},
		{14, inventClaim}, {4, inventRetry}, {5, inventGetClaim}, {4, inventRenew}, {7, inventRelease},
		{4, inventSubscribe}, {3, inventChange}, {1, inventUnsubscribe}, {2, inventListSubscriptions},
		{6, inventTake}, {6, inventSettle},
	}
}

// passing lets time go by.
type passing struct{ span time.Duration }

func inventWait(r *rand.Rand) step {
	if r.IntN(6) == 0 {
		return passing{time.Millisecond}
	}
	return passing{seconds(r, 1, 1, 2, 3, 5, 10, 30)}
}

func (p passing) play(w *world) error {
	w.now = w.now.Add(p.span)
	w.note("%v have passed", p.span)
	return nil
}

type createQueue struct {
	queue int
	epoch uint32
}

func inventCreateQueue(r *rand.Rand) step { return createQueue{whichQueue(r), r.Uint32() | 1} }

func (c createQueue) play(w *world) error {
	q := storage.Queue{ID: modelQueues()[c.queue], Epoch: c.epoch, Metadata: []byte(w.label("made ")), Created: w.now}
	w.note("create queue %q, epoch %d", q.ID, q.Epoch)
	return w.both(func(s *side, a *answer) {
		created, err := s.d.CreateQueue(w.ctx, q)
		if !a.refused(err) {
			a.say("created %v", created)
		}
	})
}

type deleteQueue struct{ queue int }

func inventDeleteQueue(r *rand.Rand) step { return deleteQueue{whichQueue(r)} }

func (d deleteQueue) play(w *world) error {
	id := modelQueues()[d.queue]
	w.note("delete queue %q", id)
	w.ended(id)
	return w.both(func(s *side, a *answer) { a.done(s.d.DeleteQueue(w.ctx, id)) })
}

// purge looks first: a purge is not told the instant, and a message that fell
// due unseen may have entered the outbox or not.
type purge struct{ queue int }

func inventPurge(r *rand.Rand) step { return purge{whichQueue(r)} }

func (p purge) play(w *world) error {
	if err := stats(p).play(w); err != nil {
		return err
	}
	id := modelQueues()[p.queue]
	w.note("purge %q", id)
	return w.both(func(s *side, a *answer) { a.done(s.d.PurgeMessages(w.ctx, id)) })
}

// metadata reads a queue and changes it, from the version it read or an older
// one.
type metadata struct {
	queue int
	stale bool
}

func inventMetadata(r *rand.Rand) step { return metadata{whichQueue(r), r.IntN(4) == 0} }

func (m metadata) play(w *world) error {
	id := modelQueues()[m.queue]
	w.note("read and change the metadata of %q, stale %v", id, m.stale)
	body := []byte(w.label("changed "))
	return w.both(func(s *side, a *answer) {
		q, err := s.d.GetQueue(w.ctx, id)
		if a.refused(err) {
			return
		}
		a.queue(q)
		version := q.Version
		if m.stale {
			version--
		}
		a.done(s.d.SetMetadata(w.ctx, id, body, version))
	})
}

type listQueues struct {
	project, marker string
	limit           int
}

func inventListQueues(r *rand.Rand) step {
	id := modelQueues()[whichQueue(r)]
	return listQueues{id.Project, []string{"", id.Name, "b"}[r.IntN(3)], 1 + r.IntN(3)}
}

func (l listQueues) play(w *world) error {
	w.note("list the queues of %s after %q, at most %d, and count them", l.project, l.marker, l.limit)
	return w.both(func(s *side, a *answer) {
		page, err := s.d.ListQueues(w.ctx, storage.QueueFilter{Project: l.project, Marker: l.marker, Limit: l.limit})
		if a.refused(err) {
			return
		}
		for _, q := range page.Items {
			a.queue(q)
		}
		a.say("next %q", page.Next)
		n, err := s.d.CountQueues(w.ctx, l.project)
		if !a.refused(err) {
			a.say("%d queues", n)
		}
	})
}

type stats struct{ queue int }

func inventStats(r *rand.Rand) step { return stats{whichQueue(r)} }

func (st stats) play(w *world) error {
	id := modelQueues()[st.queue]
	w.note("stats of %q", id)
	return w.both(func(s *side, a *answer) {
		got, err := s.d.QueueStats(w.ctx, id, w.now)
		if !a.refused(err) {
			a.stats(s, id, got)
		}
	})
}

// sweeping sweeps a little, on one side or on both: nobody must notice.
type sweeping struct{ sides, limit int }

func inventSweep(r *rand.Rand) step { return sweeping{r.IntN(3), 1 + r.IntN(20)} }

func (sw sweeping) play(w *world) error {
	w.note("sweep %s", []string{"the driver", "the reference", "both"}[sw.sides])
	for i, s := range w.sides {
		if sw.sides != i && sw.sides < 2 {
			continue
		}
		if _, err := s.d.Sweep(w.ctx, w.now, sw.limit); err != nil {
			return err
		}
	}
	return nil
}
