package main

import (
	"net"
	"net/netip"
	"path"
	"strconv"
	"strings"
)

// spot is where a door listens: at a port of a host, or at a socket.
type spot struct {
	key  string // of the option that says so
	host string // "": all of this machine's addresses
	port uint64 // never 0
	file string // of a socket, which has neither host nor port
}

// spots are those of all doors, but for ports that the system chooses.
func (c *config) spots() (all []spot) {
	for _, door := range []struct{ key, address string }{
		{"http", c.http}, {"ws", c.ws}, {"admin", c.admin},
		{"zmq", c.zmq}, {"zmq_ingest", c.zmqIngest}, {"zmq_publish", c.zmqPublish},
	} {
		s := spot{key: door.key}
		if s.read(door.address) {
			all = append(all, s)
		}
	}
	return all
}

// read takes host:port or an endpoint of ZeroMQ, and reports whether that is one
// spot.
func (s *spot) read(address string) bool {
	if file, ipc := strings.CutPrefix(address, "ipc://"); ipc {
		s.file = path.Clean(file)
		return true
	}
	host, port, err := net.SplitHostPort(strings.TrimPrefix(address, "tcp://"))
	if err != nil {
		return false // off, or refused before
	}
	s.host = hostOf(host)
	s.port, err = strconv.ParseUint(port, 10, 16)
	return err == nil && s.port != 0
}

// hostOf writes those hosts alike that are known to be the same.
func hostOf(name string) string {
	name = strings.ToLower(name)
	if name == "localhost" {
		return "127.0.0.1"
	}
	ip, err := netip.ParseAddr(name)
	switch {
	case name == "*" || err == nil && ip.Unmap().IsUnspecified():
		return ""
	case err == nil:
		return ip.Unmap().String()
	}
	return name
}

// meets reports whether two doors cannot both be there.
func (s spot) meets(other spot) bool {
	if s.file != "" || other.file != "" {
		return s.file == other.file
	}
	return s.port == other.port && (s.host == other.host || s.host == "" || other.host == "")
}
