package loadtest_test

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stackforge/marconi/loadtest"
)

// at is an instant of a history, in milliseconds.
func at(ms int) time.Time { return time.UnixMilli(int64(ms)) }

// items are messages of producer p, with their usual IDs.
func items(seqs ...int) []loadtest.Item {
	out := make([]loadtest.Item, len(seqs))
	for i, seq := range seqs {
		out[i] = loadtest.Item{Producer: "p", Seq: seq, ID: fmt.Sprint("id", seq)}
	}
	return out
}

// event is a request that succeeded, sent at one instant and answered at another.
func event(kind loadtest.Kind, sent, done int, what []loadtest.Item) loadtest.Event {
	return loadtest.Event{Kind: kind, Worker: "w", Queue: "q", Items: what, Sent: at(sent), Done: at(done)}
}

func post(sent, done int, seqs ...int) loadtest.Event {
	return event(loadtest.Posted, sent, done, items(seqs...))
}

func list(sent, done int, seqs ...int) loadtest.Event {
	return event(loadtest.Listed, sent, done, items(seqs...))
}

func pop(sent, done int, seqs ...int) loadtest.Event {
	return event(loadtest.Popped, sent, done, items(seqs...))
}

func claim(id string, sent, done int, seqs ...int) loadtest.Event {
	e := event(loadtest.Claimed, sent, done, items(seqs...))
	e.Claim, e.Holds = id, at(sent+1000)
	return e
}

func remove(id string, sent, done int, seqs ...int) loadtest.Event {
	e := event(loadtest.Deleted, sent, done, items(seqs...))
	e.Claim = id
	return e
}

func release(id string, sent, done int) loadtest.Event {
	e := event(loadtest.Released, sent, done, nil)
	e.Claim = id
	return e
}

func unanswered(e loadtest.Event) loadtest.Event {
	e.Outcome, e.Error = loadtest.Unanswered, "timeout"
	return e
}

func refused(e loadtest.Event) loadtest.Event {
	e.Outcome, e.Error = loadtest.Refused, "400 Bad"
	return e
}

func of(worker string, e loadtest.Event) loadtest.Event {
	e.Worker = worker
	return e
}

func in(queue string, e loadtest.Event) loadtest.Event {
	e.Queue = queue
	return e
}

// found are the numbers of a report's faults.
type found struct {
	lost, torn, unexpected, duplicated, reordered, overlapping, skipped, wrong, unaccounted int
}

func foundIn(r loadtest.Report) found {
	return found{
		len(r.Lost), len(r.Torn), len(r.Unexpected), len(r.Duplicated), len(r.Reordered), len(r.Overlapping), len(r.Skipped), len(r.Wrong),
		r.Unaccounted,
	}
}

