package push_test

import (
	"fmt"
	"math/rand/v2"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackforge/marconi/core/push"
)

// handed posts and hands over what was posted.
func (s *shelf) handed(texts ...string) {
	p := s.Post("book")
	items := s.write(texts...)
	if p != nil {
		p.Done(1, items)
	}
}

// What is handed over is not read.
func TestHandedOver(t *testing.T) {
	open(t, func(s *shelf) {
		same(t, "nobody listens", s.Post("book") == nil, true)
		r := s.listen(push.Place{Life: 1}, false)
		sameTexts(t, "live", r.all(), "live")
		reads, _ := s.counts()
		for i := range 100 {
			s.handed(fmt.Sprint(i))
		}
		sameTexts(t, "handed over", r.all(), texts(0, 99)...)
		again, _ := s.counts()
		same(t, "reads", again-reads, 0)
		r.Close()
		same(t, "nobody listens any more", s.Post("book") == nil, true)
	})
}

// Posts that overlap come in any order, and are told in that of the log.
func TestHandedOverOutOfOrder(t *testing.T) {
	open(t, func(s *shelf) {
		r := s.listen(push.Place{Life: 1}, false)
		sameTexts(t, "live", r.all(), "live")
		reads, _ := s.counts()
		first, second, third := s.Post("book"), s.Post("book"), s.Post("book")
		one, two, three := s.write("1"), s.write("2", "3"), s.write("4")
		third.Done(1, three)
		second.Done(1, two)
		sameTexts(t, "before the first", r.all())
		first.Done(1, one)
		sameTexts(t, "after it", r.all(), "1", "2", "3", "4")
		again, _ := s.counts()
		same(t, "reads", again-reads, 0)
	})
}

// What another process posts in between is read, as soon as it is certain that it
// is another's.
func TestHandedOverAroundAnother(t *testing.T) {
	open(t, func(s *shelf) {
		r := s.listen(push.Place{Life: 1}, false)
		sameTexts(t, "live", r.all(), "live")
		before := s.Post("book")
		s.write("another's")
		sameTexts(t, "it may be what is posted here", r.all())
		after := s.Post("book")
		mine := s.write("mine")
		before.Done(0, nil) // it failed
		sameTexts(t, "it is not", r.all(), "another's", "mine")
		after.Done(1, mine)
		sameTexts(t, "once", r.all())
	})
}

// What is handed over while it is being read is told once.
func TestHandedOverWhileReading(t *testing.T) {
	open(t, func(s *shelf) {
		r := s.listen(push.Place{Life: 1}, false)
		sameTexts(t, "live", r.all(), "live")
		s.slow = time.Millisecond
		mine, other := s.Post("book"), s.Post("book")
		items := s.write("1")
		other.Done(0, nil)
		s.Post("book").Done(0, nil) // now as many have ended as had begun
		synctest.Wait()
		mine.Done(1, items)
		sameTexts(t, "before it is read", r.all(), "1")
		<-time.After(2 * time.Millisecond)
		sameTexts(t, "after", r.all())
		s.handed("2")
		sameTexts(t, "then", r.all(), "2")
	})
}

// A post that hangs, or that nobody waits for, keeps nothing from being told for
// long, and is told once if it ends after all.
func TestHandedOverTooLate(t *testing.T) {
	open(t, func(s *shelf) {
		r := s.listen(push.Place{Life: 1}, false)
		sameTexts(t, "live", r.all(), "live")
		hangs := s.Post("book")
		s.write("another's")
		<-time.After(2 * time.Second)
		sameTexts(t, "told", r.all(), "another's")
		mine := s.write("mine")
		<-time.After(2 * time.Second)
		sameTexts(t, "told", r.all(), "mine")
		hangs.Done(1, mine)
		s.handed("next")
		sameTexts(t, "then", r.all(), "next")
	})
}

// Posts that overlap for ever do not keep another's from being told.
func TestHandedOverWithoutEnd(t *testing.T) {
	open(t, func(s *shelf) {
		r := s.listen(push.Place{Life: 1}, false)
		sameTexts(t, "live", r.all(), "live")
		last := s.Post("book")
		s.write("another's")
		for i := range 10 {
			next := s.Post("book")
			last.Done(1, s.write(fmt.Sprint(i)))
			last = next
		}
		sameTexts(t, "told", r.all(), append([]string{"another's"}, texts(0, 9)...)...)
		last.Done(0, nil)
	})
}

// A life that nobody knew of is read, whoever hands it over.
func TestHandedOverOfAnotherLife(t *testing.T) {
	open(t, func(s *shelf) {
		s.write("old")
		r := s.listen(push.Place{Life: 1, At: 1}, false)
		sameTexts(t, "live", r.all(), "live")
		s.begin(2)
		p := s.Post("book")
		p.Done(2, s.write("new"))
		sameTexts(t, "told", r.all(), "gap 1.2-2.0", "new")
	})
}

// However much is posted while nobody is woken, no more than the chain holds is
// kept; the rest is read.
func TestHandedOverTooMuch(t *testing.T) {
	open(t, func(s *shelf) {
		r := s.listen(push.Place{Life: 1}, false)
		sameTexts(t, "live", r.all(), "live")
		awake, blocked := make(chan struct{}), false
		block := s.Listen("book", push.Place{Life: 1}, false, func() {
			if blocked {
				<-awake
			}
		})
		synctest.Wait()
		block.Take(nil, 1)
		block.Take(nil, 1)
		blocked = true
		const n = 4 * push.MaxItems
		for i := range n {
			s.handed(fmt.Sprint(i)) // nobody who posts waits
		}
		reads, _ := s.counts()
		close(awake)
		got := r.all()
		again, _ := s.counts()
		same(t, "the rest is read", again > reads, true)
		if last := len(got) - 1; got[last] == "live" {
			got = got[:last]
		}
		sameTexts(t, "told", got, texts(0, n-1)...)
	})
}

// Many post, here and elsewhere, and many listen at their own speed: each hears
// everything once, in order.
func TestCrowd(t *testing.T) {
	open(t, func(s *shelf) {
		s.slow = 300 * time.Microsecond
		const posts, posters, listeners = 100, 6, 12
		var all sync.WaitGroup
		for range listeners {
			all.Go(func() { s.hearAll(posts * posters) })
		}
		for i := range posters {
			all.Go(func() { s.postMany(posts, i%2 == 0) })
		}
		all.Wait()
	})
}

func (s *shelf) postMany(n int, here bool) {
	for range n {
		if here {
			s.handed("x")
		} else {
			s.write("x")
		}
		if rand.IntN(10) == 0 {
			<-time.After(time.Duration(rand.IntN(1000)) * time.Microsecond)
		}
	}
}

// hearAll listens from the beginning, and now and then again from where it was.
func (s *shelf) hearAll(n int) {
	var at push.Place
	for at.At < uint64(n) {
		bell := make(chan struct{}, 1)
		l := s.Listen("book", at, false, func() {
			select {
			case bell <- struct{}{}:
			default:
			}
		})
		for leave := rand.IntN(200); leave > 0 && at.At < uint64(n); leave-- {
			news := l.Take(nil, 1+rand.IntN(20))
			if len(news) == 0 {
				<-bell
			}
			for _, p := range news {
				if p.Kind == push.Told && p.To.At != at.At+1 || p.Kind == push.Gap {
					s.t.Errorf("told %v of %v to %v after %v", p.Kind, p.From, p.To, at)
				}
				at = p.To
			}
		}
		l.Close()
	}
}
