package pebblestore_test

import (
	"bytes"
	"encoding/binary"
	"math/rand/v2"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/cockroachdb/pebble/v2"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/pebblestore"
)

// direct is the program that the store is measured against: the same duties,
// written by hand for one kind of traffic, with the same settings of Pebble.
// Posts are numbered, messages carry an expiry and a client, claims are recorded
// and hand out bodies, deletions take message and claim away, everything is
// durable before it is answered, and many callers share an fsync.
type direct struct {
	db     *pebble.DB
	queues [benchQueues]directQueue
	work   chan directWork
	done   sync.WaitGroup
}

type directQueue struct {
	mu   sync.Mutex
	tail uint64        // the last number given
	free []uint64      // durable and not claimed, in order
	_    [64 - 40]byte // queues do not share a cache line
}

type directWork struct {
	fill func(*pebble.Batch)
	done chan error
}

const benchQueues = 16

func openDirect(b *testing.B, dir string) *direct {
	o := pebblestore.PebbleOptions()
	db, err := pebble.Open(dir, o)
	if err != nil {
		b.Fatal(err)
	}
	d := &direct{db: db, work: make(chan directWork, 1024)}
	d.done.Add(1)
	go d.commit()
	return d
}

// commit shares fsyncs.
func (d *direct) commit() {
	defer d.done.Done()
	for w := range d.work {
		group := []directWork{w}
		batch := d.db.NewBatch()
		w.fill(batch)
		for more := true; more && len(group) < 512 && batch.Len() < 1<<20; {
			select {
			case w, ok := <-d.work:
				if more = ok; ok {
					group = append(group, w)
					w.fill(batch)
				}
			default:
				more = false
			}
		}
		err := batch.Commit(pebble.Sync)
		for _, w := range group {
			w.done <- err
		}
		_ = batch.Close()
	}
}

func (d *direct) do(fill func(*pebble.Batch)) error {
	done := make(chan error, 1)
	d.work <- directWork{fill, done}
	return <-done
}

func (d *direct) close(b *testing.B) {
	close(d.work)
	d.done.Wait()
	if err := d.db.Close(); err != nil {
		b.Error(err)
	}
}

func directKey(kind byte, queue int, n uint64) []byte {
	k := make([]byte, 13)
	k[0] = kind
	binary.BigEndian.PutUint32(k[1:], uint32(queue))
	binary.BigEndian.PutUint64(k[5:], n)
	return k
}

