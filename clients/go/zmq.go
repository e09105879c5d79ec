package client

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"sync"

	"github.com/stackforge/marconi/transports/zmtp"
)

// ZMQConfig says which broker to connect to over ZeroMQ, and as whom.
type ZMQConfig struct {
	// Endpoint is the broker's for commands: tcp://host:port or ipc:///path.
	Endpoint string

	Project  string // owns the queues
	ClientID string // as in Config
	Token    string // proves the caller to a broker that asks for it

	// Security is the mechanism of the connection. nil is PLAIN with the Token as
	// the password, or NULL if there is none.
	Security zmtp.Security

	// InFlight is how many requests, or posts of a Producer, may be under way; 0
	// means 256.
	InFlight int
}

func (c ZMQConfig) withDefaults() (ZMQConfig, error) {
	if c.Project == "" {
		return c, errors.New("marconi: ZeroMQ needs the Project in the config")
	}
	c.ClientID = cmp.Or(c.ClientID, newUUID())
	c.InFlight = cmp.Or(c.InFlight, 256)
	if c.Security == nil && c.Token != "" {
		c.Security = zmtp.PlainClient("marconi", c.Token)
	}
	return c, nil
}

// headers is what the first request of a connection says for all.
func (c *ZMQConfig) headers() json.RawMessage {
	h := map[string]string{"Client-ID": c.ClientID, "X-Project-ID": c.Project}
	if c.Token != "" {
		h["X-Auth-Token"] = c.Token
	}
	text, _ := json.Marshal(h) // texts always can be
	return text
}

func (c *ZMQConfig) dial(ctx context.Context) (*zmtp.Dealer, error) {
	d, err := zmtp.Dial(ctx, zmtp.Config{
		Endpoint: c.Endpoint, Security: c.Security, InFlight: c.InFlight,
		MaxFrame: maxAnswer, MaxMessage: maxAnswer, MaxParts: 4096, Mailbox: maxAnswer,
	})
	switch {
	case errors.Is(err, zmtp.ErrRefused):
		return nil, &Error{Status: http.StatusUnauthorized, Title: "Unauthorized", Description: err.Error()}
	case err != nil:
		return nil, &lostError{err}
	}
	return d, nil
}

// ZMQ is one connection to a broker over ZeroMQ, as docs/zmq.md tells it. It may be
// used by many goroutines, whose requests overlap. It does not connect again.
type ZMQ struct {
	dealer *zmtp.Dealer
	room   chan struct{} // has as many as are under way
	reader sync.WaitGroup

	mu      sync.Mutex
	headers json.RawMessage // until they were sent
	asked   uint64
	waits   map[uint64]chan<- *ZMQReply
	over    error // why no more answers come
}

// ZMQReply is what a request was answered.
type ZMQReply struct {
	Status int
	Body   json.RawMessage
	Frames [][]byte // bodies of messages, if they were asked for by "frames"
}

// DialZMQ connects, until ctx is done at most. Close must be called.
func DialZMQ(ctx context.Context, c ZMQConfig) (*ZMQ, error) {
	c, err := c.withDefaults()
	if err != nil {
		return nil, err
	}
	z := &ZMQ{room: make(chan struct{}, c.InFlight), headers: c.headers(), waits: make(map[uint64]chan<- *ZMQReply)}
	if z.dealer, err = c.dial(ctx); err != nil {
		return nil, err
	}
	z.reader.Go(z.read)
	return z, nil
}

// Close ends the connection. What was sent is written until ctx is done.
func (z *ZMQ) Close(ctx context.Context) error {
	err := z.dealer.Close(ctx)
	z.reader.Wait()
	return err
}

// zmqHead is the first frame of a request.
type zmqHead struct {
	Action  string          `json:"action"`
	ID      uint64          `json:"id"`
	Headers json.RawMessage `json:"headers,omitempty"`
	Body    any             `json:"body,omitempty"`
	Frames  bool            `json:"frames,omitempty"`
}

