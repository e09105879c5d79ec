package zmtp

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"strings"
	"syscall"
	"time"
)

// split makes the network and the address that package net knows of an endpoint.
func split(endpoint string) (network, address string, err error) {
	scheme, rest, found := strings.Cut(endpoint, "://")
	switch {
	case !found || rest == "":
	case scheme == "tcp":
		return "tcp", strings.Replace(rest, "*", "", 1), nil
	case scheme == "ipc":
		return "unix", rest, nil
	}
	return "", "", fmt.Errorf("zmtp: endpoint %q is neither tcp://host:port nor ipc:///path", endpoint)
}

// keepAlive finds out about hosts that are gone, also of peers that know no PING.
func keepAlive(c Config) net.KeepAliveConfig {
	return net.KeepAliveConfig{Enable: true, Idle: c.Heartbeat, Interval: max(c.Heartbeat/3, time.Second), Count: 3}
}

func listen(c Config) (net.Listener, error) {
	network, address, err := split(c.Endpoint)
	if err != nil {
		return nil, err
	}
	listener := net.ListenConfig{KeepAliveConfig: keepAlive(c)}
	l, err := listener.Listen(context.Background(), network, address)
	if network == "unix" && errors.Is(err, syscall.EADDRINUSE) {
		if err = removeAbandoned(address, err); err == nil {
			l, err = listener.Listen(context.Background(), network, address)
		}
	}
	if err != nil {
		return nil, fmt.Errorf("zmtp: %w", err)
	}
	return l, nil
}

// removeAbandoned removes the socket that a process has left behind which was
// killed. That answers no connection; but neither does what is no socket, and is
// somebody's. inUse is why path could not be bound, and still is if nothing changed.
func removeAbandoned(path string, inUse error) error {
	is, err := os.Lstat(path)
	switch {
	case err != nil:
		return inUse
	case is.Mode().Type() != os.ModeSocket:
		return fmt.Errorf("listen unix %s: there is something that is no socket; it stays as it is", path)
	}
	conn, err := net.Dial("unix", path)
	if err == nil {
		conn.Close()
	}
	if !errors.Is(err, syscall.ECONNREFUSED) {
		return inUse
	}
	return os.Remove(path)
}

func dial(ctx context.Context, c Config) (net.Conn, error) {
	network, address, err := split(c.Endpoint)
	if err != nil {
		return nil, err
	}
	conn, err := (&net.Dialer{Timeout: c.HandshakeTimeout, KeepAliveConfig: keepAlive(c)}).DialContext(ctx, network, address)
	if err != nil {
		return nil, fmt.Errorf("zmtp: %w", err)
	}
	return conn, nil
}
