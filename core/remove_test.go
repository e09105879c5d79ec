package core_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/stackforge/marconi/core"
)

const (
	isClaimed  = "This message is claimed; it cannot be deleted without a valid claim ID."
	notClaimed = "A claim was specified, but the message is not currently claimed."
	noClaim    = "The specified claim does not exist or has expired."
)

// deletions are of a message that is under the claim "holder", was under "ended"
// or "released", was never claimed, or is not there. "other" is a live claim on
// something else.
var deletions = []struct {
	message, claim string
	code           core.Code
	text           string // of the error; "": the message is gone
}{
	{"missing", "", 0, ""},
	{"missing", "holder", 0, ""},
	{"missing", "bogus", 0, ""},

	{"free", "", 0, ""},
	{"free", "other", core.Invalid, notClaimed},
	{"free", "bogus", core.Invalid, noClaim},

	{"claimed", "", core.Forbidden, isClaimed},
	{"claimed", "holder", 0, ""},
	{"claimed", "other", core.Forbidden, isClaimed},
	{"claimed", "bogus", core.Invalid, noClaim},
	{"claimed", "ended", core.Invalid, noClaim},

	{"expired", "", 0, ""},
	{"expired", "ended", core.Invalid, noClaim},
	{"expired", "other", core.Invalid, notClaimed},
	{"expired", "bogus", core.Invalid, noClaim},

	{"released", "", 0, ""},
	{"released", "gone", core.Invalid, noClaim},
	{"released", "other", core.Invalid, notClaimed},
}

// deletionCase makes the messages and the claims that deletions speak of.
func deletionCase(w *world) (messages, claims map[string]string) {
	messages, claims = map[string]string{"missing": "nothing"}, map[string]string{"": "", "bogus": "bogus"}
	for _, c := range []struct {
		message, claim string
		ttl            int64
	}{{"released", "gone", 600}, {"expired", "ended", 60}, {"claimed", "holder", 600}, {"other", "other", 600}} {
		messages[c.message] = w.post("q", `1`)[0]
		claims[c.claim] = w.claim("q", 1, c.ttl).ID
	}
	do(w, w.DeleteClaim, core.ClaimDeleteRequest{Queue: "q", ID: claims["gone"]})
	messages["free"] = w.post("q", `1`)[0]
	w.pass(time.Minute)
	return messages, claims
}

func TestDeleteMessage(t *testing.T) {
	for _, d := range deletions {
		t.Run(fmt.Sprintf("%s with %q", d.message, d.claim), func(t *testing.T) {
			w := newWorld(t, core.Options{})
			messages, claims := deletionCase(w)
			r := core.MessageDeleteRequest{Queue: "q", ID: messages[d.message], Claim: claims[d.claim]}
			there := try(w, w.DeleteMessage, r)
			if d.text != "" {
				refused(t, there, d.code, "Unable to delete", d.text)
				w.get("q", r.ID)
				return
			}
			if there != nil {
				t.Fatal(there)
			}
			same(t, "code of the message", core.CodeOf(try(w, w.GetMessage, core.MessageGetRequest{Queue: "q", ID: r.ID})), core.NotFound)
			do(w, w.DeleteMessage, r) // as often as one likes
		})
	}
}

func TestDeleteManyLooksAtNoClaims(t *testing.T) {
	w := newWorld(t, core.Options{})
	ids := w.post("q", `1`, `2`, `3`, `4`)
	w.claim("q", 2, 60)
	r := core.MessageRemoveRequest{Queue: "q", IDs: []string{ids[0], "nothing", ids[2], ids[2]}, Claims: []string{"bogus"}}
	for range 2 {
		same(t, "popped", do(w, w.RemoveMessages, r).Popped, false)
		sameAll(t, "left", bodies(w.list("q")), `2`, `4`)
	}
}

