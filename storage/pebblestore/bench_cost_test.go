package pebblestore_test

import (
	"fmt"
	"testing"

	"github.com/cockroachdb/pebble/v2/vfs"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/pebblestore"
	"github.com/stackforge/marconi/storage/storagetest"
)

// BenchmarkStore is on the disk.
func BenchmarkStore(b *testing.B) {
	storagetest.Bench(b, func(b *testing.B) storage.Driver { return open(b, pebblestore.Config{Dir: b.TempDir()}) })
}

// BenchmarkCost shows what a call costs beside what there is: messages that
// wait, messages that are held, and other queues. The file system is in memory,
// so that it is the store's work that is measured.
func BenchmarkCost(b *testing.B) {
	for _, c := range []struct{ waiting, held, queues int }{
		{0, 0, 1}, {10_000, 0, 1}, {1_000_000, 0, 1}, {10_000, 100_000, 1}, {10_000, 0, 10_000},
	} {
		b.Run(fmt.Sprintf("waiting=%d/held=%d/queues=%d", c.waiting, c.held, c.queues), func(b *testing.B) {
			p := crowd(b, c.waiting, c.held, c.queues)
			b.Run("list", p.bench(p.list))
			b.Run("list after a marker", p.bench(p.listAfter))
			b.Run("get", p.bench(p.get))
			b.Run("stats", p.bench(p.stats))
			b.Run("post", p.bench(p.post))
			b.Run("claim+delete", p.bench(p.claimAndDelete))
		})
	}
}

// crowded is a store with something in it.
type crowded struct {
	*testing.B
	s      *pebblestore.Store
	id     storage.QueueID
	last   string // the ID of the last message
	claims int
}

func crowd(b *testing.B, waiting, held, queues int) *crowded {
	p := &crowded{B: b, s: open(b, pebblestore.Config{Dir: "store", FS: vfs.NewMem()})}
	b.Cleanup(func() { _ = p.s.Close() })
	for n := range queues {
		p.id = newQueue(b, p.s, fmt.Sprint("queue", n))
	}
	p.fill(held)
	for n := 0; n < held; n += 100 {
		p.claim(100)
	}
	p.fill(waiting)
	if p.last == "" {
		p.fill(20)
	}
	if err := p.s.Quiet(); err != nil {
		b.Fatal(err)
	}
	return p
}

func (p *crowded) fill(n int) {
	list := make([]storage.Draft, 1000)
	for i := range list {
		list[i] = storage.Draft{Body: []byte("a body of about a hundred bytes, as it may be posted by some service to be done by another one"), Expires: second(9999)}
	}
	for ; n > 0; n -= 1000 {
		posted, err := p.s.PostMessages(p.Context(), storage.Post{Queue: p.id, ClientID: "c", Now: second(1), Drafts: list[:min(n, 1000)]})
		if err != nil {
			p.Fatal(err)
		}
		p.last = posted.IDs[len(posted.IDs)-1]
	}
}

func (p *crowded) bench(call func() error) func(*testing.B) {
	return func(b *testing.B) {
		for b.Loop() {
			if err := call(); err != nil {
				b.Fatal(err)
			}
		}
	}
}

func (p *crowded) claim(limit int) []storage.Message {
	p.claims++
	c, err := p.s.CreateClaim(p.Context(), storage.ClaimOrder{
		ID: fmt.Sprint("claim", p.claims), Queue: p.id, Now: second(1), Expires: second(999), Keep: second(999), Limit: limit,
	})
	if err != nil {
		p.Fatal(err)
	}
	return c.Messages
}

func (p *crowded) post() error {
	p.fill(1)
	return nil
}

// claimAndDelete keeps the number of messages as it is.
func (p *crowded) claimAndDelete() error {
	p.fill(20)
	var ids []string
	for _, m := range p.claim(20) {
		ids = append(ids, m.ID)
	}
	return p.s.DeleteMessages(p.Context(), p.id, ids, []string{fmt.Sprint("claim", p.claims)}, second(1))
}

func (p *crowded) list() error {
	_, err := p.s.ListMessages(p.Context(), storage.MessageFilter{Queue: p.id, Now: second(1), Limit: 20})
	return err
}

func (p *crowded) listAfter() error {
	m, _ := storage.ParseMarker(p.last)
	m.Position -= min(m.Position, 20)
	_, err := p.s.ListMessages(p.Context(), storage.MessageFilter{Queue: p.id, Now: second(1), Limit: 20, Marker: m.String(), IncludeClaimed: true})
	return err
}

func (p *crowded) get() error {
	_, err := p.s.GetMessages(p.Context(), p.id, []string{p.last}, second(1))
	return err
}

func (p *crowded) stats() error {
	_, err := p.s.QueueStats(p.Context(), p.id, second(1))
	return err
}
