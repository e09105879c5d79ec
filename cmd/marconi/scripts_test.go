package main

import (
	"context"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/rest"
	"github.com/stackforge/marconi/transports/rest/resttest"
	"github.com/stackforge/marconi/transports/transporttest"
)

// TestScripts plays what every operation does through every door on every store
// that keeps messages outside of the process. The doors' own tests play it on the
// one that does not.
func TestScripts(t *testing.T) {
	for store, url := range map[string]func(*testing.T) string{
		"pebble": func(t *testing.T) string { return "pebble://" + filepath.Join(t.TempDir(), "data") },
		"redis":  startRedis(t, "--databases", "1024").empty,
	} {
		for _, door := range []struct {
			name, dialect string
			open          func(*testing.T, api.Handler) transporttest.Door
		}{
			{"bare", transporttest.Plain, func(_ *testing.T, h api.Handler) transporttest.Door { return transporttest.Bare(h) }},
			{"http", "v2", openDoorHTTP},
		} {
			t.Run(store+" "+door.name, func(t *testing.T) {
				t.Parallel()
				transporttest.RunOn(t, door.dialect, func(t *testing.T, _ func() time.Time) storage.Driver {
					return openStore(t, url(t))
				}, door.open)
			})
		}
	}
}

// openStore opens a store that ends with the test.
func openStore(t *testing.T, url string) storage.Driver {
	t.Helper()
	d, err := stores.Open(t.Context(), url)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := d.Close(); err != nil {
			t.Error(err)
		}
	})
	return d
}

func openDoorHTTP(t *testing.T, h api.Handler) transporttest.Door {
	t.Helper()
	server, err := rest.Listen(rest.Config{Addr: "127.0.0.1:0", Handler: h, AdminMode: true, MaxBody: 256 << 10})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(ctx) }()
	transport := &http.Transport{}
	t.Cleanup(func() {
		transport.CloseIdleConnections()
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
	return resttest.Door(server.Addr(), &http.Client{Transport: transport})
}
