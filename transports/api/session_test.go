package api_test

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/memstore"
	"github.com/stackforge/marconi/storage/storagetest"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/transporttest"
)

// tell sends a request with the usual headers and checks the answer; it keeps what
// the answer names.
func (p *plug) tell(t *testing.T, holes transporttest.Holes, action, body, status, answer string) {
	t.Helper()
	filled, err := holes.Fill(body)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Body    jsonText
		Headers struct{ Status jsonText }
	}
	mustRead(t, p.send(t, api.JSON, []byte(frame(action, filled))), &got)
	same(t, action+": status", string(got.Headers.Status), status)
	if err := holes.Match([]byte(answer), got.Body); err != nil {
		t.Fatalf("%s: %v: %s", action, err, got.Body)
	}
}

type jsonText []byte

func (j *jsonText) UnmarshalJSON(text []byte) error {
	*j = append(*j, text...)
	return nil
}

// A connection is told in frames if the last call that subscribed it asked for that.
func TestSessionTellsInFrames(t *testing.T) {
	p := plugIn(t, core.Options{}, api.SessionOptions{})
	for _, frames := range []bool{true, false} {
		e, wrong := api.ParseHead(api.JSON, fmt.Appendf(nil,
			`{"action": "message_watch", "headers": %s, "frames": %v, "body": {"queue_name": "q%[2]v"}}`, usual, frames), api.Head{})
		if wrong != nil {
			t.Fatal(wrong.Result)
		}
		c := e.Call()
		c.Session = p.session
		if reply := p.handler.Handle(t.Context(), c); reply.Status != 201 {
			t.Fatalf("got %+v", reply)
		}
		p.send(t, api.JSON, []byte(frame("message_post", fmt.Sprintf(`{"queue_name": "q%v", "messages": [{"body": 1}]}`, frames))))
		for heard := false; !heard; {
			for _, push := range p.pushes(t, 1) {
				message := push.News.Heard != nil
				heard = heard || message
				same(t, "frames", push.Frames, frames)
				same(t, "parts", len(push.Parts()) == 1, frames && message)
			}
		}
	}
}

// told waits for pushes and compares them. Facts named live may come at any time:
// they are left out where none is wanted.
func (p *plug) told(t *testing.T, holes transporttest.Holes, want ...string) {
	t.Helper()
	var got []string
	for len(got) < len(want) {
		for _, push := range p.pushes(t, 1) {
			document, err := push.Append(nil)
			if err != nil {
				t.Fatal(err)
			}
			if text := told(t, push.Codec, document); !strings.Contains(text, `"live"`) || strings.Contains(strings.Join(want, ""), `"live"`) {
				got = append(got, text)
			}
		}
	}
	for _, d := range differences(holes, got, want) {
		t.Error(d)
	}
}

// silence makes sure that there is nothing to take.
func (p *plug) silence(t *testing.T) {
	t.Helper()
	if got := p.session.Take(100); len(got) > 0 {
		t.Errorf("got %+v, want nothing", got)
	}
}

func post(queue string, bodies ...int) string {
	var drafts []string
	for _, b := range bodies {
		drafts = append(drafts, fmt.Sprintf(`{"body": %d, "ttl": 60}`, b))
	}
	return `{"queue_name": "` + queue + `", "messages": [` + strings.Join(drafts, ", ") + `]}`
}

func TestWatch(t *testing.T) {
	p, holes := plugIn(t, core.Options{}, api.SessionOptions{}), transporttest.Holes{}
	p.tell(t, holes, "message_watch", `{"queue_name": "q", "position": "earliest"}`, "201", `{"stream_id": "$watch"}`)
	p.tell(t, holes, "message_post", post("q", 1, 2), "201", `{"message_ids": ["$one", "$two"]}`)
	p.told(t, holes,
		`text {"ttl": 60, "body": 1, "queue_name": "q", "Message_Type": "Notification", "id": "$one", "position": "$one"}`,
		`text {"ttl": 60, "body": 2, "queue_name": "q", "Message_Type": "Notification", "id": "$two", "position": "$two"}`)
	p.tell(t, holes, "message_watch", `{"queue_name": "q"}`, "409", `{"exception": "This connection listens to the queue already.", "error": "$any"}`)
	p.tell(t, holes, "message_watch", `{"queue_name": "q2", "position": "nowhere"}`, "400", `{"exception": "$any", "error": null}`)
	p.tell(t, holes, "stream_delete", `{"stream_id": "$watch"}`, "204", `"Stream $watch ended."`)
	p.tell(t, holes, "stream_delete", `{"stream_id": "$watch"}`, "404", `{"exception": "Stream $watch does not exist on this connection.", "error": null}`)
	p.tell(t, holes, "message_post", post("q", 3), "201", `{"message_ids": ["$three"]}`)
	p.silence(t)
	p.tell(t, holes, "message_watch", `{"queue_name": "q", "position": "$one"}`, "201", `{"stream_id": "$again"}`)
	p.told(t, holes,
		`text {"ttl": 60, "body": 2, "queue_name": "q", "Message_Type": "Notification", "id": "$two", "position": "$two"}`,
		`text {"ttl": 60, "body": 3, "queue_name": "q", "Message_Type": "Notification", "id": "$three", "position": "$any"}`)
}

