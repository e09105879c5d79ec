package transporttest

import (
	"context"
	"strings"

	"github.com/stackforge/marconi/transports/api"
)

// Door is a door under test, seen from outside: what a client of it would do.
type Door interface {
	// Do sends a request and waits for the answer. An error says that the door
	// did not behave like a door: it fails the script.
	Do(ctx context.Context, r Request) (Response, error)
}

// Request asks for an operation.
type Request struct {
	Action string            // its name in the table of operations
	Header map[string]string // Client-ID and X-Project-ID among them, unless the script leaves them out
	Body   []byte            // a JSON object with the fields of the operation's request
}

// header finds a header, as in HTTP whatever the case of its name.
func (r Request) header(name string) (value string, given bool) {
	for n, v := range r.Header {
		if strings.EqualFold(n, name) {
			return v, true
		}
	}
	return "", false
}

// Response is an answer in plain words, without what only this door adds to it.
type Response struct {
	Status  int
	Body    []byte // the operation's result as JSON; empty where there is none
	Refusal string // in place of a result: what the caller is told is wrong
}

// Dialects of doors. HTTP's are its versions, such as "v2".
const (
	Plain = "plain" // of doors that speak none

	// Envelopes is that of WebSocket and ZeroMQ. Requests in envelopes are held
	// against a schema before all else, which has the same words for whatever is
	// missing or of the wrong type.
	Envelopes = "ws"

	// Packed is Envelopes in MessagePack, which cannot keep how a number is written.
	Packed = "ws msgpack"
)

// Bare is no door at all: its requests are the calls of a plain door.
func Bare(h api.Handler) Door { return bare{h} }

type bare struct{ handler api.Handler }

// Do implements Door.
func (b bare) Do(ctx context.Context, r Request) (Response, error) {
	reply := b.handler.Handle(ctx, &api.Call{
		Action:    r.Action,
		Transport: "bare",
		Header:    r.header,
		Body:      r.Body,
		Size:      len(r.Body),
	})
	if p, refused := reply.Result.(*api.Problem); refused {
		return Response{Status: reply.Status, Refusal: p.Description}, nil
	}
	if reply.Status == 204 {
		return Response{Status: reply.Status}, nil
	}
	body, err := api.JSON.Append(nil, reply.Result)
	return Response{Status: reply.Status, Body: body}, err
}
