package zmq

import (
	"context"
	"fmt"
	"sync"

	"github.com/stackforge/marconi/transports"
	"github.com/stackforge/marconi/transports/zmtp"
)

// Commands is the endpoint for every operation, for DEALER and REQ.
type Commands struct {
	config  Config
	gate    *gate
	router  *zmtp.Router
	serving context.Context // done: no request begins, and nobody is to wait any more
	end     context.CancelFunc
	drained chan struct{} // closed: all that was begun was answered
	ballast [][]byte      // see ballastOf

	conns sync.Map // of *zmtp.Peer, the *conn
}

var _ transports.Transport = (*Commands)(nil)

// ListenCommands opens the endpoint. Nothing is served before Serve.
func ListenCommands(c Config) (*Commands, error) {
	d := &Commands{config: c.withDefaults(), drained: make(chan struct{})}
	d.gate, d.ballast = &gate{&d.config}, ballastOf(d.config.Mailbox)
	d.serving, d.end = context.WithCancel(context.Background())
	of := d.config.peers(d.gate)
	of.Connected, of.Gone = d.connected, d.gone
	var err error
	if d.router, err = zmtp.ListenRouter(of); err != nil {
		return nil, err // which says where it is from
	}
	return d, nil
}

// Addr implements transports.Transport.
func (d *Commands) Addr() string { return d.router.Addr() }

// Stats is what was seen so far.
func (d *Commands) Stats() zmtp.Stats { return d.router.Stats() }

// Serve implements transports.Transport. When ctx is done no more requests are
// begun; those in progress are answered, and then the connections are closed. What
// takes longer than StopTimeout is cut off, and Serve says so.
func (d *Commands) Serve(ctx context.Context) error {
	defer d.end()
	listening, hush := context.WithCancel(context.WithoutCancel(ctx))
	defer hush()
	over := make(chan error, 1)
	go func() { over <- d.router.Serve(listening, d.handle) }()
	select {
	case err := <-over:
		return err
	case <-ctx.Done():
	}
	d.end()
	late := d.drain()
	close(d.drained)
	hush()
	if err := <-over; err != nil {
		return err
	}
	if late > 0 {
		return fmt.Errorf("zmq: requests of %d connections were cut off", late)
	}
	return nil
}

// drain waits until no request is in progress. Those that take too long it cuts
// off, and answers how many connections had such.
func (d *Commands) drain() (late int) {
	patience, cancel := context.WithTimeout(context.Background(), d.config.StopTimeout-d.config.parting())
	defer cancel()
	for _, c := range d.present() {
		if !c.finish(patience) {
			late++
		}
	}
	return late
}

func (d *Commands) present() (all []*conn) {
	for _, c := range d.conns.Range {
		all = append(all, c.(*conn))
	}
	return all
}

func (d *Commands) connected(p *zmtp.Peer) { d.conns.Store(p, newConn(d, p)) }

func (d *Commands) find(p *zmtp.Peer) *conn {
	c, _ := d.conns.Load(p)
	known, _ := c.(*conn)
	return known
}

func (d *Commands) gone(p *zmtp.Peer, err error) {
	c := d.find(p)
	if c == nil {
		return // it ended as it came
	}
	c.ended()
	d.conns.Delete(p)
	d.config.Log.Debug("zmq: peer gone", "peer", p.RemoteAddr(), "error", err)
}

// handle takes a message. While it waits, the peer is not read from.
func (d *Commands) handle(ctx context.Context, p *zmtp.Peer, m *zmtp.Message) {
	c := d.find(p)
	if c != nil && c.take(m) {
		return
	}
	select { // it is being closed: what still comes means nothing
	case <-ctx.Done():
	case <-d.drained:
	}
}
