package core_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stackforge/marconi/core"
)

func TestClaimTakesTheFirstFree(t *testing.T) {
	w := newWorld(t, core.Options{})
	ids := w.post("q", `1`, `2`, `3`, `4`)
	first := w.claim("q", 2, 60)
	sameAll(t, "first", bodies(first.Messages), `1`, `2`)
	second := w.claim("q", 5, 120)
	sameAll(t, "second", bodies(second.Messages), `3`, `4`)
	same(t, "the claims differ", first.ID != second.ID, true)
	same(t, "message", fmt.Sprintf("%+v", second.Messages[0]),
		fmt.Sprintf("%+v", core.Message{ID: ids[2], Claim: second.ID, TTL: 3600, Body: []byte(`3`), Position: 3}))

	w.pass(time.Minute)
	sameAll(t, "what the first let go", bodies(w.claim("q", 5, 60).Messages), `1`, `2`)
}

func TestNothingToClaim(t *testing.T) {
	w := newWorld(t, core.Options{})
	same(t, "claim on a missing queue", w.claim("q", 1, 60).ID, "")
	same(t, "the queue is there", w.exists("q"), false)
	w.postDrafts("q", mortal(`1`, 60))
	w.claim("q", 1, 60)
	none := w.claim("q", 1, 60)
	same(t, "claim", none.ID, "")
	same(t, "messages", len(none.Messages), 0)
}

func TestClaimsDoNotAskWhoPosted(t *testing.T) {
	w := newWorld(t, core.Options{})
	w.post("q", `1`)
	claim := w.claim("q", 1, 60)
	same(t, "one's own", len(claim.Messages), 1)
	bob := w.as("bob")
	do(bob, bob.DeleteMessage, core.MessageDeleteRequest{Queue: "q", ID: claim.Messages[0].ID, Claim: claim.ID})
}

const (
	badClaimTTL   = "The TTL for a claim may not exceed 43200 seconds, and must be at least 60 seconds long."
	badClaimGrace = "The grace for a claim may not exceed 43200 seconds, and must be at least 60 seconds long."
)

var claimSpans = []struct {
	ttl, grace *int64
	made       string // the error; "": there is none
	renewed    string
}{
	{nil, nil, "", ""},
	{seconds(60), seconds(60), "", ""},
	{seconds(43200), seconds(43200), "", ""},
	{seconds(59), nil, badClaimTTL, badClaimTTL},
	{seconds(0), nil, badClaimTTL, badClaimTTL},
	{seconds(-60), nil, badClaimTTL, badClaimTTL},
	{seconds(43201), nil, badClaimTTL, badClaimTTL},
	{seconds(59), seconds(59), badClaimTTL, badClaimTTL},
	{nil, seconds(59), badClaimGrace, ""},
	{nil, seconds(0), badClaimGrace, ""},
	{nil, seconds(-5), badClaimGrace, ""},
	{nil, seconds(43201), badClaimGrace, ""},
	{nil, seconds(1 << 62), badClaimGrace, ""},
	{nil, seconds(-1 << 62), badClaimGrace, ""},
}

func TestClaimSpansAreChecked(t *testing.T) {
	for _, c := range claimSpans {
		w := newWorld(t, core.Options{})
		w.post("q", `1`, `2`)
		made := try(w, w.CreateClaim, core.ClaimCreateRequest{Queue: "q", Limit: seconds(1), TTL: c.ttl, Grace: c.grace})
		refusedOr(t, made, c.made)
		id := w.claim("q", 1, 60).ID
		renewed := try(w, w.UpdateClaim, core.ClaimUpdateRequest{Queue: "q", ID: id, TTL: c.ttl, Grace: c.grace})
		refusedOr(t, renewed, c.renewed)
	}
}

// refusedOr checks for an invalid request, or for no error if there is no text.
func refusedOr(t *testing.T, err error, text string) {
	t.Helper()
	switch {
	case text != "":
		refused(t, err, core.Invalid, "", text)
	case err != nil:
		t.Error(err)
	}
}

