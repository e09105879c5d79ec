package ws

import (
	"cmp"
	"compress/flate"
	"crypto/tls"
	"log/slog"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports/api"
)

// Config of a Door. Numbers and spans that are zero take their defaults.
type Config struct {
	Addr string      // host:port, for Listen; port 0 takes a free one
	TLS  *tls.Config // for Listen; nil: plain

	// Handler carries out the calls. It is told who calls and must believe it:
	// where there is an Authenticator here, there is none in the Handler.
	Handler api.Handler
	Broker  *core.Broker // what connections listen to

	// Authenticator finds out who is at the other end: once a connection, at its
	// request. nil: connections need not prove anything, and what calls say of
	// their senders is for the Handler to judge.
	Authenticator api.Authenticator

	// Origins are the pages that may connect, as scheme://host[:port], or "*"
	// for any. Empty: those of the host that they connect to. Programs that are
	// no browsers name no origin and may always.
	Origins []string

	MaxMessage       int // bytes of a message, inflated: 320 KiB
	MaxInFlight      int // requests of a connection that are not yet answered: 16; more are not read
	MaxSubscriptions int // subscriptions and watches of a connection: 64
	MaxStreams       int // claim streams of a connection: 16
	MessageRate      int // messages, pings and pongs a second, that a connection is read at: 10,000

	// How many connections there may be. Below zero: any number.
	MaxConnections int // in all: 10,000
	MaxPerAddress  int // from one address, of IPv6 from one /64: 1,000
	MaxPerProject  int // of one project: 5,000

	Compression      bool // offer permessage-deflate, without context takeover
	CompressionLevel int  // 1 to 9: 1

	PingInterval    time.Duration // between two pings: 30 s
	PongTimeout     time.Duration // for the answer to a ping: 30 s
	MessageTimeout  time.Duration // for a message to arrive once it has begun: 30 s
	WriteTimeout    time.Duration // for a connection to take anything at all: 10 s
	AuthTimeout     time.Duration // for a connection to authenticate: 60 s
	RecheckInterval time.Duration // between two looks whether an authentication still holds: 5 min
	CloseTimeout    time.Duration // for a connection to be closed by both sides: 3 s
	StopTimeout     time.Duration // to finish what is in progress when told to end: 10 s

	Log *slog.Logger // of connections; nil discards
}

func (c Config) withDefaults() Config {
	for _, o := range []struct {
		number *int
		usual  int
	}{
		{&c.MaxMessage, 320 << 10},
		{&c.MaxInFlight, 16},
		{&c.MessageRate, 10_000},
		{&c.MaxConnections, 10_000},
		{&c.MaxPerAddress, 1_000},
		{&c.MaxPerProject, 5_000},
		{&c.CompressionLevel, flate.BestSpeed},
	} {
		*o.number = cmp.Or(*o.number, o.usual)
	}
	for _, o := range []struct {
		span  *time.Duration
		usual time.Duration
	}{
		{&c.PingInterval, 30 * time.Second},
		{&c.PongTimeout, 30 * time.Second},
		{&c.MessageTimeout, 30 * time.Second},
		{&c.WriteTimeout, 10 * time.Second},
		{&c.AuthTimeout, time.Minute},
		{&c.RecheckInterval, 5 * time.Minute},
		{&c.CloseTimeout, 3 * time.Second},
		{&c.StopTimeout, 10 * time.Second},
	} {
		*o.span = cmp.Or(*o.span, o.usual)
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	return c
}
