package main

import (
	"context"
	"errors"
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
	stores["test"] = func(*url.URL) (storage.Open, error) {
		return func(context.Context) (storage.Driver, error) {
			return notedStore{memstore.New(memstore.Config{}), d, nil}, nil
		}, nil
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

// A store that cannot be opened is named, but no password of its URL.
func TestOpenTellsNoPassword(t *testing.T) {
	broken := errors.New("broken")
	stores["test"] = func(*url.URL) (storage.Open, error) {
		return func(context.Context) (storage.Driver, error) { return nil, broken }, nil
	}
	defer delete(stores, "test")
	for store, shown := range map[string]string{
		"test://u:hunter2@h?master=m":                 "test://u:xxxxx@h?master=m",
		"test://h?master=m&sentinel_password=hunter2": "test://h?master=m&sentinel_password=xxxxx",
		"test:u:hunter2@h":                            "test:(hidden)",
	} {
		c := defaults()
		c.store = store
		_, err := open(t.Context(), c, slog.New(slog.DiscardHandler))
		if !errors.Is(err, broken) || err.Error() != "store "+shown+": broken" {
			t.Errorf("%s: got %v", store, err)
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