func TestDeleteManyWithClaims(t *testing.T) {
	w := newWorld(t, core.Options{DeleteNeedsClaim: true})
	ids := w.post("q", `1`, `2`, `3`)
	first, second := w.claim("q", 1, 60), w.claim("q", 1, 60)
	r := core.MessageRemoveRequest{Queue: "q", IDs: ids}
	for _, claims := range [][]string{nil, {}} {
		r.Claims = claims
		refused(t, try(w, w.RemoveMessages, r), core.Invalid, "", "Deleting messages needs the claim_ids parameter on this server.")
	}
	for _, claims := range [][]string{{"bogus"}, {first.ID}, {second.ID, "bogus"}} {
		r.Claims = claims
		refused(t, try(w, w.RemoveMessages, r), core.Forbidden, "Unable to delete", isClaimed)
	}
	same(t, "messages left", len(w.list("q")), 3) // all or none
	r.Claims = []string{"bogus", second.ID, first.ID}
	do(w, w.RemoveMessages, r)
	same(t, "messages left", len(w.list("q")), 0)
}

func TestRemoveWantsIDsOrPop(t *testing.T) {
	w := newWorld(t, core.Options{})
	both := core.MessageRemoveRequest{Queue: "q", IDs: []string{"a"}, Pop: seconds(1)}
	refused(t, try(w, w.RemoveMessages, both), core.Invalid, "",
		"pop and id params cannot be present together in the delete request.")
	both.IDs = []string{}
	refused(t, try(w, w.RemoveMessages, both), core.Invalid, "",
		"pop and id params cannot be present together in the delete request.")
	refused(t, try(w, w.RemoveMessages, core.MessageRemoveRequest{Queue: "q"}), core.Invalid, "",
		`The request should have either "ids" or "pop" parameter in the request, to be able to delete.`)
}

func TestPop(t *testing.T) {
	w := newWorld(t, core.Options{})
	w.postDrafts("q", mortal(`"expired"`, 60))
	w.post("q", `"claimed"`, `1`, `2`, `3`)
	w.pass(time.Minute)
	w.claim("q", 1, 600)
	pop := func(n int64) core.MessagesRemoved {
		return do(w, w.RemoveMessages, core.MessageRemoveRequest{Queue: "q", Pop: &n})
	}
	popped := pop(2)
	same(t, "popped", popped.Popped, true)
	sameAll(t, "first", bodies(popped.Messages), `1`, `2`)
	same(t, "claim", popped.Messages[0].Claim, "")
	same(t, "ttl", popped.Messages[0].TTL, 3600)
	same(t, "age", popped.Messages[0].Age, 60)
	sameAll(t, "left", bodies(w.list("q")), `"claimed"`, `3`)
	sameAll(t, "second", bodies(pop(20).Messages), `3`)
	last := pop(20)
	same(t, "popped", last.Popped, true)
	same(t, "there is a list", last.Messages != nil, true)
	same(t, "messages", len(last.Messages), 0)
}

func TestPopWaitsForDelays(t *testing.T) {
	w := newWorld(t, core.Options{})
	w.create("q", `{"_default_message_delay":30}`)
	w.post("q", `1`)
	r := core.MessageRemoveRequest{Queue: "q", Pop: seconds(1)}
	same(t, "messages too early", len(do(w, w.RemoveMessages, r).Messages), 0)
	w.pass(30 * time.Second)
	same(t, "messages then", len(do(w, w.RemoveMessages, r).Messages), 1)
}

func TestPopShowsHowOftenItWasClaimed(t *testing.T) {
	w := newWorld(t, core.Options{})
	w.create("q", `{"_dead_letter_queue":"dead","_max_claim_count":5}`)
	w.post("q", `1`)
	for range 3 {
		do(w, w.DeleteClaim, core.ClaimDeleteRequest{Queue: "q", ID: w.claim("q", 1, 60).ID})
	}
	popped := do(w, w.RemoveMessages, core.MessageRemoveRequest{Queue: "q", Pop: seconds(1)})
	same(t, "claims", popped.Messages[0].ClaimCount, 3)
}
