package zmtp_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stackforge/marconi/transports/zmtp"
)

// register keeps who has subscribed to what.
type register struct {
	mu   sync.Mutex
	have []string
}

func (r *register) subscribed(p *zmtp.Peer, prefix string, on bool) {
	r.mu.Lock()
	defer r.mu.Unlock()
	entry := fmt.Sprintf("%d:%s", p.ID(), prefix)
	if on {
		r.have = append(r.have, entry)
	} else {
		r.have = slices.DeleteFunc(r.have, func(e string) bool { return e == entry })
	}
}

func (r *register) count() int {
	r.mu.Lock()
	defer r.mu.Unlock()
	return len(r.have)
}

// subscribe is a SUB with these topics, in the words of ZMTP 3.0 or 3.1.
func subscribe(t testing.TB, endpoint string, minor byte, topics ...string) wire {
	t.Helper()
	w := greeted(t, endpoint, minor, "SUB", "")
	for _, topic := range topics {
		w.topic(minor, topic, true)
	}
	return w
}

func (w wire) topic(minor byte, topic string, on bool) {
	w.t.Helper()
	switch {
	case minor == 0 && on:
		w.say(frame(0, "\x01"+topic))
	case minor == 0:
		w.say(frame(0, "\x00"+topic))
	case on:
		w.say(command("SUBSCRIBE", topic))
	default:
		w.say(command("CANCEL", topic))
	}
}

func TestTopics(t *testing.T) {
	for _, minor := range []byte{0, 1} {
		var reg register
		p := pub(t, zmtp.Config{}, zmtp.Audience{Subscribed: reg.subscribed})
		w := subscribe(t, p.Addr(), minor, "a", "a", "ab", "c/d", "x")
		w.topic(minor, "x", false)
		w.topic(minor, "never had", false)
		w.topic(minor, "end", true)
		all := subscribe(t, p.Addr(), minor, "")
		eventually(t, "both have subscribed", func() bool {
			return reg.count() == 5 && p.Publish([]byte("end?"), []byte("")) == 2
		})
		for _, topic := range []string{"", "a", "abc", "b", "c/", "c/d", "c/d/e", "x", "end"} {
			p.Publish([]byte(topic), []byte("1"), []byte("2"))
		}
		want := []string{"a", "abc", "c/d", "c/d/e", "end"}
		if got := w.topicsUntilEnd(); !slices.Equal(got, want) {
			t.Errorf("3.%d: %q, want %q", minor, got, want)
		}
		if got := all.topicsUntilEnd(); len(got) != 9 {
			t.Errorf("3.%d: of 9: %q", minor, got)
		}
		w.Close()
		all.Close()
		eventually(t, "subscriptions end with their peers", func() bool { return reg.count() == 0 })
	}
}

// topicsUntilEnd receives messages of three parts until one is about "end".
func (w wire) topicsUntilEnd() (topics []string) {
	w.t.Helper()
	for {
		_, topic := w.hear()
		flags, one := w.hear()
		if topic == "end?" {
			continue
		}
		last, two := w.hear()
		if flags != 1 || last != 0 || one != "1" || two != "2" {
			w.t.Fatalf("%q %q %q", topic, one, two)
		}
		if topics = append(topics, topic); topic == "end" {
			return topics
		}
	}
}

// TestDeafSubscriber has one that reads nothing: it loses, others get all.
func TestDeafSubscriber(t *testing.T) {
	var reg register
	c, reasons := gone(zmtp.Config{Mailbox: 1 << 20, WriteTimeout: 300 * time.Millisecond})
	p := pub(t, c, zmtp.Audience{Subscribed: reg.subscribed})
	subscribe(t, p.Addr(), 1, "")
	live := subscribe(t, p.Addr(), 1, "news")
	eventually(t, "both have subscribed", func() bool { return reg.count() == 2 })
	body := []byte(strings.Repeat("x", 10_000))
	for i := range 5000 {
		p.Publish([]byte("news"), fmt.Append(nil, i), body)
		if i%10 != 9 {
			continue
		}
		for j := i - 9; j <= i; j++ {
			live.hear()
			if _, n := live.hear(); n != fmt.Sprint(j) {
				t.Fatalf("%s instead of %d", n, j)
			}
			live.hear()
		}
	}
	if p.Stats().Lost == 0 {
		t.Error("who does not read has lost nothing")
	}
	wantReason(t, reasons, zmtp.ErrStalled)
}