func TestClaimSpansAreTheBrokers(t *testing.T) {
	w := newWorld(t, core.Options{Limits: core.Limits{
		DefaultClaimTTL: 100, DefaultClaimGrace: 70, MaxClaimTTL: 200, MaxClaimGrace: 80,
	}})
	w.postDrafts("q", mortal(`1`, 60))
	err := try(w, w.CreateClaim, core.ClaimCreateRequest{Queue: "q", TTL: seconds(201)})
	refused(t, err, core.Invalid, "", "The TTL for a claim may not exceed 200 seconds, and must be at least 60 seconds long.")
	err = try(w, w.CreateClaim, core.ClaimCreateRequest{Queue: "q", Grace: seconds(81)})
	refused(t, err, core.Invalid, "", "The grace for a claim may not exceed 80 seconds, and must be at least 60 seconds long.")
	claim := do(w, w.CreateClaim, core.ClaimCreateRequest{Queue: "q"})
	same(t, "ttl of the message", claim.Messages[0].TTL, 170)
	same(t, "ttl of the claim", do(w, w.GetClaim, core.ClaimGetRequest{Queue: "q", ID: claim.ID}).TTL, 100)
}

// keeps are how claims let messages live on.
var keeps = []struct {
	message, age, ttl, grace int64 // seconds; the message's age when it is claimed
	shown                    int64 // the message's ttl then
}{
	{120, 0, 777, 60, 837},
	{120, 0, 777, 100, 877},
	{120, 0, 121, 60, 181},
	{120, 0, 120, 60, 120}, // it does not end before the claim
	{120, 0, 60, 90, 120},
	{120, 59, 60, 90, 120},
	{120, 60, 60, 90, 120},
	{120, 61, 60, 90, 150},
}

func TestClaimKeepsMessagesAlive(t *testing.T) {
	for _, k := range keeps {
		w := newWorld(t, core.Options{})
		w.postDrafts("q", mortal(`1`, k.message))
		w.pass(time.Duration(k.age) * time.Second)
		claim := do(w, w.CreateClaim, core.ClaimCreateRequest{Queue: "q", TTL: &k.ttl, Grace: &k.grace})
		what := fmt.Sprintf("%+v", k)
		same(t, what+": ttl", claim.Messages[0].TTL, k.shown)
		same(t, what+": age", claim.Messages[0].Age, k.age)

		left := k.shown
		if k.shown == k.message {
			left -= k.age
		}
		w.pass(time.Duration(left)*time.Second - time.Millisecond)
		same(t, what+": messages at the last instant", len(w.list("q")), 1)
		w.pass(time.Millisecond)
		same(t, what+": messages then", len(w.list("q")), 0)
	}
}

func TestReleaseShortensNoLife(t *testing.T) {
	w := newWorld(t, core.Options{})
	id := w.postDrafts("q", mortal(`1`, 60))[0]
	claim := w.claim("q", 1, 600)
	do(w, w.DeleteClaim, core.ClaimDeleteRequest{Queue: "q", ID: claim.ID})
	w.pass(659 * time.Second)
	same(t, "ttl", w.get("q", id).TTL, 660)
}

func TestGetClaim(t *testing.T) {
	w := newWorld(t, core.Options{})
	ids := w.post("q", `1`, `2`, `3`)
	id := w.claim("q", 2, 100).ID
	get := core.ClaimGetRequest{Queue: "q", ID: id}
	w.pass(2999 * time.Millisecond)
	c := do(w, w.GetClaim, get)
	same(t, "ID", c.ID, id)
	same(t, "age", c.Age, 2)
	same(t, "ttl", c.TTL, 100)
	sameAll(t, "messages", bodies(c.Messages), `1`, `2`)
	same(t, "claim of a message", c.Messages[0].Claim, id)

	do(w, w.DeleteMessage, core.MessageDeleteRequest{Queue: "q", ID: ids[0], Claim: id})
	sameAll(t, "messages left", bodies(do(w, w.GetClaim, get).Messages), `2`)
	do(w, w.DeleteMessage, core.MessageDeleteRequest{Queue: "q", ID: ids[1], Claim: id})
	refused(t, try(w, w.GetClaim, get), core.NotFound, "", "Claim "+id+" does not exist in queue q for project project")
}

