package push_test

import (
	"fmt"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackforge/marconi/core/push"
)

func texts(from, to int) []string {
	var out []string
	for i := from; i <= to; i++ {
		out = append(out, fmt.Sprint(i))
	}
	return out
}

func TestLive(t *testing.T) {
	open(t, func(s *shelf) {
		s.write(texts(1, 3)...)
		now, later := s.listen(push.Place{Life: 1, At: 3}, false), s.listen(push.Place{Life: 1, At: 1}, false)
		first := s.listen(push.Place{}, true)
		sameTexts(t, "from now on", now.all(), "live")
		sameTexts(t, "from a place", later.all(), "2", "3", "live")
		sameTexts(t, "from the beginning", first.all(), "1", "2", "3", "live")
		reads, _ := s.counts()
		s.write(texts(4, 5)...)
		for _, r := range []*reader{now, later, first} {
			sameTexts(t, "live", r.all(), "4", "5")
		}
		again, _ := s.counts()
		same(t, "reads for all", again-reads, 1)
	})
}

// Who wants nothing gets nothing, whatever there is.
func TestTakeNothing(t *testing.T) {
	open(t, func(s *shelf) {
		s.write("1")
		r := s.listen(push.Place{Life: 1}, false)
		synctest.Wait()
		same(t, "taken", len(r.Take(nil, 0)), 0)
		sameTexts(t, "then", r.all(), "1", "live")
	})
}

// While nothing happens, nothing is read.
func TestQuiet(t *testing.T) {
	open(t, func(s *shelf) {
		s.write(texts(1, 3)...)
		r := s.listen(push.Place{Life: 1, At: 3}, false)
		sameTexts(t, "from now on", r.all(), "live")
		reads, looks := s.counts()
		<-time.After(24 * time.Hour)
		r2, l2 := s.counts()
		same(t, "reads", r2, reads)
		same(t, "looks", l2, looks)
		same(t, "woken", r.woken, 1)
	})
}

func TestGaps(t *testing.T) {
	open(t, func(s *shelf) {
		s.write(texts(1, 9)...)
		s.erase(1, 2, 5, 8, 9)
		sameTexts(t, "from a place", s.listen(push.Place{Life: 1}, false).all(), "gap 1.1-1.2", "3", "4", "gap 1.5-1.5", "6", "7", "gap 1.8-1.9", "live")
		sameTexts(t, "from the beginning", s.listen(push.Place{}, true).all(), "3", "4", "gap 1.5-1.5", "6", "7", "gap 1.8-1.9", "live")
		sameTexts(t, "from another life", s.listen(push.Place{Life: 7, At: 4}, false).all(),
			"gap 7.5-1.2", "3", "4", "gap 1.5-1.5", "6", "7", "gap 1.8-1.9", "live")
		sameTexts(t, "from beyond the end", s.listen(push.Place{Life: 1, At: 99}, false).all(), "live")
	})
}

func (b *book) begin(life uint32) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.life, b.tail, b.items = life, 0, map[uint64]string{}
	if life == 0 {
		b.tell(push.Event{})
	}
}

func TestLives(t *testing.T) {
	open(t, func(s *shelf) {
		s.write("1")
		r := s.listen(push.Place{Life: 1, At: 1}, false)
		sameTexts(t, "live", r.all(), "live")
		s.begin(0)
		late := s.listen(push.Place{}, false)
		sameTexts(t, "nothing is told of the end", r.all())
		sameTexts(t, "a listener to nothing", late.all(), "live")
		s.begin(2)
		s.write("a", "b")
		s.erase(1)
		sameTexts(t, "another life", r.all(), "gap 1.2-2.1", "b")
		sameTexts(t, "the first life", late.all(), "gap 2.1-2.1", "b")
	})
}

