package core_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/storage/memstore"
)

// runs lets a test happen in a time of its own, with a broker that runs.
func runs(t *testing.T, o core.Options, test func(w *world, stop func())) {
	t.Helper()
	synctest.Test(t, func(t *testing.T) {
		w := &world{t: t, ctx: t.Context(), store: tap(memstore.New(memstore.Config{})), who: someone}
		stop := w.start(o)
		defer stop()
		test(w, stop)
	})
}

// start makes the world's broker another one, which runs until stop.
func (w *world) start(o core.Options) (stop func()) {
	w.t.Helper()
	var err error
	if w.Broker, err = core.New(w.t.Context(), w.store, o); err != nil {
		w.t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	broker := w.Broker
	go func() { ended <- broker.Run(ctx) }()
	return sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			w.t.Error(err)
		}
	})
}

// answer is how a request that waits ends.
type answer struct {
	mu    sync.Mutex
	claim core.ClaimCreated
	page  core.MessagePage
	err   error
	took  time.Duration
	done  bool
}

// ended reports whether it has ended. What it says stands from then on.
func (a *answer) ended() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.done
}

// after does something, and notes that this is the end.
func (a *answer) after(do func()) {
	start := time.Now()
	do()
	a.mu.Lock()
	defer a.mu.Unlock()
	a.took, a.done = time.Since(start), true
}

// claims waits for messages beside the test.
func (w *world) claims(ctx context.Context, queue string, limit, wait int64) *answer {
	a := &answer{}
	r := core.ClaimCreateRequest{Queue: queue, Limit: &limit, TTL: seconds(60), Grace: seconds(60), Wait: &wait}
	go a.after(func() { a.claim, a.err = w.CreateClaim(ctx, w.who, r) })
	synctest.Wait()
	return a
}

// lists waits for messages beside the test.
func (w *world) lists(queue, marker string, wait int64) *answer {
	a := &answer{}
	r := core.MessageListRequest{Queue: queue, Marker: marker, Echo: true, Wait: &wait}
	go a.after(func() { a.page, a.err = w.ListMessages(w.ctx, w.who, r) })
	synctest.Wait()
	return a
}

func pass(d time.Duration) {
	<-time.After(d)
	synctest.Wait()
}

func TestClaimWaits(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		a := w.claims(w.ctx, "q", 5, 20)
		pass(7 * time.Second)
		same(t, "it waits", a.ended(), false)
		w.post("q", `1`, `2`)
		synctest.Wait()
		same(t, "it is woken", a.ended(), true)
		same(t, "after", a.took, 7*time.Second)
		sameAll(t, "what it claims", bodies(a.claim.Messages), `1`, `2`)
	})
}

func TestClaimDoesNotWaitForWhatIsThere(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		w.post("q", `1`)
		a := w.claims(w.ctx, "q", 5, 20)
		same(t, "it has ended", a.ended(), true)
		sameAll(t, "what it claims", bodies(a.claim.Messages), `1`)
	})
}

func TestClaimWaitsInVain(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		a := w.claims(w.ctx, "q", 5, 3)
		pass(3 * time.Second)
		same(t, "it has ended", a.ended(), true)
		same(t, "error", a.err, nil)
		same(t, "messages", len(a.claim.Messages), 0)
		same(t, "after", a.took, 3*time.Second)
	})
}

func TestWaitLimits(t *testing.T) {
	w := newWorld(t, core.Options{})
	for _, wait := range []int64{-1, 21, 1 << 60} {
		const text = "The wait for messages may not exceed 20 seconds, and must be at least 0 seconds long."
		refused(t, try(w, w.CreateClaim, core.ClaimCreateRequest{Queue: "q", Wait: &wait}), core.Invalid, "", text)
		refused(t, try(w, w.ListMessages, core.MessageListRequest{Queue: "q", Wait: &wait}), core.Invalid, "", text)
	}
	same(t, "no wait", len(do(w, w.CreateClaim, core.ClaimCreateRequest{Queue: "q", Wait: seconds(0)}).Messages), 0)
}

