package loadtest_test

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stackforge/marconi/clients/go"
	"github.com/stackforge/marconi/loadtest"
)

// hear takes n pieces of news of a queue, and says them in short.
func hear(t *testing.T, c *client.Client, queue, from string, n int, live func()) (said []string, position string) {
	t.Helper()
	for news, err := range c.Listen(t.Context(), queue, client.ListenOptions{Position: from}) {
		done(t, err)
		switch {
		case news.Fact == client.Live && live != nil:
			live()
			fallthrough
		case news.Fact != "":
			said = append(said, string(news.Fact))
		default:
			equal(t, news.Message.ID, news.Position)
			equal(t, news.Message.TTL, time.Minute)
			said = append(said, string(news.Message.Body))
		}
		if position = news.Position; len(said) == n {
			break
		}
	}
	return said, position
}

func testListening(t *testing.T, url string) {
	c, ctx := dial(t, url, "p"), t.Context()
	post := func(body any) string {
		return must[[]string](t)(c.Post(ctx, "q", client.Draft{Body: body, TTL: time.Minute}))[0]
	}
	said, at := hear(t, c, "q", client.Latest, 3, func() { post(1); post("two") }) // the queue is not there yet
	equal(t, said, []string{"live", "1", `"two"`})

	gone := post(3)
	post(4)
	done(t, c.DeleteMessage(ctx, "q", gone, ""))
	said, _ = hear(t, c, "q", at, 3, nil)
	equal(t, said, []string{"gap", "4", "live"})
	said, _ = hear(t, c, "q", gone, 2, nil) // a message's ID is a position, even one that is gone
	equal(t, said, []string{"4", "live"})
	said, _ = hear(t, c, "q", client.Earliest, 5, nil)
	equal(t, said, []string{"1", `"two"`, "gap", "4", "live"})

	for _, err := range c.Listen(ctx, "q", client.ListenOptions{Position: "yesterday"}) {
		wantStatus(t, err, 400)
	}
	short, cancel := context.WithTimeout(ctx, 50*time.Millisecond)
	defer cancel()
	for _, err := range c.Listen(short, "q", client.ListenOptions{}) {
		if err != nil {
			equal(t, err, context.DeadlineExceeded)
		}
	}
}

func testLeases(t *testing.T, url string) {
	c, other, ctx := dial(t, url, "p"), dial(t, url, "p"), t.Context()
	const all, credit = 30, 4
	for i := range all {
		must[[]string](t)(c.Post(ctx, "q", client.Draft{Body: i}))
	}
	worked := 0
	for lease, err := range c.ClaimStream(ctx, "q", client.StreamOptions{Credit: credit, TTL: time.Minute}) {
		done(t, err)
		if n := must[client.Stats](t)(other.Stats(ctx, "q")).Claimed; n > credit {
			t.Errorf("%d messages are unfinished, more than %d", n, credit)
		}
		for _, m := range lease.Messages {
			equal(t, string(m.Body), fmt.Sprint(worked))
			wantStatus(t, other.DeleteMessage(ctx, "q", m.ID, ""), 403)
			if worked++; worked%2 == 0 {
				done(t, lease.Delete(ctx, m.ID))
			} else {
				done(t, c.DeleteMessage(ctx, "q", m.ID, lease.ID))
			}
		}
		if worked == all {
			break
		}
	}
	equal(t, must[client.Stats](t)(c.Stats(ctx, "q")).Total, 0)

	ids := must[[]string](t)(c.Post(ctx, "q", client.Draft{Body: "again"}))
	for range 2 { // who leaves lets go at once, and who releases too
		for lease, err := range c.ClaimStream(ctx, "q", client.StreamOptions{}) {
			done(t, err)
			equal(t, lease.Messages[0].ID, ids[0])
			break
		}
	}
	released := 0
	for lease, err := range c.ClaimStream(ctx, "q", client.StreamOptions{}) {
		done(t, err)
		wantStatus(t, lease.Delete(ctx, "nonsense", ids[0], ids[0]), 0)
		if released++; released > 0 {
			break
		}
	}
	for _, err := range c.ClaimStream(ctx, "q", client.StreamOptions{Credit: 1001}) {
		wantStatus(t, err, 400)
	}
}

// testWaiting lets a claim and a listing wait for what is posted behind them.
func testWaiting(t *testing.T, url string) {
	c, other, ctx := dial(t, url, "p"), dial(t, url, "p"), t.Context()
	began := time.Now()
	equal(t, must[client.Claim](t)(c.Claim(ctx, "q", client.ClaimOptions{Wait: time.Second})), client.Claim{})
	if took := time.Since(began); took < 900*time.Millisecond {
		t.Errorf("it waited for %v", took)
	}
	claimed, listed := make(chan client.Claim, 1), make(chan client.MessagePage, 1)
	go func() {
		p, err := c.Messages(ctx, "q", client.MessageOptions{Wait: 20 * time.Second, IncludeClaimed: true})
		if err != nil {
			t.Error(err)
		}
		listed <- p
	}()
	go func() {
		claim, err := c.Claim(ctx, "q", client.ClaimOptions{Wait: 20 * time.Second})
		if err != nil {
			t.Error(err)
		}
		claimed <- claim
	}()
	ids := must[[]string](t)(other.Post(ctx, "q", client.Draft{Body: 1}))
	claim, page := <-claimed, <-listed
	if len(claim.Messages) != 1 || claim.Messages[0].ID != ids[0] || len(page.Messages) != 1 || page.Messages[0].ID != ids[0] {
		t.Errorf("claimed %+v and listed %+v, want %s", claim, page, ids)
	}
}

func testCheckListening(t *testing.T, url string) {
	r, err := loadtest.CheckListening(t.Context(), loadtest.Config{URL: url, Listeners: 20, Connections: 4, Count: 500, Size: 300, Seed: 1})
	if err != nil || !r.OK() || len(r.Errors) > 0 {
		t.Errorf("%v\n%s", err, r)
	}
	if r.Answered < 500 || r.Told < r.Answered*20/4 {
		t.Errorf("too little was told\n%s", r)
	}
	nothingLeft(t, url)
}