// A listener that takes nothing holds up nobody and no memory: it reads on where
// it was.
func TestSlow(t *testing.T) {
	open(t, func(s *shelf) {
		slow, quick := s.listen(push.Place{Life: 1}, false), s.listen(push.Place{Life: 1}, false)
		sameTexts(t, "slow", slow.all(), "live")
		sameTexts(t, "quick", quick.all(), "live")
		const n = 3 * push.MaxItems
		for i := range n {
			s.write(fmt.Sprint(i))
			sameTexts(t, "quick", quick.all(), fmt.Sprint(i))
		}
		same(t, "woken while it took nothing", slow.woken, 2)
		reads, _ := s.counts()
		sameTexts(t, "slow", slow.all(), append(texts(0, n-1), "live")...)
		again, _ := s.counts()
		same(t, "nothing was kept for it", again-reads >= n/64, true)
		s.write("x")
		sameTexts(t, "both are live", append(slow.all(), quick.all()...), "x", "x")
	})
}

// What is larger than the chain may be is told all the same.
func TestLarge(t *testing.T) {
	open(t, func(s *shelf) {
		r := s.listen(push.Place{Life: 1}, false)
		sameTexts(t, "live", r.all(), "live")
		var want []string
		for i := range 6 {
			want = append(want, strings.Repeat(fmt.Sprint(i), push.MaxBytes/2+1))
			s.write(want[i])
		}
		got := r.all()
		if len(got) == 7 && got[6] == "live" {
			got = got[:6]
		}
		sameTexts(t, "large", got, want...)
	})
}

// A burst longer than the chain is read by each at its own speed.
func TestBurst(t *testing.T) {
	open(t, func(s *shelf) {
		r := s.listen(push.Place{Life: 1}, false)
		sameTexts(t, "live", r.all(), "live")
		s.write(texts(1, 5*push.MaxItems)...)
		sameTexts(t, "burst", r.all(), append(texts(1, 5*push.MaxItems), "live")...)
	})
}

// Who takes what comes while others are still being woken keeps up.
func TestQuickerThanWaking(t *testing.T) {
	open(t, func(s *shelf) {
		r := s.listen(push.Place{Life: 1}, false)
		sameTexts(t, "live", r.all(), "live")
		awake, blocked := make(chan struct{}), false
		others := s.Listen("book", push.Place{Life: 1}, false, func() { // it is woken before r
			if blocked {
				<-awake
			}
		})
		synctest.Wait()
		others.Take(nil, 1)
		others.Take(nil, 1)
		blocked = true
		s.handed("1")
		sameTexts(t, "while another is woken", r.all(), "1")
		s.handed("2")
		sameTexts(t, "and then", r.all(), "2")
		reads, _ := s.counts()
		close(awake)
		s.handed("3")
		sameTexts(t, "in the end", r.all(), "3")
		again, _ := s.counts()
		same(t, "reads", again-reads, 0)
	})
}

// Where the log ended before anybody listened is no news to who comes meanwhile.
func TestLookedForAnother(t *testing.T) {
	open(t, func(s *shelf) {
		first := s.listen(push.Place{Life: 1}, false)
		sameTexts(t, "live", first.all(), "live")
		s.late = time.Second
		s.mu.Lock()
		s.tell(push.Event{Lost: true})
		s.mu.Unlock()
		synctest.Wait()
		s.write("1") // after the look has begun
		first.Close()
		second := s.listen(push.Place{Life: 1}, false)
		<-time.After(5 * time.Second)
		sameTexts(t, "heard", second.all(), "1", "live")
	})
}

// Many who read the same read it once.
func TestReadingsAreShared(t *testing.T) {
	open(t, func(s *shelf) {
		s.write(texts(1, 200)...)
		var all []*reader
		for range 100 {
			all = append(all, s.listen(push.Place{Life: 1}, false))
		}
		for _, r := range all {
			synctest.Wait()
			r.Take(nil, 1000)
		}
		for _, r := range all {
			rest := r.all()
			sameTexts(t, "the end", rest[len(rest)-2:], "200", "live")
		}
		if reads, _ := s.counts(); reads > 100 {
			t.Errorf("%d reads for 100 listeners to 4 pages", reads)
		}
	})
}

func TestDue(t *testing.T) {
	open(t, func(s *shelf) {
		s.mu.Lock()
		s.due = time.Now().Add(time.Minute)
		s.mu.Unlock()
		r := s.listen(push.Place{Life: 1}, false)
		sameTexts(t, "live", r.all(), "live")
		<-time.After(time.Minute - time.Millisecond)
		s.mu.Lock()
		s.due, s.tail, s.items[1] = time.Time{}, 1, "due" // without an event
		s.mu.Unlock()
		sameTexts(t, "before it is due", r.all())
		<-time.After(2 * time.Millisecond)
		sameTexts(t, "when it is due", r.all(), "due")
		s.mu.Lock()
		s.tell(push.Event{Life: 1, Due: time.Now().Add(time.Second)})
		s.tail, s.items[2] = 2, "told of"
		s.mu.Unlock()
		<-time.After(2 * time.Second)
		sameTexts(t, "by an event", r.all(), "told of")
	})
}

