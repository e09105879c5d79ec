package main

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
)

// service is something that tells listeners of messages.
type service struct {
	// listen begins to listen, and returns when what comes next will be told.
	listen func(l *listener, queue string) error
	// next is the next message that the listener is told. It is good until the
	// next call.
	next func(l *listener) ([]byte, error)
	// poster makes what posts a message. One goroutine uses it.
	poster func(addr, queue string) (post func(body []byte) error, err error)
}

var services = map[string]service{
	"marconi": {watch, (*listener).frame, marconiPoster},
	"bare":    {attend, (*listener).frame, barePoster},
	"nats":    {subscribe, (*listener).natsMessage, natsPoster},
}

// listener is a connection that listens, as bare as it can be.
type listener struct {
	conn   net.Conn
	in     *bufio.Reader
	buffer []byte
}

func dial(addr string, queue string, s service) (*listener, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	l := &listener{conn: c, in: bufio.NewReaderSize(c, 4<<10), buffer: make([]byte, 4<<10)}
	if err := s.listen(l, queue); err != nil {
		c.Close()
		return nil, err
	}
	return l, nil
}

const client = "3381af92-2b9e-11e3-b191-71861300734c"

// watch listens to a queue of Marconi.
func watch(l *listener, queue string) error {
	if err := l.upgrade("/ws"); err != nil {
		return err
	}
	ask := fmt.Sprintf(`{"action":"message_watch","headers":{"Client-ID":%q,"X-Project-ID":"peers"},"body":{"queue_name":%q}}`, client, queue)
	if err := l.send(1, []byte(ask)); err != nil {
		return err
	}
	for {
		f, err := l.frame()
		if err != nil {
			return err
		}
		if bytes.Contains(f, []byte(`"fact":"live"`)) {
			return nil
		}
		if !bytes.Contains(f, []byte(`"status":201`)) {
			return fmt.Errorf("it answered %s", f)
		}
	}
}

// attend listens to the bare server.
func attend(l *listener, _ string) error {
	if err := l.upgrade("/"); err != nil {
		return err
	}
	_, err := l.frame()
	return err
}

func marconiPoster(addr, queue string) (func([]byte) error, error) {
	return httpPoster("http://"+addr+"/v2/queues/"+queue+"/messages", http.StatusCreated, func(body []byte) []byte {
		return fmt.Appendf(nil, `{"messages":[{"ttl":300,"body":%s}]}`, body)
	})
}

func barePoster(addr, _ string) (func([]byte) error, error) {
	return httpPoster("http://"+addr+"/", http.StatusNoContent, func(body []byte) []byte { return body })
}

func httpPoster(url string, want int, dress func([]byte) []byte) (func([]byte) error, error) {
	c := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 1}}
	return func(body []byte) error {
		r, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(dress(body)))
		if err != nil {
			return err
		}
		r.Header = http.Header{"Client-Id": {client}, "X-Project-Id": {"peers"}, "Content-Type": {"application/json"}}
		resp, err := c.Do(r)
		if err != nil {
			return err
		}
		defer resp.Body.Close()
		if text, _ := io.ReadAll(resp.Body); resp.StatusCode != want {
			return fmt.Errorf("a post was answered with %d: %s", resp.StatusCode, text)
		}
		return nil
	}, nil
}

// subscribe listens to a subject of NATS.
func subscribe(l *listener, queue string) error {
	if _, err := l.in.ReadSlice('\n'); err != nil { // INFO
		return err
	}
	_, err := fmt.Fprintf(l.conn, "CONNECT {\"verbose\":false,\"pedantic\":false}\r\nSUB %s 1\r\nPING\r\n", queue)
	if err != nil {
		return err
	}
	text, err := l.in.ReadString('\n')
	if err == nil && text != "PONG\r\n" {
		err = fmt.Errorf("NATS answered %q", text)
	}
	return err
}

// natsMessage is the next message of NATS.
func (l *listener) natsMessage() ([]byte, error) {
	for {
		line, err := l.in.ReadSlice('\n')
		switch {
		case err != nil:
			return nil, err
		case bytes.HasPrefix(line, []byte("MSG ")):
			words := bytes.Fields(line)
			size, err := strconv.Atoi(string(words[len(words)-1]))
			if err != nil {
				return nil, err
			}
			return l.take(size, 2) // and a line's end
		case bytes.HasPrefix(line, []byte("PING")):
			if _, err := io.WriteString(l.conn, "PONG\r\n"); err != nil {
				return nil, err
			}
		case bytes.HasPrefix(line, []byte("-ERR")):
			return nil, fmt.Errorf("NATS said %q", line)
		}
	}
}

// take reads bytes, and skips those behind them.
func (l *listener) take(size, skip int) ([]byte, error) {
	if size+skip > len(l.buffer) {
		l.buffer = make([]byte, size+skip)
	}
	_, err := io.ReadFull(l.in, l.buffer[:size+skip])
	return l.buffer[:size], err
}

func natsPoster(addr, queue string) (func([]byte) error, error) {
	c, err := net.Dial("tcp", addr)
	if err != nil {
		return nil, err
	}
	if _, err := io.WriteString(c, "CONNECT {\"verbose\":false,\"pedantic\":false}\r\n"); err != nil {
		return nil, err
	}
	go answerPings(c)
	var out []byte
	return func(body []byte) error {
		if !json.Valid(body) {
			return fmt.Errorf("%s is no JSON", body)
		}
		out = fmt.Appendf(out[:0], "PUB %s %d\r\n%s\r\n", queue, len(body), body)
		_, err := c.Write(out)
		return err
	}, nil
}

// answerPings answers NATS while somebody posts.
func answerPings(c net.Conn) {
	for lines := bufio.NewScanner(c); lines.Scan(); {
		if lines.Text() == "PING" {
			_, _ = io.WriteString(c, "PONG\r\n")
		}
	}
}
