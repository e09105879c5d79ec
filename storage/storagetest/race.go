package storagetest

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/stackforge/marconi/storage"
)

// Race holds the driver that open opens to the part of the contract that shows
// only when many callers are at it at once. Run it with -race too.
func Race(t *testing.T, open func(t *testing.T) storage.Driver) {
	Role{Name: "race", Cases: Races()}.run(t, open)
}

// Races is every race there is.
func Races() []Case {
	return []Case{
		{"tail", "a reader at the tail sees every message once, in its poster's order", raceTail},
		{"pipelines", "so does one whose posters start posts before those before them are answered", racePipelines},
		{"one queue", "what many callers do to one queue is as if one did it after the other", raceOneQueue},
		{"several queues", "callers of several queues do not get in each other's way", raceSeveralQueues},
		{"ended claims", "what many claims let go at one instant is claimed again once", raceEndedClaims},
		{"burial", "what many claims bury is in the dead letters once, and nowhere else", raceBurial},
		{"deliveries", "of many workers one at a time works for a subscription, in order", raceDeliveries},
		{"one creator", "of many who make a queue one makes it", raceCreators},
		{"one change", "of many who change metadata from one version one does", raceMetadata},
		{"one post", "of many who post under one key or number one posts", racePosts},
		{"one claim", "of many who send the same order all hold the same claim", raceClaims},
		{"one subscriber", "of many who subscribe one name one does", raceSubscribers},
	}
}

// raceTail removes nothing, so nothing may be missed.
func raceTail(t T, d storage.Driver) {
	m, c := newMelee(newQueue(t, d, "jobs")), newCrowd(t)
	tailers := m.tailers()
	c.enter(posters, m.poster)
	c.enter(3, m.juggler)
	c.enter(len(tailers), func(ctx context.Context, i int) error { return tailers[i].tail(ctx) })
	c.run()
	for _, one := range tailers {
		one.check()
		same(t, "messages that a tailer read", len(one.seen), m.total)
	}
	m.counts(at(0), m.total, 0, 0)
}

func racePipelines(t T, d storage.Driver) {
	m, c := newMelee(newQueue(t, d, "jobs")), newCrowd(t)
	tailers := m.tailers()
	c.enter(posters, m.pipeliner)
	c.enter(4, m.claimer)
	c.enter(2, m.popper)
	c.enter(len(tailers), func(ctx context.Context, i int) error { return tailers[i].tail(ctx) })
	c.run()
	m.check(tailers)
}

func raceOneQueue(t T, d storage.Driver) {
	m, c := newMelee(newQueue(t, d, "jobs")), newCrowd(t)
	tailers := m.join(c)
	c.run()
	m.check(tailers)
}

func raceSeveralQueues(t T, d storage.Driver) {
	c := newCrowd(t)
	var melees []*melee
	var tailers [][]*tailer
	for _, name := range []string{"a", "b", "c"} {
		m := newMelee(newQueue(t, d, name))
		melees, tailers = append(melees, m), append(tailers, m.join(c))
	}
	c.run()
	for i, m := range melees {
		m.check(tailers[i])
	}
}

// join lets everybody into a crowd.
func (m *melee) join(c *crowd) []*tailer {
	tailers := m.tailers()
	c.enter(posters, m.poster)
	c.enter(4, m.claimer)
	c.enter(2, m.popper)
	c.enter(2, m.deleter)
	c.enter(len(tailers), func(ctx context.Context, i int) error { return tailers[i].tail(ctx) })
	return tailers
}

// check checks that all is gone, and went in order.
func (m *melee) check(tailers []*tailer) {
	m.Helper()
	same(m, "messages posted", len(m.posts), m.total)
	for p := range storage.Position(m.total) {
		id := m.position(p + 1)
		_, posted := m.posts[id]
		same(m, "posted: "+id, posted, true)
		_, tried := m.tried[id]
		same(m, "removed by anybody: "+id, tried, true)
	}
	for _, t := range tailers {
		t.check()
	}
	m.holds(at(0))
	m.counts(at(0), 0, 0, 0)
	m.wakes(at(0), time.Time{})
	same(m, "tail", m.stats(at(0)).Tail, storage.Position(m.total))
}

// claimsAll lets a crowd claim all of a queue's messages, and leaves the claims.
func (m *melee) claimsAll(round string, now time.Time, members int) {
	m.Helper()
	c := newCrowd(m)
	c.enter(members, func(ctx context.Context, member int) error {
		for n := 0; ; n++ {
			o := m.order(fmt.Sprint(round, " ", member, ".", n), now, 1+member)
			began := m.stamp()
			got, err := m.d.CreateClaim(ctx, o)
			if err != nil || len(got.Messages) == 0 {
				return err
			}
			if err := m.granted(o.ID, got.Messages, began); err != nil {
				return err
			}
		}
	})
	c.run()
}

