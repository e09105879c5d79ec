package client_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/stackforge/marconi/clients/go"
)

// ledger is what a fake broker has stored of one producer.
type ledger struct {
	stored []string
	ids    map[int]string
	last   int
}

// take is what a broker does with a numbered post.
func (l *ledger) take(h zmqHead, frames []string) []string {
	switch {
	case h.Body.Seq <= l.last:
		return zmqReply(h, 200, fmt.Sprintf(`{"message_ids":[%q],"again":true}`, l.ids[h.Body.Seq]))
	case h.Body.Seq > l.last+1:
		return zmqReply(h, 409, fmt.Sprintf(`{"exception":"The sequence number is out of order: %d is expected."}`, l.last+1))
	case frames[0] == "bad":
		return zmqReply(h, 400, `{"exception":"It is bad.","error":null}`)
	}
	if l.ids == nil {
		l.ids = map[int]string{}
	}
	l.last++
	l.stored = append(l.stored, frames...)
	l.ids[l.last] = "id of " + frames[0]
	return zmqReply(h, 201, fmt.Sprintf(`{"message_ids":[%q]}`, l.ids[l.last]))
}

func producing(t *testing.T, c client.ProducerConfig) *client.Producer {
	t.Helper()
	c.Queue, c.Name = "q", "p"
	p, err := client.NewProducer(c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		ctx, cancel := context.WithCancel(context.Background())
		cancel()
		_ = p.Close(ctx)
	})
	return p
}

// postAll posts numbers, every so manieth one bad, and looks at the answers.
func postAll(t *testing.T, p *client.Producer, n, bad int) {
	t.Helper()
	var under []*client.Posting
	for i := range n {
		body := fmt.Sprint(i)
		if bad > 0 && i%bad == bad-1 {
			body = "bad"
		}
		posting, err := p.Post(soon(t), []byte(body))
		if err != nil {
			t.Fatal(err)
		}
		under = append(under, posting)
	}
	for i, posting := range under {
		ids, err := posting.Wait(soon(t))
		switch {
		case bad > 0 && i%bad == bad-1:
			if client.StatusOf(err) != 400 {
				t.Fatalf("post %d: %v %v", i, ids, err)
			}
		case err != nil || len(ids) != 1 || ids[0] != fmt.Sprint("id of ", i):
			t.Fatalf("post %d: %v %v", i, ids, err)
		}
	}
}

func inOrder(t *testing.T, l *ledger, n, bad int) {
	t.Helper()
	next := 0
	for _, body := range l.stored {
		if bad > 0 && next%bad == bad-1 {
			next++
		}
		if body != fmt.Sprint(next) {
			t.Fatalf("%s is stored, want %d", body, next)
		}
		next++
	}
	if want := n; bad > 0 && next != want && next != want-1 || bad == 0 && next != want {
		t.Errorf("%d are stored", next)
	}
}

// Connections are lost before a post is stored, and after that before it is answered.
func TestProducerResends(t *testing.T) {
	var l ledger
	lost := 0
	c := fakeZMQ(t, func(h zmqHead, frames []string) ([]string, error) {
		switch {
		case rand.IntN(40) == 0 && lost < 10:
			lost++
			return nil, errors.New("lost before")
		case rand.IntN(40) == 0 && lost < 10:
			lost++
			l.take(h, frames)
			return nil, errors.New("lost behind")
		}
		return l.take(h, frames), nil
	})
	c.InFlight = 50
	p := producing(t, client.ProducerConfig{ZMQConfig: c})
	postAll(t, p, 1000, 0)
	if err := p.Close(soon(t)); err != nil {
		t.Error(err)
	}
	inOrder(t, &l, 1000, 0)
	if lost == 0 {
		t.Error("nothing was lost")
	}
	if p.Next() != 1001 {
		t.Errorf("the next is %d", p.Next())
	}
	if _, err := p.Post(soon(t), []byte("1")); !errors.Is(err, client.ErrProducerClosed) {
		t.Errorf("posted after the end: %v", err)
	}
}

// A post that is refused takes no number, and those behind it go on.
func TestProducerSkipsWhatIsRefused(t *testing.T) {
	var l ledger
	p := producing(t, client.ProducerConfig{ZMQConfig: fakeZMQ(t, func(h zmqHead, frames []string) ([]string, error) { return l.take(h, frames), nil })})
	postAll(t, p, 500, 7)
	inOrder(t, &l, 500, 7)
}

// What cannot be stored now is tried again.
func TestProducerWaitsForTheStore(t *testing.T) {
	var l ledger
	full := 3
	p := producing(t, client.ProducerConfig{ZMQConfig: fakeZMQ(t, func(h zmqHead, frames []string) ([]string, error) {
		if l.last == 5 && full > 0 {
			full--
			return zmqReply(h, 503, `{"exception":"There is no room for more messages."}`), nil
		}
		return l.take(h, frames), nil
	})})
	postAll(t, p, 20, 0)
	inOrder(t, &l, 20, 0)
}

// A number that the broker does not expect is the producer's end: another posts under
// its name, or the broker has forgotten it.
func TestProducerEnds(t *testing.T) {
	for name, answer := range map[string]func(zmqHead) []string{
		"a conflict":  func(h zmqHead) []string { return (&ledger{}).take(h, []string{"x"}) },
		"not allowed": func(h zmqHead) []string { return zmqReply(h, 403, `{"error":"Not authentified."}`) },
	} {
		p := producing(t, client.ProducerConfig{First: 7, ZMQConfig: fakeZMQ(t, func(h zmqHead, _ []string) ([]string, error) { return answer(h), nil })})
		var under []*client.Posting
		for range 5 {
			posting, err := p.Post(soon(t), []byte("1"))
			if err != nil {
				break // it has ended already
			}
			under = append(under, posting)
		}
		for _, posting := range under {
			if _, err := posting.Wait(soon(t)); client.StatusOf(err) < 403 {
				t.Errorf("%s: %v", name, err)
			}
		}
		if _, err := p.Post(soon(t), []byte("1")); client.StatusOf(err) < 403 {
			t.Errorf("%s: posted after the end: %v", name, err)
		}
	}
}

// Close waits no longer than it may.
func TestProducerCloseIsBounded(t *testing.T) {
	p := producing(t, client.ProducerConfig{ZMQConfig: fakeZMQ(t, func(zmqHead, []string) ([]string, error) { return nil, nil })})
	posting, err := p.Post(soon(t), []byte("1"))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := p.Close(ctx); !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	if _, err := posting.Wait(soon(t)); !errors.Is(err, client.ErrProducerClosed) {
		t.Errorf("%v", err)
	}
	if _, err := client.NewProducer(client.ProducerConfig{}); err == nil || !strings.Contains(err.Error(), "Project") {
		t.Errorf("%v", err)
	}
}