func TestClaimsEnd(t *testing.T) {
	text := "Claim %s does not exist in queue %s for project project"
	w := newWorld(t, core.Options{})
	w.post("q", `1`)
	w.create("r", `{}`)
	id := w.claim("q", 1, 60).ID
	w.pass(time.Minute - time.Millisecond)
	do(w, w.GetClaim, core.ClaimGetRequest{Queue: "q", ID: id})
	refused(t, try(w, w.GetClaim, core.ClaimGetRequest{Queue: "r", ID: id}), core.NotFound, "", fmt.Sprintf(text, id, "r"))
	w.pass(time.Millisecond)
	for _, id := range []string{id, "garbage", ""} {
		refused(t, try(w, w.GetClaim, core.ClaimGetRequest{Queue: "q", ID: id}), core.NotFound, "", fmt.Sprintf(text, id, "q"))
		refused(t, try(w, w.UpdateClaim, core.ClaimUpdateRequest{Queue: "q", ID: id}), core.NotFound, "", fmt.Sprintf(text, id, "q"))
		do(w, w.DeleteClaim, core.ClaimDeleteRequest{Queue: "q", ID: id})
	}
}

// renewals are of a claim of 100 seconds on a message with a ttl of 120, 50
// seconds after both began.
var renewals = []struct {
	ttl, grace *int64
	claim      int64 // its ttl then
	message    int64 // the same
}{
	{seconds(60), seconds(60), 60, 120},
	{seconds(70), seconds(60), 70, 120},
	{seconds(71), seconds(60), 71, 131},
	{seconds(200), seconds(100), 200, 300},
	{nil, seconds(100), 300, 400}, // the default, not what it was
	{seconds(200), nil, 200, 260},
	{nil, nil, 300, 360},
	{seconds(200), seconds(0), 200, 200},
	{seconds(200), seconds(-5), 200, 200},
	{seconds(200), seconds(-1 << 62), 200, 200},
	{seconds(200), seconds(1 << 62), 200, 43400}, // as the highest one
}

func TestUpdateClaim(t *testing.T) {
	for _, r := range renewals {
		w := newWorld(t, core.Options{})
		w.postDrafts("q", mortal(`1`, 120))
		id := w.claim("q", 1, 100).ID
		w.pass(50 * time.Second)
		do(w, w.UpdateClaim, core.ClaimUpdateRequest{Queue: "q", ID: id, TTL: r.ttl, Grace: r.grace})
		c := do(w, w.GetClaim, core.ClaimGetRequest{Queue: "q", ID: id})
		sameAll(t, "age, ttl, ttl of the message", []int64{c.Age, c.TTL, c.Messages[0].TTL}, 0, r.claim, r.message)

		w.pass(time.Duration(r.claim)*time.Second - time.Millisecond)
		do(w, w.GetClaim, core.ClaimGetRequest{Queue: "q", ID: id})
		w.pass(time.Millisecond)
		same(t, "code of the claim that ended", core.CodeOf(try(w, w.GetClaim, core.ClaimGetRequest{Queue: "q", ID: id})), core.NotFound)
	}
}

func TestDeleteClaimFreesWhatIsLeft(t *testing.T) {
	w := newWorld(t, core.Options{})
	ids := w.post("q", `1`, `2`, `3`)
	claim := w.claim("q", 2, 600)
	do(w, w.DeleteMessage, core.MessageDeleteRequest{Queue: "q", ID: ids[0], Claim: claim.ID})
	for range 2 {
		do(w, w.DeleteClaim, core.ClaimDeleteRequest{Queue: "q", ID: claim.ID})
		same(t, "claim on the message", w.get("q", ids[1]).Claim, "")
	}
	sameAll(t, "claimed again", bodies(w.claim("q", 3, 60).Messages), `2`, `3`)
	do(w, w.DeleteClaim, core.ClaimDeleteRequest{Queue: "q", ID: claim.ID}) // which is over
	same(t, "claimed", w.stats("q").Claimed, 2)
}
