package zmtp

import (
	"net"
	"net/netip"
	"sync"
)

// census counts connections, in all and by address.
type census struct {
	max, maxPerAddr int

	mu     sync.Mutex
	all    int
	byAddr map[netip.Prefix]int
}

// enter counts a connection in, if there may be one more. The network that it was
// counted for is for leave.
func (c *census) enter(from net.Addr) (network netip.Prefix, ok bool) {
	network = networkOf(from)
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.all >= c.max || network.IsValid() && c.byAddr[network] >= c.maxPerAddr {
		return network, false
	}
	if c.byAddr == nil {
		c.byAddr = make(map[netip.Prefix]int)
	}
	c.all++
	c.byAddr[network]++
	return network, true
}

func (c *census) leave(network netip.Prefix) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.all--
	if c.byAddr[network]--; c.byAddr[network] == 0 {
		delete(c.byAddr, network)
	}
}

func (c *census) count() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.all
}

// networkOf is the address or, since one host may have that many, the /64. It is
// not valid for what comes from this host by a path.
func networkOf(from net.Addr) netip.Prefix {
	tcp, ok := from.(*net.TCPAddr)
	if !ok {
		return netip.Prefix{}
	}
	addr := tcp.AddrPort().Addr().Unmap().WithZone("")
	bits := addr.BitLen()
	if addr.Is6() {
		bits = 64
	}
	network, _ := addr.Prefix(bits)
	return network
}
