package main_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"

	"github.com/stackforge/marconi/clients/go"
)

const aliceID = "3381af92-2b9e-11e3-b191-71861300734c"

// everyDoor is a broker with all its doors, and a way to post through each.
type everyDoor struct {
	*testing.T
	http *client.Client
	zmq  *client.ZMQ
	ws   *bufio.ReadWriter
	push net.Conn
}

// An endpoint that cannot be bound is named by its option, and nothing is said twice.
func TestZMQEndpointsThatCannotBeBound(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for flag, name := range map[string]string{"--zmq": "zmq", "--zmq-ingest": "zmq_ingest", "--zmq-publish": "zmq_publish"} {
		p := start(t, nil, "serve", "--store", "memory:", "--http", "127.0.0.1:0", "--ws", "127.0.0.1:0", "--zmq", "", flag, "tcp://"+taken.Addr().String())
		p.exits(1)
		p.await(&p.log, "(?m)^marconi: "+name+": zmtp: listen tcp "+taken.Addr().String()+": bind: address already in use$")
	}
}

// TestDoorsShareOneLog posts through each door in turn, and reads the queue through
// each: all see the same messages under the same IDs in the same order.
func TestDoorsShareOneLog(t *testing.T) {
	p, url := serve(t, "--store", "memory:", "--zmq-ingest", "tcp://127.0.0.1:0", "--zmq-publish", "ipc://"+t.TempDir()+"/p")
	ctx, cancel := context.WithTimeout(t.Context(), patience)
	defer cancel()
	d := &everyDoor{T: t}
	d.open(ctx, p, url)
	heard := make(chan string, 100)
	listens, hush := context.WithCancel(ctx)
	over := make(chan struct{})
	go func() {
		defer close(over)
		for n, err := range d.http.Listen(listens, "q", client.ListenOptions{Position: client.Earliest}) {
			if err == nil && n.Fact == "" {
				heard <- string(n.Message.Body)
			}
		}
	}()
	var want []string
	for i := range 12 {
		body := fmt.Sprintf(`{"n":%d}`, i)
		want = append(want, body)
		d.post(ctx, i%4, body)
		if got := <-heard; got != body { // which is also how a post that is not answered is awaited
			t.Fatalf("heard %s after %d posts", got, i+1)
		}
	}
	hush()
	<-over
	lists := []string{d.overHTTP(ctx), d.overZMQ(ctx), d.overWS()}
	for _, got := range lists {
		if got != lists[0] || strings.Count(got, " ") != 12 {
			t.Errorf("%s\nwhere HTTP has\n%s", got, lists[0])
		}
	}
	for _, body := range want {
		if !strings.Contains(lists[0], body) {
			t.Errorf("there is no %s in %s", body, lists[0])
		}
	}
	_ = d.zmq.Close(ctx)
	p.signal(syscall.SIGTERM)
	p.exits(0)
}

func (d *everyDoor) open(ctx context.Context, p *process, url string) {
	d.Helper()
	var err error
	if d.http, err = client.New(client.Config{URL: url, Project: "shop", ClientID: aliceID}); err != nil {
		d.Fatal(err)
	}
	d.Cleanup(d.http.Close)
	if d.zmq, err = client.DialZMQ(ctx, client.ZMQConfig{Endpoint: p.await(&p.out, `(?m)^zmq +(\S+) `), Project: "shop", ClientID: aliceID}); err != nil {
		d.Fatal(err)
	}
	d.upgrade(p.await(&p.out, `(?m)^ws +ws:(\S+) `))
	if d.push, err = net.Dial("tcp", strings.TrimPrefix(p.await(&p.out, `(?m)^zmq_ingest +tcp:(\S+) `), "//")); err != nil {
		d.Fatal(err)
	}
	d.Cleanup(func() { d.push.Close() })
	greeting := make([]byte, 64)
	copy(greeting, "\xff\x00\x00\x00\x00\x00\x00\x00\x01\x7f\x03\x00NULL")
	ready := "\x05READY\x0bSocket-Type\x00\x00\x00\x04PUSH"
	d.write(string(greeting) + "\x04" + string([]byte{byte(len(ready))}) + ready)
}

func (d *everyDoor) write(text string) {
	d.Helper()
	if _, err := d.push.Write([]byte(text)); err != nil {
		d.Fatal(err)
	}
}