// Call asks for an action, with the fields of its body and with frames behind it,
// and waits for the answer. The bodies of messages in it come as frames. A refusal is
// an *Error. If ctx is done before an answer has come, or the connection is lost, what
// was asked for may be done or not.
func (z *ZMQ) Call(ctx context.Context, action string, body any, frames ...[]byte) (*ZMQReply, error) {
	select {
	case z.room <- struct{}{}:
		defer func() { <-z.room }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	answer, id, err := z.send(ctx, zmqHead{Action: action, Body: body, Frames: true}, frames)
	if err != nil {
		return nil, err
	}
	select {
	case r, ok := <-answer:
		if !ok {
			return nil, &lostError{z.reason()}
		}
		return r, r.refusal()
	case <-ctx.Done():
		z.forget(id)
		return nil, ctx.Err()
	}
}

// Post stores messages, all of them or none, in a queue that is made if it is not
// there. The bodies are JSON texts, and sent as they are. It returns the messages' IDs
// in the same order. A post that may be sent again and is stored once is a Producer's.
func (z *ZMQ) Post(ctx context.Context, queue string, o PostOptions, bodies ...[]byte) (ids []string, err error) {
	r, err := z.Call(ctx, "message_post", zmqPost{Queue: queue, PostOptions: o}, bodies...)
	if err != nil {
		return nil, err
	}
	p, err := r.posted()
	return p.IDs, err
}

// send sends a request. The first says the headers for all, so nothing overtakes it.
func (z *ZMQ) send(ctx context.Context, h zmqHead, frames [][]byte) (<-chan *ZMQReply, uint64, error) {
	z.mu.Lock()
	defer z.mu.Unlock()
	if z.over != nil {
		return nil, 0, &lostError{z.over}
	}
	z.asked++
	h.ID, h.Headers = z.asked, z.headers
	text, err := json.Marshal(h)
	if err != nil {
		return nil, 0, err
	}
	if err = z.dealer.Send(ctx, append([][]byte{text}, frames...)...); err != nil {
		return nil, 0, &lostError{err}
	}
	z.headers = nil
	answer := make(chan *ZMQReply, 1)
	z.waits[h.ID] = answer
	return answer, h.ID, nil
}

func (z *ZMQ) reason() error {
	z.mu.Lock()
	defer z.mu.Unlock()
	return z.over
}

func (z *ZMQ) forget(id uint64) {
	z.mu.Lock()
	defer z.mu.Unlock()
	delete(z.waits, id)
}

func (z *ZMQ) read() {
	var err error
	for err == nil {
		err = z.readOne()
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	z.over = err
	for _, answer := range z.waits {
		close(answer)
	}
	clear(z.waits)
}

func (z *ZMQ) readOne() error {
	m, err := z.dealer.Receive(context.Background())
	if err != nil {
		return err
	}
	r, id, err := parseZMQReply(m.Parts)
	if err != nil {
		return err
	}
	z.mu.Lock()
	defer z.mu.Unlock()
	if answer := z.waits[id]; answer != nil {
		answer <- r
		delete(z.waits, id)
	}
	return nil
}

// parseZMQReply takes an answer apart. A push has no ID, and is nobody's.
func parseZMQReply(parts [][]byte) (*ZMQReply, uint64, error) {
	var said struct {
		ID      json.RawMessage `json:"id"`
		Body    json.RawMessage `json:"body"`
		Headers struct {
			Status int `json:"status"`
		} `json:"headers"`
	}
	if err := json.Unmarshal(parts[0], &said); err != nil {
		return nil, 0, fmt.Errorf("marconi: the broker sent what it should not: %w", err)
	}
	id, _ := strconv.ParseUint(string(said.ID), 10, 64)
	return &ZMQReply{said.Headers.Status, said.Body, parts[1:]}, id, nil
}

// refusal is the error that the reply is, or nil.
func (r *ZMQReply) refusal() error {
	if r.Status < http.StatusBadRequest {
		return nil
	}
	var said struct{ Exception, Error string }
	var text string
	if json.Unmarshal(r.Body, &said) != nil {
		_ = json.Unmarshal(r.Body, &text)
	}
	return &Error{Status: r.Status, Title: http.StatusText(r.Status), Description: cmp.Or(said.Exception, said.Error, text)}
}

// zmqPosted is the answer to a post.
type zmqPosted struct {
	IDs   []string `json:"message_ids"`
	Again bool     `json:"again"`
}

func (r *ZMQReply) posted() (p zmqPosted, err error) {
	if err = json.Unmarshal(r.Body, &p); err != nil {
		err = fmt.Errorf("marconi: the broker sent what it should not: %w", err)
	}
	return p, err
}
