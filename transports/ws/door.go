package ws

import (
	"context"
	"fmt"
	"net/http"
	"net/netip"
	"sync"
	"time"

	"github.com/gorilla/websocket"

	"github.com/stackforge/marconi/transports"
)

// readBuffer and writeBuffer are bytes of a connection's buffers. It has that for
// reading for good and that for writing while it writes.
const (
	readBuffer  = 512
	writeBuffer = 4 << 10
)

// Door answers upgrades to WebSocket, at whichever path of whichever server it is
// put, and owns the connections: it serves them even when the server that they
// came by has ended.
type Door struct {
	config   Config
	upgrader websocket.Upgrader
	census   *census
	ctx      context.Context
	cancel   context.CancelFunc // cuts off what is in progress on all connections
}

// NewDoor makes a door. It answers from now on; Serve ends it.
func NewDoor(c Config) *Door {
	c = c.withDefaults()
	d := &Door{config: c, census: newCensus(c)}
	d.ctx, d.cancel = context.WithCancel(context.Background())
	d.upgrader = websocket.Upgrader{
		ReadBufferSize:    readBuffer,
		WriteBufferSize:   writeBuffer,
		WriteBufferPool:   new(sync.Pool),
		CheckOrigin:       func(*http.Request) bool { return true }, // it was looked at before
		EnableCompression: c.Compression,
		Error:             func(w http.ResponseWriter, _ *http.Request, status int, why error) { refuse(w, status, why.Error()) },
	}
	return d
}

// Connections is how many connections there are.
func (d *Door) Connections() int { return len(d.census.present()) }

// ServeHTTP implements http.Handler. It returns when the connection is a
// WebSocket, which then has goroutines of its own.
func (d *Door) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if !websocket.IsWebSocketUpgrade(r) {
		w.Header().Set("Upgrade", "websocket")
		refuse(w, http.StatusUpgradeRequired, "This is a WebSocket.")
		return
	}
	if !allowed(r, d.config.Origins) {
		refuse(w, http.StatusForbidden, "This page may not connect.")
		return
	}
	from, _ := netip.ParseAddrPort(r.RemoteAddr) // of a server that knows no addresses all are one
	switch d.census.arrive(transports.Network(from.Addr())) {
	case welcome:
		d.welcome(w, r, from.Addr())
	case stopping:
		refuse(w, http.StatusServiceUnavailable, "The server is stopping.")
	case full:
		refuse(w, http.StatusServiceUnavailable, "There are too many connections.")
	case crowded:
		refuse(w, http.StatusTooManyRequests, "There are too many connections from this address.")
	}
}

func refuse(w http.ResponseWriter, status int, why string) {
	if status == http.StatusServiceUnavailable || status == http.StatusTooManyRequests {
		w.Header().Set("Retry-After", "5")
	}
	http.Error(w, why, status)
}

// welcome makes a WebSocket of a request that was counted.
func (d *Door) welcome(w http.ResponseWriter, r *http.Request, from netip.Addr) {
	line := &wire{patience: d.config.WriteTimeout}
	socket, err := d.upgrader.Upgrade(wired{w, line}, r, nil)
	if err != nil {
		d.census.abandon(transports.Network(from))
		d.config.Log.Debug("no websocket", "remote", from.String(), "error", err)
		return
	}
	c := newConn(d, socket, line, from)
	if !d.census.settle(c) {
		c.leave(websocket.CloseGoingAway, reasonStopping)
	}
	go c.run()
}

// Serve owns the connections until ctx is done. Then it lets each finish what is
// in progress, closes it with 1001, and returns when all have ended. What takes
// longer than StopTimeout is cut off, and Serve says so.
func (d *Door) Serve(ctx context.Context) error {
	defer d.cancel()
	<-ctx.Done()
	d.census.close()
	d.config.Broker.StopWaiting()
	for _, c := range d.census.present() {
		c.leave(websocket.CloseGoingAway, reasonStopping)
	}
	gone := make(chan struct{})
	go func() {
		d.census.open.Wait()
		close(gone)
	}()
	patience := time.NewTimer(d.config.StopTimeout)
	defer patience.Stop()
	select {
	case <-gone:
		return nil
	case <-patience.C:
	}
	late := d.census.present()
	d.cancel()
	for _, c := range late {
		c.close(websocket.CloseGoingAway, reasonStopping)
	}
	<-gone
	return fmt.Errorf("ws: requests of %d connections were cut off", len(late))
}