var histories = []struct {
	name string
	want found
	ok   bool
	h    []loadtest.Event
}{
	{
		name: "nothing", // shows nothing, so it is not OK
	},
	{
		name: "posted and popped", ok: true,
		h: []loadtest.Event{post(0, 1, 1, 2), pop(2, 3, 1, 2)},
	},
	{
		name: "claimed, released, claimed again and deleted", ok: true,
		h: []loadtest.Event{
			post(0, 1, 1, 2), claim("a", 2, 3, 1, 2), remove("a", 4, 5, 1), release("a", 6, 9),
			of("x", claim("b", 7, 8, 2)), of("x", remove("b", 10, 11, 2)),
		},
	},
	{
		name: "let go, claimed again at its end", ok: true,
		h: []loadtest.Event{post(0, 1, 1), claim("a", 2, 3, 1), of("x", claim("b", 1002, 1003, 1)), of("x", remove("b", 1004, 1005, 1))},
	},
	{
		name: "popped and claimed by those who asked before it was posted", ok: true,
		h: []loadtest.Event{pop(0, 5, 1), of("x", claim("a", 1, 4, 2)), of("y", post(2, 3, 1, 2)), of("x", remove("a", 5, 6, 2))},
	},
	{
		name: "stored and gone", want: found{lost: 1},
		h: []loadtest.Event{post(0, 1, 1, 2), pop(2, 3, 2)},
	},
	{
		name: "claimed, released, and gone", want: found{lost: 1},
		h: []loadtest.Event{post(0, 1, 1, 2), pop(2, 3, 1), claim("a", 4, 5, 2), release("a", 6, 7)},
	},
	{
		name: "claimed, and its deletion refused", want: found{lost: 1},
		h: []loadtest.Event{post(0, 1, 1, 2), claim("a", 2, 3, 1, 2), remove("a", 4, 5, 1), refused(remove("a", 6, 7, 2))},
	},
	{
		name: "gone after a deletion without an answer", ok: true,
		h: []loadtest.Event{post(0, 1, 1, 2), claim("a", 2, 3, 1, 2), remove("a", 4, 5, 1), unanswered(remove("a", 6, 7, 2))},
	},
	{
		name: "three gone after a pop of two without an answer", want: found{lost: 1, unaccounted: 2},
		h: []loadtest.Event{post(0, 1, 1, 2, 3, 4), pop(2, 3, 1), func() loadtest.Event {
			e := unanswered(pop(4, 5))
			e.Limit = 2
			return e
		}()},
	},
	{
		name: "gone from another queue than the pop without an answer", want: found{lost: 1},
		h: []loadtest.Event{post(0, 1, 1, 2), pop(2, 3, 1), func() loadtest.Event {
			e := in("other", unanswered(pop(4, 5)))
			e.Limit = 2
			return e
		}()},
	},
	{
		name: "a post without an answer that was not stored", ok: true,
		h: []loadtest.Event{post(0, 1, 1), unanswered(post(2, 3, 2)), pop(4, 5, 1)},
	},
	{
		name: "a post without an answer that was stored", ok: true,
		h: []loadtest.Event{unanswered(post(0, 1, 1)), post(2, 3, 2), pop(4, 5, 1, 2)},
	},
	{
		name: "half of a post without an answer", want: found{torn: 1},
		h: []loadtest.Event{unanswered(post(0, 1, 1, 2)), post(2, 3, 3), pop(4, 5, 1, 3)},
	},
	{
		name: "half of a post without an answer, of which the rest was perhaps popped", want: found{unaccounted: 1}, ok: true,
		h: []loadtest.Event{unanswered(post(0, 1, 1, 2)), post(2, 3, 3), pop(4, 5, 1, 3), func() loadtest.Event {
			e := unanswered(pop(6, 7))
			e.Limit = 1
			return e
		}()},
	},
	{
		name: "half of a post without an answer is shown to a reader at the end", want: found{skipped: 1},
		h: []loadtest.Event{unanswered(post(0, 1, 1, 2)), of("x", list(2, 3, 1)), of("x", list(4, 5)), pop(6, 7, 1, 2)},
	},
	{
		name: "gone after a pop without an answer, and a reader came by", want: found{unaccounted: 1}, ok: true,
		h: []loadtest.Event{post(0, 1, 1, 2), pop(2, 3, 1), of("x", list(6, 7)), func() loadtest.Event {
			e := unanswered(pop(4, 5))
			e.Limit = 1
			return e
		}()},
	},
	{
		name: "never posted", want: found{unexpected: 1},
		h: []loadtest.Event{post(0, 1, 1), pop(2, 3, 1, 2)},
	},
	{
		name: "refused and yet there", want: found{unexpected: 1},
		h: []loadtest.Event{post(0, 1, 1), refused(post(2, 3, 2)), pop(4, 5, 1, 2)},
	},
	{
		name: "in another queue", want: found{unexpected: 1},
		h: []loadtest.Event{post(0, 1, 1, 2), pop(2, 3, 1, 2), in("other", list(0, 2, 1))},
	},
	{
		name: "damaged", want: found{unexpected: 1, lost: 1},
		h: []loadtest.Event{post(0, 1, 1, 2), pop(2, 3, 1), event(loadtest.Popped, 4, 5, []loadtest.Item{{ID: "id2"}})},
	},
	{
		name: "stored twice", want: found{duplicated: 1},
		h: []loadtest.Event{post(0, 1, 1), event(loadtest.Listed, 2, 3, []loadtest.Item{{Producer: "p", Seq: 1, ID: "other"}}), pop(4, 5, 1)},
	},
	{
		name: "popped twice", want: found{duplicated: 1},
		h: []loadtest.Event{post(0, 1, 1), pop(2, 5, 1), of("x", pop(3, 4, 1))},
	},
	{
		name: "popped and deleted", want: found{duplicated: 1},
		h: []loadtest.Event{post(0, 1, 1), claim("a", 2, 8, 1), of("x", pop(3, 4, 1)), remove("a", 9, 10, 1)},
	},
	{
		name: "deleted twice under one claim", ok: true,
		h: []loadtest.Event{post(0, 1, 1), claim("a", 2, 3, 1), remove("a", 4, 5, 1), remove("a", 6, 7, 1)},
	},
	{
		name: "listed between two deletions", want: found{duplicated: 1},
		h: []loadtest.Event{post(0, 1, 1), claim("a", 2, 3, 1), remove("a", 4, 5, 1), of("x", list(6, 7, 1)), remove("a", 8, 9, 1)},
	},
	{
		name: "claimed after it was deleted", want: found{duplicated: 1},
		h: []loadtest.Event{post(0, 1, 1), claim("a", 2, 3, 1), remove("a", 4, 5, 1), claim("b", 6, 7, 1)},
	},
	{
		name: "listed after it was popped", want: found{duplicated: 1},
		h: []loadtest.Event{post(0, 1, 1), pop(2, 3, 1), list(4, 5, 1)},
	},
	{
		name: "listed while it was popped", ok: true,
		h: []loadtest.Event{post(0, 1, 1), pop(2, 4, 1), of("x", list(3, 5, 1))},
	},
	{
		name: "shown again to one reader, and once to another", want: found{duplicated: 1},
		h: []loadtest.Event{post(0, 1, 1), list(2, 3, 1), list(4, 5, 1), of("x", list(2, 3, 1)), pop(6, 7, 1)},
	},
	{
		name: "twice in one claim", want: found{duplicated: 1},
		h: []loadtest.Event{post(0, 1, 1), claim("a", 2, 3, 1, 1), remove("a", 4, 5, 1)},
	},
	{
		name: "listed in another order", want: found{reordered: 1},
		h: []loadtest.Event{post(0, 1, 1, 2, 3), list(2, 3, 1, 3), list(4, 5, 2), pop(6, 7, 1, 2, 3)},
	},
	{
		name: "popped in another order", want: found{reordered: 1},
		h: []loadtest.Event{post(0, 1, 1, 2), pop(2, 3, 2, 1)},
	},
	{
		name: "claimed in another order by two", ok: true,
		h: []loadtest.Event{
			post(0, 1, 1, 2), claim("a", 2, 3, 2), of("x", claim("b", 4, 5, 1)), remove("a", 6, 7, 2), of("x", remove("b", 8, 9, 1)),
		},
	},
	{
		name: "in two claims", want: found{overlapping: 1},
		h: []loadtest.Event{post(0, 1, 1), claim("a", 2, 3, 1), of("x", claim("b", 4, 5, 1)), of("x", remove("b", 6, 7, 1))},
	},
	{
		name: "in two claims, the later known of earlier", want: found{overlapping: 1},
		h: []loadtest.Event{post(0, 1, 1), claim("a", 2, 9, 1), of("x", claim("b", 3, 4, 1)), release("a", 10, 11), of("x", remove("b", 12, 13, 1))},
	},
	{
		name: "in two claims, the first of which may have been released before", ok: true,
		h: []loadtest.Event{
			post(0, 1, 1), claim("a", 2, 3, 1), unanswered(release("a", 4, 20)),
			of("x", claim("b", 5, 6, 1)), of("x", remove("b", 7, 8, 1)),
		},
	},
	{
		name: "in two claims one after the other, the answer for the second asked first", ok: true,
		h: []loadtest.Event{
			post(0, 1, 1), claim("a", 2, 900, 1), of("x", claim("b", 3, 4, 1)), of("x", release("b", 500, 600)), remove("a", 950, 960, 1),
		},
	},
	{
		name: "in two claims, the first of which had ended when its answer came", ok: true,
		h: []loadtest.Event{post(0, 1, 1), claim("a", 2, 2000, 1), of("x", claim("b", 1500, 1600, 1)), of("x", remove("b", 2100, 2101, 1))},
	},
	{
		name: "popped while claimed", want: found{overlapping: 1},
		h: []loadtest.Event{post(0, 1, 1), claim("a", 2, 3, 1), of("x", pop(4, 5, 1))},
	},
	{
		name: "not shown to a reader at the end", want: found{skipped: 1},
		h: []loadtest.Event{post(0, 1, 1, 2), list(2, 3, 2), list(4, 5), pop(6, 7, 1, 2)},
	},
	{
		name: "not shown at the first end, but later", want: found{skipped: 1},
		h: []loadtest.Event{post(0, 1, 1), list(2, 3), list(4, 5, 1), list(6, 7), pop(8, 9, 1)},
	},
	{
		name: "not shown, since it was perhaps not stored yet", ok: true,
		h: []loadtest.Event{post(0, 3, 1), list(2, 4), list(5, 6, 1), list(7, 8), pop(9, 10, 1)},
	},
	{
		name: "not shown, since it was perhaps removed", ok: true,
		h: []loadtest.Event{post(0, 1, 1), claim("a", 1, 2, 1), of("x", list(4, 6)), remove("a", 5, 7, 1)},
	},
	{
		name: "not shown, since it was perhaps removed by one who asked twice", ok: true,
		h: []loadtest.Event{
			post(0, 1, 1), claim("a", 1, 2, 1), unanswered(remove("a", 3, 4, 1)), of("x", list(5, 6)), remove("a", 7, 8, 1),
		},
	},
	{
		name: "not shown to a reader of another queue, nor on a page that never came", ok: true,
		h: []loadtest.Event{post(0, 1, 1), of("x", in("other", list(2, 3))), unanswered(list(2, 3)), list(4, 5, 1), pop(6, 7, 1)},
	},
	{
		name: "an answer that is none", want: found{wrong: 1},
		h: []loadtest.Event{post(0, 1, 1), pop(2, 3, 1), func() loadtest.Event {
			e := refused(list(4, 5))
			e.Wrong = "404 Not Found"
			return e
		}()},
	},
}