func TestQueuesTakeTurns(t *testing.T) {
	p, holes := plugIn(t, core.Options{}, api.SessionOptions{}), transporttest.Holes{}
	for range 5 {
		p.tell(t, holes, "message_post", post("loud", 1, 2, 3, 4, 5, 6, 7, 8, 9, 10), "201", `"$any"`)
	}
	p.tell(t, holes, "message_post", post("quiet", 0), "201", `"$any"`)
	p.tell(t, holes, "message_watch", `{"queue_name": "loud", "position": "earliest"}`, "201", `"$any"`)
	p.tell(t, holes, "message_watch", `{"queue_name": "quiet", "position": "earliest"}`, "201", `"$any"`)
	counts := map[string]int{}
	for counts["loud"] < 50 || counts["quiet"] < 1 {
		for _, push := range p.pushes(t, 1) {
			if push.News.Heard != nil {
				counts[push.Queue]++
			}
		}
	}
	same(t, "loud", counts["loud"], 50)
	same(t, "quiet", counts["quiet"], 1)
}

func TestSessionsAreBounded(t *testing.T) {
	p, holes := plugIn(t, core.Options{}, api.SessionOptions{Subscriptions: 2, Streams: 1}), transporttest.Holes{}
	p.tell(t, holes, "message_watch", `{"queue_name": "a"}`, "201", `{"stream_id": "$a"}`)
	p.tell(t, holes, "message_watch", `{"queue_name": "b"}`, "201", `{"stream_id": "$b"}`)
	p.tell(t, holes, "message_watch", `{"queue_name": "c"}`, "403", `{"exception": "This connection has as many subscriptions as one may have.", "error": "$any"}`)
	p.tell(t, holes, "stream_delete", `{"stream_id": "$a"}`, "204", `"$any"`)
	p.tell(t, holes, "message_watch", `{"queue_name": "c"}`, "201", `{"stream_id": "$c"}`)
	p.tell(t, holes, "claim_stream", `{"queue_name": "a"}`, "201", `{"stream_id": "$s"}`)
	p.tell(t, holes, "claim_stream", `{"queue_name": "a"}`, "403", `{"exception": "This connection has as many claim streams as one may have.", "error": "$any"}`)
	p.tell(t, holes, "stream_delete", `{"stream_id": "$s"}`, "204", `"$any"`)
	p.tell(t, holes, "claim_stream", `{"queue_name": "a"}`, "201", `{"stream_id": "$s2"}`)
}

func TestPushesKeepTheEncodingOfTheLastSubscription(t *testing.T) {
	p, holes := plugIn(t, core.Options{}, api.SessionOptions{}), transporttest.Holes{}
	p.tell(t, holes, "subscription_create", `{"queue_name": "q"}`, "201", `{"subscription_id": "$id", "message": "Subscription q created."}`)
	packed, err := api.ToMessagePack(nil, []byte(frame("message_watch", `{"queue_name": "other"}`)))
	if err != nil {
		t.Fatal(err)
	}
	p.send(t, api.MessagePack, packed)
	p.tell(t, holes, "message_post", post("q", 1), "201", `"$any"`)
	p.told(t, holes, `binary {"ttl": 60, "body": 1, "queue_name": "q", "Message_Type": "Notification"}`)
	p.tell(t, holes, "subscription_create", `{"queue_name": "q"}`, "409", `"Subscription q not created."`)
	p.tell(t, holes, "message_post", post("q", 2), "201", `"$any"`)
	p.told(t, holes, `binary {"ttl": 60, "body": 2, "queue_name": "q", "Message_Type": "Notification"}`)
}

