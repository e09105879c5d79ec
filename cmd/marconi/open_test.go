package main

import (
	"context"
	"log/slog"
	"net"
	"net/url"
	"testing"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/memstore"
)

// What was opened is closed again if the rest cannot be.
func TestOpenLeavesNoStoreOpen(t *testing.T) {
	d := &diary{}
	stores["test"] = func(context.Context, *url.URL) (storage.Driver, error) {
		return notedStore{memstore.New(memstore.Config{}), d, nil}, nil
	}
	defer delete(stores, "test")
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer taken.Close()
	for n, flag := range []string{"--http", "--ws", "--admin"} {
		l, err := load(args(t, "--store", "test:", "--http", "127.0.0.1:0", "--ws", "127.0.0.1:0", "--zmq", "tcp://127.0.0.1:0", flag, taken.Addr().String()), nil)
		if err != nil {
			t.Fatal(err)
		}
		if s, err := open(t.Context(), l.config, slog.New(slog.DiscardHandler)); err == nil {
			t.Errorf("%s: it opened at %s", flag, s.http.Addr())
		}
		if len(d.lines) != n+1 {
			t.Errorf("%s: the store was not closed: %q", flag, d.lines)
		}
	}
}

func TestABrokenAdminEndsTheService(t *testing.T) {
	l, err := load(args(t, "--store", "memory:", "--http", "127.0.0.1:0", "--ws", "127.0.0.1:0", "--zmq", "tcp://127.0.0.1:0", "--admin", "127.0.0.1:0"), nil)
	if err != nil {
		t.Fatal(err)
	}
	s, err := open(t.Context(), l.config, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	if err := s.admin.listener.Close(); err != nil {
		t.Fatal(err)
	}
	if err := s.run(nil); err == nil {
		t.Error("no error")
	}
}
