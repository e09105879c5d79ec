package zmtp

import (
	"cmp"
	"log/slog"
	"time"
)

// Config is where to listen or connect, and what peers may do. What is zero takes
// the default that is named, sizes are in bytes.
type Config struct {
	Endpoint string   // tcp://host:port, where port 0 takes a free one, or ipc:///path
	Security Security // what peers must show; nil: nothing, the mechanism NULL

	MaxFrame    int // of one part: 1 MiB
	MaxMessage  int // of all parts of a message: 4 MiB
	MaxParts    int // of a message: 64 parts
	MaxMetadata int // that come with the handshake: 4 KiB

	MaxPeers        int // connections in all, with those in the handshake: 10,000
	MaxPeersPerAddr int // connections from one address, in IPv6 from one /64: MaxPeers

	Mailbox  int // that wait for one peer, a longer message is never taken: twice MaxMessage
	InFlight int // messages of one peer that a Router handles at a time: 64

	// InFlightBytes is how long those messages may be together, if there is more
	// than one: MaxMessage.
	InFlightBytes int

	Batch int // messages that a Pull hands over at a time: 128

	MaxSubscriptions int // of one peer of a Pub: 1,024
	MaxTopic         int // of a subscription: 255

	HandshakeTimeout time.Duration // to be greeted: 10 s
	MessageTimeout   time.Duration // from the first byte of a message to its last: 60 s
	WriteTimeout     time.Duration // without a byte taken, when some are due: 10 s
	Heartbeat        time.Duration // of silence until a peer is asked for a sign: 15 s
	PeerTimeout      time.Duration // of silence until it is cut off: 3 heartbeats
	StopTimeout      time.Duration // to finish what is in progress when told to end: 10 s

	// Connected is told of every peer that was greeted, before its first message,
	// and Gone of its end, after all handlers for it have returned. Both are called
	// on the peer's own goroutine; nil: nobody is told.
	Connected func(*Peer)
	Gone      func(*Peer, error)

	Log *slog.Logger // of what goes wrong on connections; nil discards
}

func (c Config) withDefaults() Config {
	for _, n := range []struct {
		size  *int
		usual int
	}{
		{&c.MaxFrame, 1 << 20}, {&c.MaxMessage, 4 << 20}, {&c.MaxParts, 64}, {&c.MaxMetadata, 4 << 10},
		{&c.MaxPeers, 10_000}, {&c.InFlight, 64}, {&c.Batch, 128},
		{&c.MaxSubscriptions, 1024}, {&c.MaxTopic, 255},
	} {
		*n.size = cmp.Or(*n.size, n.usual)
	}
	for _, d := range []struct {
		span  *time.Duration
		usual time.Duration
	}{
		{&c.HandshakeTimeout, 10 * time.Second}, {&c.MessageTimeout, time.Minute}, {&c.WriteTimeout, 10 * time.Second},
		{&c.Heartbeat, 15 * time.Second}, {&c.StopTimeout, 10 * time.Second},
	} {
		*d.span = cmp.Or(*d.span, d.usual)
	}
	c.MaxPeersPerAddr = cmp.Or(c.MaxPeersPerAddr, c.MaxPeers)
	c.Mailbox = cmp.Or(c.Mailbox, 2*c.MaxMessage)
	c.InFlightBytes = cmp.Or(c.InFlightBytes, c.MaxMessage)
	c.PeerTimeout = cmp.Or(c.PeerTimeout, 3*c.Heartbeat)
	if c.Security == nil {
		c.Security = null{}
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}