func raceEndedClaims(t T, d storage.Driver) {
	const total = 100
	m := newMelee(newQueue(t, d, "jobs"))
	for i := range total {
		m.post(at(0), text(fmt.Sprint(i)))
	}
	for round := range 3 {
		now := at(0).Add(time.Duration(round) * holdTime)
		m.claimsAll(fmt.Sprint("round ", round), now, 5)
		same(t, "messages claimed", len(m.holders), total)
		m.counts(now, total, total, 0)
		clear(m.holders)
	}
}

func raceBurial(t T, d storage.Driver) {
	const total, claims = 60, 3
	q, dead := newQueue(t, d, "jobs"), grave(t, d)
	for i := range total {
		q.post(at(0), text(fmt.Sprint(i)))
	}
	c := newCrowd(t)
	c.enter(5, func(ctx context.Context, member int) error {
		for n := 0; ; n++ {
			o := q.burying(fmt.Sprint(member, ".", n), at(0), 3, claims, dead)
			o.Bury.Epoch = uint32(member + 1)
			got, err := d.CreateClaim(ctx, o)
			if err != nil {
				return fmt.Errorf("CreateClaim: %w", err)
			}
			if err := d.ReleaseClaim(ctx, q.id, o.ID, at(0), at(0)); err != nil {
				return fmt.Errorf("ReleaseClaim: %w", err)
			}
			if s, err := d.QueueStats(ctx, q.id, at(0)); len(got.Messages) == 0 && s.Total == 0 || err != nil {
				return err
			}
		}
	})
	c.run()
	q.holds(at(1))
	dead.counts(at(1), total, 0, 0)
	same(t, "tail", dead.stats(at(1)).Tail, total)
	seen := map[string]bool{}
	for _, letter := range dead.after(at(1), "") {
		seen[string(letter.Body)] = true
		same(t, "count of a dead letter", letter.Claims, 0)
	}
	same(t, "dead letters", len(seen), total)
}

func raceCreators(t T, d storage.Driver) {
	q := absent(t, d, storage.QueueID{Project: project, Name: "jobs"})
	won := race(t, func(ctx context.Context, member int) (bool, error) {
		return d.CreateQueue(ctx, storage.Queue{ID: q.id, Epoch: uint32(member + 1), Created: at(member)})
	})
	q.isRecorded(storage.Queue{ID: q.id, Epoch: uint32(won + 1), Version: 1, Created: at(won)})
	count, err := d.CountQueues(t.Context(), project)
	answers(t, "CountQueues", err, nil)
	same(t, "queues", count, 1)
}

func raceMetadata(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	won := race(t, func(ctx context.Context, member int) (bool, error) {
		err := d.SetMetadata(ctx, q.id, fmt.Append(nil, member), 1)
		if errors.Is(err, storage.ErrChanged) {
			return false, nil
		}
		return err == nil, err
	})
	q.isRecorded(storage.Queue{ID: q.id, Epoch: q.epoch, Version: 2, Metadata: fmt.Append(nil, won), Created: at(0)})
}

func racePosts(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	for i, once := range []storage.Once{{Key: "k", Until: far()}, {Producer: "p", Seq: 1, Until: far()}} {
		race(t, func(ctx context.Context, member int) (bool, error) {
			posted, err := d.PostMessages(ctx, storage.Post{Queue: q.id, Now: at(0), Drafts: texts("a", "b"), Once: once})
			first := q.position(storage.Position(1 + 2*i))
			if err == nil && (len(posted.IDs) != 2 || posted.IDs[0] != first) {
				err = fmt.Errorf("the post answered %q, want %s and the next", posted.IDs, first)
			}
			return !posted.Again, err
		})
	}
	q.shows(at(1), "a", "b", "a", "b")
}

func raceClaims(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	q.post(at(0), texts("a", "b", "c", "d", "e")...)
	c := newCrowd(t)
	c.enter(8, func(ctx context.Context, _ int) error {
		got, err := d.CreateClaim(ctx, q.order("c", at(0), 2))
		if err == nil && (len(got.Messages) != 2 || string(got.Messages[0].Body) != "a") {
			err = fmt.Errorf("the order was answered with %q", bodies(got.Messages))
		}
		return err
	})
	c.run()
	q.shows(at(0), "c", "d", "e")
}

func raceSubscribers(t T, d storage.Driver) {
	q := newQueue(t, d, "jobs")
	won := race(t, func(ctx context.Context, member int) (bool, error) {
		s := subscription(fmt.Sprint(member))
		s.Queue, s.Subscriber = q.id, "http://same/"
		_, created, err := d.CreateSubscription(ctx, s, at(0))
		return created, err
	})
	q.hasSubscriptions(at(0), fmt.Sprint(won))
}
