package zmq_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/go-zeromq/zmq4"

	"github.com/stackforge/marconi/transports/zmq"
)

// The sockets of go-zeromq for those who ask, all under one identity.
func TestLibraryAsks(t *testing.T) {
	t.Parallel()
	s := commands(t, zmq.Config{})
	for name, make := range map[string]func(context.Context, ...zmq4.Option) zmq4.Socket{"DEALER": zmq4.NewDealer, "REQ": zmq4.NewReq} {
		ctx, cancel := context.WithTimeout(context.Background(), patience)
		socket := make(ctx, zmq4.WithID(zmq4.SocketIdentity("same for all")))
		t.Cleanup(func() {
			cancel()
			_ = socket.Close() // it tells of what it has closed itself
		})
		if err := socket.Dial(s.addr); err != nil {
			t.Fatal(err)
		}
		for i := range 50 {
			body := fmt.Sprintf(`{"n":%d}`, i)
			head := request("message_post", `{"queue_name":"`+name+`"}`)
			if err := socket.SendMulti(zmq4.NewMsgFrom([]byte(head), []byte(body))); err != nil {
				t.Fatal(err)
			}
			if m, err := socket.Recv(); err != nil || !strings.Contains(string(m.Frames[len(m.Frames)-1]), `"status":201`) {
				t.Fatalf("%s: %v %v", name, m, err)
			}
		}
	}
}
