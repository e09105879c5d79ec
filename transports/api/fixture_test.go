package api_test

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"testing"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/memstore"
	"github.com/stackforge/marconi/transports/api"
)

const client = "3381af922b9e11e3b19171861300734c"

// handler is one for tests.
type handler struct{ api.Handler }

// newHandler is one on an empty store.
func newHandler(t testing.TB, o api.Options, mw ...api.Middleware) handler {
	t.Helper()
	return handlerOn(t, memstore.New(memstore.Config{}), o, mw...)
}

func handlerOn(t testing.TB, store storage.Driver, o api.Options, mw ...api.Middleware) handler {
	t.Helper()
	b, err := core.New(context.Background(), store, core.Options{Now: func() time.Time { return time.Unix(1767322245, 0) }})
	if err != nil {
		t.Fatal(err)
	}
	return handler{api.New(b, o, mw...)}
}

// headers are a name, its value, a name, its value …
func headers(pairs ...string) func(string) (string, bool) {
	h := http.Header{}
	for pair := range slices.Chunk(pairs, 2) {
		h.Set(pair[0], pair[1])
	}
	return func(name string) (string, bool) { return h.Get(name), h.Values(name) != nil }
}

// call is a plain call by somebody known.
func call(action, body string) *api.Call {
	return &api.Call{
		Action: action,
		Header: headers("Client-ID", client, "X-Project-Id", "project"),
		Body:   []byte(body),
		Size:   len(body),
	}
}

// given are parameters: a field, its value, a field, its value …
func given(pairs ...string) api.Params {
	var p api.Params
	for pair := range slices.Chunk(pairs, 2) {
		p.Own = append(p.Own, pair[0])
		p.Given = append(p.Given, api.Param{Field: pair[0], Name: pair[0], Value: pair[1]})
	}
	return p
}

func same[T comparable](t testing.TB, what string, got, want T) {
	t.Helper()
	if got != want {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

func sameAll[T comparable](t testing.TB, what string, got []T, want ...T) {
	t.Helper()
	if !slices.Equal(got, want) {
		t.Errorf("%s: got %v, want %v", what, got, want)
	}
}

// refused checks an error of the broker's; a text of "" wants none.
func refused(t testing.TB, err error, title, text string) {
	t.Helper()
	var e *core.Error
	switch {
	case text == "" && err != nil:
		t.Errorf("got %v, want no error", err)
	case text != "" && !errors.As(err, &e):
		t.Errorf("got %v, want %q", err, text)
	case text != "" && (e.Title != title || e.Text != text):
		t.Errorf("got %q %q, want %q %q", e.Title, e.Text, title, text)
	}
}

// answered checks a reply and, if it refuses, what it says.
func answered(t testing.TB, reply api.Reply, status int, title, text string) {
	t.Helper()
	same(t, "status", reply.Status, status)
	p, isProblem := reply.Result.(*api.Problem)
	switch {
	case status < 400 && isProblem:
		t.Errorf("refused: %s", p.Description)
	case status >= 400 && !isProblem:
		t.Errorf("got %v, want a problem", reply.Result)
	case status >= 400 && (p.Title != title || p.Description != text):
		t.Errorf("got %q %q\nwant %q %q", p.Title, p.Description, title, text)
	}
}

// failing is a store that cannot serve.
type failing struct {
	storage.Driver
	err error
}

func (f failing) Ping(context.Context) error { return f.err }

func (f failing) GetQueue(context.Context, storage.QueueID) (storage.Queue, error) {
	return storage.Queue{}, f.err
}
