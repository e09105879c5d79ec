package memstore_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/memstore"
)

// TestLongLog holds the log and its free messages, when there are thousands of
// them, against a slice.
func TestLongLog(t *testing.T) {
	t.Parallel()
	for seed := range uint64(2) {
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			g := &longLog{
				T:      t,
				Store:  memstore.New(memstore.Config{}),
				random: rand.New(rand.NewPCG(seed, 1)),
				claims: make(map[string][]string),
			}
			g.queue = newQueue(t, g.Store, "jobs")
			for step := range 200 {
				g.step(step)
			}
			g.check()
		})
	}
}

type longLog struct {
	*testing.T
	*memstore.Store
	random *rand.Rand
	queue  storage.QueueID
	posted int
	log    []string            // IDs in the order of the log
	claims map[string][]string // their IDs
}

func (g *longLog) step(step int) {
	switch g.random.IntN(5) {
	case 0, 1:
		g.post(g.random.IntN(400))
	case 2:
		g.delete(g.random.IntN(300))
	case 3:
		g.claim(fmt.Sprint("claim ", step), 1+g.random.IntN(300))
	case 4:
		g.release()
	}
	if step%20 == 0 {
		g.check()
	}
}

func (g *longLog) post(n int) {
	p := storage.Post{Queue: g.queue, Now: at(0)}
	for range n {
		g.posted++
		// The expiries rise and fall, so that their order is not that of the posts.
		p.Drafts = append(p.Drafts, storage.Draft{Expires: at(1000 + g.posted*7919%5000)})
	}
	posted, err := g.PostMessages(g.Context(), p)
	if err != nil {
		g.Fatal(err)
	}
	g.log = append(g.log, posted.IDs...)
}

// delete deletes a stretch of the log, which may hold claimed messages.
func (g *longLog) delete(n int) {
	from := g.random.IntN(len(g.log) + 1)
	gone := slices.Clone(g.log[from:min(from+n, len(g.log))])
	if err := g.DeleteMessages(g.Context(), g.queue, gone, nil, at(0)); err != nil {
		g.Fatal(err)
	}
	g.log = slices.Delete(g.log, from, from+len(gone))
	deleted := setOf(gone)
	for claim, ids := range g.claims {
		left := slices.DeleteFunc(ids, func(id string) bool { return deleted[id] })
		if g.claims[claim] = left; len(left) == 0 {
			delete(g.claims, claim)
		}
	}
}

func (g *longLog) claim(id string, n int) {
	free := g.free()
	want := free[:min(n, len(free))]
	c, err := g.CreateClaim(g.Context(), storage.ClaimOrder{
		ID: id, Queue: g.queue, Now: at(0), Expires: at(500), Keep: at(500), Limit: n,
	})
	if err != nil || !slices.Equal(idsOf(c.Messages), want) {
		g.Fatalf("CreateClaim: %d messages, %v; want %d", len(c.Messages), err, len(want))
	}
	if len(want) > 0 {
		g.claims[id] = slices.Clone(want)
	}
}

func (g *longLog) release() {
	for claim := range g.claims {
		if err := g.ReleaseClaim(g.Context(), g.queue, claim, at(0), at(0)); err != nil {
			g.Fatal(err)
		}
		delete(g.claims, claim)
		return
	}
}

// free are the messages of the log that are in no claim.
func (g *longLog) free() []string {
	held := setOf(slices.Concat(slices.Collect(maps.Values(g.claims))...))
	return slices.DeleteFunc(slices.Clone(g.log), func(id string) bool { return held[id] })
}

func (g *longLog) check() {
	g.Helper()
	g.same(g.log, g.list("", true))
	g.same(g.free(), g.list("", false))
	if len(g.log) == 0 {
		return
	}
	i := g.random.IntN(len(g.log))
	g.same(g.log[i+1:], g.list(g.log[i], true))
	ms, err := g.GetMessages(g.Context(), g.queue, g.log[i:i+1], at(0))
	if err != nil {
		g.Fatal(err)
	}
	g.same(g.log[i:i+1], idsOf(ms))
}

func (g *longLog) list(marker string, claimed bool) []string {
	page, err := g.ListMessages(g.Context(), storage.MessageFilter{
		Queue: g.queue, Now: at(0), Marker: marker, Limit: g.posted + 1, IncludeClaimed: claimed,
	})
	if err != nil {
		g.Fatal(err)
	}
	return idsOf(page.Items)
}

func (g *longLog) same(want, got []string) {
	g.Helper()
	if !slices.Equal(want, got) {
		g.Fatalf("%d messages, or others than the %d that are there", len(got), len(want))
	}
}

func setOf(ids []string) map[string]bool {
	set := make(map[string]bool, len(ids))
	for _, id := range ids {
		set[id] = true
	}
	return set
}

func idsOf(ms []storage.Message) []string {
	ids := make([]string, len(ms))
	for i, m := range ms {
		ids[i] = m.ID
	}
	return ids
}
