package client_test

import (
	"context"
	"errors"
	"fmt"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stackforge/marconi/clients/go"
)

func TestZMQCalls(t *testing.T) {
	first := true
	z := dialled(t, fakeZMQ(t, func(h zmqHead, frames []string) ([]string, error) {
		want := map[string]string{"Client-ID": self, "X-Project-ID": project}
		if !first {
			want = nil // they were said once
		}
		first = false
		if !reflect.DeepEqual(h.Headers, want) || !h.Frames {
			t.Errorf("a request with %v", h)
		}
		switch h.Action {
		case "message_post":
			return zmqReply(h, 201, fmt.Sprintf(`{"message_ids":["%s","%d","%d"]}`, h.Body.Queue, h.Body.TTL, len(frames))), nil
		case "message_list":
			return append(zmqReply(h, 200, `{"messages":[{},{}]}`), "1", "2"), nil
		}
		return zmqReply(h, 404, `{"exception":"Queue `+h.Body.Queue+` does not exist.","error":null}`), nil
	}))
	ids, err := z.Post(soon(t), "q", client.PostOptions{TTL: 1500 * time.Millisecond}, []byte("1"), []byte("2"))
	if err != nil || strings.Join(ids, " ") != "q 2 2" {
		t.Errorf("%q %v", ids, err)
	}
	r, err := z.Call(soon(t), "message_list", nil)
	if err != nil || r.Status != 200 || fmt.Sprintf("%s", r.Frames) != "[1 2]" {
		t.Errorf("%v %v", r, err)
	}
	_, err = z.Call(soon(t), "claim_create", map[string]string{"queue_name": "r"})
	if client.StatusOf(err) != 404 || !strings.Contains(err.Error(), "Queue r does not exist.") {
		t.Errorf("%v", err)
	}
}

// Answers find those who wait for them, in whichever order they come.
func TestZMQCallsOverlap(t *testing.T) {
	asked := make(chan struct{})
	var slow []string
	z := dialled(t, fakeZMQ(t, func(h zmqHead, _ []string) ([]string, error) {
		switch h.Action {
		case "slow":
			slow = zmqReply(h, 200, `"slow"`)
			close(asked)
			return nil, nil
		case "release":
			return slow, nil
		}
		return zmqReply(h, 200, `"fast"`), nil
	}))
	ask := func(action, want string) {
		r, err := z.Call(soon(t), action, nil)
		if err != nil || string(r.Body) != want {
			t.Errorf("%s: %v %v", action, r, err)
		}
	}
	answered := make(chan struct{})
	go func() {
		defer close(answered)
		ask("slow", `"slow"`)
	}()
	<-asked
	ask("fast", `"fast"`)
	release, stop := context.WithCancel(soon(t))
	var releasing sync.WaitGroup
	releasing.Go(func() {
		if _, err := z.Call(release, "release", nil); !errors.Is(err, context.Canceled) {
			t.Errorf("%v", err)
		}
	})
	<-answered
	stop()
	releasing.Wait()
	ask("fast", `"fast"`)
}

func TestZMQConnectionsAreLost(t *testing.T) {
	z := dialled(t, fakeZMQ(t, func(zmqHead, []string) ([]string, error) { return nil, errors.New("enough") }))
	for range 3 {
		if _, err := z.Call(soon(t), "queue_list", nil); err == nil || client.StatusOf(err) != 0 {
			t.Errorf("%v", err)
		}
	}
	if _, err := client.DialZMQ(soon(t), client.ZMQConfig{Endpoint: "tcp://127.0.0.1:1", Project: project}); err == nil {
		t.Error("it connected to nobody")
	}
	if _, err := client.DialZMQ(soon(t), client.ZMQConfig{Endpoint: "tcp://127.0.0.1:1"}); err == nil || !strings.Contains(err.Error(), "Project") {
		t.Errorf("%v", err)
	}
}

func TestZMQCallsGiveUp(t *testing.T) {
	z := dialled(t, fakeZMQ(t, func(zmqHead, []string) ([]string, error) { return nil, nil }))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	if _, err := z.Call(ctx, "queue_list", nil); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("%v", err)
	}
}