func TestSubscriptionWithPositions(t *testing.T) {
	p, holes := plugIn(t, core.Options{}, api.SessionOptions{}), transporttest.Holes{}
	p.tell(t, holes, "message_post", post("q", 1), "201", `{"message_ids": ["$one"]}`)
	p.tell(t, holes, "subscription_create", `{"queue_name": "q", "position": "earliest"}`, "201", `{"subscription_id": "$id", "message": "$any"}`)
	p.told(t, holes,
		`text {"ttl": 60, "body": 1, "queue_name": "q", "Message_Type": "Notification", "id": "$one", "position": "$one"}`,
		`text {"queue_name": "q", "subscription_id": "$id", "Message_Type": "Fact", "fact": "live", "position": "$one"}`)
	p.tell(t, holes, "subscription_delete", `{"queue_name": "q", "subscription_id": "$id"}`, "204", `"Subscription $id removed."`)
	p.silence(t)
	p.tell(t, holes, "subscription_list", `{"queue_name": "q"}`, "200", `{"subscriptions": []}`)
	p.tell(t, holes, "subscription_create", `{"queue_name": "q"}`, "201", `{"subscription_id": "$id2", "message": "$any"}`)
}

// TestDeletedByOthers: who is unsubscribed by somebody else hears of it, and may
// subscribe again.
func TestDeletedByOthers(t *testing.T) {
	p, holes := plugIn(t, core.Options{}, api.SessionOptions{}), transporttest.Holes{}
	p.tell(t, holes, "subscription_create", `{"queue_name": "q", "position": "latest"}`, "201", `{"subscription_id": "$id", "message": "$any"}`)
	asked(t, p.handler, frame("subscription_delete", `{"queue_name": "q", "subscription_id": "`+holes["$id"]+`"}`), "204", `"$any"`)
	p.told(t, holes, `text {"queue_name": "q", "subscription_id": "$id", "Message_Type": "Fact", "fact": "end", "reason": "deleted"}`)
	p.tell(t, holes, "subscription_create", `{"queue_name": "q"}`, "201", `{"subscription_id": "$id2", "message": "$any"}`)
}

func TestOthersSubscriptionsAreTheirs(t *testing.T) {
	p, holes := plugIn(t, core.Options{}, api.SessionOptions{}), transporttest.Holes{}
	p.tell(t, holes, "message_watch", `{"queue_name": "q"}`, "201", `{"stream_id": "$id"}`)
	other := `{"action": "stream_delete", "body": {"stream_id": "` + holes["$id"] + `"}, "headers": {"Client-ID": "x", "X-Project-ID": "other"}}`
	if answer := string(p.send(t, api.JSON, []byte(other))); !strings.Contains(answer, `"status":404`) {
		t.Errorf("got %s", answer)
	}
	p.tell(t, holes, "stream_delete", `{"stream_id": "$id"}`, "204", `"$any"`)
}

func TestClaimStream(t *testing.T) {
	p, holes := plugIn(t, core.Options{}, api.SessionOptions{}), transporttest.Holes{}
	p.tell(t, holes, "claim_stream", `{"queue_name": "q", "credit": 0}`, "400", `{"exception": "$any", "error": null}`)
	p.tell(t, holes, "claim_stream", `{"queue_name": "q", "credit": 2, "ttl": 60}`, "201", `{"stream_id": "$stream"}`)
	p.tell(t, holes, "message_post", post("q", 1, 2), "201", `{"message_ids": ["$one", "$two"]}`)
	p.told(t, holes, `text {"queue_name": "q", "stream_id": "$stream", "Message_Type": "Claim", "claim_id": "$claim", "messages": [
		{"id": "$one", "claim_id": "$claim", "ttl": "$any", "age": 0, "body": 1}, {"id": "$two", "claim_id": "$claim", "ttl": "$any", "age": 0, "body": 2}]}`)
	p.tell(t, holes, "message_post", post("q", 3), "201", `{"message_ids": ["$three"]}`)
	p.silence(t)
	p.tell(t, holes, "message_delete", `{"queue_name": "q", "message_id": "$one", "claim_id": "$claim"}`, "204", `{}`)
	p.told(t, holes, `text {"queue_name": "q", "stream_id": "$stream", "Message_Type": "Claim", "claim_id": "$claim2", "messages": [
		{"id": "$three", "claim_id": "$claim2", "ttl": "$any", "age": 0, "body": 3}]}`)
	p.tell(t, holes, "stream_delete", `{"stream_id": "$stream"}`, "204", `"Stream $stream ended."`)
	p.tell(t, holes, "claim_get", `{"queue_name": "q", "claim_id": "$claim"}`, "404", `{"exception": "$any", "error": "$any"}`)
	p.tell(t, holes, "queue_get_stats", `{"queue_name": "q"}`, "200", `{"messages": {"claimed": 0, "free": 2, "total": 2, "oldest": "$any", "newest": "$any"}}`)
}

