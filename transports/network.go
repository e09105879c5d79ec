package transports

import "net/netip"

// Network is what counts as one address where connections are limited: of IPv6 a
// /64, which one machine can have to itself. Of what is no address it is none.
func Network(a netip.Addr) netip.Prefix {
	a = a.Unmap().WithZone("")
	bits := a.BitLen()
	if a.Is6() {
		bits = 64
	}
	network, _ := a.Prefix(bits)
	return network
}