func (d *direct) post(queue int, bodies [][]byte) error {
	q := &d.queues[queue]
	q.mu.Lock()
	first := q.tail + 1
	q.tail += uint64(len(bodies))
	q.mu.Unlock()
	err := d.do(func(batch *pebble.Batch) {
		for i, body := range bodies {
			value := make([]byte, 0, len(body)+48)
			value = binary.BigEndian.AppendUint64(value, 2_000_000_000_000)
			value = append(append(value, "client-4711-4711-4711-471147114711"...), body...)
			_ = batch.Set(directKey('m', queue, first+uint64(i)), value, nil)
		}
	})
	if err != nil {
		return err
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	for i := range bodies {
		q.free = append(q.free, first+uint64(i))
	}
	return nil
}

func (d *direct) claim(queue, limit int) (ids []uint64, bodies [][]byte, err error) {
	q := &d.queues[queue]
	q.mu.Lock()
	n := min(limit, len(q.free))
	ids = append(ids, q.free[:n]...)
	q.free = q.free[n:]
	q.mu.Unlock()
	if n == 0 {
		return nil, nil, nil
	}
	it, err := d.db.NewIter(&pebble.IterOptions{LowerBound: directKey('m', queue, 0), UpperBound: directKey('m', queue, 1<<63)})
	if err != nil {
		return nil, nil, err
	}
	for _, id := range ids {
		if it.SeekGE(directKey('m', queue, id)) {
			bodies = append(bodies, bytes.Clone(it.Value()))
		}
	}
	if err := it.Close(); err != nil {
		return nil, nil, err
	}
	err = d.do(func(batch *pebble.Batch) {
		record := make([]byte, 0, 24+8*n)
		record = append(record, "claimid-claimid-claimid!"...)
		for _, id := range ids {
			record = binary.BigEndian.AppendUint64(record, id)
		}
		_ = batch.Set(directKey('c', queue, ids[0]), record, nil)
	})
	return ids, bodies, err
}

func (d *direct) delete(queue int, ids []uint64) error {
	return d.do(func(batch *pebble.Batch) {
		for _, id := range ids {
			_ = batch.Delete(directKey('m', queue, id), nil)
		}
		_ = batch.Delete(directKey('c', queue, ids[0]), nil)
	})
}

// callers runs f in 64 goroutines until the benchmark is over.
func callers(b *testing.B, messages int, f func(worker int) error) {
	var left atomic.Int64
	left.Store(int64(b.N))
	var wg sync.WaitGroup
	b.ResetTimer()
	for worker := range 64 {
		wg.Go(func() {
			for left.Add(-1) >= 0 {
				if err := f(worker); err != nil {
					b.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
	b.StopTimer()
	b.ReportMetric(float64(b.N*messages)/b.Elapsed().Seconds(), "msg/s")
}

func noise(n int) [][]byte {
	dice := rand.New(rand.NewPCG(1, 1))
	bodies := make([][]byte, n)
	for i := range bodies {
		bodies[i] = make([]byte, 1024)
		for j := range bodies[i] {
			bodies[i][j] = byte(' ' + dice.IntN(90))
		}
	}
	return bodies
}

func BenchmarkDirectPost1(b *testing.B) {
	d := openDirect(b, b.TempDir())
	defer d.close(b)
	bodies := noise(1)
	callers(b, 1, func(w int) error { return d.post(w%benchQueues, bodies) })
}

func BenchmarkDirectPost20Claim20Delete20(b *testing.B) {
	d := openDirect(b, b.TempDir())
	defer d.close(b)
	bodies := noise(20)
	callers(b, 20, func(w int) error {
		queue := w % benchQueues
		if err := d.post(queue, bodies); err != nil {
			return err
		}
		ids, _, err := d.claim(queue, 20)
		if err != nil || len(ids) == 0 {
			return err
		}
		return d.delete(queue, ids)
	})
}

// bench is a store with the queues of the benchmarks.
type bench struct {
	*pebblestore.Store
	claims atomic.Int64
}

func benchQueue(n int) storage.QueueID {
	return storage.QueueID{Project: "bench", Name: string(rune('a' + n))}
}

func openBench(b *testing.B, dir string) *bench {
	s := &bench{Store: open(b, pebblestore.Config{Dir: dir})}
	for n := range benchQueues {
		if _, err := s.CreateQueue(b.Context(), storage.Queue{ID: benchQueue(n), Epoch: uint32(n + 1), Created: second(0)}); err != nil {
			b.Fatal(err)
		}
	}
	return s
}

func (s *bench) close(b *testing.B) {
	if err := s.Close(); err != nil {
		b.Error(err)
	}
}

func drafts(bodies [][]byte) []storage.Draft {
	list := make([]storage.Draft, len(bodies))
	for i := range list {
		list[i] = storage.Draft{Body: bodies[i], Expires: second(3600)}
	}
	return list
}

func (s *bench) post(b *testing.B, queue int, list []storage.Draft) error {
	_, err := s.PostMessages(b.Context(), storage.Post{
		Queue: benchQueue(queue), ClientID: "client-4711-4711-4711-471147114711", Now: second(1), Drafts: list,
	})
	return err
}

// cycle claims 20 messages and deletes them.
func (s *bench) cycle(b *testing.B, queue int) error {
	id := string(binary.BigEndian.AppendUint64([]byte("claim-claim-"), uint64(s.claims.Add(1))))
	c, err := s.CreateClaim(b.Context(), storage.ClaimOrder{
		ID: id, Queue: benchQueue(queue), Now: second(1), Expires: second(60), Keep: second(60), Limit: 20,
	})
	if err != nil || len(c.Messages) == 0 {
		return err
	}
	ids := make([]string, len(c.Messages))
	for i, m := range c.Messages {
		ids[i] = m.ID
	}
	return s.DeleteMessages(b.Context(), benchQueue(queue), ids, []string{id}, second(1))
}

func BenchmarkPost1(b *testing.B) {
	s := openBench(b, b.TempDir())
	defer s.close(b)
	list := drafts(noise(1))
	callers(b, 1, func(w int) error { return s.post(b, w%benchQueues, list) })
}

func BenchmarkPost20Claim20Delete20(b *testing.B) {
	s := openBench(b, b.TempDir())
	defer s.close(b)
	list := drafts(noise(20))
	callers(b, 20, func(w int) error {
		if err := s.post(b, w%benchQueues, list); err != nil {
			return err
		}
		return s.cycle(b, w%benchQueues)
	})
}

// paced calls post at a rate, about half of what the machine can do, and tells
// how long an answer takes: decided, written, synced, answered.
// STORAGETEST_BENCH_RATE says how many a second.
func paced(b *testing.B, post func(worker int) error) {
	apart := time.Second / time.Duration(setting(b, "STORAGETEST_BENCH_RATE", 20_000))
	var mu sync.Mutex
	var took []time.Duration
	var turn atomic.Int64
	begin := time.Now()
	callers(b, 1, func(w int) error {
		due := begin.Add(time.Duration(turn.Add(1)) * apart)
		<-time.After(time.Until(due))
		err := post(w)
		mu.Lock()
		defer mu.Unlock()
		took = append(took, time.Since(due)) // what it waited for its turn counts
		return err
	})
	slices.Sort(took)
	for name, part := range map[string]float64{"p50-ms": 0.5, "p99-ms": 0.99, "max-ms": 1} {
		b.ReportMetric(float64(took[int(part*float64(len(took)-1))].Microseconds())/1000, name)
	}
}

func BenchmarkDirectPostPaced(b *testing.B) {
	d := openDirect(b, b.TempDir())
	defer d.close(b)
	bodies := noise(1)
	paced(b, func(w int) error { return d.post(w%benchQueues, bodies) })
}

func BenchmarkPostPaced(b *testing.B) {
	s := openBench(b, b.TempDir())
	defer s.close(b)
	list := drafts(noise(1))
	paced(b, func(w int) error { return s.post(b, w%benchQueues, list) })
}
