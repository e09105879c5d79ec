package core_test

import (
	"testing"
	"time"

	"github.com/stackforge/marconi/core"
)

// attempts claims a message until a claim finds none, and says how often it was
// handed out.
func attempts(w *world, queue string, atMost int) (n int) {
	for n < atMost {
		claim := w.claim(queue, 1, 60)
		if len(claim.Messages) == 0 {
			return n
		}
		n++
		do(w, w.DeleteClaim, core.ClaimDeleteRequest{Queue: queue, ID: claim.ID})
	}
	return n
}

// deadLetters says how often a queue with some metadata hands out a message.
var deadLetters = []struct {
	metadata string
	attempts int // 9 is no end
}{
	{`{"_dead_letter_queue":"dead","_max_claim_count":2}`, 2},
	{`{"_dead_letter_queue":"dead","_max_claim_count":1}`, 1},
	{`{"_dead_letter_queue":"dead","_max_claim_count":true}`, 1},
	{`{"_dead_letter_queue":"dead","_max_claim_count":0}`, 0},
	{`{"_dead_letter_queue":"dead","_max_claim_count":false}`, 0},
	{`{"_dead_letter_queue":"dead","_max_claim_count":-1}`, 0},
	{`{"_dead_letter_queue":"dead"}`, 9},
	{`{"_dead_letter_queue":"dead","_max_claim_count":null}`, 9},
	{`{"_max_claim_count":1}`, 9},
	{`{"_dead_letter_queue":null,"_max_claim_count":1}`, 9},
	{`{"_dead_letter_queue_messages_ttl":60}`, 9},
}

func TestDeadLetters(t *testing.T) {
	for _, d := range deadLetters {
		w := newWorld(t, core.Options{})
		w.create("q", d.metadata)
		id := w.post("q", `{"a":1}`)[0]
		same(t, d.metadata, attempts(w, "q", 9), d.attempts)
		if d.attempts == 9 {
			same(t, "there are dead letters", w.exists("dead"), false)
			continue
		}
		same(t, "messages left", w.stats("q").Total, 0)
		dead := w.get("dead", id)
		same(t, "body", string(dead.Body), `{"a":1}`)
		same(t, "ttl", dead.TTL, 3600)
		same(t, "claim", dead.Claim, "")
		same(t, "dead letters may be claimed for ever", attempts(w, "dead", 9), 9)
	}
}

func TestClaimsThatEndCount(t *testing.T) {
	w := newWorld(t, core.Options{})
	w.create("q", `{"_dead_letter_queue":"dead","_max_claim_count":2}`)
	w.post("q", `1`)
	for range 2 {
		same(t, "messages", len(w.claim("q", 1, 60).Messages), 1)
		w.pass(time.Minute)
	}
	same(t, "messages", len(w.claim("q", 1, 60).Messages), 0)
	same(t, "dead letters", w.stats("dead").Free, 1)
}

func TestDeadLettersAndOthersInOneClaim(t *testing.T) {
	w := newWorld(t, core.Options{})
	w.create("q", `{"_dead_letter_queue":"dead","_max_claim_count":1}`)
	w.post("dead", `0`)
	w.as("bob").post("q", `1`, `2`)
	do(w, w.DeleteClaim, core.ClaimDeleteRequest{Queue: "q", ID: w.claim("q", 2, 60).ID})
	w.post("q", `3`, `4`)
	sameAll(t, "claimed", bodies(w.claim("q", 3, 60).Messages), `3`) // the others counted
	sameAll(t, "dead", bodies(w.list("dead")), `0`, `1`, `2`)
	bob := w.as("bob")
	sameAll(t, "dead, not bob's", bodies(do(bob, bob.ListMessages, core.MessageListRequest{Queue: "dead"}).Messages), `0`)
}

func TestDeadLettersTTL(t *testing.T) {
	w := newWorld(t, core.Options{})
	w.create("q", `{"_dead_letter_queue":"dead","_max_claim_count":0,"_dead_letter_queue_messages_ttl":9999}`)
	id := w.postDrafts("q", mortal(`1`, 60))[0]
	w.pass(59 * time.Second)
	w.claim("q", 1, 60)
	dead := w.get("dead", id)
	same(t, "ttl", dead.TTL, 9999)
	same(t, "age", dead.Age, 59)
	w.pass(9999*time.Second - time.Millisecond)
	same(t, "dead letters at the last instant", len(w.list("dead")), 1)
	w.pass(time.Millisecond)
	same(t, "dead letters then", len(w.list("dead")), 0)
}

func TestDeadLettersKeepTheirLifeWithoutATTL(t *testing.T) {
	w := newWorld(t, core.Options{})
	w.create("q", `{"_dead_letter_queue":"dead","_max_claim_count":0}`)
	w.postDrafts("q", mortal(`1`, 100))
	w.pass(50 * time.Second)
	w.claim("q", 1, 600)
	w.pass(50*time.Second - time.Millisecond)
	same(t, "dead letters at the last instant", len(w.list("dead")), 1)
	w.pass(time.Millisecond)
	same(t, "dead letters then", len(w.list("dead")), 0)
}

func TestDeadLettersAreMadeWithoutMetadata(t *testing.T) {
	w := newWorld(t, core.Options{})
	w.create("q", `{"_dead_letter_queue":"dead","_max_claim_count":0}`)
	w.post("q", `1`)
	same(t, "claim", w.claim("q", 1, 60).ID, "")
	same(t, "metadata", w.stored("dead"), `{}`)
	same(t, "queues listed", len(do(w, w.ListQueues, core.QueueListRequest{Detailed: true}).Queues), 2)
	w.patch("dead", add("a", `1`))
	same(t, "metadata", w.stored("dead"), `{"a":1}`)
}

func TestCountingStopsWithoutDeadLetters(t *testing.T) {
	w := newWorld(t, core.Options{})
	w.create("q", `{"_dead_letter_queue":"dead","_max_claim_count":2}`)
	w.post("q", `1`)
	same(t, "attempts while it counts", attempts(w, "q", 1), 1)
	w.patch("q", remove("/metadata/_dead_letter_queue"))
	same(t, "attempts while it does not", attempts(w, "q", 9), 9)
	w.patch("q", add("_dead_letter_queue", `"dead"`))
	same(t, "attempts left", attempts(w, "q", 9), 1)
}
