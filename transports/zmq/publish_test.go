package zmq_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"

	"github.com/go-zeromq/zmq4"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/zmq"
)

// published opens a publish endpoint that ends with the test.
func published(t testing.TB, c zmq.Config) (*zmq.Publish, *site) {
	t.Helper()
	c = furnished(t, c)
	door, err := zmq.ListenPublish(c)
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, door)
	s.broker = c.Broker
	return door, s
}

// subscriber is a SUB of another library.
func subscriber(t *testing.T, s *site, topics ...string) zmq4.Socket {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	sub := zmq4.NewSub(ctx)
	t.Cleanup(func() {
		cancel()
		_ = sub.Close()
	})
	if err := sub.Dial(s.addr); err != nil {
		t.Fatal(err)
	}
	for _, topic := range topics {
		if err := sub.SetOption(zmq4.OptionSubscribe, topic); err != nil {
			t.Fatal(err)
		}
	}
	return sub
}

func TestPublish(t *testing.T) {
	t.Parallel()
	door, s := published(t, zmq.Config{})
	sub := subscriber(t, s, "project/q/", "p%2Fq%25%0A/r/")
	eventually(t, "it has subscribed", func() bool { return door.Stats().Topics == 2 })
	listening(t, door, s.broker, sub, "project/q/", core.Caller{Project: "project"}, "q")
	listening(t, door, s.broker, sub, "p%2Fq%25%0A/r/", core.Caller{Project: "p/q%\n"}, "r")
	ids, err := s.broker.PostMessages(t.Context(), core.Caller{Project: "project"}, core.MessagePostRequest{
		Queue: "q", Messages: []core.Draft{{Body: []byte(`{"n":1}`)}, {Body: []byte{0, 255}, Raw: true}},
	})
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{`{"n":1}`, "\x00\xff"} {
		m, err := sub.Recv()
		if err != nil || len(m.Frames) != 3 || string(m.Frames[2]) != want {
			t.Fatalf("%v %v", m, err)
		}
		head := fmt.Sprintf(`{"id":%q,"position":%q,"ttl":3600,"age":0`, ids.IDs[i], ids.IDs[i])
		if i == 1 {
			head += `,"body_encoding":"raw"`
		}
		if got := string(m.Frames[1]); got != head+"}" || !json.Valid(m.Frames[1]) {
			t.Errorf("%s", got)
		}
	}
	if err := sub.SetOption(zmq4.OptionUnsubscribe, "project/q/"); err != nil {
		t.Fatal(err)
	}
	eventually(t, "nobody listens to it any more", func() bool { return door.Stats().Topics == 1 })
}

// listening posts until a subscriber has heard: there is a moment between both.
func listening(t *testing.T, door *zmq.Publish, b *core.Broker, sub zmq4.Socket, topic string, who core.Caller, queue string) {
	t.Helper()
	before := door.Stats().Published
	posted := int64(0)
	eventually(t, "it is listened to "+topic, func() bool {
		if _, err := b.PostMessages(t.Context(), who, core.MessagePostRequest{Queue: queue, Messages: []core.Draft{{Body: []byte(`0`)}}}); err != nil {
			t.Fatal(err)
		}
		posted++
		return door.Stats().Published > before
	})
	_, err := b.PostMessages(t.Context(), who, core.MessagePostRequest{Queue: queue, Messages: []core.Draft{{Body: []byte(`"now"`)}}})
	if err != nil {
		t.Fatal(err)
	}
	for {
		m, err := sub.Recv()
		if err != nil {
			t.Fatal(err)
		}
		if string(m.Frames[0]) != topic {
			t.Errorf("topic %q", m.Frames[0])
		}
		if string(m.Frames[2]) == `"now"` {
			return
		}
	}
}

// Nobody hears more than one topic at a time, or a topic that is misspelt.
func TestTopicsThatAreNone(t *testing.T) {
	t.Parallel()
	door, s := published(t, zmq.Config{})
	wrong := []string{"", "project", "project/", "project/q", "project/q/x", "project/q//", "/", "//", "project//", "project/%71/", "project/q%2/", "project/a b/", "%2f/q/"}
	sub := subscriber(t, s, append(wrong, "project/q/")...)
	eventually(t, "all were looked at", func() bool { return door.Stats().Topics == 1 && door.Stats().Refused == int64(len(wrong)) })
	listening(t, door, s.broker, sub, "project/q/", core.Caller{Project: "project"}, "q")
	for _, queue := range []string{"r", "q"} {
		if _, err := s.broker.PostMessages(t.Context(), core.Caller{Project: "project"}, core.MessagePostRequest{Queue: queue, Messages: []core.Draft{{Body: []byte(`"` + queue + `"`)}}}); err != nil {
			t.Fatal(err)
		}
	}
	if m, err := sub.Recv(); err != nil || string(m.Frames[2]) != `"q"` {
		t.Errorf("%v %v", m, err)
	}
}
