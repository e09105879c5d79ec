package redisstore_test

import (
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
	u, err := url.Parse(text)
	if err != nil {
		t.Fatal(err)
	}
	d, err := redisstore.OpenURL(t.Context(), u)
	if err != nil {
		t.Fatal(err)
	}
	return d
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