// A log that has lost its end, as after a failover, goes on from there.
func TestLostEnd(t *testing.T) {
	open(t, func(s *shelf) {
		s.write(texts(1, 5)...)
		r := s.listen(push.Place{Life: 1}, false)
		sameTexts(t, "live", r.all(), "1", "2", "3", "4", "5", "live")
		s.mu.Lock()
		s.tail = 3
		delete(s.items, 4)
		delete(s.items, 5)
		s.tell(push.Event{Lost: true})
		s.mu.Unlock()
		r.all()
		s.write("new 4")
		sameTexts(t, "after", r.all(), "new 4")
	})
}

// What was handed over before the log lost its end is in it no more.
func TestLostWhatWasHandedOver(t *testing.T) {
	open(t, func(s *shelf) {
		r := s.listen(push.Place{Life: 1}, false)
		sameTexts(t, "live", r.all(), "live")
		first, second := s.Post("book"), s.Post("book")
		s.write("old 1")
		second.Done(1, s.write("old 2"))
		s.mu.Lock()
		s.tail = 0
		clear(s.items)
		s.tell(push.Event{Lost: true})
		s.mu.Unlock()
		first.Done(0, nil)
		sameTexts(t, "lost", r.all())
		s.handed("new 1")
		s.handed("new 2")
		sameTexts(t, "after", r.all(), "new 1", "new 2")
	})
}

func TestEnd(t *testing.T) {
	open(t, func(s *shelf) {
		r, idle := s.listen(push.Place{Life: 1}, false), s.listen(push.Place{Life: 1}, false)
		sameTexts(t, "live", r.all(), "live")
		idle.all()
		r.End("why")
		r.End("again")
		sameTexts(t, "end", r.all(), "end why")
		s.write("1")
		sameTexts(t, "after the end", r.all())
		r.Close()
		r.Close()
		s.stop()
		sameTexts(t, "the hub has ended", idle.all(), "end stopped")
	})
}

func TestClosed(t *testing.T) {
	open(t, func(s *shelf) {
		r := s.listen(push.Place{Life: 1}, false)
		sameTexts(t, "live", r.all(), "live")
		same(t, "followed", s.followed(), 1)
		woken := r.woken
		r.Close()
		s.write("1")
		sameTexts(t, "closed", r.all())
		same(t, "woken", r.woken, woken)
		<-time.After(4 * time.Second)
		same(t, "it is followed a little longer", s.followed(), 1)
		again := s.listen(push.Place{Life: 1, At: 1}, false)
		sameTexts(t, "again", again.all(), "live")
		<-time.After(4 * time.Second)
		same(t, "it is followed", s.followed(), 1)
		same(t, "as before", s.followers, 1)
		again.Close()
		<-time.After(6 * time.Second)
		synctest.Wait()
		same(t, "followed by nobody", s.followed(), 0)
	})
}

// What fails is tried again, and nothing is lost by it.
func TestBroken(t *testing.T) {
	open(t, func(s *shelf) {
		s.breaks(errBroken)
		s.write("1")
		r := s.listen(push.Place{Life: 1}, false)
		<-time.After(5 * time.Second)
		sameTexts(t, "broken", r.all())
		s.breaks(nil)
		<-time.After(2 * time.Second)
		sameTexts(t, "mended", r.all(), "1", "live")
		s.breaks(errBroken)
		s.write("2")
		<-time.After(5 * time.Second)
		sameTexts(t, "broken", r.all())
		s.breaks(nil)
		<-time.After(2 * time.Second)
		sameTexts(t, "mended", r.all(), "2")
		if s.failed < 6 || s.failed > 14 {
			t.Errorf("failed %d times in 10 s", s.failed)
		}
	})
}

func (b *book) breaks(err error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.broken = err
}
