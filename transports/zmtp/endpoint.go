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
	if errors.Is(err, syscall.EADDRINUSE) && abandoned(network, address) {
		l, err = listener.Listen(context.Background(), network, address)
	}
	if err != nil {
		return nil, fmt.Errorf("zmtp: %w", err)
	}
	return l, nil
}

// abandoned removes the socket that a process has left behind which was killed. It
// answers no connection.
func abandoned(network, path string) bool {
	if network != "unix" {
		return false
	}
	conn, err := net.Dial(network, path)
	if err == nil {
		conn.Close()
	}
	return errors.Is(err, syscall.ECONNREFUSED) && os.Remove(path) == nil
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
