package storagetest

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/stackforge/marconi/storage"
)

// posting posts a few drafts, sometimes only once.
type posting struct {
	queue  int
	client string
	drafts []drafting
	once   onceing
}

// drafting is a draft by its spans.
type drafting struct{ delay, ttl time.Duration }

// onceing is a Once by what is known when it is sent.
type onceing struct {
	key, producer string
	sum           byte
	ahead         int // of the last number that the producer had stored
	restart       bool
	ttl           time.Duration
}

func inventPost(r *rand.Rand) step {
	p := posting{queue: whichQueue(r), client: []string{"me", "you"}[r.IntN(2)]}
	for range 1 + r.IntN(4) {
		draft := drafting{ttl: seconds(r, 2, 5, 10, 30, 60, 300, 300)}
		if r.IntN(3) == 0 {
			draft.delay = seconds(r, 1, 2, 3, 5, 10)
		}
		p.drafts = append(p.drafts, draft)
	}
	p.once.ttl = seconds(r, 5, 20, 60)
	switch r.IntN(8) {
	case 0:
		p.once.key, p.once.sum = []string{"k", "l"}[r.IntN(2)], byte(r.IntN(3)/2)
	case 1, 2:
		p.once.producer = []string{"k", "p"}[r.IntN(2)]
		p.once.ahead, p.once.restart = []int{1, 1, 1, 1, 0, -1, 2}[r.IntN(7)], r.IntN(6) == 0
	}
	return p
}

func (p posting) play(w *world) error {
	post := storage.Post{Queue: modelQueues()[p.queue], ClientID: p.client, Now: w.now, Once: p.once.of(w, modelQueues()[p.queue])}
	text := ""
	for i, draft := range p.drafts {
		post.Drafts = append(post.Drafts, storage.Draft{
			Body: []byte(w.label("body ")), Encoding: p.client, Checksum: fmt.Sprint(i), Visible: w.now.Add(draft.delay), Expires: w.now.Add(draft.ttl),
		})
		text += fmt.Sprintf("\n       m%d for %v", len(w.messages)+i, draft.ttl)
		if draft.delay > 0 {
			text += fmt.Sprintf(", delayed for %v", draft.delay)
		}
	}
	w.note("%s posts to %q%s%s", p.client, post.Queue, p.once.text(post.Once), text)
	stored := false
	err := w.both(func(s *side, a *answer) {
		posted, err := s.d.PostMessages(w.ctx, post)
		if a.refused(err) {
			return
		}
		stored = !posted.Again
		a.posted(s, post.Queue, posted)
	})
	if err == nil && stored {
		w.stored(post)
	}
	return err
}

// of is the Once that is sent now.
func (o onceing) of(w *world, queue storage.QueueID) storage.Once {
	if o.key == "" && o.producer == "" {
		return storage.Once{}
	}
	once := storage.Once{Key: o.key, Producer: o.producer, Until: w.now.Add(o.ttl)}
	if o.key != "" {
		once.Sum[0] = o.sum
		return once
	}
	once.Seq = 1
	if last := int(w.sequences[sequence{queue, o.producer}]); !o.restart {
		once.Seq = uint64(max(last+o.ahead, 0))
	}
	return once
}

func (o onceing) text(sent storage.Once) string {
	switch {
	case o.key != "":
		return fmt.Sprintf(", key %s with sum %d until %s", o.key, o.sum, clock(sent.Until))
	case o.producer != "":
		return fmt.Sprintf(", number %d of producer %s until %s", sent.Seq, o.producer, clock(sent.Until))
	}
	return ""
}

// posted says what became of a post. New IDs are not known yet.
func (a *answer) posted(s *side, queue storage.QueueID, p storage.Posted) {
	a.place(queue, p.First)
	a.place(queue, p.Last)
	a.say("again %v, visible %v, %d from first to last", p.Again, p.First > 0, p.Last-p.First)
	if s.posted = p.IDs; p.Again {
		a.say("IDs of %q", each(p.IDs, s.name))
		return
	}
	a.say("%d new IDs, known before %v", len(p.IDs), slices.ContainsFunc(p.IDs, func(id string) bool {
		_, known := s.numbers[id]
		return known
	}))
}

func (w *world) stored(p storage.Post) {
	w.remember(p.Queue, p.Drafts)
	if p.Once.Producer != "" {
		w.sequences[sequence{p.Queue, p.Once.Producer}] = p.Once.Seq
	}
}

// picks are messages by how long ago they were posted, in the queue of the first
// or in the one it may have been buried in.
type picks struct {
	latest []int
	buried bool
}

func inventPicks(r *rand.Rand, most int) picks {
	p := picks{buried: r.IntN(4) == 0}
	for range 1 + r.IntN(most) {
		p.latest = append(p.latest, r.IntN(12))
	}
	return p
}

// of are the numbers of the messages, and the queue in which to look for them.
func (p picks) of(w *world) (queue storage.QueueID, numbers []int) {
	queue = modelQueues()[0]
	for i, n := range p.latest {
		m, number, any := latest(w.messages, n)
		if !any {
			return queue, nil
		}
		if i == 0 {
			queue = m.queue
		}
		numbers = append(numbers, number)
	}
	if p.buried {
		queue = partner(queue)
	}
	return queue, numbers
}

// partner is the queue that another one buries in.
func partner(queue storage.QueueID) storage.QueueID {
	all := modelQueues()
	return all[slices.Index(all[:], queue)^1]
}

// known are the IDs of messages by their numbers.
func (s *side) known(numbers []int) []string {
	return each(numbers, func(n int) string { return s.ids[n] })
}

type getting struct{ picks }

func inventGet(r *rand.Rand) step { return getting{inventPicks(r, 5)} }

func (g getting) play(w *world) error {
	queue, numbers := g.of(w)
	w.note("get m%v from %q", numbers, queue)
	return w.both(func(s *side, a *answer) {
		got, err := s.d.GetMessages(w.ctx, queue, s.known(numbers), w.now)
		if !a.refused(err) {
			a.messages(s, queue, got)
		}
	})
}

type popping struct{ queue, limit int }

func inventPop(r *rand.Rand) step { return popping{whichQueue(r), 1 + r.IntN(3)} }

func (p popping) play(w *world) error {
	queue := modelQueues()[p.queue]
	w.note("pop %d of %q", p.limit, queue)
	return w.both(func(s *side, a *answer) {
		got, err := s.d.PopMessages(w.ctx, queue, p.limit, w.now)
		if !a.refused(err) {
			a.messages(s, queue, got)
		}
	})
}
