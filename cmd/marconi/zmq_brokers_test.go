package main_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/go-zeromq/zmq4"

	client "github.com/stackforge/marconi/clients/go"
	"github.com/stackforge/marconi/loadtest/processtest"
	"github.com/stackforge/marconi/transports/zmtp"
)

// shopping is who the listeners of these tests are.
const shopping = `"headers":{"Client-ID":"` + aliceID + `","X-Project-ID":"shop"}`

// TestListenersHearOtherBrokers posts at two brokers on one Redis at once. Who has
// subscribed at one of them hears of all, in the order of the log.
func TestListenersHearOtherBrokers(t *testing.T) {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	store := processtest.StartRedis(t)
	here, _ := serve(t, "--store", store, "--zmq-publish", "tcp://127.0.0.1:0")
	there, url := serve(t, "--store", store)
	const each = 150
	told := subscribeAt(ctx, t, here)
	published := topicAt(ctx, t, here)
	posters := []*client.ZMQ{dialAt(ctx, t, here), dialAt(ctx, t, there)}
	first, before := published.awaken(ctx, posters[1])

	var all sync.WaitGroup
	defer all.Wait()
	for n, poster := range posters {
		all.Go(func() {
			for i := range each {
				if _, err := poster.Post(ctx, "q", client.PostOptions{}, fmt.Appendf(nil, `"%d of %d"`, i, n)); err != nil {
					t.Error(err)
					return
				}
			}
		})
	}
	heard := make([]string, 0, before+2*each)
	for range cap(heard) {
		heard = append(heard, told.next(ctx))
	}
	all.Wait()
	log := idsOf(ctx, t, url)
	if !slices.Equal(heard, log) || !slices.IsSorted(heard) {
		t.Errorf("who has subscribed heard\n%s\nwhere the log is\n%s", strings.Join(heard, " "), strings.Join(log, " "))
	}
	at := slices.Index(log, first)
	if at < 0 {
		t.Fatalf("%s was published, and the log is\n%s", first, strings.Join(log, " "))
	}
	heard = []string{first}
	for range log[at+1:] {
		heard = append(heard, published.next())
	}
	if !slices.Equal(heard, log[at:]) {
		t.Errorf("what was published is\n%s\nwhere the log is\n%s", strings.Join(heard, " "), strings.Join(log[at:], " "))
	}
	for _, p := range []*process{here, there} {
		p.signal(syscall.SIGTERM)
		p.exits(0)
	}
}

// notified is a DEALER that has subscribed to a queue.
type notified struct {
	*testing.T
	*zmtp.Dealer
}

func subscribeAt(ctx context.Context, t *testing.T, p *process) notified {
	t.Helper()
	d, err := zmtp.Dial(ctx, zmtp.Config{Endpoint: p.await(&p.out, `(?m)^zmq +(\S+) `)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		gone, hurry := context.WithCancel(context.Background())
		hurry()
		_ = d.Close(gone)
	})
	if err := d.Send(ctx, []byte(`{"action":"subscription_create","frames":true,`+shopping+`,"body":{"queue_name":"q","position":"earliest"}}`)); err != nil {
		t.Fatal(err)
	}
	m, err := d.Receive(ctx)
	if err != nil || !strings.Contains(string(m.Parts[0]), `"status":201`) {
		t.Fatalf("%v %v", m, err)
	}
	return notified{t, d}
}

// next waits for a notification, and is its position. That the subscriber has caught
// up is said in between.
func (n notified) next(ctx context.Context) string {
	n.Helper()
	for {
		m, err := n.Receive(ctx)
		if err != nil {
			n.Fatal(err)
		}
		if len(m.Parts) == 2 {
			return positionIn(n.T, m.Parts[0])
		}
		if !strings.Contains(string(m.Parts[0]), `"live"`) {
			n.Fatalf("%q", m.Parts)
		}
	}
}

// published is a SUB with the topic of a queue.
type published struct {
	*testing.T
	zmq4.Socket
}

func topicAt(ctx context.Context, t *testing.T, p *process) published {
	t.Helper()
	ctx, cancel := context.WithCancel(ctx)
	sub := zmq4.NewSub(ctx)
	t.Cleanup(func() {
		cancel()
		_ = sub.Close()
	})
	if err := sub.Dial(p.await(&p.out, `(?m)^zmq_publish +(\S+) `)); err != nil {
		t.Fatal(err)
	}
	if err := sub.SetOption(zmq4.OptionSubscribe, "shop/q/"); err != nil {
		t.Fatal(err)
	}
	return published{t, sub}
}

// awaken posts until something of it is published, since a subscription takes effect
// a moment after it was sent. It is where that was, and how many were posted.
func (p published) awaken(ctx context.Context, poster *client.ZMQ) (first string, posted int) {
	p.Helper()
	heard := make(chan string, 1)
	go func() {
		defer close(heard)
		if m, err := p.Recv(); err == nil && len(m.Frames) == 3 {
			heard <- string(m.Frames[1])
		}
	}()
	for ; ; posted++ {
		select {
		case head := <-heard:
			return positionIn(p.T, []byte(head)), posted
		default:
		}
		if _, err := poster.Post(ctx, "q", client.PostOptions{}, []byte(`"awake"`)); err != nil {
			p.Fatal(err)
		}
	}
}

// next waits for what is published, and is its position.
func (p published) next() string {
	p.Helper()
	m, err := p.Recv()
	if err != nil || len(m.Frames) != 3 || string(m.Frames[0]) != "shop/q/" {
		p.Fatalf("%v %v", m, err)
	}
	return positionIn(p.T, m.Frames[1])
}

// positionIn is the position in the head of a message, which is its ID too.
func positionIn(t *testing.T, head []byte) string {
	t.Helper()
	var m struct{ ID, Position string }
	if err := json.Unmarshal(head, &m); err != nil || m.Position == "" || m.Position != m.ID {
		t.Fatalf("%s: %v", head, err)
	}
	return m.Position
}

func dialAt(ctx context.Context, t *testing.T, p *process) *client.ZMQ {
	t.Helper()
	z, err := client.DialZMQ(ctx, client.ZMQConfig{Endpoint: p.await(&p.out, `(?m)^zmq +(\S+) `), Project: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = z.Close(context.Background()) })
	return z
}

// idsOf are the messages of a queue in their order.
func idsOf(ctx context.Context, t *testing.T, url string) (ids []string) {
	t.Helper()
	c, err := client.New(client.Config{URL: url, Project: "shop"})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	for m, err := range c.AllMessages(ctx, "q", client.MessageOptions{Echo: true, Limit: 20}) {
		if err != nil {
			t.Fatal(err)
		}
		ids = append(ids, m.ID)
	}
	return ids
}
