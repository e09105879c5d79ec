package redisstore_test

import (
	"io"
	"net"
	"sync"
	"testing"
	"time"
)

// proxy stands between a store and its server, and does what networks do.
type proxy struct {
	listener net.Listener
	to       string
	ended    sync.WaitGroup

	mu    sync.Mutex
	pairs map[*pair]bool
	down  bool          // new connections are closed at once
	deaf  bool          // what comes is kept, and nothing is passed on: half-open
	delay time.Duration // of every answer
	cut   int           // answers end after that many bytes, once; 0: they do not
	taken int           // connections so far
}

// pair is a connection of a client, and ours to the server for it.
type pair struct{ client, server net.Conn }

func (p *pair) close() {
	p.client.Close()
	p.server.Close()
}

func startProxy(t testing.TB, to string) *proxy {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	must(t, err)
	p := &proxy{listener: l, to: to, pairs: map[*pair]bool{}}
	p.ended.Go(p.accept)
	t.Cleanup(func() {
		l.Close()
		p.breaks()
		p.ended.Wait()
	})
	return p
}

func (p *proxy) addr() string { return p.listener.Addr().String() }

// set changes what the proxy does.
func (p *proxy) set(change func(*proxy)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	change(p)
}

// breaks breaks all connections.
func (p *proxy) breaks() {
	p.mu.Lock()
	defer p.mu.Unlock()
	for one := range p.pairs {
		one.close()
	}
	clear(p.pairs)
}

func (p *proxy) accept() {
	for {
		client, err := p.listener.Accept()
		if err != nil {
			return
		}
		server, err := net.Dial("tcp", p.to)
		if err != nil {
			client.Close()
			continue
		}
		one := &pair{client, server}
		p.mu.Lock()
		p.taken++
		if p.down {
			one.close()
		} else {
			p.pairs[one] = true
			p.ended.Go(func() { p.pass(one, client, server, false) })
			p.ended.Go(func() { p.pass(one, server, client, true) })
		}
		p.mu.Unlock()
	}
}

// pass carries bytes one way until either side is closed.
func (p *proxy) pass(one *pair, from, to net.Conn, answers bool) {
	defer one.close()
	buffer := make([]byte, 64<<10)
	for {
		n, err := from.Read(buffer)
		if err != nil {
			return
		}
		p.mu.Lock()
		deaf, delay, cut := p.deaf, p.delay, 0
		if answers && p.cut > 0 {
			if n = min(n, p.cut); n == p.cut {
				cut, p.cut = n, 0
			} else {
				p.cut -= n
			}
		}
		p.mu.Unlock()
		if deaf {
			_, _ = io.Copy(io.Discard, from)
			return
		}
		if answers && delay > 0 {
			<-time.After(delay)
		}
		if _, err := to.Write(buffer[:n]); err != nil || cut > 0 {
			return
		}
	}
}
