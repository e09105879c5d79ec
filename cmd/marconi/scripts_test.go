package main_test

import (
	"context"
	"fmt"
	"net/http"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/loadtest/processtest"
	"github.com/stackforge/marconi/storage"
	"github.com/stackforge/marconi/storage/memstore"
	"github.com/stackforge/marconi/storage/pebblestore"
	"github.com/stackforge/marconi/storage/redisstore"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/rest"
	"github.com/stackforge/marconi/transports/rest/resttest"
	"github.com/stackforge/marconi/transports/transporttest"
	"github.com/stackforge/marconi/transports/ws"
	"github.com/stackforge/marconi/transports/ws/wstest"
	"github.com/stackforge/marconi/transports/zmq"
	"github.com/stackforge/marconi/transports/zmq/zmqtest"
	"github.com/stackforge/marconi/transports/zmtp"
)

// TestScripts plays what every operation does through every door on every store
// that keeps messages outside of the process. The doors' own tests play it on the
// one that does not.
func TestScripts(t *testing.T) {
	redis := processtest.StartRedis(t, "--databases", "2048")
	var databases atomic.Int64
	for store, url := range map[string]func(*testing.T) string{
		"pebble": func(t *testing.T) string { return "pebble://" + filepath.Join(t.TempDir(), "data") },
		"redis":  func(*testing.T) string { return fmt.Sprintf("%s?dbid=%d", redis, databases.Add(1)) },
	} {
		for _, door := range []struct {
			name, dialect string
			open          func(*testing.T, api.Handler) transporttest.Door
		}{
			{"bare", transporttest.Plain, func(_ *testing.T, h api.Handler) transporttest.Door { return transporttest.Bare(h) }},
			{"http", "v2", openDoorHTTP},
			{"ws", transporttest.Envelopes, openDoorWS},
			{"zmq", transporttest.Envelopes, openDoorZMQ},
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
	d, err := storage.Openers{"pebble": pebblestore.OpenURL, "unix": redisstore.OpenURL}.Open(t.Context(), url)
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
	transporttest.Running(t, server.Serve)
	transport := &http.Transport{}
	t.Cleanup(transport.CloseIdleConnections)
	return resttest.Door(server.Addr(), &http.Client{Transport: transport})
}

func openDoorWS(t *testing.T, h api.Handler) transporttest.Door {
	t.Helper()
	server, err := ws.Listen(ws.Config{Addr: "127.0.0.1:0", Handler: h, Broker: bystander(t)})
	if err != nil {
		t.Fatal(err)
	}
	transporttest.Running(t, server.Serve)
	door, err := wstest.Dial(t.Context(), server.Addr(), wstest.Options{})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { door.Close() })
	return door
}

func openDoorZMQ(t *testing.T, h api.Handler) transporttest.Door {
	t.Helper()
	server, err := zmq.ListenCommands(zmq.Config{Endpoint: "tcp://127.0.0.1:0", Handler: h, Broker: bystander(t)})
	if err != nil {
		t.Fatal(err)
	}
	transporttest.Running(t, server.Serve)
	dealer, err := zmtp.Dial(t.Context(), zmtp.Config{Endpoint: server.Addr(), MaxParts: 1024, MaxMessage: 64 << 20})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = dealer.Close(context.Background()) })
	return zmqtest.Door(dealer, zmqtest.Options{Frames: true})
}

// bystander is what a door has connections listen to, which no script does.
func bystander(t *testing.T) *core.Broker {
	t.Helper()
	b, err := core.New(t.Context(), memstore.New(memstore.Config{}), core.Options{})
	if err != nil {
		t.Fatal(err)
	}
	return b
}