func TestAudience(t *testing.T) {
	var reg register
	p := pub(t, zmtp.Config{Security: zmtp.Plain(anybody)}, zmtp.Audience{
		Subscribed: reg.subscribed,
		May: func(p *zmtp.Peer, topic []byte) bool {
			return strings.HasPrefix(string(topic), p.Credentials().(string)+"/")
		},
	})
	var subs []wire
	for _, user := range []string{"ada", "bob"} {
		w := connect(t, p.Addr())
		w.say(greeting(1, "PLAIN"), command("HELLO", "\x03"+user+"\x00"), command("INITIATE", property("Socket-Type", "SUB")), command("SUBSCRIBE", ""))
		w.hearBytes(64)
		w.hear() // WELCOME
		w.hear() // READY
		subs = append(subs, w)
	}
	eventually(t, "both have subscribed", func() bool { return reg.count() == 2 })
	if told := p.Publish([]byte("ada/q"), []byte("1")) + p.Publish([]byte("bob/q")) + p.Publish([]byte("eve/q")); told != 2 {
		t.Errorf("%d were told", told)
	}
	for i, want := range []string{"ada/q", "bob/q"} {
		if _, topic := subs[i].hear(); topic != want {
			t.Errorf("got %q, want %q", topic, want)
		}
	}
}

func anybody(_ context.Context, user, _ string) (any, error) { return user, nil }

func TestTooManyTopics(t *testing.T) {
	for _, minor := range []byte{0, 1} {
		var reg register
		c, reasons := gone(zmtp.Config{MaxSubscriptions: 3, MaxTopic: 10})
		p := pub(t, c, zmtp.Audience{Subscribed: reg.subscribed})
		subscribe(t, p.Addr(), minor, "1", "2", "3", "3", "1234567890")
		wantReason(t, reasons, zmtp.ErrTooLong)
		w := subscribe(t, p.Addr(), minor, "12345678901")
		w.ended()
		wantReason(t, reasons, zmtp.ErrTooLong)
		if n := reg.count(); n != 0 {
			t.Errorf("%d are left", n)
		}
	}
}

// TestTopicChurn subscribes and cancels many long topics, which must leave nothing.
func TestTopicChurn(t *testing.T) {
	var reg register
	p := pub(t, zmtp.Config{}, zmtp.Audience{Subscribed: reg.subscribed})
	w := greeted(t, p.Addr(), 1, "SUB", "")
	before := heap()
	for i := range 100_000 {
		topic := fmt.Sprintf("%0200d", i)
		w.say(slicesOf(command("SUBSCRIBE", topic), command("CANCEL", topic)))
	}
	w.topic(1, "end", true)
	eventually(t, "it is through", func() bool { return p.Publish([]byte("end")) == 1 })
	if grown := int64(heap()) - int64(before); grown > 1<<20 || reg.count() != 1 {
		t.Errorf("%d kB and %d topics are left", grown>>10, reg.count())
	}
}

// TestLongTopics has topics as long as may be, in the words of both versions, though
// no message may be longer.
func TestLongTopics(t *testing.T) {
	var r register
	l := pub(t, zmtp.Config{MaxFrame: 1001, MaxMessage: 1001, MaxParts: 1, MaxTopic: 1000}, zmtp.Audience{Subscribed: r.subscribed})
	for minor := range byte(2) {
		w := subscribe(t, l.Addr(), minor, strings.Repeat("t", 1000))
		eventually(t, "it has subscribed", func() bool { return r.count() == 1 })
		w.topic(minor, strings.Repeat("t", 1001), true)
		w.ended()
		eventually(t, "it has gone", func() bool { return r.count() == 0 })
	}
}
