package ws_test

import (
	"bufio"
	"io"
	"net"
	"testing"
	"time"

	"github.com/gorilla/websocket"

	"github.com/stackforge/marconi/transports/ws"
)

// FuzzFrames sends any bytes to a connection, and has it answer, or close, and
// leave nothing behind.
func FuzzFrames(f *testing.F) {
	f.Add(frameOf(0x81, []byte(request("queue_list", `{}`))))
	f.Add(append(frameOf(0x01, []byte(`{"action":`)), frameOf(0x80, []byte(`"ping_node","headers":{}}`))...))
	f.Add(frameOf(0x82, []byte("\x82\xa6action\xa9ping_node\xa7headers\x80")))
	f.Add(append(frameOf(0x89, []byte("ping")), frameOf(0x88, []byte{3, 232})...))
	f.Add([]byte{0x81, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff})
	f.Add(frameOf(0xc1, []byte{0x4b, 0x04, 0x00})) // compressed
	s := serve(f, ws.Config{
		MaxMessage: 4 << 10, Compression: true, MessageTimeout: 20 * time.Millisecond, CloseTimeout: 20 * time.Millisecond,
		MaxPerAddress: -1, MaxPerProject: -1,
	})
	f.Fuzz(func(t *testing.T, data []byte) {
		here := *s
		here.t = t
		c := here.raw()
		_, _ = c.Write(data) // it may have been closed before the end
		_ = c.(*net.TCPConn).CloseWrite()
		r := bufio.NewReader(c)
		for closed := false; ; {
			head, err := r.Peek(2)
			if err != nil { // the end
				break
			}
			if closed {
				t.Fatal("something followed the close frame")
			}
			if head[0]&0x70 != 0 && head[0]&0x70 != 0x40 || head[1]&0x80 != 0 {
				t.Fatalf("no frame of a server begins with %x", head)
			}
			closed = head[0]&0xf == websocket.CloseMessage
			buffer := make([]byte, 64<<10)
			if _, err := nextFrame(r, buffer); err == io.ErrUnexpectedEOF {
				t.Fatal("a frame was cut off")
			}
		}
		c.Close()
		await(t, "the connection to end", func() bool { return s.server.Connections() == 0 })
	})
}
