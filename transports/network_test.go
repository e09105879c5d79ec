package transports_test

import (
	"net/netip"
	"testing"

	"github.com/stackforge/marconi/transports"
)

func TestNetwork(t *testing.T) {
	for _, c := range []struct{ addr, want string }{
		{"192.0.2.7", "192.0.2.7/32"},
		{"::ffff:192.0.2.7", "192.0.2.7/32"},
		{"2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"},
		{"fe80::1%eth0", "fe80::/64"},
		{"::1", "::/64"},
	} {
		if got := transports.Network(netip.MustParseAddr(c.addr)); got.String() != c.want {
			t.Errorf("%s: got %s, want %s", c.addr, got, c.want)
		}
	}
	if got := transports.Network(netip.Addr{}); got.IsValid() {
		t.Errorf("of nothing: got %s", got)
	}
}
