package storagetest

import (
	"fmt"
	"math/rand/v2"
	"time"

	"github.com/stackforge/marconi/storage"
)

// claiming claims, and may bury.
type claiming struct {
	queue, limit int
	ttl, grace   time.Duration
	most         int // 0: nothing is buried
	epoch        uint32
	deadTTL      time.Duration
}

func inventClaim(r *rand.Rand) step {
	c := claiming{queue: whichQueue(r), limit: 1 + r.IntN(4), ttl: seconds(r, 1, 2, 5, 10, 30), grace: seconds(r, 0, 0, 2, 10)}
	if r.IntN(2) == 0 {
		c.most, c.epoch = 1+r.IntN(2), r.Uint32()|1
		c.deadTTL = seconds(r, 0, 0, 10, 100)
	}
	return c
}

func (c claiming) play(w *world) error {
	o := storage.ClaimOrder{
		ID: w.label("claim "), Queue: modelQueues()[c.queue], Now: w.now, Limit: c.limit,
		Expires: w.now.Add(c.ttl), Keep: w.now.Add(c.ttl + c.grace),
	}
	text := ""
	if c.most > 0 {
		o.Bury = &storage.Bury{Max: c.most, Queue: partner(o.Queue), Epoch: c.epoch}
		if c.deadTTL > 0 {
			o.Bury.Expires = w.now.Add(c.deadTTL)
		}
		text = fmt.Sprintf(", burying in %q what was claimed %d times, until %s", o.Bury.Queue, o.Bury.Max, clock(o.Bury.Expires))
	}
	w.note("%s on %d of %q for %v, keeping %v longer%s", o.ID, o.Limit, o.Queue, c.ttl, c.grace, text)
	w.claims = append(w.claims, named{o.Queue, o.ID})
	return w.order(o)
}

func (w *world) order(o storage.ClaimOrder) error {
	return w.both(func(s *side, a *answer) {
		c, err := s.d.CreateClaim(w.ctx, o)
		if !a.refused(err) {
			a.claim(s, o.Queue, c)
		}
	})
}

// held are claims by how long ago they were ordered, in their queue or another.
type held struct {
	latest    int
	elsewhere bool
}

func inventHeld(r *rand.Rand) held { return held{r.IntN(6), r.IntN(10) == 0} }

func (h held) of(w *world) (named, bool) {
	c, _, any := latest(w.claims, h.latest)
	if h.elsewhere {
		c.queue = partner(modelQueues()[0])
	}
	return c, any
}

// look compares what both sides know of a claim, and returns it.
func (w *world) look(c named) (found storage.Claim, live bool, err error) {
	err = w.both(func(s *side, a *answer) {
		got, err := s.d.GetClaim(w.ctx, c.queue, c.id, w.now)
		live = err == nil
		if found = got; !a.refused(err) {
			a.claim(s, c.queue, got)
		}
	})
	return found, live, err
}

type gettingClaim struct{ held }

func inventGetClaim(r *rand.Rand) step { return gettingClaim{inventHeld(r)} }

func (g gettingClaim) play(w *world) error {
	c, any := g.of(w)
	if !any {
		return nil
	}
	w.note("look at %s in %q", c.id, c.queue)
	_, _, err := w.look(c)
	return err
}

// retrying sends an order again, if its claim is live: no other ID may be used
// twice.
type retrying struct{ held }

func inventRetry(r *rand.Rand) step { return retrying{held{latest: r.IntN(3)}} }

func (r retrying) play(w *world) error {
	c, any := r.of(w)
	if !any {
		return nil
	}
	w.note("look at %s in %q and order it again", c.id, c.queue)
	if _, live, err := w.look(c); err != nil || !live {
		return err
	}
	return w.order(storage.ClaimOrder{
		ID: c.id, Queue: c.queue, Now: w.now, Expires: w.now.Add(time.Minute), Keep: w.now.Add(time.Minute), Limit: 10,
	})
}

type renewing struct {
	held
	ttl, grace time.Duration
}

func inventRenew(r *rand.Rand) step {
	return renewing{inventHeld(r), seconds(r, 1, 2, 5, 10, 30), seconds(r, 0, 2, 10)}
}

func (r renewing) play(w *world) error {
	c, any := r.of(w)
	if !any {
		return nil
	}
	w.note("renew %s in %q for %v, keeping %v longer", c.id, c.queue, r.ttl, r.grace)
	return w.both(func(s *side, a *answer) {
		a.done(s.d.RenewClaim(w.ctx, c.queue, c.id, w.now, w.now.Add(r.ttl), w.now.Add(r.ttl+r.grace)))
	})
}

type releasing struct {
	held
	rest time.Duration
}

func inventRelease(r *rand.Rand) step {
	return releasing{inventHeld(r), seconds(r, 0, 0, 0, 2, 5, 10)}
}

func (r releasing) play(w *world) error {
	c, any := r.of(w)
	if !any {
		return nil
	}
	w.note("release %s in %q, to rest for %v", c.id, c.queue, r.rest)
	found, _, err := w.look(c)
	if err != nil {
		return err
	}
	for _, m := range found.Messages {
		w.mayWake(c.queue, m.Expires, w.now.Add(r.rest))
	}
	return w.both(func(s *side, a *answer) {
		a.done(s.d.ReleaseClaim(w.ctx, c.queue, c.id, w.now, w.now.Add(r.rest)))
	})
}

// deleting deletes one message, with a claim or without.
type deleting struct {
	picks
	claim held
	with  bool
}

func inventDelete(r *rand.Rand) step {
	return deleting{inventPicks(r, 1), inventHeld(r), r.IntN(2) == 0}
}

func (d deleting) play(w *world) error {
	queue, numbers := d.of(w)
	claim := ""
	if c, any := d.claim.of(w); any && d.with {
		claim = c.id
	}
	if len(numbers) == 0 {
		return nil
	}
	w.note("delete m%d from %q with claim %q", numbers[0], queue, claim)
	return w.both(func(s *side, a *answer) {
		err := s.d.DeleteMessage(w.ctx, queue, s.ids[numbers[0]], claim, w.now)
		a.done(err)
	})
}

// deletingMany deletes several, with no, some or unasked-for claims.
type deletingMany struct {
	picks
	claims  []int
	unasked bool
}

func inventDeleteMany(r *rand.Rand) step {
	d := deletingMany{picks: inventPicks(r, 4), unasked: r.IntN(2) == 0}
	for range r.IntN(4) {
		d.claims = append(d.claims, r.IntN(5))
	}
	return d
}

func (d deletingMany) play(w *world) error {
	queue, numbers := d.of(w)
	claims := []string{}
	for _, n := range d.claims {
		if c, _, any := latest(w.claims, n); any {
			claims = append(claims, c.id)
		}
	}
	if d.unasked {
		claims = nil
	}
	w.note("delete m%v from %q with claims %q, unasked %v", numbers, queue, claims, d.unasked)
	return w.both(func(s *side, a *answer) {
		a.done(s.d.DeleteMessages(w.ctx, queue, s.known(numbers), claims, w.now))
	})
}
