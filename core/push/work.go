package push

import "sync"

// job is work for a worker: a feed or a listener. It is in a queue at most once.
type job interface{ do() }

// work is what waits for a worker. Feeds and listeners take turns, so that many
// who are behind do not delay the news.
type work struct {
	mu     sync.Mutex
	more   sync.Cond
	queues [2]fifo
	turn   int
	ended  bool
}

const (
	ofFeeds = iota
	ofListeners
)

func (w *work) add(queue int, j job) {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.ended {
		return
	}
	w.queues[queue].push(j)
	w.more.Signal()
}

// next waits for a job. It is nil when the work has ended.
func (w *work) next() job {
	w.mu.Lock()
	defer w.mu.Unlock()
	for !w.ended {
		w.turn = 1 - w.turn
		for _, q := range []int{w.turn, 1 - w.turn} {
			if j := w.queues[q].pop(); j != nil {
				return j
			}
		}
		w.more.Wait()
	}
	return nil
}

func (w *work) end() {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.ended = true
	w.queues = [2]fifo{}
	w.more.Broadcast()
}

// fifo is a queue that keeps little memory when it is empty.
type fifo struct {
	jobs []job
	head int
}

func (f *fifo) push(j job) {
	f.jobs = append(f.jobs, j)
}

func (f *fifo) pop() job {
	if f.head == len(f.jobs) {
		return nil
	}
	j := f.jobs[f.head]
	f.jobs[f.head] = nil
	f.head++
	switch {
	case f.head == len(f.jobs):
		f.jobs, f.head = nil, 0
	case f.head >= 1024 && f.head*2 >= len(f.jobs):
		f.jobs, f.head = append([]job(nil), f.jobs[f.head:]...), 0
	}
	return j
}