func TestJudge(t *testing.T) {
	for _, tt := range histories {
		t.Run(tt.name, func(t *testing.T) {
			r := loadtest.Judge(tt.h)
			if got := foundIn(r); got != tt.want || r.OK() != tt.ok {
				t.Errorf("got  %+v, OK %v\nwant %+v, OK %v\n%s", got, r.OK(), tt.want, tt.ok, r)
			}
		})
	}
}

func TestJudgeInAnyOrder(t *testing.T) {
	for _, tt := range histories {
		for seed := range uint64(5) {
			shuffled := append([]loadtest.Event(nil), tt.h...)
			rand.New(rand.NewPCG(seed, 0)).Shuffle(len(shuffled), func(i, k int) {
				shuffled[i], shuffled[k] = shuffled[k], shuffled[i]
			})
			if got := foundIn(loadtest.Judge(shuffled)); got != tt.want {
				t.Errorf("%s, shuffled: got %+v, want %+v", tt.name, got, tt.want)
			}
		}
	}
}

func TestReportCounts(t *testing.T) {
	r := loadtest.Judge([]loadtest.Event{
		post(0, 1, 1, 2, 3), unanswered(post(2, 3, 4)),
		list(4, 5, 1, 2), of("x", list(4, 5, 1)),
		claim("a", 6, 7, 1, 2), remove("a", 8, 9, 1), release("a", 10, 11),
		claim("b", 12, 13, 2), remove("b", 14, 15, 2), pop(16, 17, 3),
	})
	got := [...]int{r.Attempted, r.Answered, r.Listed, r.Claimed, r.Deleted, r.Popped, r.Released}
	if want := [...]int{4, 3, 2, 2, 2, 1, 1}; got != want || !r.OK() {
		t.Errorf("got %v, want %v\n%s", got, want, r)
	}
	if r.Errors["post: timeout"] != 1 || len(r.Errors) != 1 {
		t.Errorf("errors %v", r.Errors)
	}
}

func TestReportText(t *testing.T) {
	r := loadtest.Judge([]loadtest.Event{post(0, 1, 1, 2), pop(2, 3, 2), unanswered(post(4, 5, 3))})
	for _, want := range []string{"NOT OK", "attempted    3\n", "lost         1\n", "1  post: timeout", "lost: q: message 1 of p, ID id1: stored"} {
		if text := r.String(); !strings.Contains(text, want) {
			t.Errorf("%q is not in\n%s", want, text)
		}
	}
}
