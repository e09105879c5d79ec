package rest

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/stackforge/marconi/core"
	"github.com/stackforge/marconi/transports"
	"github.com/stackforge/marconi/transports/api"
)

// Config of a Server. Spans that are zero take their defaults.
type Config struct {
	Addr    string      // host:port; port 0 takes a free one
	TLS     *tls.Config // nil: plain HTTP
	Handler api.Handler // of version 2
	MaxBody int         // bytes of a request's body; what is more is not read

	AdminMode bool                        // offer the paths of operators
	Origins   []string                    // whose pages' scripts may read answers, as "https://example.org", or AnyOrigin
	Mounts    map[string]http.Handler     // other handlers, by path; if that ends with a slash, all under it too
	Ready     func(context.Context) error // why the broker cannot serve now; nil: it always can

	Broker           *core.Broker  // of the Handler, for event streams; nil: there are none
	Streams          int           // event streams at most: 10,000
	StreamsPerRemote int           // of them, those of one address (of IPv6, one network of 64 bits): 1,000
	StreamPulse      time.Duration // between two signs of life on an event stream: 15 s
	RecheckInterval  time.Duration // between two looks whether its caller is still known: 5 min

	HeaderTimeout time.Duration // to receive a request's header: 10 s
	BodyTimeout   time.Duration // to receive a request's body, and twice that to send the response: 60 s
	IdleTimeout   time.Duration // between two requests of a connection: 120 s
	StopTimeout   time.Duration // to finish what is in progress when told to end: 10 s

	Log *slog.Logger // of what goes wrong on connections; nil discards
}

const maxHeader = 64 << 10 // bytes

// Server is the HTTP door.
type Server struct {
	config   Config
	listener net.Listener
	door     *door
	http     *http.Server
	open     transports.Open // connections, but for those handed over to others
}

var _ transports.Transport = (*Server)(nil)

// Listen opens the door. Nothing is served before Serve.
func Listen(c Config) (*Server, error) {
	c = c.withDefaults()
	listener, err := net.Listen("tcp", c.Addr)
	if err != nil {
		return nil, fmt.Errorf("http: %w", err)
	}
	s := &Server{config: c, listener: listener, door: newDoor(c)}
	s.http = &http.Server{
		Handler:           s.door.handler(),
		TLSConfig:         c.TLS,
		ReadHeaderTimeout: c.HeaderTimeout,
		ReadTimeout:       c.HeaderTimeout + c.BodyTimeout, // of what never comes to the handler
		IdleTimeout:       c.IdleTimeout,
		MaxHeaderBytes:    maxHeader,
		ConnState:         s.open.Count,
		ErrorLog:          slog.NewLogLogger(c.Log.Handler(), slog.LevelDebug),
	}
	return s, nil
}

func (c Config) withDefaults() Config {
	for _, d := range []struct {
		span  *time.Duration
		usual time.Duration
	}{
		{&c.HeaderTimeout, 10 * time.Second},
		{&c.BodyTimeout, 60 * time.Second},
		{&c.IdleTimeout, 120 * time.Second},
		{&c.StopTimeout, 10 * time.Second},
		{&c.StreamPulse, 15 * time.Second},
		{&c.RecheckInterval, 5 * time.Minute},
	} {
		if *d.span == 0 {
			*d.span = d.usual
		}
	}
	c.Streams = cmp.Or(c.Streams, 10_000)
	c.StreamsPerRemote = cmp.Or(c.StreamsPerRemote, 1000)
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	if c.Ready == nil {
		c.Ready = func(context.Context) error { return nil }
	}
	return c
}

// Addr implements transports.Transport.
func (s *Server) Addr() string {
	scheme := "http://"
	if s.config.TLS != nil {
		scheme = "https://"
	}
	return scheme + s.listener.Addr().String()
}

// Serve implements transports.Transport. Requests that are not finished within
// StopTimeout are cut off, and Serve says so. Those that wait for messages are
// answered at once, and event streams end. What is mounted has to see to it that
// its requests end.
func (s *Server) Serve(ctx context.Context) error {
	defer s.door.stop()
	defer s.door.requests.Lock() // when the last has ended
	defer s.open.Wait()
	ended := make(chan error, 1)
	go func() { ended <- s.serve() }()
	select {
	case err := <-ended:
		return fmt.Errorf("http: %w", errors.Join(err, s.http.Close()))
	case <-ctx.Done():
	}
	s.door.stop()
	if s.config.Broker != nil {
		s.config.Broker.StopWaiting()
	}
	stop, cancel := context.WithTimeout(context.WithoutCancel(ctx), s.config.StopTimeout)
	defer cancel()
	err := s.http.Shutdown(stop)
	if err != nil {
		err = errors.Join(fmt.Errorf("http: requests were cut off: %w", err), s.http.Close())
	}
	<-ended
	return err
}

func (s *Server) serve() error {
	if s.config.TLS != nil {
		return s.http.ServeTLS(s.listener, "", "")
	}
	return s.http.Serve(s.listener)
}
