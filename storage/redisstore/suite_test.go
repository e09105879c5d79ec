package redisstore_test

import (
	"context"
	"net/url"
	"testing"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/memstore"
	"github.com/stackforge/marconi/storage/redisstore"
	"github.com/stackforge/marconi/storage/storagetest"
)

// open opens the store that a URL names.
func open(t testing.TB, text string) storage.Driver {
	t.Helper()
	d, err := openURL(t.Context(), text)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func openURL(ctx context.Context, text string) (storage.Driver, error) {
	u, err := url.Parse(text)
	if err != nil {
		return nil, err
	}
	open, err := redisstore.OpenURL(u)
	if err != nil {
		return nil, err
	}
	return open(ctx)
}

// opener opens stores that share a server and nothing on it.
func opener(t testing.TB) func(t *testing.T) storage.Driver {
	shared := startShared(t)
	return func(t *testing.T) storage.Driver { return open(t, shared.next(t)) }
}

func reference(*testing.T) storage.Driver { return memstore.New(memstore.Config{}) }

func TestContract(t *testing.T) { storagetest.Run(t, opener(t)) }

func TestModel(t *testing.T) { storagetest.Model(t, opener(t), reference) }

func TestRace(t *testing.T) { storagetest.Race(t, opener(t)) }
