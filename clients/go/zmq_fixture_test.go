package client_test

import (
	"context"
	"encoding/json"
	"fmt"
	"sync"
	"testing"
	"time"

	"github.com/stackforge/marconi/clients/go"
	"github.com/stackforge/marconi/transports/zmtp"
)

const patience = time.Minute // with what does not come

// zmqHead is what a fake broker reads of a request.
type zmqHead struct {
	Action  string
	ID      json.RawMessage
	Headers map[string]string
	Frames  bool
	Body    struct {
		Queue    string `json:"queue_name"`
		TTL      int
		Producer string
		Seq      int
	}
}

// fakeZMQ is a broker whose answers are handle's: a reply for each request, one
// after the other. No frames: it stays silent. An error cuts the connection.
func fakeZMQ(t *testing.T, handle func(h zmqHead, frames []string) (reply []string, err error)) client.ZMQConfig {
	t.Helper()
	router, err := zmtp.ListenRouter(zmtp.Config{Endpoint: "tcp://127.0.0.1:0", InFlight: 1})
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	var serving sync.WaitGroup
	serving.Go(func() {
		err := router.Serve(ctx, func(_ context.Context, p *zmtp.Peer, m *zmtp.Message) {
			var h zmqHead
			if err := json.Unmarshal(m.Parts[0], &h); err != nil {
				t.Errorf("%v: %s", err, m.Parts[0])
			}
			var frames []string
			for _, part := range m.Parts[1:] {
				frames = append(frames, string(part))
			}
			reply, err := handle(h, frames)
			if err != nil {
				p.Cut(err)
				return
			}
			var parts [][]byte
			for _, part := range reply {
				parts = append(parts, []byte(part))
			}
			if len(parts) > 0 {
				_ = p.Send(parts...)
			}
		})
		if err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(func() {
		stop()
		serving.Wait()
	})
	return client.ZMQConfig{Endpoint: router.Addr(), Project: project, ClientID: self}
}

func zmqReply(h zmqHead, status int, body string) []string {
	return []string{fmt.Sprintf(`{"body":%s,"headers":{"status":%d},"id":%s}`, body, status, h.ID)}
}

func soon(t *testing.T) context.Context {
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	t.Cleanup(cancel)
	return ctx
}

func dialled(t *testing.T, c client.ZMQConfig) *client.ZMQ {
	t.Helper()
	z, err := client.DialZMQ(soon(t), c)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = z.Close(context.Background()) })
	return z
}
