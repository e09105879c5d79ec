package zmtp

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-zeromq/zmq4"
)

// Listener is what a Router, a Pull and a Pub have in common.
type Listener struct {
	config   Config
	kind     zmq4.SocketType
	listener net.Listener
	census   census
	counters counters
	memory   memory
	lastID   atomic.Uint64

	mu    sync.Mutex
	peers map[*Peer]struct{}
}

func newListener(c Config, kind zmq4.SocketType) (*Listener, error) {
	c = c.withDefaults()
	listener, err := listen(c)
	if err != nil {
		return nil, err
	}
	return listenAt(listener, c, kind), nil
}

func listenAt(listener net.Listener, c Config, kind zmq4.SocketType) *Listener {
	l := &Listener{config: c, kind: kind, listener: listener, peers: make(map[*Peer]struct{})}
	l.census.max, l.census.maxPerAddr = c.MaxPeers, c.MaxPeersPerAddr
	l.memory.counters = &l.counters
	return l
}

// Addr is where it listens, as an endpoint.
func (l *Listener) Addr() string {
	if addr := l.listener.Addr(); addr.Network() == "unix" {
		return "ipc://" + addr.String()
	}
	return "tcp://" + l.listener.Addr().String()
}

// Stats is what was seen so far.
func (l *Listener) Stats() Stats {
	s := l.counters.stats()
	s.Peers = l.census.count()
	return s
}

// Close stops listening. It is for who does not come to serve: Serve does it too.
func (l *Listener) Close() error { return l.listener.Close() }

// serve greets peers and lets attend read from each, on a goroutine of its own,
// until ctx is done. Then nothing more is read; what is being handled may finish
// and be answered for StopTimeout, after which all contexts end and all
// connections are cut.
func (l *Listener) serve(ctx context.Context, attend func(*Peer) error) error {
	life, kill := context.WithCancelCause(context.WithoutCancel(ctx))
	defer kill(ErrStopped)
	ctx, stop := context.WithCancel(ctx) // also when accepting fails
	defer stop()
	shut := context.AfterFunc(ctx, func() { l.listener.Close() })
	defer shut()

	var peers, keeper sync.WaitGroup
	keeper.Go(func() { l.keep(ctx) })
	defer keeper.Wait()
	err := l.accept(ctx, func(conn net.Conn) { peers.Go(func() { l.attend(ctx, life, conn, attend) }) })
	stop()
	late := time.AfterFunc(l.config.StopTimeout, func() { kill(ErrStopped) })
	defer late.Stop()
	peers.Wait()
	return err
}

// accept accepts until ctx is done. That there are no more file descriptors, and
// the like, passes.
func (l *Listener) accept(ctx context.Context, start func(net.Conn)) error {
	defer l.listener.Close()
	for pause := time.Duration(0); ; {
		conn, err := l.listener.Accept()
		switch {
		case ctx.Err() != nil:
			if err == nil {
				conn.Close()
			}
			return nil
		case err == nil:
			pause = 0
			start(conn)
			continue
		case errors.Is(err, net.ErrClosed):
			return err
		}
		l.config.Log.Warn("zmtp: cannot accept", "error", err)
		pause = min(max(2*pause, 5*time.Millisecond), time.Second)
		select {
		case <-ctx.Done():
		case <-time.After(pause):
		}
	}
}

// attend is the goroutine of one connection.
func (l *Listener) attend(ctx, life context.Context, conn net.Conn, read func(*Peer) error) {
	defer conn.Close()
	l.counters.accepted.Add(1)
	network, ok := l.census.enter(conn.RemoteAddr())
	if !ok {
		l.counters.refused.Add(1)
		return
	}
	defer l.census.leave(network)

	p, err := l.greet(ctx, life, conn)
	if err != nil {
		l.unwelcome(conn, err)
		return
	}
	halt := context.AfterFunc(ctx, p.socket.stop)
	defer halt()
	l.join(p)
	defer l.quit(p)
	l.farewell(p, l.guarded(func() error { return l.meet(p, read) }))
}

func (l *Listener) greet(ctx, life context.Context, conn net.Conn) (p *Peer, err error) {
	halt := context.AfterFunc(ctx, func() { conn.Close() })
	defer halt()
	err = l.guarded(func() error {
		p, err = open(life, conn, l.kind, true, l.config, &l.memory)
		return err
	})
	return p, err
}

// guarded makes an error of a panic.
func (l *Listener) guarded(do func() error) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = l.memory.panicked(v)
		}
	}()
	return do()
}

func (l *Listener) unwelcome(conn net.Conn, err error) {
	l.counters.failed.Add(1)
	if errors.Is(err, ErrDenied) {
		l.counters.denied.Add(1)
	}
	l.config.Log.Info("zmtp: no handshake", "peer", conn.RemoteAddr(), "error", err)
}

func (l *Listener) join(p *Peer) {
	p.id = l.lastID.Add(1)
	l.mu.Lock()
	defer l.mu.Unlock()
	l.peers[p] = struct{}{}
}

func (l *Listener) quit(p *Peer) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.peers, p)
}

func (l *Listener) meet(p *Peer, read func(*Peer) error) error {
	if l.config.Connected != nil {
		l.config.Connected(p)
	}
	return read(p)
}

// farewell ends the peer and tells whoever wants to know.
func (l *Listener) farewell(p *Peer, err error) {
	err = p.end(err)
	if !errors.Is(err, ErrGone) && !errors.Is(err, ErrStopped) {
		l.counters.cut.Add(1)
		l.config.Log.Info("zmtp: peer cut off", "peer", p.RemoteAddr(), "error", err)
	}
	if l.config.Gone != nil {
		_ = l.guarded(func() error { l.config.Gone(p, err); return nil })
	}
}

// keep asks peers that were silent for a heartbeat whether they are there.
func (l *Listener) keep(ctx context.Context) {
	tick := time.NewTicker(l.config.Heartbeat / looks)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		l.mu.Lock()
		for p := range l.peers {
			p.askWhenSilent()
		}
		l.mu.Unlock()
	}
}
