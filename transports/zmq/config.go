package zmq

import (
	"cmp"
	"log/slog"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
	"github.com/stackforge/marconi/transports/zmtp"
)

// Config of an endpoint. Numbers and spans that are zero take their defaults;
// sizes are in bytes.
type Config struct {
	Endpoint string // tcp://host:port, where port 0 takes a free one, or ipc:///path

	// Handler carries out the calls. It is told who calls and must believe it:
	// where there is an Authenticator here, there is none in the Handler.
	Handler api.Handler
	Broker  *core.Broker // what is listened to

	// Authenticator finds out who is at the other end: once a connection, by the
	// password of PLAIN or by a token in the headers of a request. nil:
	// connections need not prove anything, and what calls say of their senders
	// is for the Handler to judge.
	Authenticator api.Authenticator

	Curve *Curve // the endpoint speaks CURVE; nil: PLAIN or, without an Authenticator, NULL

	MaxRequest int // of all frames of a request beside the head: 256 KiB
	MaxHead    int // of a head: 64 KiB
	MaxParts   int // frames of a message, with head and delimiter: 1,024

	MaxInFlight int // requests of a connection that are not yet answered: 256; more are not read
	MaxWorkers  int // of them, others than posts, that are carried out at a time: 16
	Mailbox     int // that wait for a connection to take them: 8 MiB

	MaxSubscriptions int // subscriptions and watches of a connection, or topics: 64, or 1,024
	MaxStreams       int // claim streams of a connection: 16
	MaxPeers         int // connections in all: 10,000
	MaxPeersPerAddr  int // connections from one address, of IPv6 from one /64: 1,000

	HandshakeTimeout time.Duration // for the handshake: 5 s
	MessageTimeout   time.Duration // for a message to arrive once it has begun: 60 s
	WriteTimeout     time.Duration // for a connection to take anything at all: 10 s
	Heartbeat        time.Duration // of silence until a connection is asked for a sign: 30 s
	AuthTimeout      time.Duration // for a connection to authenticate: 60 s
	RecheckInterval  time.Duration // between two looks whether an authentication still holds: 5 min
	StopTimeout      time.Duration // to finish what is in progress when told to end: 10 s

	Log *slog.Logger // of connections; nil discards
}

func (c Config) withDefaults() Config {
	for _, o := range []struct {
		number *int
		usual  int
	}{
		{&c.MaxRequest, 256 << 10},
		{&c.MaxHead, 64 << 10},
		{&c.MaxParts, 1024},
		{&c.MaxInFlight, 256},
		{&c.MaxWorkers, 16},
		{&c.Mailbox, 8 << 20},
		{&c.MaxPeers, 10_000},
		{&c.MaxPeersPerAddr, 1_000},
	} {
		*o.number = cmp.Or(*o.number, o.usual)
	}
	for _, o := range []struct {
		span  *time.Duration
		usual time.Duration
	}{
		{&c.HandshakeTimeout, 5 * time.Second},
		{&c.MessageTimeout, time.Minute},
		{&c.WriteTimeout, 10 * time.Second},
		{&c.Heartbeat, 30 * time.Second},
		{&c.AuthTimeout, time.Minute},
		{&c.RecheckInterval, 5 * time.Minute},
		{&c.StopTimeout, 10 * time.Second},
	} {
		*o.span = cmp.Or(*o.span, o.usual)
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}

// peers is what package zmtp is to know of c, which has its defaults.
func (c *Config) peers(g *gate) zmtp.Config {
	return zmtp.Config{
		Endpoint: c.Endpoint, Security: g.security(),
		MaxFrame: c.MaxRequest + c.MaxHead, MaxMessage: c.MaxRequest + c.MaxHead, MaxParts: c.MaxParts,
		MaxPeers: c.MaxPeers, MaxPeersPerAddr: c.MaxPeersPerAddr,
		Mailbox: c.Mailbox, InFlight: 1,
		HandshakeTimeout: c.HandshakeTimeout, MessageTimeout: c.MessageTimeout, WriteTimeout: c.WriteTimeout,
		Heartbeat: c.Heartbeat, PeerTimeout: 2 * c.Heartbeat, StopTimeout: c.parting(),
		Log: c.Log,
	}
}

// parting is the share of StopTimeout in which peers take what they were answered.
func (c *Config) parting() time.Duration { return c.StopTimeout / 4 }
