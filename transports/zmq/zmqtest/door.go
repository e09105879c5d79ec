// Package zmqtest is the client of a ZeroMQ door that plays the scripts of package
// transporttest.
package zmqtest

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"

	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/transporttest"
	"github.com/stackforge/marconi/transports/zmtp"
)

// Options say how a client asks.
type Options struct {
	Binary  bool // heads are MessagePack
	Frames  bool // bodies go in frames of their own, there and back
	Request bool // a delimiter is in front, as a REQ has it, and no ID
}

// Dialect is what scripts a door with these options can play.
func (o Options) Dialect() string {
	if o.Binary {
		return transporttest.Packed
	}
	return transporttest.Envelopes
}

// Door does over a connection for commands what scripts say. One request is in
// flight at a time.
func Door(d *zmtp.Dealer, o Options) transporttest.Door { return &door{dealer: d, Options: o} }

type door struct {
	Options
	dealer *zmtp.Dealer
	count  int
}

type document = map[string]json.RawMessage

// Do implements transporttest.Door.
func (d *door) Do(ctx context.Context, r transporttest.Request) (transporttest.Response, error) {
	d.count++
	header, err := json.Marshal(r.Header)
	if err != nil {
		return transporttest.Response{}, err
	}
	head := document{"headers": header, "body": r.Body}
	head["action"], _ = json.Marshal(r.Action)
	if !d.Request {
		head["id"] = json.RawMessage(strconv.Itoa(d.count))
	}
	var bodies [][]byte
	if d.Frames {
		head["frames"] = json.RawMessage("true")
		if r.Action == "message_post" {
			head["body"], bodies = apart(r.Body)
		}
	}
	if err := d.send(ctx, head, bodies); err != nil {
		return transporttest.Response{}, err
	}
	reply, err := d.receive(ctx, head)
	if err != nil {
		return transporttest.Response{}, err
	}
	return transporttest.Undress(r.Action, reply.Headers.Status, reply.Body)
}

func (d *door) send(ctx context.Context, head document, bodies [][]byte) error {
	text, err := json.Marshal(head)
	if err == nil && d.Binary {
		text, err = api.ToMessagePack(nil, text)
	}
	if err != nil {
		return err
	}
	parts := append([][]byte{text}, bodies...)
	if d.Request {
		parts = append([][]byte{nil}, parts...)
	}
	return d.dealer.Send(ctx, parts...)
}

// reply is what was answered, with the bodies of messages where they belong.
type reply struct {
	ID      json.RawMessage `json:"id"`
	Request json.RawMessage `json:"request"`
	Headers struct {
		Status int `json:"status"`
	} `json:"headers"`
	Body json.RawMessage `json:"body"`
}

func (d *door) receive(ctx context.Context, head document) (r reply, err error) {
	m, err := d.dealer.Receive(ctx)
	if err != nil {
		return r, err
	}
	route, frames := m.Split()
	if (len(route) > 0) != d.Request || len(frames) == 0 {
		return r, fmt.Errorf("an answer of %d frames behind %d", len(frames), len(route))
	}
	text := frames[0]
	if binary := text[0] != '{'; binary != d.Binary {
		return r, errors.New("it was answered in another encoding")
	}
	if d.Binary {
		if text, err = api.FromMessagePack(nil, text, 64<<20); err != nil {
			return r, err
		}
	}
	if err = json.Unmarshal(text, &r); err != nil {
		return r, err
	}
	if string(r.ID) != string(head["id"]) || r.Request != nil {
		return r, fmt.Errorf("the answer is to something else: %s", text)
	}
	if len(frames) > 1 {
		r.Body, err = together(r.Body, frames[1:])
	}
	return r, err
}