func TestTooManyWait(t *testing.T) {
	runs(t, core.Options{Limits: core.Limits{MaxWaiters: 2}}, func(w *world, _ func()) {
		ctx, cancel := context.WithCancel(w.ctx)
		first := w.claims(ctx, "q", 1, 20)
		w.lists("q", "", 20)
		refused(t, w.claims(w.ctx, "q", 1, 20).err, core.Unavailable, "", "Too many requests are waiting already.")
		cancel()
		synctest.Wait()
		same(t, "who gives up", errors.Is(first.err, context.Canceled), true)
		same(t, "there is room again", w.claims(w.ctx, "q", 1, 20).ended(), false)
		pass(20 * time.Second)
	})
}

// However many wait, the store is asked when they come and when something
// happens, and each message wakes one, who came first.
func TestWaitersAreWokenOneAMessage(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		w.create("q", `{}`)
		w.claims(w.ctx, "q", 1, 1) // from here on the queue is followed
		pass(time.Second)
		calls := w.store.tally()
		var all []*answer
		for range 50 {
			all = append(all, w.claims(w.ctx, "q", 1, 20))
		}
		pass(5 * time.Second)
		same(t, "looks of 50 who come and wait", calls.of("CreateClaim"), 50)
		served := 0
		for _, n := range []int{1, 3, 1} {
			before := calls.of("CreateClaim")
			w.post("q", make10(n)...)
			synctest.Wait()
			served += n
			same(t, "looks for the messages", calls.of("CreateClaim")-before, n)
			for i, a := range all {
				same(t, fmt.Sprintf("waiter %d is served", i), a.ended(), i < served)
			}
		}
		pass(20 * time.Second)
		same(t, "stats are not asked", calls.of("QueueStats"), 0)
		same(t, "looks in the end", calls.of("CreateClaim"), 55)
	})
}

// make10 are n bodies.
func make10(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = fmt.Sprint(i)
	}
	return out
}

// What nobody can count, a released claim, wakes one; who finds more than it
// takes lets the next look.
func TestWaitersPassOn(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		w.post("q", make10(3)...)
		held := w.claim("q", 3, 60)
		var all []*answer
		for range 5 {
			all = append(all, w.claims(w.ctx, "q", 1, 20))
		}
		calls := w.store.tally()
		do(w, w.DeleteClaim, core.ClaimDeleteRequest{Queue: "q", ID: held.ID})
		synctest.Wait()
		for i, a := range all {
			same(t, fmt.Sprintf("waiter %d is served", i), a.ended(), i < 3)
		}
		same(t, "looks", calls.of("CreateClaim"), 4)
		pass(20 * time.Second)
	})
}

func TestWaitersWakeByTime(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		w.create("q", `{"_default_message_delay": 1}`)
		a := w.claims(w.ctx, "q", 1, 20)
		w.postDrafts("q", core.Draft{Body: []byte(`1`), Delay: seconds(9)})
		pass(9 * time.Second)
		same(t, "it falls due", a.took, 9*time.Second)
		pass(45 * time.Second)
		b := w.claims(w.ctx, "q", 1, 20)
		pass(20 * time.Second)
		same(t, "the claim ends", b.took, 15*time.Second)
		sameAll(t, "what it claims", bodies(b.claim.Messages), `1`)
	})
}

func TestWaitEndsWithTheBroker(t *testing.T) {
	runs(t, core.Options{}, func(w *world, stop func()) {
		a, b := w.claims(w.ctx, "q", 1, 20), w.lists("q", "", 20)
		pass(time.Second)
		stop()
		synctest.Wait()
		for _, a := range []*answer{a, b, w.claims(w.ctx, "q", 1, 20)} {
			same(t, "it has ended", a.ended(), true)
			same(t, "error", a.err, nil)
		}
	})
}

// The first look may come upon messages that have been claimed too often.
func TestWaitSeesBehindDeadLetters(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		w.create("q", `{"_max_claim_count": 1, "_dead_letter_queue": "dead"}`)
		w.post("q", make10(3)...)
		held := w.claim("q", 3, 60)
		do(w, w.DeleteClaim, core.ClaimDeleteRequest{Queue: "q", ID: held.ID})
		w.post("q", `"alive"`)
		a := w.claims(w.ctx, "q", 1, 20)
		same(t, "it has ended", a.ended(), true)
		sameAll(t, "what it claims", bodies(a.claim.Messages), `"alive"`)
	})
}

