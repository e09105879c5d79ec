package transports

import (
	"net"
	"net/http"
	"sync"
)

// Open counts the connections that an http.Server has: all but those that were
// handed over to others, as WebSockets are. The zero value has none.
type Open struct{ all sync.WaitGroup }

// Count is a ConnState of an http.Server. It hears of all new connections before
// accepting ends.
func (o *Open) Count(_ net.Conn, state http.ConnState) {
	switch state {
	case http.StateNew:
		o.all.Add(1)
	case http.StateClosed, http.StateHijacked:
		o.all.Done()
	}
}

// Wait waits until there are none. It is called when nothing is accepted any more.
func (o *Open) Wait() { o.all.Wait() }
