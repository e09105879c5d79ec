package ws

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"net/netip"
	"sync"
	"time"

	"github.com/gorilla/websocket"
	"golang.org/x/time/rate"

	"github.com/stackforge/marconi/transports/api"
)

// Close codes of our own, like those of HTTP behind a 4, but for the one that is
// Zaqar's.
const (
	codeUnauthenticated = 4001
	codeExpired         = 4003
	codeTimeout         = 4008
	codeTooMany         = 4029
)

// Reasons of closing, which are told with the code.
const (
	reasonStopping        = "The server is stopping."
	reasonUnauthenticated = "No authentication came in time."
	reasonExpired         = "Authentication expired."
	reasonWithdrawn       = "Authentication is no longer valid."
	reasonNoPong          = "No answer to a ping came in time."
	reasonSlowMessage     = "A message did not arrive in time."
	reasonTooLarge        = "A message is too large."
	reasonProject         = "There are too many connections of this project."
)

// conn is one connection.
type conn struct {
	door   *Door
	socket *websocket.Conn
	wire   *wire
	remote netip.Addr
	ctx    context.Context // of what is in progress
	cancel context.CancelFunc
	timer  *time.Timer
	tasks  sync.WaitGroup // goroutines beside the one that reads

	// Of the goroutine that reads.
	pace      *rate.Limiter
	inMessage bool   // a message has begun and is not whole
	requests  uint64 // so far

	project string // that it counts for; of the census

	mu       sync.Mutex
	changed  sync.Cond    // something below has, for those who wait for that
	session  *api.Session // nil until the first request
	streams  bool         // the session has a goroutine
	who      *identity    // nil until it has authenticated
	times    times
	line     []*request // wait for their turn
	serving  bool       // a goroutine carries out the line
	inFlight int        // requests that are not yet answered
	leaving  *farewell  // how it is closed once nothing is in flight
	bye      *farewell  // how it is being closed
	over     bool       // nothing can be sent any more
	outbox   outbox
}

// farewell is what the other end is told when it is closed.
type farewell struct {
	code   int
	reason string
	said   bool
}

func newConn(d *Door, socket *websocket.Conn, line *wire, from netip.Addr) *conn {
	c := &conn{door: d, socket: socket, wire: line, remote: from}
	c.pace = rate.NewLimiter(rate.Limit(d.config.MessageRate), d.config.MessageRate)
	c.ctx, c.cancel = context.WithCancel(d.ctx)
	c.changed.L = &c.mu
	socket.SetPingHandler(c.pinged)
	socket.SetPongHandler(func(string) error { return c.alive() })
	socket.SetCloseHandler(func(code int, _ string) error { c.close(code, ""); return nil })
	_ = socket.SetCompressionLevel(d.config.CompressionLevel) // it was checked by the program that lets it be chosen

	now := time.Now()
	spread := time.Duration(rand.Int64N(int64(d.config.PingInterval)/2 + 1)) // of those that came together
	c.times.ping = now.Add(d.config.PingInterval - spread)
	if d.config.Authenticator != nil {
		c.times.expires = now.Add(d.config.AuthTimeout)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.timer = time.AfterFunc(time.Until(c.times.next()), c.tick)
	return c
}

// run serves the connection until it has ended, and all it began with it.
func (c *conn) run() {
	defer c.door.census.leave(c)
	err := c.read()
	c.part(err)
	c.cancel()
	_ = c.socket.Close() // whoever writes is let go
	c.mu.Lock()
	c.over = true
	c.timer.Stop()
	c.changed.Broadcast()
	c.mu.Unlock()
	c.tasks.Wait()
	c.endSession()
	c.door.config.Log.Debug("websocket ended", "remote", c.remote.String(), "error", err)
}

// part says good-bye, if there is somebody to hear it.
func (c *conn) part(err error) {
	var closed *websocket.CloseError
	var lost net.Error
	switch {
	case errors.As(err, &closed): // it was answered
	case errors.Is(err, context.Canceled): // what was in progress was cut off
	case errors.Is(err, errTooLarge):
		c.close(websocket.CloseMessageTooBig, reasonTooLarge)
	case !errors.As(err, &lost): // it was no WebSocket, and has been told so
		c.drain()
	case !lost.Timeout():
	case c.inMessage:
		c.close(codeTimeout, reasonSlowMessage)
	default:
		c.close(codeTimeout, reasonNoPong)
	}
	if c.said() && closed == nil {
		c.linger()
	}
}

// said waits for the good-bye to be said. It is false if there was none, or
// nobody who took it.
func (c *conn) said() bool {
	c.mu.Lock()
	defer c.mu.Unlock()
	for c.bye != nil && !c.bye.said && !c.over {
		c.changed.Wait()
	}
	return c.bye != nil && c.bye.said
}

// linger waits for the other end to close too: what it still sends would make
// the network forget what it was told.
func (c *conn) linger() {
	var closed *websocket.CloseError
	c.wire.left = c.door.config.MaxMessage
	_ = c.socket.SetReadDeadline(time.Now().Add(c.door.config.CloseTimeout))
	for {
		_, _, err := c.socket.NextReader()
		switch {
		case errors.As(err, &closed):
			return
		case err != nil: // perhaps for good, of what was read before
			c.drain()
			return
		}
	}
}

// drain reads what comes, whatever it is.
func (c *conn) drain() {
	c.wire.left = c.door.config.MaxMessage
	_ = c.socket.SetReadDeadline(time.Now().Add(c.door.config.CloseTimeout))
	_, _ = io.Copy(io.Discard, c.wire)
}

// close has the connection closed, with what is ready to be sent before it. The
// first reason counts.
func (c *conn) close(code int, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.closeNow(code, reason)
}

// closeNow is close for those who hold mu.
func (c *conn) closeNow(code int, reason string) {
	if c.bye != nil || c.over {
		return
	}
	c.bye = &farewell{code: code, reason: reason}
	c.timer.Reset(c.door.config.CloseTimeout)
	c.changed.Broadcast()
	c.wakeWriter()
}

// leave has the connection closed once what is in progress has been answered. No
// new request is begun. The first reason counts.
func (c *conn) leave(code int, reason string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.leaving == nil {
		c.leaving = &farewell{code: code, reason: reason}
	}
	c.leaveIfDone()
}

func (c *conn) leaveIfDone() {
	if c.leaving != nil && c.inFlight == 0 {
		c.closeNow(c.leaving.code, c.leaving.reason)
	}
}