// What was claimed and not yet taken when the stream was deleted is free again: it is
// told no more, and neither is an end that the caller knows of.
func TestNothingComesOfADeletedClaimStream(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p, holes := plugIn(t, core.Options{}, api.SessionOptions{}), transporttest.Holes{}
		p.tell(t, holes, "claim_stream", `{"queue_name": "q"}`, "201", `{"stream_id": "$stream"}`)
		p.silence(t)
		p.tell(t, holes, "message_post", post("q", 1), "201", `"$any"`)
		synctest.Wait()
		p.tell(t, holes, "queue_get_stats", `{"queue_name": "q"}`, "200", `{"messages": {"claimed": 1, "free": 0, "total": 1, "oldest": "$any", "newest": "$any"}}`)
		p.tell(t, holes, "stream_delete", `{"stream_id": "$stream"}`, "204", `"$any"`)
		p.silence(t)
	})
}

func TestSessionEnds(t *testing.T) {
	b, err := core.New(t.Context(), memstore.New(memstore.Config{}), core.Options{})
	if err != nil {
		t.Fatal(err)
	}
	transporttest.Running(t, b.Run)
	p := &plug{handler: api.New(b, api.Options{}), session: api.NewSession(b, api.SessionOptions{})}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- p.session.Run(ctx) }()
	holes := transporttest.Holes{}
	p.tell(t, holes, "subscription_create", `{"queue_name": "q"}`, "201", `{"subscription_id": "$id", "message": "$any"}`)
	p.tell(t, holes, "message_watch", `{"queue_name": "w"}`, "201", `{"stream_id": "$watch"}`)
	p.tell(t, holes, "claim_stream", `{"queue_name": "c"}`, "201", `{"stream_id": "$stream"}`)
	cancel()
	if err := <-ended; err != nil {
		t.Errorf("it ended with %v", err)
	}
	p.tell(t, holes, "subscription_list", `{"queue_name": "q"}`, "200", `{"subscriptions": []}`)
	for _, action := range []string{"subscription_create", "message_watch", "claim_stream"} {
		p.tell(t, holes, action, `{"queue_name": "q"}`, "503", `{"exception": "$any", "error": "$any"}`)
	}
	p.silence(t)
}

// However slow the store is with each, nothing of a session that has ended is left.
func TestSessionEndsOnASlowStore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := map[string]time.Duration{}
		store := memstore.New(memstore.Config{})
		b, err := core.New(t.Context(), storagetest.Faulty(store, func(op string) error {
			if d := slow[op]; d > 0 {
				<-time.After(d)
			}
			return nil
		}), core.Options{})
		if err != nil {
			t.Fatal(err)
		}
		p := &plug{handler: api.New(b, api.Options{}), session: api.NewSession(b, api.SessionOptions{})}
		ctx, cancel := context.WithCancel(context.Background())
		ended := make(chan error, 1)
		go func() { ended <- p.session.Run(ctx) }()
		slow["CreateClaim"], slow["DeleteSubscription"] = 9*time.Second, time.Second
		p.tell(t, transporttest.Holes{}, "claim_stream", `{"queue_name": "q"}`, "201", `"$any"`)
		for i := range 64 {
			p.tell(t, transporttest.Holes{}, "subscription_create", fmt.Sprintf(`{"queue_name": "q%d"}`, i), "201", `"$any"`)
		}
		synctest.Wait()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		for i := range 64 {
			left, err := store.ListSubscriptions(t.Context(), storage.SubscriptionFilter{
				Queue: storage.QueueID{Project: "project", Name: fmt.Sprintf("q%d", i)}, Now: time.Now(), Limit: 1,
			})
			if err != nil || len(left.Items) > 0 {
				t.Errorf("left of queue %d: %+v, error %v", i, left.Items, err)
			}
		}
	})
}

func TestSessionID(t *testing.T) {
	uuid := regexp.MustCompile(`\A[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}\z`)
	a, b := api.NewSession(nil, api.SessionOptions{}), api.NewSession(nil, api.SessionOptions{})
	if !uuid.MatchString(a.ID()) || a.ID() == b.ID() {
		t.Errorf("got %q and %q", a.ID(), b.ID())
	}
}