// Who finds less than it takes may have come upon dead letters: there is more
// behind them for the next.
func TestWaitersPassOnBehindDeadLetters(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		w.create("q", `{"_max_claim_count": 2, "_dead_letter_queue": "dead"}`)
		w.post("q", `"worn"`, `"worn too"`)
		do(w, w.DeleteClaim, core.ClaimDeleteRequest{Queue: "q", ID: w.claim("q", 2, 60).ID})
		w.post("q", make10(3)...)
		held := w.claim("q", 5, 60)
		a, b := w.claims(w.ctx, "q", 3, 20), w.claims(w.ctx, "q", 3, 20)
		do(w, w.DeleteClaim, core.ClaimDeleteRequest{Queue: "q", ID: held.ID})
		synctest.Wait()
		sameAll(t, "one claims", bodies(a.claim.Messages), `0`)
		same(t, "the other has ended", b.ended(), true)
		sameAll(t, "and claims", bodies(b.claim.Messages), `1`, `2`)
		pass(20 * time.Second)
	})
}

// However much there is to bury, nobody waits longer than he asked for, nor when
// all waiting ends.
func TestWaitWhileMuchIsBuried(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		w.create("q", `{"_max_claim_count": 0, "_dead_letter_queue": "dead"}`)
		w.post("q", make10(1000)...)
		w.store.ask(func(called string) error {
			if called == "CreateClaim" {
				<-time.After(100 * time.Millisecond)
			}
			return nil
		})
		a := w.claims(w.ctx, "q", 1, 3)
		pass(3500 * time.Millisecond)
		same(t, "it has ended", a.ended(), true)
		same(t, "error", a.err, nil)
		same(t, "much is buried", w.stats("dead").Total > 20, true)
		b := w.claims(w.ctx, "q", 1, 20)
		w.StopWaiting()
		pass(500 * time.Millisecond)
		same(t, "it has ended", b.ended(), true)
		pass(2 * time.Minute)
	})
}

func TestListsWait(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		ids := w.post("q", `1`)
		first, second, behind := w.lists("q", ids[0], 20), w.lists("q", ids[0], 20), w.lists("q", "", 20)
		same(t, "it sees what is there", behind.ended(), true)
		pass(2 * time.Second)
		same(t, "it waits", first.ended(), false)
		w.post("q", `2`)
		synctest.Wait()
		for _, a := range []*answer{first, second} {
			same(t, "after", a.took, 2*time.Second)
			sameAll(t, "what it shows", bodies(a.page.Messages), `2`)
		}
	})
}

// While a queue cannot be followed, one who waits for it asks once a second.
func TestWaitWithoutFeed(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		var asked atomic.Int64
		w.store.ask(func(method string) error {
			switch method {
			case "Follow":
				return errors.New("broken")
			case "CreateClaim":
				asked.Add(1)
			}
			return nil
		})
		w.create("q", `{}`)
		a := w.claims(w.ctx, "q", 1, 20)
		w.claims(w.ctx, "q", 1, 20)
		pass(10*time.Second + 500*time.Millisecond)
		if n := asked.Load(); n < 10 || n > 13 {
			t.Errorf("asked %d times in 10 s", n)
		}
		w.post("q", `1`)
		pass(time.Second)
		same(t, "it is served", a.ended(), true)
		pass(20 * time.Second)
	})
}

// So does one while it takes its time to follow the queue.
func TestWaitWithoutFeedYet(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		w.store.ask(func(method string) error {
			if method == "Follow" {
				<-time.After(15 * time.Second)
				return errBroken
			}
			return nil
		})
		w.create("q", `{}`)
		a, b := w.claims(w.ctx, "q", 1, 20), w.lists("q", "", 20)
		pass(3 * time.Second)
		w.post("q", `1`, `2`)
		pass(1100 * time.Millisecond)
		sameAll(t, "served", []bool{a.ended(), b.ended()}, true, true)
		pass(20 * time.Second)
	})
}

// Other errors end the waiting.
func TestWaitFails(t *testing.T) {
	runs(t, core.Options{}, func(w *world, _ func()) {
		w.create("q", `{}`)
		a := w.claims(w.ctx, "q", 1, 20)
		w.store.fail("CreateClaim", errors.New("broken"))
		w.post("q", `1`)
		synctest.Wait()
		refused(t, a.err, core.Unavailable, "", "Claim could not be created.")
	})
}
