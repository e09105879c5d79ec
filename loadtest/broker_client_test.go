package loadtest_test

import (
	"encoding/json"
	"fmt"
	"reflect"
	"testing"
	"time"

	"github.com/stackforge/marconi/clients/go"
)

func dial(t *testing.T, url, project string) *client.Client {
	t.Helper()
	c, err := client.New(client.Config{URL: url, Project: project})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(c.Close)
	return c
}

// must ends a test at an error.
func must[T any](t *testing.T) func(T, error) T {
	return func(v T, err error) T {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return v
	}
}

func done(t *testing.T, err error) {
	t.Helper()
	if err != nil {
		t.Fatal(err)
	}
}

func wantStatus(t *testing.T, err error, status int) {
	t.Helper()
	if got := client.StatusOf(err); got != status {
		t.Errorf("got %v, want an error of status %d", err, status)
	}
}

func equal[T any](t *testing.T, got, want T) {
	t.Helper()
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func testQueues(t *testing.T, url string) {
	c, ctx := dial(t, url, "a project"), t.Context()
	done(t, c.Ping(ctx))
	equal(t, must[bool](t)(c.CreateQueue(ctx, "q.1", client.Metadata{"owner": "me", "a/b~c": 1})), true)
	equal(t, must[bool](t)(c.CreateQueue(ctx, "q.1", nil)), false)

	m := must[client.Metadata](t)(c.QueueMetadata(ctx, "q.1"))
	equal(t, m["owner"], any("me"))
	equal(t, m["_default_message_ttl"], any(json.Number("3600")))
	m = must[client.Metadata](t)(c.PatchQueue(ctx, "q.1", client.Replace("a/b~c", 2), client.Add("n", 9007199254740993), client.Remove("owner")))
	equal(t, []any{m["a/b~c"], m["n"], m["owner"]}, []any{json.Number("2"), json.Number("9007199254740993"), nil})
	_, err := c.PatchQueue(ctx, "q.1", client.Remove("owner"))
	wantStatus(t, err, 409)
	_, err = c.PatchQueue(ctx, "nope", client.Add("n", 1))
	wantStatus(t, err, 404)
	_, err = c.CreateQueue(ctx, "no/slash", nil)
	if err == nil {
		t.Error("a queue with a slash in its name")
	}

	want := []string{"q.1"}
	for i := range 12 {
		want = append(want, fmt.Sprintf("r%02d", i))
		must[bool](t)(c.CreateQueue(ctx, want[i+1], nil))
	}
	var names []string
	for q, err := range c.AllQueues(ctx, client.QueueOptions{Limit: 5}) {
		done(t, err)
		names = append(names, q.Name)
	}
	equal(t, names, want)
	page := must[client.QueuePage](t)(c.Queues(ctx, client.QueueOptions{Limit: 1, Detailed: true, WithCount: true}))
	equal(t, page.Count, 13)
	equal(t, page.Next, "q.1")
	equal(t, page.Queues[0].Metadata["n"], any(json.Number("9007199254740993")))
	done(t, c.DeleteQueue(ctx, "q.1"))
	done(t, c.DeleteQueue(ctx, "q.1"))
}

func testMessages(t *testing.T, url string) {
	poster, c, ctx := dial(t, url, "p"), dial(t, url, "p"), t.Context()
	drafts := make([]client.Draft, 25)
	for i := range drafts {
		drafts[i] = client.Draft{Body: map[string]int{"n": i}, TTL: time.Minute}
	}
	ids := must[[]string](t)(poster.Post(ctx, "q", drafts...))
	equal(t, len(ids), len(drafts))

	var seen []string
	for m, err := range c.AllMessages(ctx, "q", client.MessageOptions{Limit: 7}) {
		done(t, err)
		var body struct{ N int }
		done(t, m.Decode(&body))
		equal(t, body.N, len(seen))
		equal(t, m.TTL, time.Minute)
		seen = append(seen, m.ID)
	}
	equal(t, seen, ids)
	equal(t, len(must[client.MessagePage](t)(poster.Messages(ctx, "q", client.MessageOptions{})).Messages), 0)
	equal(t, len(must[client.MessagePage](t)(poster.Messages(ctx, "q", client.MessageOptions{Echo: true, Limit: 20})).Messages), 20)

	equal(t, must[client.Message](t)(c.Message(ctx, "q", ids[3])).ID, ids[3])
	equal(t, len(must[[]client.Message](t)(c.MessagesByID(ctx, "q", ids[3], "gone", ids[1]))), 2)
	_, err := c.Message(ctx, "q", "gone")
	wantStatus(t, err, 404)
	_, err = c.MessagesByID(ctx, "q", "gone")
	wantStatus(t, err, 404)

	stats := must[client.Stats](t)(c.Stats(ctx, "q"))
	equal(t, []int{stats.Free, stats.Claimed, stats.Total}, []int{25, 0, 25})
	equal(t, []string{stats.Oldest.ID, stats.Newest.ID}, []string{ids[0], ids[24]})
	popped := must[[]client.Message](t)(c.Pop(ctx, "q", 2))
	equal(t, []string{popped[0].ID, popped[1].ID}, ids[:2])
	done(t, c.DeleteMessage(ctx, "q", ids[2], ""))
	done(t, c.DeleteMessages(ctx, "q", ids[3:10]))
	equal(t, must[client.Stats](t)(c.Stats(ctx, "q")).Total, 15)
	done(t, c.Purge(ctx, "q", client.PurgeMessages))
	equal(t, must[client.Stats](t)(c.Stats(ctx, "q")), client.Stats{})
}

func testClaims(t *testing.T, url string) {
	c, ctx := dial(t, url, "p"), t.Context()
	equal(t, must[client.Claim](t)(c.Claim(ctx, "q", client.ClaimOptions{})), client.Claim{})
	ids := must[[]string](t)(c.Post(ctx, "q", client.Draft{Body: 0}, client.Draft{Body: 1}, client.Draft{Body: 2}))

	claim := must[client.Claim](t)(c.Claim(ctx, "q", client.ClaimOptions{Limit: 2, TTL: 100 * time.Second, Grace: time.Minute}))
	equal(t, len(claim.Messages), 2)
	equal(t, []string{claim.Messages[0].ID, claim.Messages[0].ClaimID}, []string{ids[0], claim.ID})
	equal(t, must[client.Claim](t)(c.GetClaim(ctx, "q", claim.ID)).TTL, 100*time.Second)
	done(t, c.RenewClaim(ctx, "q", claim.ID, 200*time.Second, 0))
	equal(t, must[client.Claim](t)(c.GetClaim(ctx, "q", claim.ID)).TTL, 200*time.Second)

	wantStatus(t, c.DeleteMessage(ctx, "q", ids[0], ""), 403)
	wantStatus(t, c.DeleteMessage(ctx, "q", ids[0], "bogus"), 400)
	done(t, c.DeleteMessage(ctx, "q", ids[0], claim.ID))
	equal(t, len(must[client.Claim](t)(c.GetClaim(ctx, "q", claim.ID)).Messages), 1)
	done(t, c.ReleaseClaim(ctx, "q", claim.ID))
	wantStatus(t, c.DeleteMessage(ctx, "q", ids[1], claim.ID), 400)
	wantStatus(t, c.RenewClaim(ctx, "q", claim.ID, 0, 0), 404)
	_, err := c.GetClaim(ctx, "q", claim.ID)
	wantStatus(t, err, 404)
	equal(t, len(must[client.Claim](t)(c.Claim(ctx, "q", client.ClaimOptions{})).Messages), 2)
}

// testKeys posts again under a key, as after an answer that was lost.
func testKeys(t *testing.T, url string) {
	c, other, ctx := dial(t, url, "p"), dial(t, url, "p"), t.Context()
	drafts := []client.Draft{{Body: "one"}, {Body: "two"}}
	first := must[[]string](t)(c.PostOnce(ctx, "q", "key 1", drafts...))
	equal(t, must[[]string](t)(c.PostOnce(ctx, "q", "key 1", drafts...)), first)
	equal(t, must[[]string](t)(other.PostOnce(ctx, "q", "key 1", drafts...)), first)
	_, err := c.PostOnce(ctx, "q", "key 1", client.Draft{Body: "three"})
	wantStatus(t, err, 409)
	must[[]string](t)(c.PostOnce(ctx, "q", "key 2", drafts...))
	must[[]string](t)(c.PostOnce(ctx, "q2", "key 1", drafts...))
	equal(t, must[client.Stats](t)(c.Stats(ctx, "q")).Total, 4)
}