// post posts through one of the doors.
func (d *everyDoor) post(ctx context.Context, door int, body string) {
	d.Helper()
	var err error
	switch door {
	case 0:
		_, err = d.http.Post(ctx, "q", client.Draft{Body: json.RawMessage(body)})
	case 1:
		_, err = d.zmq.Post(ctx, "q", client.PostOptions{}, []byte(body))
	case 2:
		d.ask("message_post", `{"queue_name":"q","messages":[{"body":`+body+`}]}`)
	case 3:
		head := `{"headers":{"Client-ID":"` + aliceID + `","X-Project-ID":"shop"},"body":{"queue_name":"q"}}`
		d.write("\x01" + string([]byte{byte(len(head))}) + head + "\x00" + string([]byte{byte(len(body))}) + body)
	}
	if err != nil {
		d.Fatal(err)
	}
}

// upgrade opens a WebSocket.
func (d *everyDoor) upgrade(address string) {
	d.Helper()
	conn, err := net.Dial("tcp", strings.Trim(address, "/"))
	if err != nil {
		d.Fatal(err)
	}
	d.Cleanup(func() { conn.Close() })
	d.ws = bufio.NewReadWriter(bufio.NewReader(conn), bufio.NewWriter(conn))
	fmt.Fprint(d.ws, "GET / HTTP/1.1\r\nHost: marconi\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"+
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	_ = d.ws.Flush()
	answer, err := http.ReadResponse(d.ws.Reader, nil)
	if err != nil || answer.StatusCode != http.StatusSwitchingProtocols {
		d.Fatal(answer, err)
	}
}

// ask asks over WebSocket: in one frame of text, whose mask is zero.
func (d *everyDoor) ask(action, body string) json.RawMessage {
	d.Helper()
	text := fmt.Sprintf(`{"action":%q,"headers":{"Client-ID":%q,"X-Project-ID":"shop"},"body":%s}`, action, aliceID, body)
	_, _ = d.ws.Write(binary.BigEndian.AppendUint16([]byte{0x81, 0x80 | 126}, uint16(len(text))))
	_, _ = d.ws.WriteString("\x00\x00\x00\x00" + text)
	if err := d.ws.Flush(); err != nil {
		d.Fatal(err)
	}
	head := make([]byte, 4)
	if _, err := io.ReadFull(d.ws, head); err != nil || head[1] != 126 {
		d.Fatalf("a frame that begins with %x: %v", head, err)
	}
	reply := make([]byte, binary.BigEndian.Uint16(head[2:]))
	var answer struct{ Body json.RawMessage }
	if _, err := io.ReadFull(d.ws, reply); err != nil {
		d.Fatal(err)
	}
	if err := json.Unmarshal(reply, &answer); err != nil {
		d.Fatal(err)
	}
	return answer.Body
}

func (d *everyDoor) overHTTP(ctx context.Context) (list string) {
	d.Helper()
	for m, err := range d.http.AllMessages(ctx, "q", client.MessageOptions{Echo: true}) {
		if err != nil {
			d.Fatal(err)
		}
		list += " " + m.ID + string(m.Body)
	}
	return list
}

func (d *everyDoor) overZMQ(ctx context.Context) (list string) {
	d.Helper()
	r, err := d.zmq.Call(ctx, "message_list", map[string]any{"queue_name": "q", "echo": true, "limit": 20})
	if err != nil {
		d.Fatal(err)
	}
	var page struct{ Messages []struct{ ID string } }
	if err := json.Unmarshal(r.Body, &page); err != nil || len(page.Messages) != len(r.Frames) {
		d.Fatalf("%d frames: %s", len(r.Frames), r.Body)
	}
	for i, m := range page.Messages {
		list += " " + m.ID + string(r.Frames[i])
	}
	return list
}

func (d *everyDoor) overWS() (list string) {
	d.Helper()
	var page struct {
		Messages []struct {
			ID   string
			Body json.RawMessage
		}
	}
	if err := json.Unmarshal(d.ask("message_list", `{"queue_name":"q","echo":true,"limit":20}`), &page); err != nil {
		d.Fatal(err)
	}
	for _, m := range page.Messages {
		list += " " + m.ID + string(bytes.TrimSpace(m.Body))
	}
	return list
}
