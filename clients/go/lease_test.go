package client_test

import (
	"context"
	"encoding/json"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"github.com/stackforge/marconi/clients/go"
)

func claimOf(id string, messages ...string) string {
	list := ""
	for i, m := range messages {
		if i > 0 {
			list += ","
		}
		list += fmt.Sprintf(`{"id":%q,"ttl":60,"age":1,"body":7,"claim_id":%q}`, m, id)
	}
	return fmt.Sprintf(`{"queue_name":"q","stream_id":"s1","Message_Type":"Claim","claim_id":%q,"messages":[%s]}`, id, list)
}

func done(message, claim string) string {
	return fmt.Sprintf(`{"queue_name":"q","message_id":%q,"claim_id":%q}`, message, claim)
}

func TestClaimStream(t *testing.T) {
	leavesNothing(t)
	c := listeningTo(t, client.Config{Project: project}, func(p *peer) {
		a := p.hears("claim_stream", `{"queue_name":"q","credit":5,"ttl":60,"grace":61}`)
		p.says(claimOf("c1", "a-1", "a-2")) // even before the answer
		p.answers(a, 201, `{"stream_id":"s1"}`)
		first, second := p.hears("message_delete", done("a-1", "c1")), p.hears("message_delete", done("a-2", "c1"))
		p.answers(second, 204, `{}`) // in any order
		p.answers(first, 204, `{}`)
		p.says(claimOf("c2", "a-3"))
		a = p.hears("message_delete", done("a-3", "c2"))
		p.answers(a, 400, `{"exception":"The specified claim does not exist or has expired.","error":null}`)
		p.answers(p.hears("claim_delete", `{"queue_name":"q","claim_id":"c2"}`), 204, `"Claim c2 deleted."`)
		p.stays()
	})
	o := client.StreamOptions{Credit: 5, TTL: time.Minute, Grace: time.Minute + 1}
	var got []client.Claim
	for lease, err := range c.ClaimStream(t.Context(), "q", o) {
		if err != nil {
			t.Fatal(err)
		}
		got = append(got, lease.Claim)
		var ids []string
		for _, m := range lease.Messages {
			ids = append(ids, m.ID)
		}
		err = lease.Delete(t.Context(), ids...)
		if lease.ID == "c1" {
			if err != nil {
				t.Error(err)
			}
			continue
		}
		refused(t, err, 400)
		if err := lease.Release(t.Context()); err != nil {
			t.Error(err)
		}
		break
	}
	message := func(id, claim string) client.Message {
		return client.Message{ID: id, Body: json.RawMessage(`7`), TTL: time.Minute, Age: time.Second, ClaimID: claim}
	}
	want := []client.Claim{
		{ID: "c1", Messages: []client.Message{message("a-1", "c1"), message("a-2", "c1")}},
		{ID: "c2", Messages: []client.Message{message("a-3", "c2")}},
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("got  %+v\nwant %+v", got, want)
	}
}

func TestClaimStreamGoesOn(t *testing.T) {
	leavesNothing(t)
	begins := func(p *peer) { p.answers(p.hears("claim_stream", `{"queue_name":"q"}`), 201, `{"stream_id":"s1"}`) }
	c := listeningTo(t, client.Config{Project: project},
		func(p *peer) {
			begins(p)
			p.says(claimOf("c1", "a-1"), claimOf("c2", "a-2")) // the second is never worked on
			p.hears("message_delete", done("a-1", "c1"))
		},
		func(p *peer) {
			begins(p)
			p.says(`{"queue_name":"q","stream_id":"s1","Message_Type":"Fact","fact":"end","reason":"failed"}`)
			p.stays()
		},
		func(p *peer) {
			begins(p)
			p.says(claimOf("c3", "a-2"))
			p.stays()
		})
	var got []string
	for lease, err := range c.ClaimStream(t.Context(), "q", client.StreamOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		if got = append(got, lease.ID); lease.ID == "c3" {
			break
		}
		if err := lease.Delete(t.Context(), "a-1"); err == nil || client.StatusOf(err) != 0 {
			t.Errorf("deleting over a lost connection: %v", err)
		}
		<-lease.Lost()
		if err := lease.Release(t.Context()); err == nil {
			t.Error("a lease was released over a lost connection")
		}
	}
	if want := []string{"c1", "c3"}; !reflect.DeepEqual(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
}

func TestALeaseInManyHands(t *testing.T) {
	leavesNothing(t)
	const hands = 20
	c := listeningTo(t, client.Config{Project: project}, func(p *peer) {
		p.answers(p.hears("claim_stream", `{"queue_name":"q"}`), 201, `{"stream_id":"s1"}`)
		p.says(claimOf("c1", "a-1"))
		for range hands {
			p.answers(p.hears("message_delete", done("a-1", "c1")), 204, `{}`)
		}
		p.hears("message_delete", done("a-1", "c1")) // which is never answered
		p.stays()
	})
	for lease, err := range c.ClaimStream(t.Context(), "q", client.StreamOptions{}) {
		if err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		for range hands {
			all.Go(func() {
				if err := lease.Delete(t.Context(), "a-1"); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		if err := lease.Delete(ctx, "a-1"); err != context.DeadlineExceeded {
			t.Errorf("got %v", err)
		}
		cancel()
		break
	}
}

func TestWaiting(t *testing.T) {
	c := calling(t,
		exchange{method: "POST", target: "/v2/queues/q/claims?limit=2&wait=2", status: 204, body: `{}`},
		exchange{method: "GET", target: "/v2/queues/q/messages?wait=20", status: 200, answer: `{"messages": [], "links": []}`},
	)
	if _, err := c.Claim(t.Context(), "q", client.ClaimOptions{Limit: 2, Wait: 1001 * time.Millisecond}); err != nil {
		t.Error(err)
	}
	if _, err := c.Messages(t.Context(), "q", client.MessageOptions{Wait: 20 * time.Second}); err != nil {
		t.Error(err)
	}
}
